//! Migration Manager against the shapes of its public contract: both surfaces, what is lacking, what is sent once.

use nocobase_client::{
    EnvText, Error, Execution, MigrationCheck, MigrationLack, MigrationStatus, MigrationSurfaces,
    NeededVariable, Secret,
};
use serde_json::{Value, json};

use crate::server::{Reply, Seen, Server};

const NAME: &str = "migration_1777538194680.nbdata";
const VALUE: &str = "value-5a1d77c0de-SECRET";

fn ok(data: Value) -> Reply {
    Reply::json(200, &json!({ "data": data }).to_string())
}

fn refused(status: u16, message: &str) -> Reply {
    Reply::json(status, &json!({ "errors": [{ "message": message }] }).to_string())
}

fn body(seen: &Seen) -> Value {
    serde_json::from_slice(&seen.body).unwrap()
}

/// A server with the surface of the command line, of the web pages, or both.
async fn server(cli: bool, resource: bool) -> Server {
    let server = Server::start().await;
    if cli {
        server.on("migration:list", [ok(json!([]))]);
    }
    if resource {
        server.on("migrationFiles:list", [ok(json!([]))]);
    }
    server
}

#[tokio::test]
async fn surfaces_are_found_by_reading() {
    for (cli, resource) in [(true, true), (true, false), (false, true)] {
        let server = server(cli, resource).await;
        let client = server.client();
        let found = client.migration_surfaces().await.unwrap();
        assert_eq!(found, MigrationSurfaces { cli, resource });
        client.migration_surfaces().await.unwrap();
        assert_eq!(server.seen("migration:list").len(), 1, "asked once");
        assert!(
            server
                .seen("migration:list")
                .iter()
                .all(|seen| seen.method == "GET")
        );
    }
}

#[tokio::test]
async fn what_is_lacking_is_told_apart_from_an_empty_list() {
    let not_found = || Reply::typed(404, "text/plain; charset=utf-8", b"Not Found");
    let findless = || refused(500, "Cannot read properties of undefined (reading 'findOne')");
    for (cli, resource, why) in [
        (not_found(), not_found(), MigrationLack::Missing),
        (findless(), not_found(), MigrationLack::Missing),
        (
            not_found(),
            refused(400, "inactive plugin: migration-manager"),
            MigrationLack::Inactive,
        ),
        (
            refused(403, "The license of this application does not include it"),
            not_found(),
            MigrationLack::Unlicensed,
        ),
    ] {
        let server = Server::start().await;
        server.on("migration:list", [cli]);
        server.on("migrationFiles:list", [resource]);
        let error = server.client().list_migrations().await.unwrap_err();
        assert_eq!(error.code(), "migration_unavailable");
        assert!(
            matches!(&error, Error::MigrationUnavailable { why: found, .. } if *found == why),
            "{error:?}"
        );
        let hint = error.hint();
        for word in [
            "`@nocobase/plugin-migration-manager`",
            "Professional",
            "backup restore",
            "`dev`",
        ] {
            assert!(hint.contains(word), "{word} in {hint}");
        }
    }
    let server = server(true, false).await;
    assert_eq!(server.client().list_migrations().await.unwrap(), []);
    // a failure of the probe is no lack of a surface, and is asked again
    for failure in [
        refused(500, "cannot connect to the database"),
        refused(429, "too many requests"),
        Reply::recorded("no permissions"),
    ] {
        let server = Server::start().await;
        server.on("migration:list", [ok(json!([]))]);
        server.on("migrationFiles:list", [failure, ok(json!([]))]);
        let client = server.client();
        assert_ne!(
            client.migration_surfaces().await.unwrap_err().code(),
            "migration_unavailable"
        );
        let found = client.migration_surfaces().await.unwrap();
        assert!(found.cli && found.resource, "{found:?}");
    }
    // what a role may not is no lack of the plugin
    let server = Server::start().await;
    server.on("migration:list", [Reply::recorded("no permissions")]);
    assert_eq!(
        server.client().list_migrations().await.unwrap_err().code(),
        "forbidden"
    );
}

