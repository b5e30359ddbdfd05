//! Text that must never be shown: tokens, passwords, package passwords.
//!
//! [`Secret`] masks itself in `Debug`, has no `Display` and is not `Serialize`, so that it cannot reach
//! output, logs, journals, plans or errors by accident. Only [`Secret::expose`] gives the text away; call it
//! where a header or a form is built, nowhere else.

use std::fmt;

use serde::{Deserialize, Deserializer};

/// A text that masks itself.
///
/// ```
/// let token = nocobase_client::Secret::new("eyJhbGciOi");
/// assert_eq!(format!("{token:?}"), "Secret(****)");
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Takes the text in.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself, for the one place that sends it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether there is no text at all.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(****)")
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self)
    }
}
