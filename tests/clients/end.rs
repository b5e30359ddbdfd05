//! The binary's HTTP server from the outside: its health, its end by a signal, and wrong usage.

use release_tests::Stage;

use crate::tools::serve;

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_signal_ends_it_well_and_health_says_that_it_lives() {
    for signal in ["-TERM", "-INT"] {
        let stage = Stage::new().await;
        let mut server = serve(&stage).await;
        let health = server.url.replace("/mcp", "/health");
        let answer = reqwest::Client::builder()
            .tls_backend_preconfigured(no_tls())
            .build()
            .unwrap()
            .get(health)
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), 200);
        assert!(answer.text().await.unwrap().contains("\"ok\""));
        let process = server.process.id().unwrap().to_string();
        crate::tools::run(std::process::Command::new("kill").args([signal, &process]));
        assert!(server.process.wait().await.unwrap().success(), "{signal}");
    }
}

/// Nothing here speaks TLS, and the client wants one named all the same.
fn no_tls() -> rustls::ClientConfig {
    rustls::ClientConfig::builder_with_provider(std::sync::Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_would_be_unsafe_is_refused_before_it_listens() {
    let stage = Stage::new().await;
    let open = stage.home().join("open-tokens");
    std::fs::write(&open, "alice:a-token-that-all-can-read-here\n").unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(&open, std::fs::Permissions::from_mode(0o644)).unwrap();
    }
    let open = open.display().to_string();
    for (arguments, said) in [
        (vec!["mcp", "--http", "0.0.0.0:0"], "callers need tokens"),
        (
            vec!["mcp", "--http", "127.0.0.1:0", "--tokens", &open],
            "can be read by others",
        ),
        (
            vec!["mcp", "--http", "127.0.0.1:0", "--tokens", "/nothing"],
            "cannot read the tokens",
        ),
        (
            vec!["mcp", "--tools", "restore,destroy"],
            "there is no tool \"destroy\"",
        ),
        (vec!["mcp", "--tokens", &open], "--http"),
    ] {
        let done = stage.run(&arguments).await.expect(2);
        assert!(done.stderr.contains(said), "{arguments:?}: {}", done.stderr);
        assert!(!done.stderr.contains("a-token"), "{}", done.stderr);
    }
}
