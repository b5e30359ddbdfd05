//! No call lasts so long that a client gives it up, whatever a server does. Time stands still here until nothing can run.

use std::time::Duration;

use serde_json::json;
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpListener;
use tokio::time::Instant;

use crate::support::{BOTH, Behaviour, Fixture, at, connect};

/// NocoBase's AI gives a call up after 60.0 s; this is what README promises.
const PROMISED: Duration = Duration::from_secs(50);

/// Environments whose server takes every request and never answers one.
async fn mute() -> Fixture {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/api", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut taken = [0; 1024];
                while stream.read(&mut taken).await.is_ok_and(|length| length > 0) {}
            });
        }
    });
    at(&url)
}

#[tokio::test(start_paused = true)]
async fn a_server_that_never_answers_holds_no_call_up() {
    let fixture = mute().await;
    for lifecycle in BOTH {
        let connection = connect(&fixture.engine, lifecycle, Behaviour::CannotAsk).await;
        for (tool, arguments) in [
            ("check_environment", json!({ "environment": "test" })),
            ("list_packages", json!({ "environment": "test" })),
            ("migration_rules", json!({ "environment": "dev" })),
            ("restore", json!({ "source": "dev", "target": "test" })),
            ("migrate", json!({ "source": "dev", "target": "test" })),
            ("undo", json!({ "target": "test" })),
            ("backup", json!({ "environment": "dev", "wait_seconds": 45 })),
            ("release", json!({ "sentence": "Restore dev to test" })),
            ("release", json!({ "sentence": "check dev and test" })),
        ] {
            let began = Instant::now();
            let text = connection.error(tool, arguments).await;
            assert!(began.elapsed() < PROMISED, "{tool}: {:?} {text}", began.elapsed());
            assert!(text.contains("next step: "), "{tool}: {text}");
        }
        assert!(fixture.engine.runs(1).unwrap().is_empty());
    }
}
