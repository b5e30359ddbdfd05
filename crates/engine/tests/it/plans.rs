//! Plans are values: made of facts and time alone, and bound to both.

use jiff::Timestamp;
use release_engine::package::Inspection;
use release_engine::{
    BackupFact, EngineError, EnvironmentFacts, Facts, FileFacts, IdentityFacts, PackageChoice, Plan, Policy,
    Request, StepName, Strength, plan,
};

pub(crate) fn environment(name: &str) -> EnvironmentFacts {
    EnvironmentFacts {
        environment: name.into(),
        api_base: format!("http://{name}/api"),
        app_name: "main".into(),
        version: "2.2.15".into(),
        dialect: "postgres".into(),
        schema: Some("app".into()),
        credential: Default::default(),
        identity: IdentityFacts {
            id: 1,
            username: "nocobase".into(),
        },
        plugins: Some(Vec::new()),
        backups: vec![
            BackupFact {
                name: "b2.nbdata".into(),
                size: "1 KiB".into(),
                created_at: None,
                in_progress: true,
            },
            BackupFact {
                name: "b1.nbdata".into(),
                size: "1 KiB".into(),
                created_at: None,
                in_progress: false,
            },
        ],
        backups_kept: None,
        outside: Default::default(),
        logs_readable: true,
    }
}

fn facts() -> Facts {
    Facts {
        source_in_doubt: None,
        source: Some(environment("dev")),
        target: Some(environment("test")),
        file: None,
        last_run: None,
        migration: None,
    }
}

fn restore(package: PackageChoice) -> Request {
    Request::Restore {
        source: Some("dev".into()),
        target: "test".into(),
        package,
        accepted: Vec::new(),
    }
}

pub(crate) fn now() -> Timestamp {
    "2026-11-22T20:00:00Z".parse().unwrap()
}

pub(crate) fn made(package: PackageChoice, facts: Facts) -> Result<Plan, EngineError> {
    plan(&restore(package), facts, None, &Policy::default(), now(), 7)
}

#[test]
fn the_same_facts_make_the_same_plan_and_any_difference_another_phrase() {
    let one = made(PackageChoice::New, facts()).unwrap();
    assert_eq!(one, made(PackageChoice::New, facts()).unwrap());
    let mut other_facts = facts();
    other_facts.target.as_mut().unwrap().identity.username = "somebody".into();
    let other = made(PackageChoice::New, other_facts).unwrap();
    assert_ne!((&one.hash, one.phrase()), (&other.hash, other.phrase()));
    assert!(one.phrase().starts_with("test "));
}

#[test]
fn a_plan_survives_being_written_and_read() {
    let plan = made(PackageChoice::New, facts()).unwrap();
    let text = serde_json::to_string(&plan).unwrap();
    let read: Plan = serde_json::from_str(&text).unwrap();
    assert_eq!(read, plan);
    assert_eq!(read.compute_hash(), plan.hash);
    let altered: Plan = serde_json::from_str(&text.replace("http://test/api", "http://prod/api")).unwrap();
    assert_ne!(altered.compute_hash(), altered.hash);
}

#[test]
fn the_way_back_comes_before_what_overwrites() {
    for choice in [
        PackageChoice::New,
        PackageChoice::Latest,
        PackageChoice::Named("b1.nbdata".into()),
    ] {
        let plan = made(choice, facts()).unwrap();
        let place = |name: StepName| plan.steps.iter().position(|step| step.name == name);
        let restore = place(StepName::Restore).unwrap();
        for before in [
            StepName::MakeSafetyBackup,
            StepName::DownloadSafetyBackup,
            StepName::Judge,
        ] {
            assert!(place(before).unwrap() < restore, "{before:?}");
        }
        assert!(
            plan.steps
                .iter()
                .filter(|step| step.changes && step.name != StepName::TidyUp)
                .all(|step| !step.way_back.is_empty())
        );
    }
}

#[test]
fn a_package_is_named_exactly_or_refused() {
    assert_eq!(
        made(PackageChoice::Latest, facts()).unwrap().package_name(),
        Some("b1.nbdata"),
        "finished ones only"
    );
    let unknown = made(PackageChoice::Named("b".into()), facts()).unwrap_err();
    assert_eq!(unknown.code(), "package_not_found");
    let running = made(PackageChoice::Named("b2.nbdata".into()), facts()).unwrap_err();
    assert_eq!(running.code(), "package_in_progress");
}

#[test]
fn what_does_not_fit_is_refused_by_facts_alone() {
    type Change = fn(&mut Facts);
    let cases: [(&str, Change); 4] = [
        ("version_newer", |facts| {
            facts.source.as_mut().unwrap().version = "2.2.16".into()
        }),
        ("dialect_mismatch", |facts| {
            facts.source.as_mut().unwrap().dialect = "mysql".into()
        }),
        ("schema_mismatch", |facts| {
            facts.source.as_mut().unwrap().schema = None
        }),
        ("same_server", |facts| {
            facts.source.as_mut().unwrap().api_base = "http://test/api".into()
        }),
    ];
    for (code, change) in cases {
        let mut facts = facts();
        change(&mut facts);
        assert_eq!(made(PackageChoice::New, facts).unwrap_err().code(), code);
    }
}

