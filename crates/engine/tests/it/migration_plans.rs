//! Plans of migrations: what they say of a rule, when they are stale, and who has to confirm them.

use release_engine::{
    CollectionFact, EngineError, Facts, MigrationFacts, MigrationPackageFact, PackageChoice, Plan, Policy,
    Request, RuleChoice, RuleFact, Strength, plan,
};

use crate::plans::{environment, now};

fn collection(name: &str) -> CollectionFact {
    CollectionFact {
        name: name.into(),
        system: false,
        fields: vec!["id".into()],
    }
}

fn rule(id: &str, user: &str, system: &str) -> RuleFact {
    RuleFact {
        id: id.into(),
        name: format!("rule {id}"),
        user: user.into(),
        system: system.into(),
        has_independent: false,
        independent: Vec::new(),
        independent_unread: false,
        updated_at: Some("2026-11-20T10:00:00.000Z".into()),
    }
}

fn package(rule: Option<&str>) -> MigrationPackageFact {
    MigrationPackageFact {
        name: "migration_1.nbdata".into(),
        title: None,
        size: Some("1 KiB".into()),
        created_at: Some("2026-11-21T10:00:00.000Z".into()),
        ready: true,
        rule: rule.map(Into::into),
    }
}

fn facts(rules: Vec<RuleFact>, packages: Vec<MigrationPackageFact>) -> Facts {
    let structure = vec![collection("orders")];
    Facts {
        source: Some(environment("dev")),
        target: Some(environment("test")),
        file: None,
        last_run: None,
        source_in_doubt: None,
        migration: Some(Box::new(MigrationFacts {
            rules,
            packages,
            source_structure: structure.clone(),
            target_structure: structure,
            ..MigrationFacts::default()
        })),
    }
}

fn made(
    rule: RuleChoice,
    package: PackageChoice,
    facts: Facts,
    policy: &Policy,
) -> Result<Plan, EngineError> {
    let request = Request::Migrate {
        source: Some("dev".into()),
        target: "test".into(),
        rule,
        package,
        skip_server_backup: false,
        accepted: Vec::new(),
    };
    plan(&request, facts, None, policy, now(), 7)
}

fn of_package(choice: RuleChoice, rules: Vec<RuleFact>, made_by: Option<&str>) -> Result<Plan, EngineError> {
    let named = PackageChoice::Named("migration_1.nbdata".into());
    made(
        choice,
        named,
        facts(rules, vec![package(made_by)]),
        &Policy::default(),
    )
}

fn of_rule(rule: RuleFact) -> Plan {
    let facts = facts(vec![rule], Vec::new());
    made(RuleChoice::Only, PackageChoice::New, facts, &Policy::default()).unwrap()
}

#[test]
fn the_callers_word_about_a_package_is_held_against_its_servers_or_is_a_perhaps() {
    let rules = || {
        vec![
            rule("1", "overwrite", "overwrite-first"),
            rule("2", "schema-only", "schema-only"),
        ]
    };
    let named = |id: &str| RuleChoice::Named(id.into());
    let error = of_package(named("2"), rules(), Some("1")).unwrap_err();
    assert!(error.to_string().contains("rule 1"), "{error}");
    let agreed = of_package(named("1"), rules(), Some("1")).unwrap();
    assert!(!agreed.migration.unwrap().rule.unwrap().assumed);

    let alone = of_package(named("2"), rules(), None).unwrap();
    assert!(
        alone.destroys[0].contains("(perhaps): orders"),
        "{:?}",
        alone.destroys
    );
    let planned = alone.migration.unwrap();
    assert!(planned.rule.unwrap().assumed);
    assert!(
        planned.effects[1].contains("not known for certain"),
        "{:?}",
        planned.effects
    );
}

#[test]
fn a_rule_that_was_edited_after_the_package_was_made_is_a_perhaps() {
    let mut edited = rule("1", "schema-only", "schema-only");
    edited.updated_at = Some("2026-11-21T10:00:01.000Z".into());
    let plan = of_package(RuleChoice::Only, vec![edited], Some("1")).unwrap();
    assert!(
        plan.destroys[0].contains("(perhaps): orders"),
        "{:?}",
        plan.destroys
    );
    assert!(plan.migration.unwrap().rule.unwrap().assumed);
}

#[test]
fn no_rows_is_said_only_where_no_table_may_be_replaced() {
    let plain = of_rule(rule("1", "schema-only", "schema-only"));
    assert!(
        plain.destroys[0].starts_with("no rows of test"),
        "{:?}",
        plain.destroys
    );
    let mut single = rule("1", "schema-only", "schema-only");
    (single.has_independent, single.independent) = (true, vec![("roles".into(), "overwrite".into())]);
    let mut odd = single.clone();
    odd.independent = vec![("roles".into(), "upsert".into())];
    let mut unread = single.clone();
    unread.independent_unread = true;
    let mut configuration = rule("1", "schema-only", "overwrite-first");
    (configuration.has_independent, configuration.independent) =
        (true, vec![("collections".into(), "skip".into())]);
    for changed in [
        single,
        odd,
        unread,
        configuration,
        rule("1", "schema-only", "unknown"),
    ] {
        let plan = of_rule(changed.clone());
        assert!(
            plan.destroys.iter().all(|line| !line.contains("no rows")),
            "{changed:?}: {:?}",
            plan.destroys
        );
    }
}

#[test]
fn another_package_of_the_same_name_makes_a_plan_stale() {
    let then = facts(
        vec![rule("1", "schema-only", "schema-only")],
        vec![package(Some("1"))],
    );
    let name = Some("migration_1.nbdata");
    assert_eq!(then.clone().differences(&then, name), Vec::<String>::new());
    type Change = fn(&mut MigrationPackageFact);
    let changes: [Change; 4] = [
        |package| package.size = Some("2 KiB".into()),
        |package| package.created_at = Some("2026-11-22T10:00:00.000Z".into()),
        |package| package.rule = Some("2".into()),
        |package| package.title = Some("another".into()),
    ];
    for change in changes {
        let mut now = then.clone();
        change(&mut now.migration.as_mut().unwrap().packages[0]);
        let differences = now.differences(&then, name);
        assert!(differences[0].contains("is another one now"), "{differences:?}");
        assert_eq!(now.differences(&then, None), Vec::<String>::new());
    }
    let mut gone = then.clone();
    gone.migration.as_mut().unwrap().packages.clear();
    assert_eq!(gone.differences(&then, name).len(), 1);
}

#[test]
fn a_rule_that_is_made_on_a_protected_environment_takes_a_person() {
    let policy = Policy {
        protected: vec!["dev".into()],
        ..Policy::default()
    };
    let plan = |rules| {
        let made = made(
            RuleChoice::Only,
            PackageChoice::New,
            facts(rules, Vec::new()),
            &policy,
        );
        made.unwrap().confirmation
    };
    assert_eq!(plan(Vec::new()), Strength::Person);
    assert_eq!(
        plan(vec![rule("1", "schema-only", "schema-only")]),
        Strength::Phrase
    );
}
