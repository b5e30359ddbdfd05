//! Files in and out.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use nocobase_client::{Client, ClientOptions, Credentials, Download, RestoreOptions, Secret};

use crate::server::{PASSWORD, Reply, Server, TOKEN, quick};

const NAME: &str = "backup_20261122_180813_1440.nbdata";

fn content(length: usize) -> Vec<u8> {
    (0..length).map(|i| (i * 31 % 251) as u8).collect()
}

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}

fn package(folder: &Path, content: &[u8]) -> PathBuf {
    let path = folder.join(NAME);
    std::fs::write(&path, content).unwrap();
    path
}

#[tokio::test]
async fn a_download_appears_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(NAME);
    let server = Server::start().await;
    server.on("backup:download", [Reply::file(b"abc")]);
    let seen = Mutex::new(Vec::new());
    let download = server
        .client()
        .download_backup(NAME, &path, |bytes| seen.lock().unwrap().push(bytes))
        .await;
    let expected = Download {
        bytes: 3,
        sha256: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad".into(),
    };
    assert_eq!(download.unwrap(), expected);
    assert_eq!(std::fs::read(&path).unwrap(), b"abc");
    assert_eq!(*seen.lock().unwrap(), [0, 3]);
    assert_eq!(server.only("backup:download").query, format!("name={NAME}"));
    assert_eq!(names(folder.path()), [NAME]);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(
            std::fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
    }
}

#[tokio::test]
async fn a_cut_download_is_begun_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(NAME);
    let content = content(300_000);
    let server = Server::start().await;
    let (first, second) = (content[..1000].to_vec(), content[..200_000].to_vec());
    server.on(
        "backup:download",
        [
            Reply::Cut(first),
            Reply::Stalled(second),
            Reply::Lost,
            Reply::file(&content),
        ],
    );
    let download = server
        .client()
        .download_backup(NAME, &path, |_| ())
        .await
        .unwrap();
    assert_eq!(download.bytes, 300_000);
    assert_eq!(std::fs::read(&path).unwrap(), content);
    assert_eq!(server.seen("backup:download").len(), 4);
    assert_eq!(names(folder.path()), [NAME]);
}

#[tokio::test]
async fn a_download_that_fails_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(NAME);
    let server = Server::start().await;
    let client = server.client();
    for (reply, code) in [
        (Reply::Cut(b"PK".to_vec()), "connection_lost"),
        (Reply::recorded("download unknown"), "refused"),
        (Reply::recorded("health html"), "not_nocobase"),
        (Reply::recorded("commanding"), "maintenance"),
        (Reply::recorded("no permissions"), "forbidden"),
        (Reply::json(200, r#"{"data":{}}"#), "unexpected"),
    ] {
        server.on("backup:download", [reply]);
        let error = client.download_backup(NAME, &path, |_| ()).await.unwrap_err();
        assert_eq!(error.code(), code, "{error}");
        assert!(!error.may_have_happened());
        assert_eq!(names(folder.path()), [""; 0]);
    }
    server.on("backup:download", [Reply::file(b"abc")]);
    let nowhere = folder.path().join("no/such/folder.nbdata");
    let error = client.download_backup(NAME, &nowhere, |_| ()).await.unwrap_err();
    assert_eq!(error.code(), "local");
    assert_eq!(
        client
            .download_backup("../x.nbdata", &path, |_| ())
            .await
            .unwrap_err()
            .code(),
        "unusable_name"
    );
}

#[tokio::test]
async fn a_download_that_is_too_slow_or_too_large_is_given_up_at_once_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(NAME);
    let server = Server::start().await;
    let token = || Credentials::Token(Secret::new(TOKEN));
    let slow = ClientOptions {
        download_stretch: Duration::from_millis(100),
        least_bytes: 1_000,
        ..quick()
    };
    let small = ClientOptions {
        package_limit: 2,
        ..quick()
    };
    for (number, (options, reply, code)) in [
        (slow, Reply::Dripping, "download_too_slow"),
        (small.clone(), Reply::Dripping, "package_too_large"),
        // the length is announced: nothing of it is taken
        (small, Reply::file(b"abc"), "package_too_large"),
        (quick(), Reply::Announced(u64::MAX / 2), "no_room"),
    ]
    .into_iter()
    .enumerate()
    {
        server.on("backup:download", [reply]);
        let client = Client::new(&server.environment(token()), options).unwrap();
        let most = AtomicU64::new(0);
        let progress = |bytes| most.store(bytes, Ordering::Release);
        let error = client.download_backup(NAME, &path, progress).await.unwrap_err();
        assert_eq!(error.code(), code, "{error}");
        assert_eq!(
            server.seen("backup:download").len(),
            number + 1,
            "another try would end so, too"
        );
        assert_eq!(names(folder.path()), [""; 0]);
        assert_eq!(most.into_inner() > 0, number < 2);
    }
}

#[tokio::test]
async fn an_earlier_file_stays_until_the_new_one_is_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = package(folder.path(), b"earlier");
    let server = Server::start().await;
    server.on("backup:download", [Reply::Cut(b"PK".to_vec())]);
    server
        .client()
        .download_backup(NAME, &path, |_| ())
        .await
        .unwrap_err();
    assert_eq!(std::fs::read(&path).unwrap(), b"earlier");
}

