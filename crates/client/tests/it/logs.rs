//! Log files: names and lines.

use flate2::Compression;
use flate2::write::GzEncoder;
use nocobase_client::LogLine;

use crate::server::{Reply, Server};

fn archive(files: &[(&str, &str)]) -> Vec<u8> {
    let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    for (name, text) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len() as u64);
        header.set_mode(0o644);
        archive.append_data(&mut header, name, text.as_bytes()).unwrap();
    }
    archive.into_inner().unwrap().finish().unwrap()
}

#[tokio::test]
async fn files_are_listed_flat() {
    let server = Server::start().await;
    server.on("logger:list", [Reply::recorded("logger list")]);
    let files = server.client().log_files().await.unwrap();
    for file in [
        "/system_2026-11-22.log",
        "/action-export/2026-11-22.log",
        "/workflows/dispatcher/2026-11-22.log",
    ] {
        assert!(files.iter().any(|known| known == file), "{file} in {files:?}");
    }
    assert_eq!(files.len(), 10);
}

#[tokio::test]
async fn only_the_lines_asked_for_are_kept() {
    let long = format!("wanted {}", "x".repeat(200_000));
    let system =
        format!("{{\"reqId\":\"a\",\"message\":\"wanted 1\"}}\nother\r\nwanted 2\r\n\n{long}\nwanted last");
    let body = archive(&[
        ("system_2026-11-22.log", &system),
        ("./system_error_2026-11-22.log", "no\nwanted 3\n"),
    ]);
    let server = Server::start().await;
    server.on(
        "logger:download",
        [
            Reply::Lost,
            Reply::Cut(body[..200].to_vec()),
            Reply::typed(200, "application/gzip", &body),
        ],
    );
    let files = [
        "/system_2026-11-22.log".to_owned(),
        "/system_error_2026-11-22.log".to_owned(),
    ];
    let lines = server
        .client()
        .search_logs(&files, |line| line.contains("wanted"))
        .await
        .unwrap();
    let line = |file: usize, text: &str| LogLine {
        file: files[file].clone(),
        text: text.to_owned(),
    };
    assert_eq!(
        lines,
        [
            line(0, "{\"reqId\":\"a\",\"message\":\"wanted 1\"}"),
            line(0, "wanted 2"),
            line(0, &long[..64 * 1024]),
            line(0, "wanted last"),
            line(1, "wanted 3"),
        ]
    );
    let seen = server.seen("logger:download");
    assert_eq!((seen.len(), seen[0].method.as_str()), (3, "POST"));
    let sent: serde_json::Value = serde_json::from_slice(&seen[2].body).unwrap();
    assert_eq!(sent, serde_json::json!({ "files": files }));
}

#[tokio::test]
async fn the_newest_lines_win() {
    let text: String = (0..12_000).map(|i| format!("line {i}\n")).collect();
    let server = Server::start().await;
    server.on(
        "logger:download",
        [Reply::typed(
            200,
            "application/gzip",
            &archive(&[("a.log", &text)]),
        )],
    );
    let lines = server
        .client()
        .search_logs(&["/a.log".into()], |_| true)
        .await
        .unwrap();
    assert_eq!((lines.len(), lines[9_999].text.as_str()), (10_000, "line 11999"));
}

#[tokio::test]
async fn what_is_no_archive() {
    let server = Server::start().await;
    let client = server.client();
    let whole = archive(&[("a.log", &"line\n".repeat(10_000))]);
    for (reply, code) in [
        (Reply::recorded("logger download unknown"), "refused"),
        (Reply::recorded("no permissions"), "forbidden"),
        (Reply::recorded("health html"), "not_nocobase"),
        (Reply::typed(200, "application/gzip", b"no archive"), "unexpected"),
        (
            Reply::typed(200, "application/gzip", &whole[..whole.len() / 2]),
            "unexpected",
        ),
    ] {
        server.on("logger:download", [reply]);
        let error = client
            .search_logs(&["/a.log".into()], |_| true)
            .await
            .unwrap_err();
        assert_eq!(error.code(), code, "{error}");
    }
    server.on("logger:download", [Reply::recorded("no permissions")]);
    let hint = client
        .search_logs(&["/a.log".into()], |_| true)
        .await
        .unwrap_err()
        .hint();
    assert!(
        hint.contains("`dev`") && hint.contains("`pm.logger.logger`"),
        "{hint}"
    );
}
