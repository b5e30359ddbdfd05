//! Every operation of both surfaces of Migration Manager, one line each: what is asked, what may answer, what is lacking.
//!
//! By the public contract: nocobase/nocobase (`nocobase-ctl.config.json`) and nocobase/skills
//! (`nocobase-publish-manage`), and the requests of NocoBase's own command line.

use std::path::Path;

use nocobase_client::{Client, Error, Execution, MigrationLack};
use serde_json::{Value, json};

use crate::server::{Reply, Server};

const NAME: &str = "migration_1777538194680.nbdata";

/// What our client can be asked to do.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Verb {
    List,
    Get,
    Create,
    Download,
    Remove,
    Check,
    Execute,
    Rules,
    Rule,
    CreateRule,
    Logs,
    Log,
    Conflicts,
    Sql,
}
use Verb::*;

/// One operation: the verb, what it asks for, with query and body, and an answer of the contract.
type Operation = (Verb, &'static str, &'static str, Value, Value);

/// Stands for the body of an upload, and for an answer that is a file.
const FILE: &str = "a file";

fn command_line() -> Vec<Operation> {
    let rule =
        json!({ "name": "r", "userDefinedRule": "schema-only", "systemDefinedRule": "overwrite-first" });
    vec![
        (List, "GET migration:list", "", json!(null), json!([])),
        (
            Get,
            "GET migration:get",
            "name=NAME",
            json!(null),
            json!({ "status": "ok" }),
        ),
        (
            Create,
            "POST migration:create",
            "",
            json!({ "ruleId": 7, "title": "t" }),
            json!({ "name": NAME }),
        ),
        (
            Download,
            "GET migration:download",
            "name=NAME",
            json!(null),
            json!(FILE),
        ),
        (
            Remove,
            "POST migration:remove",
            "",
            json!({ "name": NAME }),
            json!({ "status": "ok" }),
        ),
        (
            Check,
            "POST migration:check",
            "",
            json!(FILE),
            json!({ "pass": true }),
        ),
        (
            Execute,
            "POST migration:execute",
            "",
            json!(FILE),
            json!({ "result": { "success": true } }),
        ),
        (
            Rules,
            "GET migrationRules:list",
            "page=1&pageSize=200",
            json!(null),
            json!([]),
        ),
        (
            Rule,
            "GET migrationRules:get",
            "filterByTk=7",
            json!(null),
            json!({ "id": 7, "name": "r" }),
        ),
        (
            CreateRule,
            "POST migrationRule:create",
            "",
            rule,
            json!({ "id": 7 }),
        ),
        (Logs, "GET migrationLog:list", "", json!(null), json!([])),
        (
            Log,
            "GET migrationLog:download",
            "name=a.log",
            json!(null),
            json!(FILE),
        ),
    ]
}

fn web_pages() -> Vec<Operation> {
    let global = |rule: &str| json!({ "globalRule": rule, "enableIndependentRules": false });
    let rules = json!({ "userDefined": global("schema-only"), "systemDefined": global("overwrite-first") });
    let checked = json!({ "taskId": "t1", "checkResult": { "pass": true } });
    let task = json!({ "taskId": "t1", "envTexts": [] });
    vec![
        // the same request finds out whether the surface is there, with a page of one
        (
            List,
            "GET migrationFiles:list",
            "page=1&pageSize=200",
            json!(null),
            json!([]),
        ),
        (
            Get,
            "GET migrationFiles:get",
            "filterByTk=NAME",
            json!(null),
            json!({ "status": "ok" }),
        ),
        (
            Create,
            "POST migrationFiles:create",
            "",
            json!({ "ruleId": 7, "title": "t" }),
            json!({ "data": { "fileName": NAME } }),
        ),
        (
            Download,
            "GET migrationFiles:download",
            "filterByTk=NAME",
            json!(null),
            json!(FILE),
        ),
        (
            Remove,
            "POST migrationFiles:destroy",
            "filterByTk=NAME",
            json!(null),
            json!(1),
        ),
        (Check, "POST migrationFiles:check", "", json!(FILE), checked),
        (
            Execute,
            "POST migrationFiles:runTask",
            "",
            task,
            json!({ "result": { "success": true } }),
        ),
        (
            Rules,
            "GET migrationRules:list",
            "page=1&pageSize=200",
            json!(null),
            json!([]),
        ),
        (
            Rule,
            "GET migrationRules:get",
            "filterByTk=7",
            json!(null),
            json!({ "id": 7, "name": "r" }),
        ),
        (
            CreateRule,
            "POST migrationRules:create",
            "",
            json!({ "name": "r", "rules": rules }),
            json!({ "id": 7 }),
        ),
        (
            Logs,
            "GET migrationLogs:list",
            "page=1&pageSize=200",
            json!(null),
            json!([]),
        ),
        (
            Log,
            "GET migrationLogs:download",
            "fileName=a.log",
            json!(null),
            json!(FILE),
        ),
        (
            Conflicts,
            "GET migrationFiles:checkDataConflicts",
            "taskId=t1",
            json!(null),
            json!([]),
        ),
        (
            Sql,
            "GET migrationFiles:downloadMigrationSql",
            "fileName=NAME",
            json!(null),
            json!(FILE),
        ),
    ]
}

