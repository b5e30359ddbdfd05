//! Redirects: none is followed, but for the step from http to https of the very same address.
//!
//! A token never goes to another address than the one it was given for.

use reqwest::header::LOCATION;
use reqwest::{Response, Url};

use crate::client::{Client, lock};
use crate::environment::ApiBase;
use crate::error::{Call, Error, clean};

impl Client {
    /// Remembers the https form of the base if that is all that a redirect asks for.
    pub(crate) fn follow(&self, at: &Call, response: &Response) -> Result<(), Error> {
        let location = response
            .headers()
            .get(LOCATION)
            .and_then(|value| value.to_str().ok());
        let port = location.and_then(|location| upgrade(response.url(), location));
        let base = port.and_then(|port| self.api_base().to_https(port));
        *lock(&self.shared.upgraded) = Some(base.ok_or_else(|| redirected(at, response))?);
        Ok(())
    }
}

/// A redirect that is not followed.
pub(crate) fn redirected(at: &Call, response: &Response) -> Error {
    let location = response
        .headers()
        .get(LOCATION)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let to = match response.url().join(location) {
        Ok(mut url) => {
            url.set_query(None);
            url.set_fragment(None);
            clean(url.as_str())
        }
        Err(_) => "an address that is none".to_owned(),
    };
    Error::Redirected { at: at.clone(), to }
}

/// The https port, if a redirect goes from http to https of the same host, path and query, as NocoBase CLI
/// 2.2.15 allows it.
fn upgrade(from: &Url, location: &str) -> Option<Option<u16>> {
    let to = from.join(location).ok()?;
    let same = from.scheme() == "http"
        && to.scheme() == "https"
        && from.host_str() == to.host_str()
        && from.port() == to.port()
        && from.path() == to.path()
        && from.query() == to.query()
        && to.username().is_empty()
        && to.password().is_none();
    same.then(|| to.port())
}

impl ApiBase {
    /// This base over https.
    fn to_https(&self, port: Option<u16>) -> Option<Self> {
        let mut url = self.url().clone();
        url.set_scheme("https").ok()?;
        url.set_port(port).ok()?;
        Self::parse(url.as_str()).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(from: &str, location: &str) -> bool {
        upgrade(&Url::parse(from).unwrap(), location).is_some()
    }

    #[test]
    fn only_https_of_the_same_address_is_followed() {
        let from = "http://dev.example/api/backup:list?x=1";
        assert!(allowed(from, "https://dev.example/api/backup:list?x=1"));
        assert!(!allowed(from, "https://dev.example/api/backup:list"));
        assert!(!allowed(from, "https://evil.example/api/backup:list?x=1"));
        assert!(!allowed(from, "https://dev.example/signin"));
        assert!(!allowed(from, "/api/backup:list?x=1"));
        assert!(!allowed(from, "https://u:p@dev.example/api/backup:list?x=1"));
        assert!(!allowed("https://dev.example/api/x", "http://dev.example/api/x"));
        assert!(allowed(
            "http://dev.example:8080/api/x",
            "https://dev.example:8080/api/x"
        ));
        assert!(!allowed(
            "http://dev.example:8080/api/x",
            "https://dev.example/api/x"
        ));
    }

    #[test]
    fn the_base_moves_to_https() {
        let base = ApiBase::parse("http://dev.example/api/__app/shop").unwrap();
        assert_eq!(
            base.to_https(None).unwrap().as_str(),
            "https://dev.example/api/__app/shop"
        );
        let base = ApiBase::parse("http://dev.example:8080/api").unwrap();
        assert_eq!(
            base.to_https(Some(8080)).unwrap().as_str(),
            "https://dev.example:8080/api"
        );
    }
}
