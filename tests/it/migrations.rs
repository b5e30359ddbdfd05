//! Scenario D from its sentence: what the rule keeps and replaces, verified by content, and the way back.
//!
//! The Migration Manager is commercial; the simulation follows its public contract.

use nocobase_sim::{Environment, EnvironmentConfig, MigrationManager, SimConfig};
use release_tests::Stage;
use serde_json::{Value, json};

pub(crate) fn numbers(environment: &Environment) -> Vec<String> {
    let rows = environment.rows("orders");
    rows.iter().map(|row| row["number"].to_string()).collect()
}

fn fields(environment: &Environment, collection: &str) -> Vec<String> {
    let mut names: Vec<String> = environment
        .rows("fields")
        .iter()
        .filter(|row| row["collectionName"] == json!(collection))
        .map(|row| row["name"].to_string())
        .collect();
    names.sort();
    names
}

#[tokio::test(flavor = "multi_thread")]
async fn migrate_dev_to_test_brings_structure_keeps_rows_and_can_be_undone() {
    let stage = Stage::new().await;
    let (dev, test) = (stage.environment("dev"), stage.environment("test"));
    let (orders, users, old_fields) = (numbers(&test), test.rows("users"), fields(&test, "orders"));
    assert_ne!(old_fields, fields(&dev, "orders"));

    let report = stage
        .report(&["ask", "Migrate dev to test", "--yes", "test"], 0)
        .await;

    assert_eq!(report["verdict"], "verified", "{report:#}");
    assert_eq!(fields(&test, "orders"), fields(&dev, "orders"));
    assert_eq!(numbers(&test), orders, "schema-only keeps the rows");
    assert_eq!(test.rows("users"), users);
    assert_eq!(
        test.rows("workflows"),
        dev.rows("workflows"),
        "configuration comes along"
    );
    assert_eq!(dev.mutations("migrationRule:create"), 1, "there was no rule");
    assert_eq!(dev.mutations("migration:create"), 1);
    assert_eq!(test.mutations("migrationFiles:runTask"), 1);
    assert_eq!(test.mutations("backup:restoreUpload"), 0);
    let said: Vec<&str> = report["evidence"]
        .as_array()
        .unwrap()
        .iter()
        .map(|signal| signal["name"].as_str().unwrap())
        .collect();
    let expected = [
        "execution",
        "application",
        "migration log",
        "structure",
        "kept rows",
        "new rows",
        "users",
        "identity",
    ];
    assert_eq!(said, expected);
    let run = report["run"].as_str().unwrap();
    let kept = stage.home().join("release-state/runs").join(run);
    let sql = std::fs::read_to_string(kept.join("migration.sql")).expect("the SQL is kept with the run");
    assert!(sql.contains("ADD COLUMN \"priority\""), "{sql}");
    assert!(kept.join("migration.log").is_file());

    let undone = stage
        .report(&["undo", "test", "--run", run, "--yes", "test"], 0)
        .await;
    assert_eq!(undone["verdict"], "verified");
    assert_eq!(fields(&test, "orders"), old_fields);
    assert_eq!(numbers(&test), orders);
    stage.assert_no_violation();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sentence_in_chinese_and_one_that_overwrites() {
    let stage = Stage::new().await;
    let (dev, test) = (stage.environment("dev"), stage.environment("test"));
    let report = stage
        .report(&["ask", "把 dev 迁移到 test", "--yes", "test"], 0)
        .await;
    assert_eq!(report["verdict"], "verified", "{report:#}");
    assert_ne!(numbers(&test), numbers(&dev));

    let arguments = [
        "migrate",
        "test",
        "--from",
        "dev",
        "--user",
        "overwrite",
        "--yes",
        "test",
    ];
    let report = stage.report(&arguments, 0).await;
    assert_eq!(report["verdict"], "verified", "{report:#}");
    assert_eq!(numbers(&test), numbers(&dev), "overwrite replaces the rows");
    assert_eq!(dev.mutations("migrationRule:create"), 2);
    stage.assert_no_violation();
}

#[tokio::test(flavor = "multi_thread")]
async fn either_surface_alone_will_do() {
    for (surface, execute) in [
        (MigrationManager::Cli, "migration:execute"),
        (MigrationManager::Resource, "migrationFiles:runTask"),
    ] {
        let with =
            |config: EnvironmentConfig| config.with_settings(|settings| settings.migration_manager = surface);
        let stage = Stage::with(SimConfig::new([
            with(EnvironmentConfig::dev()),
            with(EnvironmentConfig::test()),
        ]))
        .await;
        let plan = stage
            .report(&["plan", "migrate", "test", "--from", "dev"], 0)
            .await;
        let untold = plan["plan"]["findings"].to_string().contains("conflicts_untold");
        assert_eq!(untold, surface == MigrationManager::Cli, "{plan:#}");
        let report = stage
            .report(&["ask", "Migrate dev to test", "--yes", "test"], 0)
            .await;
        assert_eq!(report["verdict"], "verified", "{surface:?}: {report:#}");
        assert_eq!(stage.environment("test").mutations(execute), 1);
        let run = report["run"].as_str().unwrap();
        let folder = stage.home().join("release-state/runs").join(run);
        let reasons = report["reasons"].to_string();
        for name in ["migration.log", "migration.sql"] {
            let kept = folder.join(name).is_file();
            assert_eq!(reasons.contains(name), kept, "{surface:?} {name}: {reasons}");
        }
        stage.assert_no_violation();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_only_rule_is_taken_and_several_are_asked_about() {
    let stage = Stage::new().await;
    let dev = stage.environment("dev");
    let made = stage
        .run(&[
            "rules",
            "create",
            "dev",
            "--user",
            "overwrite",
            "--name",
            "everything",
            "--yes",
            "dev",
        ])
        .await
        .expect(0);
    assert!(made.stdout.contains("everything"), "{}", made.stdout);
    let plan = stage
        .report(&["plan", "migrate", "test", "--from", "dev"], 0)
        .await;
    assert_eq!(plan["plan"]["migration"]["rule"]["name"], "everything");
    let effects = plan["plan"]["migration"]["effects"].to_string();
    for words in [
        "full overwrite",
        "rows replaced: customers, orders, products",
        "created: attachments",
        "orders (priority)",
    ] {
        assert!(effects.contains(words), "{words} in {effects}");
    }
    stage
        .run(&["rules", "create", "dev", "--name", "structure", "--yes", "dev"])
        .await
        .expect(0);
    let undecided = stage
        .run(&["plan", "migrate", "test", "--from", "dev"])
        .await
        .expect(2);
    assert!(
        undecided.stderr.contains("everything") && undecided.stderr.contains("--rule"),
        "{}",
        undecided.stderr
    );
    let plan = stage
        .report(
            &["plan", "migrate", "test", "--from", "dev", "--rule", "structure"],
            0,
        )
        .await;
    assert_eq!(plan["plan"]["migration"]["rule"]["user"], "schema-only");
    let listed = stage.report(&["ask", "list the migration rules of dev"], 0).await;
    assert_eq!(listed.as_array().map(Vec::len), Some(2), "{listed}");
    assert_eq!(dev.mutations("migrationRule:create"), 2);
    assert_eq!(stage.changes("test"), 0);
    stage.assert_no_violation();
}

#[tokio::test(flavor = "multi_thread")]
async fn single_tables_with_rules_of_their_own_are_verified_each_by_its_own() {
    let stage = Stage::new().await;
    let (dev, test) = (stage.environment("dev"), stage.environment("test"));
    let rules = json!({
        "userDefined": {
            "globalRule": "schema-only", "enableIndependentRules": true, "independentRules": [
                {"rule": "overwrite", "collections": ["products"]}, {"rule": "skip", "collections": ["attachments"]},
            ],
        },
        "systemDefined": {"globalRule": "overwrite-first", "enableIndependentRules": false},
    });
    dev.add_migration_rule("mixed", rules);
    let orders = numbers(&test);
    let report = stage
        .report(&["migrate", "test", "--from", "dev", "--yes", "test"], 0)
        .await;
    assert_eq!(report["verdict"], "verified", "{report:#}");
    assert_eq!(test.rows("products"), dev.rows("products"));
    assert_eq!(numbers(&test), orders);
    stage.assert_no_violation();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_package_that_is_there_already_is_executed_by_name_and_by_path() {
    let stage = Stage::new().await;
    let (dev, test) = (stage.environment("dev"), stage.environment("test"));
    stage
        .report(
            &[
                "migrate",
                "test",
                "--from",
                "dev",
                "--user",
                "overwrite",
                "--yes",
                "test",
            ],
            0,
        )
        .await;
    let package = dev.migrations().pop().expect("a package");
    test.set_rows("orders", Vec::new());

    let arguments = [
        "migrate",
        "test",
        "--from",
        "dev",
        "--package",
        &package,
        "--yes",
        "test",
    ];
    let report = stage.report(&arguments, 0).await;
    assert_eq!(
        report["verdict"], "verified",
        "its rule is told by the server: {report:#}"
    );
    assert_eq!(numbers(&test), numbers(&dev));
    assert_eq!(dev.mutations("migration:create"), 1);

    // by which rule a file was made is known where a run of this machine executed it before
    let path = stage.home().join("release/dev").join(&package);
    let path = path.to_str().unwrap();
    test.set_rows("orders", Vec::new());
    let report = stage
        .report(&["migrate", "test", "--package", path, "--yes", "test"], 0)
        .await;
    assert_eq!(report["verdict"], "verified", "{report:#}");
    assert_eq!(numbers(&test), numbers(&dev));

    // of any other file nobody tells it, so its rows prove nothing
    std::fs::remove_dir_all(stage.home().join("release-state")).unwrap();
    let report = stage
        .report(&["migrate", "test", "--package", path, "--yes", "test"], 7)
        .await;
    assert_eq!(report["verdict"], "unverified", "{report:#}");
    std::fs::remove_dir_all(stage.home().join("release-state")).unwrap();
    let plan = stage
        .report(&["plan", "migrate", "test", "--package", path], 0)
        .await;
    assert!(
        plan["plan"]["destroys"][0].as_str().unwrap().contains("perhaps"),
        "{plan:#}"
    );
    stage.assert_no_violation();
}

#[tokio::test(flavor = "multi_thread")]
async fn values_are_given_by_name_and_never_written_down() {
    for (surface, apart) in [
        (MigrationManager::Both, false),
        (MigrationManager::Cli, false),
        (MigrationManager::Cli, true),
    ] {
        let with = |config: EnvironmentConfig| {
            config.with_settings(|settings| {
                settings.migration_manager = surface;
                settings.migration_values_apart = apart;
            })
        };
        let stage = Stage::with(SimConfig::new([
            with(EnvironmentConfig::dev()),
            with(EnvironmentConfig::test()),
        ]))
        .await;
        let value = "value-9d21c0ffee-SECRET";
        stage.secret(value);
        let (dev, test) = (stage.environment("dev"), stage.environment("test"));
        for (name, kind) in [("API_KEY", "secret"), ("API_URL", "default")] {
            let row = json!({"name": name, "type": kind, "value": "devs"});
            dev.add_row("environmentVariables", row.as_object().unwrap().clone());
        }
        let plan = stage
            .report(&["plan", "migrate", "test", "--from", "dev"], 0)
            .await;
        assert_eq!(
            plan["plan"]["migration"]["variables"],
            json!([{"name": "API_KEY", "secret": true}, {"name": "API_URL", "secret": false}])
        );
        let arguments = ["migrate", "test", "--from", "dev", "--yes", "test"];
        let report = stage.report(&arguments, 8).await;
        assert_eq!(report["verdict"], "failed_unchanged", "{report:#}");
        assert_eq!(report["cause"]["code"], "variables_missing");
        assert!(
            report["cause"]["message"]
                .as_str()
                .unwrap()
                .contains("API_KEY, API_URL"),
            "{report:#}"
        );

        let file = stage.home().join("values");
        std::fs::write(
            &file,
            format!("# of test\nAPI_URL=https://test.example.com\nAPI_KEY={value}\n"),
        )
        .unwrap();
        let mut all = arguments.to_vec();
        all.extend(["--values-file", file.to_str().unwrap()]);
        let report = stage.report(&all, 0).await;
        assert_eq!(report["verdict"], "verified", "{report:#}");
        let variables = test.rows("environmentVariables");
        let set = variables
            .iter()
            .find(|row| row["name"] == json!("API_KEY"))
            .expect("it is set");
        assert_eq!((&set["value"], &set["type"]), (&json!(value), &json!("secret")));
        let made_before = if apart { 2 } else { 0 };
        assert_eq!(
            test.mutations("environmentVariables:create"),
            made_before,
            "{surface:?} {apart}"
        );
        std::fs::remove_file(file).unwrap();
        stage.assert_no_violation();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_plugin_is_missing_the_plan_says_what_is_needed_and_what_remains() {
    for (manager, on) in [
        (MigrationManager::Missing, "dev"),
        (MigrationManager::Missing, "test"),
        (MigrationManager::Unlicensed, "test"),
    ] {
        let stage = Stage::new().await;
        stage
            .environment(on)
            .change_settings(|settings| settings.migration_manager = manager);
        let refused = stage
            .run(&["ask", "Migrate dev to test", "--yes", "test"])
            .await
            .expect(5);
        let words = [
            "@nocobase/plugin-migration-manager",
            "Professional edition",
            "Restore dev to test",
            "migration_unavailable",
            on,
        ];
        for word in words {
            assert!(refused.stderr.contains(word), "{word} in {}", refused.stderr);
        }
        assert_eq!((stage.changes("dev"), stage.changes("test")), (0, 0));
        let rules = stage.run(&["rules", "list", on]).await.expect(1);
        assert!(rules.stderr.contains("Professional"), "{}", rules.stderr);
        stage.assert_no_violation();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_protected_target_wants_a_person() {
    let stage = Stage::new().await;
    let plan = stage
        .report(&["plan", "migrate", "prod", "--from", "test"], 0)
        .await;
    assert_eq!(plan["plan"]["confirmation"], "person");
    let refused = stage
        .run(&["migrate", "prod", "--from", "test", "--yes", "prod"])
        .await;
    assert_ne!(refused.code, 0);
    assert_eq!(stage.changes("prod"), 0);
    let same = stage
        .run(&["migrate", "test", "--from", "test", "--yes", "test"])
        .await
        .expect(5);
    assert!(same.stderr.contains("same_server"), "{}", same.stderr);
    let nowhere: Value = stage.report(&["migrate", "test", "--yes", "test"], 2).await;
    assert_eq!(nowhere["error"]["code"], "unsupported");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_structure_keeps_configuration_too() {
    let stage = Stage::new().await;
    let test = stage.environment("test");
    let (roles, workflows, orders) = (test.rows("roles"), test.rows("workflows"), numbers(&test));
    assert_ne!(workflows, stage.environment("dev").rows("workflows"));
    let sentence = "Migrate dev to test, structure only";
    let report = stage.report(&["ask", sentence, "--yes", "test"], 0).await;
    assert!(
        report["summary"].to_string().contains("structure only"),
        "{report:#}"
    );
    assert_eq!(test.rows("roles"), roles);
    assert_eq!(test.rows("workflows"), workflows);
    assert_eq!(numbers(&test), orders);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_migration_package_is_no_backup() {
    let stage = Stage::new().await;
    let path = stage.home().join("migration_1790000000000.nbdata");
    std::fs::write(&path, stage.environment("dev").package(None)).unwrap();
    let line = [
        "restore",
        "test",
        "--package",
        path.to_str().unwrap(),
        "--yes",
        "test",
    ];
    let refused = stage.run(&line).await.expect(5);
    assert!(
        refused.stderr.contains("[migration_not_backup]"),
        "{}",
        refused.stderr
    );
    assert!(
        refused.stderr.contains("nocobase-release migrate test"),
        "{}",
        refused.stderr
    );
    assert_eq!(stage.environment("test").mutations("backup:restoreUpload"), 0);
}
