//! Every error in one table: code, text, hint, and whether a mutation may have happened.

use std::fmt::Write as _;

use nocobase_client::{Call, Error, MigrationLack};

fn at(name: &str, changes: bool) -> Call {
    Call {
        environment: "dev".into(),
        name: name.into(),
        changes,
    }
}

fn source() -> Box<dyn std::error::Error + Send + Sync> {
    "words of the network".into()
}

fn all(changes: bool) -> Vec<Error> {
    let at = |name: &str| at(name, changes);
    let message = || "No permissions".to_owned();
    let unauthorized = |code: Option<&str>| Error::Unauthorized {
        at: at("auth:check"),
        code: code.map(str::to_owned),
        message: "Your session has expired. Please sign in again.".into(),
    };
    let forbidden = |name: &str| Error::Forbidden {
        at: at(name),
        message: message(),
    };
    let maintenance = |code: &str, command: Option<&str>| Error::Maintenance {
        at: at("backup:restoreUpload"),
        code: code.into(),
        message: "Loading data sources...".into(),
        command: command.map(str::to_owned),
    };
    let missing = |resource: &str| Error::PluginMissing {
        at: at(&format!("{resource}:list")),
        resource: resource.into(),
    };
    vec![
        Error::Unreachable {
            at: at("backup:create"),
            source: source(),
        },
        Error::Tls {
            at: at("backup:create"),
            source: source(),
        },
        Error::TimedOut {
            at: at("backup:create"),
        },
        Error::ConnectionLost {
            at: at("backup:create"),
            source: source(),
        },
        unauthorized(Some("EMPTY_TOKEN")),
        unauthorized(Some("INVALID_TOKEN")),
        unauthorized(Some("NOT_EXIST_USER")),
        unauthorized(Some("ROLE_NOT_FOUND_FOR_USER")),
        unauthorized(Some("USER_HAS_NO_ROLES_ERR")),
        unauthorized(None),
        forbidden("backup:create"),
        forbidden("logger:list"),
        forbidden("applicationPlugins:list"),
        forbidden("orders:list"),
        missing("backup"),
        missing("logger"),
        missing("environmentVariables"),
        missing("orders"),
        Error::NotNocoBase {
            at: at("backup:create"),
            excerpt: "<!DOCTYPE html>".into(),
        },
        maintenance("APP_COMMANDING", Some("upgrade")),
        maintenance("APP_PREPARING", None),
        maintenance("APP_ERROR", None),
        Error::Refused {
            at: at("backup:restoreUpload"),
            status: 500,
            code: None,
            message: "Not a valid backup file".into(),
        },
        Error::UploadTooSlow {
            at: at("backup:restoreUpload"),
        },
        Error::DownloadTooSlow {
            at: at("backup:download"),
            bytes: 6,
            seconds: 300,
        },
        Error::PackageTooLarge {
            at: at("backup:download"),
            limit: 50_000_000_000,
        },
        Error::NoRoom {
            at: at("backup:download"),
            room: 1_000,
        },
        Error::TooLarge {
            at: at("backup:restoreUpload"),
        },
        Error::Gateway {
            at: at("backup:create"),
            status: 504,
        },
        Error::Gateway {
            at: at("backup:create"),
            status: 503,
        },
        Error::Redirected {
            at: at("backup:create"),
            to: "https://elsewhere.example/api".into(),
        },
        Error::Unexpected {
            at: at("backup:create"),
            status: 200,
            excerpt: "no `data` in the answer".into(),
        },
        Error::Unexpected {
            at: at("backup:create"),
            status: 400,
            excerpt: "an empty answer".into(),
        },
        Error::AnswerTooLarge {
            at: at("backup:create"),
            limit: 16_777_216,
        },
        Error::MigrationUnavailable {
            at: at("migration:list"),
            why: MigrationLack::Missing,
            message: None,
        },
        Error::MigrationUnavailable {
            at: at("migrationRules:list"),
            why: MigrationLack::Unlicensed,
            message: Some("License required".into()),
        },
        Error::UnusableName {
            at: at("backup:remove"),
            name: "../x.nbdata".into(),
        },
        Error::SignInNeeded {
            at: at("backup:create"),
            reason: "invalid_grant".into(),
        },
        Error::Local {
            at: at("backup:restoreUpload"),
            action: "read",
            path: "/packages/a.nbdata".into(),
            source: std::io::Error::from(std::io::ErrorKind::NotFound),
        },
        Error::Setup {
            environment: "dev".into(),
            source: source(),
        },
        Error::InvalidAddress {
            address: "dev.example".into(),
            reason: "not a URL".into(),
        },
    ]
}

#[test]
fn the_table() {
    let mut table = String::new();
    for (mutation, read) in all(true).into_iter().zip(all(false)) {
        assert!(!read.may_have_happened(), "a read changes nothing: {read}");
        writeln!(
            table,
            "{}\n  text: {mutation}\n  hint: {}\n  may have happened: {}",
            mutation.code(),
            mutation.hint(),
            mutation.may_have_happened()
        )
        .unwrap();
        if read.hint() != mutation.hint() {
            writeln!(table, "  hint for a read: {}", read.hint()).unwrap();
        }
    }
    insta::assert_snapshot!(table);
}

#[test]
fn texts_are_fragments_that_keep_sources_apart() {
    for error in all(true) {
        let text = error.to_string();
        assert!(
            !text.ends_with('.') && !text.contains("words of the network"),
            "{text}"
        );
        if error.call().is_some() {
            assert!(text.starts_with("dev: "), "{text}");
        }
        assert!(error.hint().ends_with('.'), "{}", error.hint());
    }
}

#[test]
fn no_variant_is_forgotten() {
    let source = include_str!("../../src/error.rs");
    let codes: Vec<_> = source
        .lines()
        .filter_map(|line| line.trim().split_once(" => \"")?.1.strip_suffix("\","))
        .collect();
    assert!(codes.len() > 15, "{codes:?}");
    for code in codes {
        assert!(
            all(true).iter().any(|error| error.code() == code),
            "{code} is not in the table"
        );
    }
}