/// Has our client do it; what came of it, in words.
async fn perform(verb: Verb, client: &Client, folder: &Path, resource: bool) -> Result<String, Error> {
    let file = folder.join(NAME);
    let execution = || Execution {
        file: file.clone(),
        task: resource.then(|| "t1".to_owned()),
        texts: Vec::new(),
        skip_backup: false,
    };
    Ok(match verb {
        List => format!("{:?}", client.list_migrations().await?),
        Get => format!("{:?}", client.migration_status(NAME).await?),
        Create => client.create_migration("7", "t").await?,
        Download => format!(
            "{}",
            client
                .download_migration(NAME, &folder.join("got"), |_| ())
                .await?
                .bytes
        ),
        Remove => format!("{:?}", client.remove_migration(NAME).await?),
        Check => format!("{:?}", client.check_migration(&file, |_| ()).await?.pass),
        Execute => format!(
            "{:?}",
            client.execute_migration(&execution(), |_| ()).await?.success
        ),
        Rules => format!("{:?}", client.migration_rules().await?),
        Rule => format!("{:?}", client.migration_rule("7").await?.map(|rule| rule.name)),
        CreateRule => {
            client
                .create_migration_rule("r", "schema-only", "overwrite-first")
                .await?
        }
        Logs => format!("{:?}", client.migration_logs().await?),
        Log => format!(
            "{}",
            client
                .download_migration_log("a.log", &folder.join("got"))
                .await?
                .bytes
        ),
        Conflicts => {
            let conflicts = client.migration_conflicts("t1").await?;
            assert_eq!(conflicts.unclear, Vec::<String>::new());
            format!("{:?}", conflicts.found)
        }
        Sql => format!(
            "{}",
            client
                .download_migration_sql(NAME, &folder.join("got"))
                .await?
                .bytes
        ),
    })
}

fn expected(verb: Verb) -> &'static str {
    match verb {
        List | Rules | Logs | Conflicts => "[]",
        Get => "Ready",
        Create => NAME,
        Download | Log | Sql => "2",
        Remove => "()",
        Check | Execute => "Some(true)",
        Rule => "Some(\"r\")",
        CreateRule => "7",
    }
}

/// Does each operation of each surface with a server of its own that answers the call like this.
async fn each(
    answer: impl Fn(&Operation) -> Reply,
    judge: impl AsyncFn(&Operation, &Server, Result<String, Error>),
) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(NAME), b"PK").unwrap();
    for (resource, operations) in [(false, command_line()), (true, web_pages())] {
        for operation in operations {
            let server = Server::start().await;
            let surface = if resource {
                "migrationFiles:list"
            } else {
                "migration:list"
            };
            server.on(surface, [Reply::json(200, "{\"data\":[]}")]);
            let client = server.client();
            client.migration_surfaces().await.unwrap();
            let (_, call) = operation.1.split_once(' ').unwrap();
            server.on(call, [answer(&operation)]);
            let came = perform(operation.0, &client, folder.path(), resource).await;
            judge(&operation, &server, came).await;
        }
    }
}

/// How often the call itself came, without the look for the surface.
fn sent(operation: &Operation, server: &Server) -> usize {
    let (_, call) = operation.1.split_once(' ').unwrap();
    server.seen(call).len() - usize::from(operation.0 == List)
}

fn by_the_contract(operation: &Operation) -> Reply {
    match &operation.4 {
        file if file == FILE => Reply::file(b"PK"),
        data => Reply::json(200, &json!({ "data": data }).to_string()),
    }
}

#[tokio::test]
async fn every_operation_asks_and_reads_as_documented() {
    each(by_the_contract, async |operation, server, came| {
        let (verb, line, query, body, _) = operation;
        assert_eq!(came.unwrap(), expected(*verb), "{line}");
        assert_eq!(sent(operation, server), 1, "{line}");
        let (method, call) = line.split_once(' ').unwrap();
        let seen = server.seen(call).pop().unwrap();
        assert_eq!(
            (seen.method.as_str(), seen.query.as_str()),
            (method, &*query.replace("NAME", NAME)),
            "{line}"
        );
        match body {
            Value::Null => assert!(seen.body.is_empty(), "{line}"),
            file if file == FILE => {
                let kind = seen.header("content-type").unwrap();
                assert!(kind.starts_with("multipart/form-data"), "{line}: {kind}");
                let text = String::from_utf8_lossy(&seen.body).into_owned();
                assert_eq!(
                    text.matches("Content-Disposition").count(),
                    1,
                    "{line}: one part: {text}"
                );
                assert!(
                    text.contains(&format!("name=\"file\"; filename=\"{NAME}\"")),
                    "{line}: {text}"
                );
            }
            body => assert_eq!(
                serde_json::from_slice::<Value>(&seen.body).unwrap(),
                *body,
                "{line}"
            ),
        }
    })
    .await;
}

