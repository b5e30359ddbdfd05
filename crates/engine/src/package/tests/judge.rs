//! A package against targets of every kind.

use super::super::testing::{Package, inspect_bytes};
use super::super::{Inspection, Metadata, Plugin, Target, judge};
use crate::finding::Severity;

fn target() -> Target {
    Target {
        version: "2.2.15".to_owned(),
        dialect: "postgres".to_owned(),
        schema: None,
        underscored: Some(false),
        table_prefix: Some(String::new()),
        plugins: Some(
            ["users", "backups", "more"]
                .map(|name| (name.to_owned(), "2.2.15".to_owned()))
                .to_vec(),
        ),
        database_version: Some("PostgreSQL 15.18 (Debian)".to_owned()),
    }
}

fn inspection() -> Inspection {
    inspect_bytes(&Package::good().zip(), None)
}

fn metadata(change: impl FnOnce(&mut Metadata)) -> Inspection {
    let mut inspection = inspection();
    change(inspection.metadata.as_mut().unwrap());
    inspection
}

/// Codes above a note.
fn weighty(inspection: &Inspection, target: &Target) -> Vec<String> {
    let findings = judge(inspection, target);
    for finding in &findings {
        assert!(
            finding.severity == Severity::Note || !finding.next_step.is_empty(),
            "{}",
            finding.code
        );
    }
    findings
        .into_iter()
        .filter(|finding| finding.severity > Severity::Note)
        .map(|finding| finding.code)
        .collect()
}

fn codes(inspection: &Inspection, target: &Target) -> Vec<String> {
    judge(inspection, target)
        .into_iter()
        .map(|finding| finding.code)
        .collect()
}

#[test]
fn a_package_of_the_same_make_meets_no_obstacle() {
    assert_eq!(
        codes(&inspection(), &target()),
        [
            "holds_credentials",
            "key_replaced",
            "files_merged",
            "other_schemas",
            "runtime_tables_left_out"
        ]
    );
}

#[test]
fn versions_are_compared_by_release() {
    for (package, own, expected) in [
        ("2.2.16", "2.2.15", vec!["version_newer"]),
        ("3.0.0-beta.1", "2.2.15", vec!["version_newer"]),
        ("2.10.0", "2.9.9", vec!["version_newer"]),
        ("2.2.15-beta.3", "2.2.15", vec![]),
        ("2.1.0", "2.2.15", vec![]),
        ("1.9.74", "2.2.15", vec!["version_much_older"]),
        ("2.2.15", "next", vec!["target_version_unreadable"]),
        ("latest", "2.2.15", vec!["version_unreadable"]),
    ] {
        let inspection = metadata(|metadata| {
            metadata.version = package.to_owned();
            metadata.plugins.clear();
        });
        let target = Target {
            version: own.to_owned(),
            ..target()
        };
        assert_eq!(weighty(&inspection, &target), expected, "{package} into {own}");
    }
    let older = metadata(|metadata| metadata.version = "2.1.0".to_owned());
    assert!(codes(&older, &target()).contains(&"version_older".to_owned()));
}

#[test]
fn the_database_must_be_the_same_kind() {
    let other = |change: fn(&mut Target)| {
        let mut target = target();
        change(&mut target);
        weighty(&inspection(), &target)
    };
    assert_eq!(
        other(|target| target.dialect = "mysql".to_owned()),
        ["dialect_mismatch"]
    );
    assert_eq!(
        other(|target| target.underscored = Some(true)),
        ["underscored_mismatch"]
    );
    assert_eq!(
        other(|target| target.table_prefix = Some("nb_".to_owned())),
        ["table_prefix_mismatch"]
    );
    assert_eq!(
        other(|target| target.schema = Some("public".to_owned())),
        ["schema_mismatch"]
    );
    assert_eq!(
        other(|target| target.schema = Some(String::new())),
        Vec::<String>::new()
    );
    assert_eq!(
        other(|target| (target.underscored, target.table_prefix, target.plugins) = (None, None, None)),
        Vec::<String>::new()
    );
}

#[test]
fn a_schema_mismatch_names_the_option_that_remaps() {
    let with_schema = metadata(|metadata| metadata.database.schema = Some("app".to_owned()));
    let step = |target: &Target| {
        let mut findings = judge(&with_schema, target);
        findings.retain(|finding| finding.code == "schema_mismatch");
        findings.remove(0).next_step
    };
    assert!(step(&target()).contains("schema \"public\": --accept schema_mismatch"));
    assert!(
        step(&Target {
            schema: Some("test".to_owned()),
            ..target()
        })
        .contains("schema \"test\"")
    );
    assert!(
        !step(&Target {
            dialect: "mysql".to_owned(),
            ..target()
        })
        .contains("--accept")
    );
}

#[test]
fn newer_tools_than_the_target_are_a_warning() {
    let client = metadata(|metadata| {
        metadata.database.backup_client_version = Some("pg_dump (PostgreSQL) 17.2".to_owned());
    });
    assert_eq!(weighty(&client, &target()), ["dump_client_newer"]);
    let server = metadata(|metadata| metadata.database.version = Some("PostgreSQL 16.1".to_owned()));
    assert_eq!(weighty(&server, &target()), ["database_server_newer"]);
    assert_eq!(
        weighty(
            &client,
            &Target {
                database_version: None,
                ..target()
            }
        ),
        Vec::<String>::new()
    );
}

#[test]
fn plugins_are_compared_and_listed_in_bounds() {
    let many = metadata(|metadata| {
        metadata.plugins = (0..40)
            .map(|number| Plugin {
                name: format!("plugin-{number}"),
                version: Some("1.0.0".to_owned()),
                package_name: None,
            })
            .collect();
    });
    let findings = judge(&many, &target());
    let missing = findings
        .iter()
        .find(|finding| finding.code == "plugins_missing")
        .unwrap();
    assert!(
        missing.text.contains("40 plugins") && missing.text.contains("and 28 more"),
        "{}",
        missing.text
    );

    let own = |version: &str| Target {
        plugins: Some(vec![
            ("users".to_owned(), version.to_owned()),
            ("backups".to_owned(), "2.2.15".to_owned()),
        ]),
        ..target()
    };
    assert_eq!(weighty(&inspection(), &own("2.2.9")), ["plugins_newer"]);
    assert!(codes(&inspection(), &own("2.3.0")).contains(&"plugins_differ".to_owned()));
}

#[test]
fn what_travels_along_is_told() {
    let mut without_files = metadata(|metadata| metadata.files_backup = Some(false));
    without_files.uploads = Default::default();
    without_files.holds_key = false;
    without_files.encrypted = true;
    assert_eq!(
        codes(&without_files, &target()),
        [
            "encrypted",
            "files_not_included",
            "other_schemas",
            "runtime_tables_left_out"
        ]
    );
    let blind = Inspection {
        metadata: None,
        ..inspection()
    };
    assert_eq!(codes(&blind, &target()), ["key_replaced"]);
}
