//! The store of NocoBase CLI: current and older keys, sessions, and what is broken.

use std::path::Path;

use nocobase_client::nb_cli::{self, Skipped};
use nocobase_client::{Credentials, Origin};

fn store(config: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("config.json"), config).unwrap();
    folder
}

fn session(root: &Path, id: &str, text: &str) {
    std::fs::create_dir_all(root.join("sessions")).unwrap();
    std::fs::write(root.join("sessions").join(format!("{id}.json")), text).unwrap();
}

fn current(root: &Path, session: Option<&str>) -> Option<String> {
    nb_cli::read(root, session).unwrap().current
}

const TWO: &str =
    r#"{"lastEnv":"test","envs":{"test":{"apiBaseUrl":"http://t/api"},"dev":{"apiBaseUrl":"http://d/api"}}}"#;

#[test]
fn no_store_is_an_empty_one() {
    let folder = tempfile::tempdir().unwrap();
    let config = nb_cli::read(folder.path(), Some("s")).unwrap();
    assert!(config.environments.is_empty() && config.current.is_none());
}

#[test]
fn environments_as_the_cli_writes_them() {
    let folder = store(
        r#"{
          "name": "shop", "settings": {"locale": "zh-CN"}, "lastEnv": "test",
          "envs": {
            "test": {"kind": "http", "apiBaseUrl": "https://test.example/api/", "authType": "token",
                     "auth": {"type": "token", "accessToken": "key-of-test"}},
            "dev": {"kind": "local", "apiBaseUrl": "http://127.0.0.1:13000/api", "authType": "oauth",
                    "auth": {"type": "oauth", "accessToken": "a", "refreshToken": "r",
                             "expiresAt": "2026-11-23T00:00:00.000Z", "clientId": "c"},
                    "runtime": {"version": "2.2.15"}, "dbPassword": "x"},
            "basic": {"apiBaseUrl": "http://b/api", "authType": "basic", "authUsername": "ops",
                      "auth": {"type": "token", "accessToken": "session"}},
            "open": {"apiBaseUrl": "http://o/api"}
          }
        }"#,
    );
    let config = nb_cli::read(folder.path(), None).unwrap();
    let names: Vec<_> = config
        .environments
        .iter()
        .map(|environment| environment.name.as_str())
        .collect();
    assert_eq!(names, ["basic", "dev", "open", "test"]);
    assert_eq!(config.current.as_deref(), Some("test"));
    assert_eq!(config.skipped, []);
    let [basic, dev, open, test] = &config.environments[..] else {
        panic!()
    };
    assert!(matches!(&basic.credentials, Credentials::Token(token) if token.expose() == "session"));
    assert!(matches!(&dev.credentials, Credentials::OAuth(_)));
    assert!(matches!(&open.credentials, Credentials::None));
    assert!(matches!(&test.credentials, Credentials::Token(token) if token.expose() == "key-of-test"));
    assert_eq!(test.api_base.as_str(), "https://test.example/api");
    assert_eq!(test.origin, Origin::NocoBaseCli);
    assert_eq!(test.role, None);
}

#[test]
fn older_keys() {
    let folder = store(
        r#"{"dockerResourcePrefix":"nb","currentEnv":"b",
            "envs":{"a":{"kind":"remote","baseUrl":" http://a/api "},"b":{"apibaseUrl":"http://b/api"},
                    "c":{"apiBaseUrl":"","baseUrl":"http://c/api"}}}"#,
    );
    let config = nb_cli::read(folder.path(), None).unwrap();
    let bases: Vec<_> = config
        .environments
        .iter()
        .map(|environment| environment.api_base.as_str())
        .collect();
    assert_eq!(bases, ["http://a/api", "http://b/api", "http://c/api"]);
    assert_eq!(config.current.as_deref(), Some("b"));
}

#[test]
fn the_current_environment() {
    let folder = store(TWO);
    let root = folder.path();
    assert_eq!(current(root, None).as_deref(), Some("test"));
    assert_eq!(current(root, Some("none")).as_deref(), Some("test"));
    session(
        root,
        "s1",
        r#"{"currentEnv":"dev","updatedAt":"2026-11-22T00:00:00Z"}"#,
    );
    session(root, "s2", r#"{"currentEnv":"removed"}"#);
    session(root, "s3", "not json");
    assert_eq!(current(root, Some(" s1 ")).as_deref(), Some("dev"));
    assert_eq!(current(root, Some("s2")).as_deref(), Some("test"));
    assert_eq!(current(root, Some("s3")).as_deref(), Some("test"));
    assert_eq!(current(root, Some("")).as_deref(), Some("test"));
    assert_eq!(current(root, Some("../sessions/s1")).as_deref(), Some("test"));
    // NocoBase CLI would write this session anew: this is not its caller's business
    let kept = std::fs::read_to_string(root.join("sessions/s2.json")).unwrap();
    assert_eq!(kept, r#"{"currentEnv":"removed"}"#);
    assert_eq!(std::fs::read_to_string(root.join("config.json")).unwrap(), TWO);

    let folder = store(&TWO.replace(r#""lastEnv":"test""#, r#""lastEnv":"removed""#));
    assert_eq!(current(folder.path(), None).as_deref(), Some("dev"));
    let folder = store(r#"{"envs":null}"#);
    assert_eq!(current(folder.path(), None), None);
}

#[test]
fn a_broken_entry_does_not_hide_the_others() {
    let folder = store(
        r#"{"envs":{"a":{},"b":{"apiBaseUrl":"nowhere"},"c":{"apiBaseUrl":"http://u:hunter22@c/api"},"d":null,
            "e":{"apiBaseUrl":"http://e/api","auth":null}}}"#,
    );
    let config = nb_cli::read(folder.path(), None).unwrap();
    assert_eq!(config.environments.len(), 1);
    let skipped: Vec<_> = config
        .skipped
        .iter()
        .map(|skipped| skipped.name.as_str())
        .collect();
    assert_eq!(skipped, ["a", "b", "c", "d"]);
    let reason = "it has no API base URL".to_owned();
    assert_eq!(
        config.skipped[0],
        Skipped {
            name: "a".into(),
            reason
        }
    );
    assert!(!format!("{config:?}").contains("hunter22"));
}

#[test]
fn a_store_that_is_none() {
    for text in [
        "",
        "{",
        "[]",
        r#"{"envs":[]}"#,
        r#"{"envs":{"a":{"auth":{"accessToken":"hunter22"}}"#,
    ] {
        let folder = store(text);
        let error = nb_cli::read(folder.path(), None).unwrap_err();
        assert!(
            error
                .to_string()
                .contains("config.json is not a configuration of NocoBase CLI"),
            "{error}"
        );
        assert!(!format!("{error:?}").contains("hunter22"));
    }
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("config.json")).unwrap();
    assert!(
        nb_cli::read(folder.path(), None)
            .unwrap_err()
            .to_string()
            .starts_with("cannot read ")
    );
}