#[tokio::test]
async fn a_package_is_made_polled_and_listed_on_both_surfaces() {
    for cli in [true, false] {
        let server = server(cli, !cli).await;
        let (create, get, list) = if cli {
            ("migration:create", "migration:get", "migration:list")
        } else {
            (
                "migrationFiles:create",
                "migrationFiles:get",
                "migrationFiles:list",
            )
        };
        let client = server.client();
        for data in [
            json!({ "fileName": NAME }),
            json!({ "data": { "fileName": NAME } }),
            json!({ "name": NAME }),
            json!(NAME),
        ] {
            server.on(create, [ok(data)]);
            assert_eq!(client.create_migration("7", "publish").await.unwrap(), NAME);
        }
        let seen = server.seen(create);
        assert_eq!(body(&seen[0]), json!({ "ruleId": 7, "title": "publish" }));
        server.on(create, [ok(json!({ "fileName": "../x.nbdata" }))]);
        let error = client.create_migration("rule_1", "publish").await.unwrap_err();
        assert!(
            error.code() == "unexpected" && error.may_have_happened(),
            "{error}"
        );

        server.on(
            get,
            [
                ok(json!({ "status": "in_progress" })),
                ok(json!({ "status": "ok" })),
                ok(json!({ "status": "error", "message": "no space left" })),
                Reply::typed(204, "", b""),
            ],
        );
        let mut found = Vec::new();
        for _ in 0..4 {
            found.push(client.migration_status(NAME).await.unwrap());
        }
        let expected = [
            MigrationStatus::Running,
            MigrationStatus::Ready,
            MigrationStatus::Failed("no space left".into()),
            MigrationStatus::Unknown,
        ];
        assert_eq!(found, expected);
        let key = if cli { "name" } else { "filterByTk" };
        assert_eq!(server.seen(get)[0].query, format!("{key}={NAME}"));

        server.on(
            list,
            [ok(
                json!({ "rows": [{ "fileName": NAME, "status": "ok", "ruleId": 7 }] }),
            )],
        );
        let listed = client.list_migrations().await.unwrap();
        assert_eq!(
            (listed[0].name.as_str(), listed[0].rule.as_deref()),
            (NAME, Some("7"))
        );
    }
}

#[tokio::test]
async fn a_download_that_comes_too_early_is_asked_once_more() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(NAME);
    for early in [
        refused(400, "the file is not ready"),
        Reply::recorded("commanding"),
    ] {
        let server = server(true, false).await;
        server.on("migration:get", [ok(json!({ "status": "ok" }))]);
        server.on("migration:download", [early, Reply::file(b"PK")]);
        let client = server.client();
        let download = client.download_migration(NAME, &path, |_| ()).await.unwrap();
        assert_eq!(download.bytes, 2);
        assert_eq!(server.seen("migration:get").len(), 1);
    }
    let server = server(true, false).await;
    server.on("migration:get", [ok(json!({ "status": "ok" }))]);
    server.on("migration:download", [refused(400, "the file is not ready")]);
    let error = server
        .client()
        .download_migration(NAME, &path, |_| ())
        .await
        .unwrap_err();
    assert_eq!(error.code(), "refused");
    assert_eq!(server.seen("migration:download").len(), 2);
}

