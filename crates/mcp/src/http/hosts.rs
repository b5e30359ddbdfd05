//! Which names a server answers to, and which web pages may call it.
//!
//! A browser that was lured to a foreign page sends that page's name as `Origin`; one whose name service was bent
//! sends a foreign `Host`. Clients that are no browsers send no `Origin` at all.

use std::net::SocketAddr;

use axum::http::uri::Authority;

const LOOPBACK: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// The names of one server.
pub(super) struct Names {
    hosts: Vec<String>,
    origins: Vec<String>,
}

impl Names {
    /// Its address, what it was told to answer to, and on the loopback the loopback's names. Pages of the loopback may
    /// call a server of the loopback; every other page has to be named.
    pub(super) fn new(address: SocketAddr, hosts: &[String], origins: &[String]) -> Self {
        let mut names: Vec<String> = hosts.to_vec();
        let mut pages: Vec<String> = origins.to_vec();
        if address.ip().is_loopback() {
            names.extend(LOOPBACK.map(Into::into));
            for host in ["localhost", "127.0.0.1", "[::1]"] {
                pages.push(format!("http://{host}:*"));
                pages.push(format!("https://{host}:*"));
            }
        }
        if !address.ip().is_unspecified() {
            names.push(address.ip().to_string());
        }
        Self {
            hosts: names,
            origins: pages,
        }
    }

    pub(super) fn hosts(&self) -> &[String] {
        &self.hosts
    }

    pub(super) fn origins(&self) -> &[String] {
        &self.origins
    }

    /// Whether the value of a `Host` header is one of our names.
    pub(super) fn knows(&self, host: &str) -> bool {
        let Ok(given) = host.parse::<Authority>() else {
            return false;
        };
        self.hosts.iter().any(|name| {
            if bare(given.host()).eq_ignore_ascii_case(bare(name)) {
                return true;
            }
            name.parse::<Authority>().is_ok_and(|named| {
                named.port_u16().is_some()
                    && named.port_u16() == given.port_u16()
                    && bare(named.host()).eq_ignore_ascii_case(bare(given.host()))
            })
        })
    }
}

/// Addresses of version 6 stand in brackets in a URL.
fn bare(host: &str) -> &str {
    host.trim_start_matches('[').trim_end_matches(']')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_its_own_names_count() {
        let local = Names::new("127.0.0.1:8080".parse().unwrap(), &[], &[]);
        for (host, known) in [
            ("127.0.0.1:8080", true),
            ("localhost", true),
            ("LOCALHOST:9", true),
            ("[::1]:8080", true),
            ("evil.example", false),
            ("localhost.evil.example", false),
            ("localhost@evil.example", false),
            ("", false),
        ] {
            assert_eq!(local.knows(host), known, "{host}");
        }
        let wide = Names::new(
            "0.0.0.0:443".parse().unwrap(),
            &["release.example.com".into(), "other.example.com:8443".into()],
            &[],
        );
        assert!(wide.knows("release.example.com:443"));
        assert!(wide.knows("other.example.com:8443"));
        assert!(!wide.knows("other.example.com"));
        assert!(!wide.knows("0.0.0.0:443"));
        assert!(!wide.knows("localhost"));
        assert!(wide.origins().is_empty());
    }
}
