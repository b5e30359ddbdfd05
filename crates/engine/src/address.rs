//! Addresses of servers: whether two base URLs are one server, as far as their text tells. Locks, protection, directions and
//! the order of runs hang on it; asking the network is left out on purpose.

/// Whether two base URLs name the same server, as far as their text tells.
pub(crate) fn same_address(one: &str, other: &str) -> bool {
    canonical_address(one) == canonical_address(other)
}

/// A base URL in the one form that locks, protection and the order of runs go by: without scheme and usual port, since
/// servers lead from http to https, without a dot behind the host, and with one name for this machine.
pub(crate) fn canonical_address(address: &str) -> String {
    let address = address.trim_end_matches('/').to_lowercase();
    let bare = address
        .split_once("://")
        .map_or(address.as_str(), |(_, rest)| rest);
    let (authority, path) = bare.split_at(bare.find('/').unwrap_or(bare.len()));
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|digit| digit.is_ascii_digit()) => (host, port),
        _ => (authority, ""),
    };
    let host = match host.trim_end_matches('.') {
        "localhost" | "[::1]" => "127.0.0.1",
        host => host,
    };
    match port {
        "" | "80" | "443" => format!("{host}{path}"),
        port => format!("{host}:{port}{path}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_server_is_one_address() {
        for same in [
            "https://x.example/api",
            "http://x.example/api/",
            "HTTPS://X.example:443/api",
            "http://x.example.:80/api",
        ] {
            assert!(same_address(same, "https://x.example/api"), "{same}");
        }
        for local in ["http://localhost:13000/api", "http://[::1]:13000/api"] {
            assert!(same_address(local, "http://127.0.0.1:13000/api"), "{local}");
        }
        for other in [
            "https://y.example/api",
            "https://x.example:8443/api",
            "https://x.example/other/api",
            "https://localhost.example/api",
        ] {
            assert!(!same_address(other, "https://x.example/api"), "{other}");
        }
    }
}
