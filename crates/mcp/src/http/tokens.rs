//! Named bearer tokens from a file: one `name:token` or `name:sha256:HEX` a line.
//!
//! Only digests are kept, so no token can be printed by accident. The names go into the journals of runs. The tokens
//! are of this server alone: NocoBase's own credentials stay in its settings and are never taken from a caller.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use axum::http::request::Parts;
use rmcp::RoleServer;
use rmcp::service::RequestContext;
use sha2::{Digest, Sha256};

/// Shorter ones can be tried out.
const SHORTEST_TOKEN: usize = 20;
const LONGEST_NAME: usize = 64;

/// Why a file of tokens cannot be used. The messages never hold a token.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// It is not there, or not readable.
    #[error("cannot read the tokens in {path}")]
    Unreadable {
        /// The file.
        path: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// Others on this machine may read it.
    #[error("{path} holds tokens in the clear and can be read by others: chmod 600, or write sha256 digests")]
    Exposed {
        /// The file.
        path: String,
    },
    /// A line is wrong.
    #[error("line {line} of the tokens: {problem}")]
    Line {
        /// Its number.
        line: usize,
        /// What is wrong.
        problem: &'static str,
    },
    /// There is none.
    #[error("the file of tokens holds none")]
    Empty,
}

/// Who a request comes from.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Caller(pub(crate) Arc<str>);

/// Who made this call, where callers are told apart; nobody in particular over stdio.
pub(crate) fn caller_of(context: &RequestContext<RoleServer>) -> Option<Arc<str>> {
    let parts = context.extensions.get::<Parts>()?;
    parts
        .extensions
        .get::<Caller>()
        .map(|caller| Arc::clone(&caller.0))
}

/// Whoever may call, told apart by their tokens.
#[derive(Clone)]
pub struct Tokens {
    known: Arc<[(Caller, [u8; 32])]>,
}

impl fmt::Debug for Tokens {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_list()
            .entries(self.known.iter().map(|(caller, _)| &caller.0))
            .finish()
    }
}

impl Tokens {
    /// Reads a file. One that holds tokens in the clear must be its owner's alone.
    pub fn read(path: &Path) -> Result<Self, TokenError> {
        let shown = path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|source| TokenError::Unreadable {
            path: shown.clone(),
            source,
        })?;
        let (tokens, clear) = Self::parse_lines(&text)?;
        if clear && open_to_others(path) {
            return Err(TokenError::Exposed { path: shown });
        }
        Ok(tokens)
    }

    /// Tokens from the text of such a file.
    pub fn parse(text: &str) -> Result<Self, TokenError> {
        Self::parse_lines(text).map(|(tokens, _)| tokens)
    }

    fn parse_lines(text: &str) -> Result<(Self, bool), TokenError> {
        let mut known: Vec<(Caller, [u8; 32])> = Vec::new();
        let mut clear = false;
        for (place, line) in text.lines().enumerate() {
            let wrong = |problem| TokenError::Line {
                line: place + 1,
                problem,
            };
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let (name, secret) = line
                .split_once(':')
                .ok_or_else(|| wrong("name:token was expected"))?;
            let (name, secret) = (name.trim(), secret.trim());
            let plain = |letter: char| letter.is_ascii_alphanumeric() || "._-@".contains(letter);
            if name.is_empty() || name.len() > LONGEST_NAME || !name.chars().all(plain) {
                return Err(wrong("a name has up to 64 of A-Z a-z 0-9 . _ - @"));
            }
            if known.iter().any(|(caller, _)| &*caller.0 == name) {
                return Err(wrong("the name stands above already"));
            }
            let digest = match secret.strip_prefix("sha256:") {
                Some(hex) => from_hex(hex).ok_or_else(|| wrong("a digest has 64 hex digits"))?,
                None if secret.len() < SHORTEST_TOKEN => {
                    return Err(wrong("a token has at least 20 characters"));
                }
                None => {
                    clear = true;
                    digest(secret)
                }
            };
            if known.iter().any(|(_, other)| *other == digest) {
                return Err(wrong("the token stands above already"));
            }
            known.push((Caller(name.into()), digest));
        }
        if known.is_empty() {
            return Err(TokenError::Empty);
        }
        Ok((Self { known: known.into() }, clear))
    }

    /// Whose token that is. Every token is compared in full, so the time it takes tells nothing.
    pub(crate) fn caller(&self, token: &str) -> Option<Caller> {
        let given = digest(token);
        let mut found = None;
        for (caller, digest) in self.known.iter() {
            let differs = given
                .iter()
                .zip(digest)
                .fold(0_u8, |seen, (one, other)| seen | (one ^ other));
            if differs == 0 {
                found = Some(caller);
            }
        }
        found.cloned()
    }
}

fn digest(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

fn from_hex(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0_u8; 32];
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(bytes)
}

#[cfg(unix)]
fn open_to_others(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).is_ok_and(|about| about.permissions().mode() & 0o077 != 0)
}

#[cfg(not(unix))]
fn open_to_others(_: &Path) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "correct-horse-battery-staple";

    #[test]
    fn tokens_tell_callers_apart() {
        let hashed: String = digest("another-token-of-some-length")
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let text = format!("# people\n\nalice:{TOKEN}\nnocobase-ai: sha256:{hashed}\n");
        let tokens = Tokens::parse(&text).unwrap();
        assert_eq!(tokens.caller(TOKEN), Some(Caller("alice".into())));
        assert_eq!(
            tokens.caller("another-token-of-some-length"),
            Some(Caller("nocobase-ai".into()))
        );
        assert_eq!(tokens.caller("correct-horse-battery-stapl"), None);
        assert_eq!(tokens.caller(""), None);
        assert_eq!(format!("{tokens:?}"), r#"["alice", "nocobase-ai"]"#);
    }

    #[test]
    fn bad_lines_are_named_without_their_token() {
        for (text, said) in [
            ("alice", "line 1 of the tokens: name:token was expected"),
            (
                "alice:short",
                "line 1 of the tokens: a token has at least 20 characters",
            ),
            (
                "\na b:correct-horse-battery-staple",
                "line 2 of the tokens: a name has",
            ),
            ("a:sha256:12", "line 1 of the tokens: a digest has 64 hex digits"),
            (
                "a:correct-horse-battery-staple\na:correct-horse-battery-stapler",
                "line 2 of the tokens: the name stands",
            ),
            (
                "a:correct-horse-battery-staple\nb:correct-horse-battery-staple",
                "line 2 of the tokens: the token stands",
            ),
            ("# nobody", "the file of tokens holds none"),
        ] {
            let error = Tokens::parse(text).unwrap_err().to_string();
            assert!(error.starts_with(said), "{error}");
            assert!(!error.contains("horse"), "{error}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn tokens_in_the_clear_are_their_owners_alone() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("tokens");
        std::fs::write(&file, format!("alice:{TOKEN}")).unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(Tokens::read(&file), Err(TokenError::Exposed { .. })));
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
        assert!(Tokens::read(&file).is_ok());
        assert!(matches!(
            Tokens::read(&folder.path().join("none")),
            Err(TokenError::Unreadable { .. })
        ));
    }
}
