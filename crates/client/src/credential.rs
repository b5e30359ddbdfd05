//! What kind of credentials are used, as far as they tell themselves: what a restore does to them depends on it.
//!
//! NocoBase's tokens are JWTs (NocoBase 2.2.15): a session's has `temp`, an API key's has `roleName`. They are read
//! without their signature, so nothing is believed of them but what to warn of.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use crate::client::Client;
use crate::environment::Credentials;
use crate::secret::Secret;

/// Longer tokens are not looked into.
const LONGEST_TOKEN: usize = 16 * 1024;

/// A kind of credentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CredentialKind {
    /// None: only public calls work.
    Nobody,
    /// An account with its password; signs in again by itself.
    Account,
    /// A session that NocoBase CLI signed in by OAuth.
    OAuth,
    /// An API key.
    ApiKey,
    /// The token of a session.
    Session,
    /// A token that does not tell.
    Token,
}

/// The credentials in use, without what is secret about them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credential {
    /// Their kind.
    pub kind: CredentialKind,
    /// When they expire, in seconds since 1970; none where they do not, or do not tell.
    pub expires_at: Option<i64>,
    /// Whether the environment has others to fall back on.
    pub has_fallback: bool,
}

impl Client {
    /// What kind of credentials the environment is configured with.
    pub fn credential(&self) -> Credential {
        let environment = &self.shared.environment;
        let (kind, expires_at) = match &environment.credentials {
            Credentials::None => (CredentialKind::Nobody, None),
            Credentials::Password { .. } => (CredentialKind::Account, None),
            Credentials::OAuth(_) => (CredentialKind::OAuth, None),
            Credentials::Token(token) => look_into(token),
        };
        Credential {
            kind,
            expires_at,
            has_fallback: environment.fallback.is_some(),
        }
    }
}

fn look_into(token: &Secret) -> (CredentialKind, Option<i64>) {
    let unknown = (CredentialKind::Token, None);
    let text = token.expose();
    if text.len() > LONGEST_TOKEN {
        return unknown;
    }
    let claims = text
        .split('.')
        .nth(1)
        .and_then(|part| URL_SAFE_NO_PAD.decode(part.trim_end_matches('=')).ok())
        .and_then(|bytes| serde_json::from_slice::<Value>(&bytes).ok());
    let Some(claims) = claims else {
        return unknown;
    };
    let expires_at = claims.get("exp").and_then(Value::as_i64);
    let kind = if claims.get("roleName").is_some_and(Value::is_string) {
        CredentialKind::ApiKey
    } else if claims.get("temp").and_then(Value::as_bool) == Some(true) {
        CredentialKind::Session
    } else {
        CredentialKind::Token
    };
    (kind, expires_at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(claims: &str) -> Secret {
        Secret::new(format!("e30.{}.x", URL_SAFE_NO_PAD.encode(claims)))
    }

    #[test]
    fn a_token_tells_its_kind_and_its_end() {
        let key = token(r#"{"userId":1,"roleName":"root","iat":1,"exp":4102444800}"#);
        assert_eq!(look_into(&key), (CredentialKind::ApiKey, Some(4_102_444_800)));
        let session = token(r#"{"userId":1,"temp":true,"exp":9}"#);
        assert_eq!(look_into(&session), (CredentialKind::Session, Some(9)));
    }

    #[test]
    fn what_is_no_token_of_nocobase_tells_nothing() {
        for text in ["", "abc", "a.b.c", "e30.e30.x", "..", "é.é.é"] {
            assert_eq!(
                look_into(&Secret::new(text)),
                (CredentialKind::Token, None),
                "{text}"
            );
        }
        let huge = format!("e30.{}.x", "A".repeat(1 << 20));
        assert_eq!(look_into(&Secret::new(huge)), (CredentialKind::Token, None));
    }
}
