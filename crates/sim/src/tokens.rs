//! Tokens: JSON web tokens signed with HMAC-SHA-256, as sessions and as API keys.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::clock;

/// A session as `auth:signIn` gives it: one day, renewable by its `jti`.
pub(crate) fn session(secret: &str, user: i64) -> (String, String) {
    let now = clock::unix_seconds();
    let id = clock::uuid();
    let claims = json!({
        "userId": user, "temp": true, "iat": now, "signInTime": now * 1000, "exp": now + 86_400, "jti": id,
    });
    (sign(secret, &claims), id)
}

/// An API key as `apiKeys:create` gives it: for a role, for ever unless it names its seconds.
pub(crate) fn api_key(secret: &str, user: i64, role: &str, seconds: Option<i64>) -> String {
    let now = clock::unix_seconds();
    key_from(
        secret,
        user,
        role,
        now,
        now + seconds.unwrap_or(100 * 365 * 86_400),
    )
}

/// An API key that is the same every time and never expires, as whoever knows the secret can make it.
pub(crate) fn standing_key(secret: &str, user: i64, role: &str) -> String {
    key_from(secret, user, role, 1_700_000_000, 10_000_000_000)
}

fn key_from(secret: &str, user: i64, role: &str, now: i64, exp: i64) -> String {
    sign(
        secret,
        &json!({"userId": user, "roleName": role, "iat": now, "exp": exp}),
    )
}

fn sign(secret: &str, claims: &Value) -> String {
    let head = URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256","typ":"JWT"}"#);
    let body = URL_SAFE_NO_PAD.encode(claims.to_string());
    let content = format!("{head}.{body}");
    let signature = URL_SAFE_NO_PAD.encode(digest(secret, &content));
    format!("{content}.{signature}")
}

/// The claims of a token, `None` when it is not one of ours.
pub(crate) fn verify(secret: &str, token: &str) -> Option<Value> {
    let (content, signature) = token.rsplit_once('.')?;
    let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
    if signature != digest(secret, content) {
        return None;
    }
    let (_, body) = content.split_once('.')?;
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(body).ok()?).ok()
}

fn digest(secret: &str, content: &str) -> Vec<u8> {
    match Hmac::<Sha256>::new_from_slice(secret.as_bytes()) {
        Ok(mut mac) => {
            mac.update(content.as_bytes());
            mac.finalize().into_bytes().to_vec()
        }
        Err(_) => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_secret_verifies() {
        let token = standing_key("secret", 7, "root");
        let claims = verify("secret", &token).expect("valid");
        assert_eq!(
            (claims["userId"].as_i64(), claims["roleName"].as_str()),
            (Some(7), Some("root"))
        );
        assert_eq!(verify("other", &token), None);
        assert_eq!(verify("secret", "garbage"), None);
    }
}
