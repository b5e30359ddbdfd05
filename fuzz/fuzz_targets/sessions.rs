//! Any bytes as NocoBase CLI's store (`config.json`), and any bytes as the answer to the renewal of an OAuth session.
//!
//! The input is two parts with a zero byte between: the store, in which `@` stands for the server's address, and the
//! answer, whose first byte says its status. Only environments at the simulated server are called. Whatever comes, the
//! store stays JSON, keeps its other environments, and no token is in an error's words.

#![no_main]

use std::path::Path;
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use nocobase_client::{Client, ClientOptions, nb_cli};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

struct Stage {
    runtime: Runtime,
    answer: Arc<Mutex<(u16, Vec<u8>)>>,
    address: String,
}

static STAGE: LazyLock<Stage> = LazyLock::new(|| {
    let runtime = Runtime::new().expect("a runtime");
    let listener = runtime
        .block_on(TcpListener::bind("127.0.0.1:0"))
        .expect("a port");
    let address = format!("http://{}/api", listener.local_addr().expect("an address"));
    let answer: Arc<Mutex<(u16, Vec<u8>)>> = Arc::default();
    let (answers, base) = (Arc::clone(&answer), address.clone());
    runtime.spawn(async move {
        while let Ok((mut connection, _)) = listener.accept().await {
            let (answers, base) = (Arc::clone(&answers), base.clone());
            tokio::spawn(async move {
                let mut head = [0; 8192];
                let read = connection.read(&mut head).await.unwrap_or_default();
                let head = String::from_utf8_lossy(&head[..read]).into_owned();
                let (status, body) = if head.contains("oauth-authorization-server") {
                    (200, format!(r#"{{"issuer":"{base}","token_endpoint":"{base}/idpOAuth/token"}}"#).into_bytes())
                } else if head.contains("idpOAuth/token") {
                    answers.lock().expect("the answer").clone()
                } else {
                    (200, br#"{"data":{"id":1,"username":"nocobase"}}"#.to_vec())
                };
                let mut answer = format!(
                    "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                    body.len()
                )
                .into_bytes();
                answer.extend(body);
                drop((connection.write_all(&answer).await, connection.shutdown().await));
            });
        }
    });
    Stage {
        runtime,
        answer,
        address,
    }
});

fuzz_target!(|input: &[u8]| {
    let mut parts = input.splitn(2, |byte| *byte == 0);
    let store = String::from_utf8_lossy(parts.next().unwrap_or_default()).replace('@', &STAGE.address);
    let (status, answer) = parts
        .next()
        .and_then(|rest| rest.split_first())
        .unwrap_or((&b'0', &[]));
    let status = [200, 400, 401, 403, 404][usize::from(status.wrapping_sub(b'0') % 5)];
    *STAGE.answer.lock().expect("the answer") = (status, answer.to_vec());
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("config.json"), &store).expect("the store");
    std::fs::create_dir(folder.path().join("sessions")).expect("a folder");
    std::fs::write(folder.path().join("sessions/one.json"), answer).expect("a session");
    let before = names(folder.path());
    let config = match nb_cli::read(folder.path(), Some("one")) {
        Ok(config) => config,
        Err(error) => {
            assert!(error.to_string().len() < 20_000);
            return;
        }
    };
    let here = config
        .environments
        .iter()
        .filter(|environment| environment.api_base.as_str() == STAGE.address);
    for environment in here.take(2) {
        let options = ClientOptions {
            read_timeout: Duration::from_secs(5),
            read_retries: 0,
            ..ClientOptions::default()
        };
        let client = Client::new(environment, options).expect("a client");
        if let Err(error) = STAGE.runtime.block_on(client.identity()) {
            let text = format!("{error} {} {error:?}", error.hint());
            assert!(text.len() < 40_000, "{text}");
            // Whatever else the server says, what was sent to it in secret is not repeated. Tokens of other environments
            // are sent to other servers.
            let tokens = tokens(&store, &environment.name);
            let said = tokens.iter().find(|token| text.contains(token.as_str()));
            assert!(said.is_none(), "{said:?} in {text}");
        }
    }
    assert_eq!(
        names(folder.path()),
        before,
        "an environment of the store was lost"
    );
});

/// The tokens of an environment that could be told from any other text.
fn tokens(store: &str, environment: &str) -> Vec<String> {
    let store: serde_json::Value =
        serde_json::from_str(store.trim_start_matches('\u{feff}')).unwrap_or_default();
    let auth = &store["envs"][environment]["auth"];
    let told = ["accessToken", "refreshToken"].map(|key| auth[key].as_str().map(str::to_owned));
    told.into_iter()
        .flatten()
        .filter(|token| token.len() >= 8)
        .collect()
}

/// The names of the store's environments; none where it is no store.
fn names(root: &Path) -> Option<Vec<String>> {
    let text = std::fs::read_to_string(root.join("config.json")).ok()?;
    let store: serde_json::Value = serde_json::from_str(text.trim_start_matches('\u{feff}')).ok()?;
    Some(store.get("envs")?.as_object()?.keys().cloned().collect())
}
