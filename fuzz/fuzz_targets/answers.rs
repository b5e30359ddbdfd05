//! Any bytes as a server's answer: to every call of the client, with any status and kind of content, over a real
//! connection. The first three bytes say which call (`a` to `t`), which status and which kind (digits from `0`).

#![no_main]

use std::path::Path;
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use nocobase_client::{
    ApiBase, Client, ClientOptions, Credentials, Environment, Origin, RestoreOptions, Secret,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

/// The answer to every request, head and body.
type Answer = Arc<Mutex<Vec<u8>>>;

struct Stage {
    runtime: Runtime,
    answer: Answer,
    address: String,
}

static STAGE: LazyLock<Stage> = LazyLock::new(|| {
    let runtime = Runtime::new().expect("a runtime");
    let answer = Answer::default();
    let listener = runtime
        .block_on(TcpListener::bind("127.0.0.1:0"))
        .expect("a port");
    let address = format!("http://{}/api", listener.local_addr().expect("an address"));
    let answers = Arc::clone(&answer);
    runtime.spawn(async move {
        while let Ok((mut connection, _)) = listener.accept().await {
            let answer = answers.lock().expect("the answer").clone();
            tokio::spawn(async move {
                let mut head = [0; 4096];
                let asked = connection.read(&mut head).await.is_ok();
                let answered = asked && connection.write_all(&answer).await.is_ok();
                drop((answered, connection.shutdown().await));
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
    let [call, status, kind, body @ ..] = input else {
        return;
    };
    let (call, status, kind) = (
        call.wrapping_sub(b'a'),
        status.wrapping_sub(b'0'),
        kind.wrapping_sub(b'0'),
    );
    let status = [200, 200, 200, 204, 301, 400, 401, 403, 404, 408, 500, 502, 503][usize::from(status % 13)];
    let kind = [
        "application/json",
        "text/html",
        "application/gzip",
        "application/octet-stream",
        "",
    ][usize::from(kind % 5)];
    let mut answer = format!(
        "HTTP/1.1 {status} X\r\ncontent-type: {kind}\r\ncontent-length: {}\r\nconnection: close\r\nx-request-id: 1\r\n\r\n",
        body.len()
    )
    .into_bytes();
    answer.extend_from_slice(body);
    *STAGE.answer.lock().expect("the answer") = answer;
    let environment = Environment {
        name: "dev".into(),
        api_base: ApiBase::parse(&STAGE.address).expect("an address"),
        credentials: if call % 20 == 19 {
            Credentials::Password {
                account: "nocobase".into(),
                password: Secret::new("a-token"),
            }
        } else {
            Credentials::Token(Secret::new("a-token"))
        },
        fallback: None,
        role: None,
        aliases: Vec::new(),
        origin: Origin::Settings,
    };
    let options = ClientOptions {
        read_timeout: Duration::from_secs(5),
        retry_pause: Duration::from_micros(1),
        ..ClientOptions::default()
    };
    let client = Client::new(&environment, options).expect("a client");
    STAGE.runtime.block_on(ask(&client, call));
});

/// One call; whatever is answered, it ends in a value or an error that can be shown.
async fn ask(client: &Client, call: u8) {
    let shown = match call % 20 {
        0 => client.health().await.err(),
        1 => client.app_info().await.err(),
        2 => client.database_info().await.err(),
        3 => client.plugins().await.err(),
        4 => client.identity().await.err(),
        5 => client.list_backups().await.err(),
        6 => client.backup_status("a.nbdata").await.err(),
        7 => client.restore_status(Some("task")).await.err(),
        8 => client.collections().await.err(),
        9 => client.count("users").await.err(),
        10 => client.log_files().await.err(),
        11 => client
            .search_logs(&["/system.log".to_owned()], |line| line.contains('a'))
            .await
            .err(),
        12 => client.list_fields("storages", &["name"]).await.err(),
        13 => {
            let folder = tempfile::tempdir().expect("a folder");
            let file: &Path = &folder.path().join("a.nbdata");
            client.download_backup("a.nbdata", file, |_| {}).await.err()
        }
        14 => {
            let package = tempfile::NamedTempFile::new().expect("a file");
            let options = RestoreOptions {
                password: Some(Secret::new("a-token")),
                ..RestoreOptions::default()
            };
            client
                .restore_upload(package.path(), &options, |_| {})
                .await
                .err()
        }
        15 => client.create_backup().await.err(),
        16 => client.remove_backup("a.nbdata").await.err(),
        17 => client.has_variable("NBREL_A").await.err(),
        18 => client.backups_kept().await.err(),
        // with an account: the answer is that to the sign-in, too
        _ => client.sign_in().await.err(),
    };
    if let Some(error) = shown {
        let text = format!("{error} {}", error.hint());
        assert!(text.len() < 20_000 && !text.contains("a-token"), "{text}");
    }
}
