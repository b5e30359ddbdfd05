//! An environment: where a NocoBase application is, and who we are there.
//!
//! Plain values, without I/O. Where they come from is for [`crate::nb_cli`] and for the settings of the
//! command line.

use std::fmt;

use reqwest::Url;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::error::{Error, clean};
use crate::oauth::OAuthSession;
use crate::secret::Secret;

/// A named NocoBase application.
#[derive(Debug, Clone)]
pub struct Environment {
    /// The name by which people and sentences call it.
    pub name: String,
    /// Where its API is.
    pub api_base: ApiBase,
    /// Who we are there.
    pub credentials: Credentials,
    /// Who we are where `credentials` are refused: a restore brings the source's users, roles and keys, and may end
    /// the credentials that were used to send it.
    pub fallback: Option<Credentials>,
    /// The role to act in (`X-Role`); none is the user's default role.
    pub role: Option<String>,
    /// Other names for it.
    pub aliases: Vec<String>,
    /// Where this entry was read.
    pub origin: Origin,
}

/// Where an environment was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// NocoBase CLI's own store.
    NocoBaseCli,
    /// The settings file of this tool.
    Settings,
    /// Environment variables.
    Variables,
    /// The simulated environments.
    Sandbox,
}

/// Who we are in an environment.
#[derive(Debug, Clone)]
pub enum Credentials {
    /// Nobody: only public calls work.
    None,
    /// An API key, or the token of a session.
    Token(Secret),
    /// An account of the basic authenticator; the token it yields stays in memory.
    Password {
        /// User name or email address.
        account: String,
        /// Its password.
        password: Secret,
    },
    /// A session that NocoBase CLI signed in by OAuth and keeps in its own store.
    OAuth(OAuthSession),
}

/// The base address of an application's API, such as `https://example.org/api` or, for a sub-application,
/// `https://example.org/api/__app/NAME`.
///
/// Normalised: no trailing slash, no query, no fragment. An address that holds a user name or a password is
/// refused, so an `ApiBase` is safe to show.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ApiBase(Url);

impl ApiBase {
    /// Reads an address.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let text = text.trim();
        let invalid = |reason: &str| {
            // what may hold a password or a token is not repeated
            let address = match text.split(['?', '#']).next() {
                Some(address) if !address.contains('@') => clean(address),
                _ => "…".to_owned(),
            };
            Err(Error::InvalidAddress {
                address,
                reason: reason.to_owned(),
            })
        };
        let Ok(mut url) = Url::parse(text) else {
            return invalid("not a URL such as https://example.org/api");
        };
        if !url.username().is_empty() || url.password().is_some() {
            return invalid("it holds a user name or a password");
        }
        if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none_or(str::is_empty) {
            return invalid("it begins with neither http:// nor https://");
        }
        url.set_query(None);
        url.set_fragment(None);
        let path = url.path().trim_end_matches('/').to_owned();
        url.set_path(&path);
        Ok(Self(url))
    }

    /// The address as text, without a trailing slash.
    pub fn as_str(&self) -> &str {
        self.0.as_str().trim_end_matches('/')
    }

    /// The name of the sub-application (`/api/__app/NAME`), if it is one.
    pub fn sub_app(&self) -> Option<&str> {
        let (_, rest) = self.0.path().split_once("/__app/")?;
        rest.split('/').next().filter(|name| !name.is_empty())
    }

    pub(crate) fn url(&self) -> &Url {
        &self.0
    }

    /// Whether it is plain http.
    pub(crate) fn is_plain(&self) -> bool {
        self.0.scheme() == "http"
    }

    /// Whether it is on this very machine.
    pub(crate) fn is_loopback(&self) -> bool {
        let host = self.0.host_str().unwrap_or_default();
        let address = host
            .trim_start_matches('[')
            .trim_end_matches(']')
            .parse::<std::net::IpAddr>();
        host == "localhost" || address.is_ok_and(|address| address.is_loopback())
    }

    /// The address of a call, such as `backup:list`.
    pub(crate) fn call(&self, name: &str) -> Url {
        self.below([name])
    }

    /// The address of a path below the base.
    pub(crate) fn below<'a>(&self, path: impl IntoIterator<Item = &'a str>) -> Url {
        let mut url = self.0.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        url
    }
}

impl fmt::Display for ApiBase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for ApiBase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ApiBase({})", self.as_str())
    }
}

impl Serialize for ApiBase {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for ApiBase {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}
