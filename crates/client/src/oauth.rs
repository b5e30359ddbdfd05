//! The OAuth session that NocoBase CLI keeps for an environment.

use std::path::PathBuf;

use crate::secret::Secret;

/// A session signed in by `nb env auth`.
#[derive(Debug, Clone)]
pub struct OAuthSession {
    pub(crate) config: PathBuf,
    pub(crate) environment: String,
    pub(crate) access_token: Secret,
}
