//! Who we are.

use crate::client::Client;
use crate::error::Error;

/// The user behind the credentials, by `auth:check`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The user's id.
    pub id: u64,
    /// User name.
    pub username: Option<String>,
    /// Display name.
    pub nickname: Option<String>,
    /// Email address.
    pub email: Option<String>,
    /// Names of the user's roles.
    pub roles: Vec<String>,
}

impl Client {
    /// Signs in with the account and password; does nothing for other credentials.
    pub async fn sign_in(&self) -> Result<(), Error> {
        todo!()
    }

    /// The user behind the credentials.
    pub async fn identity(&self) -> Result<Identity, Error> {
        todo!()
    }
}