#[tokio::test]
async fn an_upload_arrives_intact() {
    let folder = tempfile::tempdir().unwrap();
    let content = content(1_500_000);
    let path = package(folder.path(), &content);
    let server = Server::start().await;
    server.on("backup:restoreUpload", [Reply::recorded("restore accepted")]);
    let sent = Arc::new(AtomicU64::new(0));
    let progress = Arc::clone(&sent);
    let options = RestoreOptions {
        password: Some(Secret::new(PASSWORD)),
        database_schema: Some("public".into()),
    };
    let accepted = server
        .client()
        .restore_upload(&path, &options, move |bytes| {
            progress.store(bytes, Ordering::Relaxed)
        })
        .await
        .unwrap();
    assert_eq!(
        accepted.task.as_deref(),
        Some("cfdb5070-714b-4f91-b702-47ca080c2871")
    );
    assert!(accepted.request_id.is_some());
    assert_eq!(sent.load(Ordering::Relaxed), 1_500_000);

    let seen = server.only("backup:restoreUpload");
    assert_eq!(seen.method, "POST");
    assert_eq!(
        seen.header("content-length").unwrap(),
        seen.body.len().to_string()
    );
    assert_eq!(seen.header("transfer-encoding"), None);
    let boundary = seen
        .header("content-type")
        .unwrap()
        .strip_prefix("multipart/form-data; boundary=")
        .unwrap();
    let part = |disposition: &str, rest: &[u8]| {
        let head = format!("--{boundary}\r\nContent-Disposition: form-data; {disposition}\r\n");
        [head.as_bytes(), rest, b"\r\n"].concat()
    };
    let expected = [
        part("name=\"password\"", format!("\r\n{PASSWORD}").as_bytes()),
        part("name=\"dbSchema\"", b"\r\npublic"),
        part(
            &format!("name=\"file\"; filename=\"{NAME}\""),
            &[
                b"Content-Type: application/octet-stream\r\n\r\n",
                content.as_slice(),
            ]
            .concat(),
        ),
        format!("--{boundary}--\r\n").into_bytes(),
    ]
    .concat();
    assert!(seen.body == expected, "the body is not as expected");
}

#[tokio::test]
async fn force_is_never_sent_and_empty_passwords_are_none() {
    let folder = tempfile::tempdir().unwrap();
    let path = package(folder.path(), b"PK");
    let server = Server::start().await;
    server.on("backup:restoreUpload", [Reply::recorded("restore accepted")]);
    let options = RestoreOptions {
        password: Some(Secret::new("")),
        database_schema: None,
    };
    server
        .client()
        .restore_upload(&path, &options, |_| ())
        .await
        .unwrap();
    let body = server.only("backup:restoreUpload").body;
    let body = String::from_utf8_lossy(&body);
    assert_eq!(body.matches("form-data; name=").count(), 1, "{body}");
}

#[tokio::test]
async fn an_upload_is_sent_once_whatever_happens() {
    let folder = tempfile::tempdir().unwrap();
    let path = package(folder.path(), &content(100_000));
    for (reply, code, doubt) in [
        (Reply::Lost, "connection_lost", true),
        (Reply::Silent, "timed_out", true),
        (Reply::typed(504, "text/html", b""), "gateway", true),
        (Reply::typed(200, "text/html", b"<html>"), "not_nocobase", true),
        (Reply::typed(408, "", b""), "upload_too_slow", false),
        (Reply::typed(413, "text/html", b""), "too_large", false),
        (Reply::recorded("restore not a zip"), "refused", false),
        (Reply::recorded("commanding"), "maintenance", false),
        (Reply::recorded("invalid token"), "unauthorized", false),
    ] {
        let server = Server::start().await;
        server.on("backup:restoreUpload", [reply]);
        let error = server
            .client()
            .restore_upload(&path, &RestoreOptions::default(), |_| ())
            .await
            .unwrap_err();
        assert_eq!(
            (error.code(), error.may_have_happened()),
            (code, doubt),
            "{error}"
        );
        assert_eq!(server.seen("backup:restoreUpload").len(), 1, "{code}");
    }
}

#[tokio::test]
async fn a_file_that_fails_is_not_a_restore() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start().await;
    server.on("backup:restoreUpload", [Reply::recorded("restore accepted")]);
    let client = server.client();
    let missing = folder.path().join("missing.nbdata");
    for path in [missing.as_path(), folder.path()] {
        let error = client
            .restore_upload(path, &RestoreOptions::default(), |_| ())
            .await
            .unwrap_err();
        assert_eq!(
            (error.code(), error.may_have_happened()),
            ("local", false),
            "{error}"
        );
    }
    assert_eq!(server.seen("backup:restoreUpload").len(), 0);

    // a file that shrinks while it is being sent
    let path = package(folder.path(), &content(8 * 1024 * 1024));
    let shrinking = path.clone();
    let shrink = move |_| {
        std::fs::File::options()
            .write(true)
            .open(&shrinking)
            .unwrap()
            .set_len(10)
            .unwrap()
    };
    let error = client
        .restore_upload(&path, &RestoreOptions::default(), shrink)
        .await
        .unwrap_err();
    assert_eq!(
        (error.code(), error.may_have_happened()),
        ("local", false),
        "{error}"
    );
}