#[tokio::test]
async fn rules_are_read_with_tolerance_and_made_global() {
    let listed = json!([
        {
            "id": 3, "name": "structure", "rules": {
                "userDefined": { "globalRule": "schema-only", "enableIndependentRules": false },
                "systemDefined": { "globalRule": "overwrite-first", "enableIndependentRules": false },
            },
        },
        {
            "id": "r4", "name": "mixed", "rules": {
                "userDefined": {
                    "globalRule": "schema-only", "enableIndependentRules": true,
                    "independentRules": [{ "rule": "overwrite", "collections": ["products", { "name": "units" }] }],
                },
                "systemDefined": { "globalRule": "schema-only", "enableIndependentRules": false },
            },
        },
    ]);
    for cli in [true, false] {
        let server = server(cli, !cli).await;
        server.on("migrationRules:list", [ok(listed.clone())]);
        let client = server.client();
        let rules = client.migration_rules().await.unwrap();
        assert_eq!(
            (rules[0].id.as_str(), rules[0].user.as_deref()),
            ("3", Some("schema-only"))
        );
        assert!(!rules[0].has_independent && rules[1].has_independent);
        let tables: Vec<&str> = rules[1]
            .independent
            .iter()
            .map(|(table, _)| table.as_str())
            .collect();
        assert_eq!(tables, ["products", "units"]);

        let call = if cli {
            "migrationRule:create"
        } else {
            "migrationRules:create"
        };
        server.on(call, [ok(json!({ "id": 9 })), ok(json!({}))]);
        let made = client
            .create_migration_rule("mixed", "schema-only", "overwrite-first")
            .await;
        assert_eq!(made.unwrap(), "9");
        // an answer without an id: the rule is looked for by its name
        let found = client
            .create_migration_rule("mixed", "schema-only", "overwrite-first")
            .await;
        assert_eq!(found.unwrap(), "r4");
        let expected = if cli {
            json!({ "name": "mixed", "userDefinedRule": "schema-only", "systemDefinedRule": "overwrite-first" })
        } else {
            json!({ "name": "mixed", "rules": {
                "userDefined": { "globalRule": "schema-only", "enableIndependentRules": false },
                "systemDefined": { "globalRule": "overwrite-first", "enableIndependentRules": false },
            } })
        };
        assert_eq!(body(&server.seen(call)[0]), expected);
    }
}

#[tokio::test]
async fn a_check_is_told_apart_by_its_members_and_the_rest_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(NAME);
    std::fs::write(&path, b"PK").unwrap();
    let server = server(true, true).await;
    server.on(
        "migrationFiles:check",
        [ok(json!({ "taskId": "t1", "checkResult": {
            "pass": false,
            "environment": [{ "name": "DB_UNDERSCORED", "source": "true", "target": "false" }],
            "missingPlugins": [{ "name": "map" }],
            "envTexts": [{ "name": "API_URL", "type": "default" }, { "name": "API_KEY", "type": "secret" }],
            "dump": { "tables": 7 },
        } }))],
    );
    let check = server.client().check_migration(&path, |_| ()).await.unwrap();
    let needed = |name: &str, secret| NeededVariable {
        name: name.into(),
        secret: Some(secret),
    };
    let expected = MigrationCheck {
        task: Some("t1".into()),
        pass: Some(false),
        message: None,
        settings: vec!["DB_UNDERSCORED is true in the package and false here".into()],
        plugins: vec!["map".into()],
        variables: vec![needed("API_URL", false), needed("API_KEY", true)],
        other: vec!["dump: {\"tables\":7}".into()],
    };
    assert_eq!(check, expected);
    let sent = server.only("migrationFiles:check");
    assert!(String::from_utf8_lossy(&sent.body).contains("name=\"file\""));

    // the command line's surface alone, with the documented example of a failure
    let server = self::server(true, false).await;
    server.on(
        "migration:check",
        [ok(
            json!({ "checkStatus": "failed", "message": "adapter check failed" }),
        )],
    );
    let check = server.client().check_migration(&path, |_| ()).await.unwrap();
    assert_eq!(
        (check.pass, check.message.as_deref()),
        (Some(false), Some("adapter check failed"))
    );

    // a web page's surface without this action: the other one is asked
    let server = self::server(true, true).await;
    server.on(
        "migrationFiles:check",
        [refused(
            500,
            "Cannot read properties of undefined (reading 'findOne')",
        )],
    );
    server.on("migration:check", [ok(json!({ "pass": true }))]);
    let check = server.client().check_migration(&path, |_| ()).await.unwrap();
    assert_eq!((check.pass, check.task), (Some(true), None));
}