#[tokio::test]
async fn an_empty_list_is_no_lack_in_whatever_envelope() {
    for data in [
        json!([]),
        json!({ "rows": [], "count": 0 }),
        json!({ "data": [] }),
    ] {
        let answer = |operation: &Operation| match operation.0 {
            List | Rules | Logs => Reply::json(200, &json!({ "data": &data }).to_string()),
            _ => by_the_contract(operation),
        };
        each(answer, async |operation, _, came| {
            assert_eq!(came.unwrap(), expected(operation.0), "{} {data}", operation.1);
        })
        .await;
    }
}

#[tokio::test]
async fn every_operation_tells_rights_licence_and_plugin_apart() {
    let said = |status: u16, words: &str| {
        Reply::json(status, &json!({ "errors": [{ "message": words }] }).to_string())
    };
    let not_found = Reply::typed(404, "text/plain; charset=utf-8", b"Not Found");
    let inactive = said(400, "inactive plugin: migration-manager");
    let unlicensed = said(
        403,
        "The license does not cover @nocobase/plugin-migration-manager",
    );
    for (answer, lack, otherwise) in [
        (Reply::recorded("no permissions"), None, "forbidden"),
        (not_found, Some(MigrationLack::Missing), "migration_unavailable"),
        (inactive, Some(MigrationLack::Inactive), "refused"),
        (unlicensed, Some(MigrationLack::Unlicensed), "forbidden"),
    ] {
        each(
            |_| answer.clone(),
            async |operation, server, came| {
                let error = came.unwrap_err();
                // what judges a package may speak of the licence of a plugin in it
                let judges = matches!(operation.0, Check | Execute);
                let lack = lack.filter(|lack| !judges || *lack == MigrationLack::Missing);
                let code = if lack.is_some() {
                    "migration_unavailable"
                } else {
                    otherwise
                };
                assert_eq!(error.code(), code, "{}: {error}", operation.1);
                if let (Some(lack), Error::MigrationUnavailable { why, .. }) = (lack, &error) {
                    assert_eq!(*why, lack, "{}", operation.1);
                    assert!(error.hint().contains("Professional"), "{}", error.hint());
                }
                assert!(!error.may_have_happened(), "{}: refused is refused", operation.1);
                let again = usize::from(operation.0 == Download && code == "refused");
                assert_eq!(sent(operation, server), 1 + again, "{}", operation.1);
            },
        )
        .await;
    }
}

#[tokio::test]
async fn what_changes_something_is_sent_once_and_doubted_when_its_answer_is_lost() {
    each(
        |_| Reply::Lost,
        async |operation, server, came| {
            let changes = operation.1.starts_with("POST ");
            let error = came.unwrap_err();
            assert_eq!(error.may_have_happened(), changes, "{}: {error}", operation.1);
            if changes {
                assert_eq!(sent(operation, server), 1, "{}", operation.1);
            }
        },
    )
    .await;
}

#[tokio::test]
async fn a_download_that_is_refused_for_good_is_asked_for_twice_and_no_more() {
    let folder = tempfile::tempdir().unwrap();
    let early = |status| Reply::json(status, r#"{"errors":[{"message":"the file is not ready"}]}"#);
    let surfaces = [
        ("migration:list", "migration:get", "migration:download"),
        (
            "migrationFiles:list",
            "migrationFiles:get",
            "migrationFiles:download",
        ),
    ];
    for (list, get, download) in surfaces {
        for (answer, ready, asked) in [
            (early(400), "ok", 2),
            (early(503), "ok", 2),
            (Reply::recorded("commanding"), "ok", 2),
            // not the server's word: tried again like every read, and not once more on top
            (Reply::typed(503, "text/html", b"<html>"), "ok", 4),
            // the state has changed meanwhile: nothing to ask for
            (early(400), "in_progress", 1),
            // no documented sign of a package that comes too early
            (early(500), "ok", 1),
        ] {
            let server = Server::start().await;
            server.on(list, [Reply::json(200, "{\"data\":[]}")]);
            server.on(
                get,
                [Reply::json(
                    200,
                    &json!({ "data": { "status": ready } }).to_string(),
                )],
            );
            server.on(download, [answer]);
            let client = server.client();
            let got = client
                .download_migration(NAME, &folder.path().join("got"), |_| ())
                .await;
            let error = got.unwrap_err();
            assert_eq!(server.seen(download).len(), asked, "{download} {ready}: {error}");
            assert!(!folder.path().join("got").exists());
        }
    }
}