#[test]
fn a_damaged_file_is_refused_unless_its_finding_is_accepted_by_name() {
    let damaged: Inspection = serde_json::from_value(serde_json::json!({
        "bytes": 1, "sha256": "00", "encrypted": false, "metadata": null,
        "content": { "format": { "kind": "unknown" }, "tables": [] },
        "uploads": { "files": 0, "bytes": 0 }, "holds_key": false,
        "findings": [{ "code": "data_truncated", "severity": "blocker", "text": "cut" }],
    }))
    .unwrap();
    let with_file = |accepted: Vec<String>| {
        let file = FileFacts {
            path: "/p/x.nbdata".into(),
            inspection: damaged.clone(),
            verified: Vec::new(),
        };
        let request = Request::Restore {
            source: None,
            target: "test".into(),
            package: PackageChoice::File("/p/x.nbdata".into()),
            accepted,
        };
        let facts = Facts {
            source_in_doubt: None,
            source: None,
            target: Some(environment("test")),
            file: Some(file),
            last_run: None,
            migration: None,
        };
        plan(&request, facts, None, &Policy::default(), now(), 7)
    };
    assert_eq!(with_file(Vec::new()).unwrap_err().code(), "data_truncated");
    assert_eq!(
        with_file(vec!["something_else".into()]).unwrap_err().code(),
        "data_truncated"
    );
    let plan = with_file(vec!["data_truncated".into()]).unwrap();
    assert_eq!(plan.accepted, ["data_truncated"]);
}

#[test]
fn policy_can_want_a_package_verified_elsewhere_first() {
    let policy = Policy {
        verified_first: [("test".to_owned(), vec!["qa".to_owned()])].into(),
        ..Policy::default()
    };
    let planned = |package, facts| plan(&restore(package), facts, None, &policy, now(), 7);
    let code = planned(PackageChoice::New, facts()).unwrap_err();
    assert_eq!(code.code(), "not_verified_first", "a new one never was");
    let named = planned(PackageChoice::Named("b1.nbdata".into()), facts()).unwrap();
    assert!(
        named
            .findings
            .iter()
            .any(|finding| finding.code == "not_verified_first"),
        "what is only known by name is judged when it is fetched"
    );
    let file = |on: &str| {
        let whole: Inspection = serde_json::from_value(serde_json::json!({
            "bytes": 1, "sha256": "00", "encrypted": false, "metadata": null,
            "content": { "format": { "kind": "unknown" }, "tables": [] },
            "uploads": { "files": 0, "bytes": 0 }, "holds_key": false, "findings": [],
        }))
        .unwrap();
        let file = FileFacts {
            path: "/p/x.nbdata".into(),
            inspection: whole,
            verified: vec![release_engine::Verified {
                environment: on.into(),
                run: crate::journal::run(),
                at: now(),
            }],
        };
        let facts = Facts {
            file: Some(file),
            ..facts()
        };
        let planned = planned(PackageChoice::File("/p/x.nbdata".into()), facts);
        match planned {
            Ok(_) => Vec::new(),
            Err(EngineError::Preflight { findings }) => {
                findings.into_iter().map(|finding| finding.code).collect()
            }
            Err(other) => vec![other.code().to_owned()],
        }
    };
    let stands = |codes: Vec<String>| codes.contains(&"not_verified_first".to_owned());
    assert!(stands(file("dev")));
    assert!(!stands(file("qa")));
}

#[test]
fn policy_decides_who_confirms_and_whether_at_all() {
    let protected = Policy {
        protected: vec!["test".into()],
        ..Policy::default()
    };
    let made = |policy: &Policy| plan(&restore(PackageChoice::New), facts(), None, policy, now(), 7);
    assert_eq!(made(&protected).unwrap().confirmation, Strength::Person);
    assert_eq!(made(&Policy::default()).unwrap().confirmation, Strength::Phrase);
    let read_only = Policy {
        read_only: true,
        ..Policy::default()
    };
    assert_eq!(made(&read_only).unwrap_err().code(), "forbidden_by_policy");
    let backup = Request::Backup {
        environment: "dev".into(),
    };
    let facts = Facts {
        source_in_doubt: None,
        source: Some(environment("prod")),
        target: None,
        file: None,
        last_run: None,
        migration: None,
    };
    let backup = plan(&backup, facts, None, &protected, now(), 7).unwrap();
    assert_eq!((backup.confirmation, backup.destroys.len()), (Strength::None, 0));
}