#[tokio::test]
async fn an_execution_is_sent_once_and_carries_values() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(NAME);
    std::fs::write(&path, b"PK").unwrap();
    let text = EnvText {
        name: "API_KEY".into(),
        secret: true,
        value: Secret::new(VALUE),
    };
    let by_task = Execution {
        file: path.clone(),
        task: Some("t1".into()),
        texts: vec![text.clone()],
        skip_backup: false,
    };
    let server = server(true, true).await;
    server.on(
        "migrationFiles:runTask",
        [ok(json!({ "result": { "success": true } }))],
    );
    let executed = server.client().execute_migration(&by_task, |_| ()).await.unwrap();
    assert_eq!(executed.success, Some(true));
    let expected =
        json!({ "taskId": "t1", "envTexts": [{ "text": format!("API_KEY={VALUE}"), "secret": true }] });
    assert_eq!(body(&server.only("migrationFiles:runTask")), expected);
    assert!(!format!("{by_task:?}").contains(VALUE));

    // a server that repeats the value does not get it shown
    server.on(
        "migrationFiles:runTask",
        [refused(500, &format!("bad line API_KEY={VALUE}"))],
    );
    let error = server
        .client()
        .execute_migration(&by_task, |_| ())
        .await
        .unwrap_err();
    assert!(!format!("{error} {error:?}").contains(VALUE), "{error}");

    let by_file = Execution {
        task: None,
        texts: Vec::new(),
        skip_backup: true,
        ..by_task.clone()
    };
    server.on(
        "migration:execute",
        [ok(json!({ "success": false, "message": "migration failed" }))],
    );
    let executed = server.client().execute_migration(&by_file, |_| ()).await.unwrap();
    assert_eq!(
        (executed.success, executed.message.as_deref()),
        (Some(false), Some("migration failed"))
    );
    let sent = String::from_utf8_lossy(&server.only("migration:execute").body).into_owned();
    assert!(
        sent.contains("name=\"skipBackup\"") && sent.contains("name=\"file\""),
        "{sent}"
    );

    for execution in [&by_task, &by_file] {
        let server = self::server(true, true).await;
        let call = if execution.task.is_some() {
            "migrationFiles:runTask"
        } else {
            "migration:execute"
        };
        for (reply, doubt) in [
            (Reply::Lost, true),
            (Reply::Silent, true),
            (Reply::typed(504, "text/html", b"<html>"), true),
            // it may have failed half-way, or be at work: only a client error says that nothing was done
            (Reply::recorded("commanding"), true),
            (refused(500, "the license of the plugin x is missing"), true),
            (refused(400, "Task t1 not found"), false),
        ] {
            server.on(call, [reply]);
            let before = server.seen(call).len();
            let error = server
                .client()
                .execute_migration(execution, |_| ())
                .await
                .unwrap_err();
            assert_eq!(error.may_have_happened(), doubt, "{error}");
            assert_ne!(
                error.code(),
                "migration_unavailable",
                "what judges a package may speak of licences"
            );
            assert_eq!(server.seen(call).len(), before + 1, "{error}");
        }
    }
}

#[tokio::test]
async fn values_go_along_with_a_file_where_the_servers_document_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(NAME);
    std::fs::write(&path, b"PK").unwrap();
    let document = |schema: Value| {
        json!({
            "paths": { "/migration:execute": { "post": { "requestBody": { "content": {
                "multipart/form-data": { "schema": schema },
            } } } } },
            "components": { "schemas": { "Execution": { "properties": { "envTexts": { "type": "array" } } } } },
        })
    };
    let with = json!({ "type": "object", "properties": { "envTexts": { "type": "array" } } });
    let without = json!({ "type": "object", "properties": { "skipBackup": { "type": "boolean" } } });
    let referring = json!({ "$ref": "#/components/schemas/Execution" });
    let by_file = MigrationCheck::default();
    for (answer, takes) in [
        (Reply::json(200, &document(with.clone()).to_string()), true),
        (Reply::json(200, &document(referring).to_string()), true),
        (ok(document(with)), true),
        (Reply::json(200, &document(without).to_string()), false),
        (Reply::json(200, "{}"), false),
        // its plugin is not enabled
        (
            Reply::typed(404, "text/plain; charset=utf-8", b"Not Found"),
            false,
        ),
        (Reply::recorded("no permissions"), false),
    ] {
        let server = server(true, false).await;
        server.on("swagger:get", [answer]);
        assert_eq!(server.client().takes_env_texts(&by_file).await, takes);
        let by_task = MigrationCheck {
            task: Some("t1".into()),
            ..MigrationCheck::default()
        };
        assert!(server.client().takes_env_texts(&by_task).await);
        assert_eq!(server.seen("swagger:get").len(), 1, "a task needs no document");
    }

    let text = |name: &str, secret| EnvText {
        name: name.into(),
        secret,
        value: Secret::new(VALUE),
    };
    let execution = Execution {
        file: path,
        task: None,
        texts: vec![text("API_URL", false), text("API_KEY", true)],
        skip_backup: false,
    };
    let server = server(true, false).await;
    server.on(
        "migration:execute",
        [refused(400, &format!("bad line API_KEY={VALUE}"))],
    );
    let error = server
        .client()
        .execute_migration(&execution, |_| ())
        .await
        .unwrap_err();
    assert!(
        !format!("{error} {error:?} {execution:?}").contains(VALUE),
        "{error}"
    );
    let sent = String::from_utf8_lossy(&server.only("migration:execute").body).into_owned();
    assert_eq!(sent.matches("name=\"envTexts\"").count(), 2, "a field for each");
    for (name, secret) in [("API_URL", false), ("API_KEY", true)] {
        let field = json!({ "text": format!("{name}={VALUE}"), "secret": secret });
        assert!(sent.contains(&field.to_string()), "{sent}");
    }
}

#[tokio::test]
async fn conflicts_logs_and_sql() {
    let folder = tempfile::tempdir().unwrap();
    let server = server(true, true).await;
    let client = server.client();
    for (data, expected) in [
        (json!([]), vec![]),
        (json!({ "hasConflicts": false, "conflicts": [] }), vec![]),
        (
            json!({ "conflicts": ["orders: 2 rows"] }),
            vec!["conflicts: orders: 2 rows"],
        ),
        (json!([{ "table": "orders" }]), vec!["{\"table\":\"orders\"}"]),
    ] {
        server.on("migrationFiles:checkDataConflicts", [ok(data)]);
        let conflicts = client.migration_conflicts("t1").await.unwrap();
        assert!(conflicts.unclear.is_empty());
        assert_eq!(conflicts.found, expected);
    }
    server.on(
        "migrationLog:list",
        [ok(
            json!([{ "name": "m1.log", "status": "failed" }, { "fileName": "m2.log", "success": true }]),
        )],
    );
    let logs = client.migration_logs().await.unwrap();
    let told: Vec<_> = logs.iter().map(|log| (log.name.as_str(), log.success)).collect();
    assert_eq!(told, [("m1.log", Some(false)), ("m2.log", Some(true))]);
    server.on(
        "migrationLog:download",
        [Reply::typed(200, "text/plain; charset=utf-8", b"done")],
    );
    let path = folder.path().join("m1.log");
    client.download_migration_log("m1.log", &path).await.unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), b"done");
    server.on(
        "migrationFiles:downloadMigrationSql",
        [Reply::file(b"ALTER TABLE x;")],
    );
    client
        .download_migration_sql(NAME, &folder.path().join("m.sql"))
        .await
        .unwrap();
}

#[tokio::test]
async fn structure_is_collections_with_their_fields() {
    let server = Server::start().await;
    server.on(
        "collections:list",
        [ok(json!([
            { "name": "users", "origin": "@nocobase/plugin-users", "dataCategory": "system", "fields": [{ "name": "id" }] },
            { "name": "orders", "fields": [{ "name": "number" }, { "name": "total" }] },
        ]))],
    );
    let shapes = server.client().structure().await.unwrap();
    let told: Vec<_> = shapes
        .iter()
        .map(|shape| (shape.name.as_str(), shape.system, shape.fields.len()))
        .collect();
    assert_eq!(told, [("users", true, 1), ("orders", false, 2)]);
    assert_eq!(
        server.only("collections:list").query,
        "paginate=false&appends%5B%5D=fields"
    );
}
