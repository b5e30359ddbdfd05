//! The truth, read from PostgreSQL itself: what a database holds, whatever any API or log says.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

/// Tables whose rows come and go by themselves while an application runs, or that hold the tool's marker.
const VOLATILE: [&str; 9] = [
    "asyncTasks",
    "environmentVariables",
    "executions",
    "issuedTokens",
    "jobs",
    // The dump holds the table without its rows, and the upgrade fills it only when there is something to migrate.
    "migrations",
    "oidcStates",
    "tokenBlacklist",
    "workflowStats",
];
/// Tables that no backup holds; the upgrade after a restore makes them anew.
const RUNTIME: &str = "lcCheckpoint";

const KEYS: &str = "select c.relname || ' ' || k.conname from pg_constraint k join pg_class c on c.oid = k.conrelid where \
                    c.relnamespace = 'public'::regnamespace union select tablename || ' ' || indexname from pg_indexes \
                    where schemaname = 'public'";

/// One PostgreSQL server, as its superuser.
pub(crate) struct Postgres {
    port: String,
    password: String,
    programs: String,
}

/// What a database holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Truth {
    /// Titles of the orders, in order; none when there is no such table.
    pub(crate) orders: Option<Vec<String>>,
    /// Names of the users, in order.
    pub(crate) users: Option<Vec<String>>,
    /// Rows of each table that does not change by itself.
    pub(crate) rows: BTreeMap<String, u64>,
    /// Keys and other constraints, and indexes, of the tables that a backup holds.
    pub(crate) keys: BTreeSet<String>,
    /// All tables.
    pub(crate) tables: BTreeSet<String>,
}

impl Truth {
    /// In which tables another database differs: what a package brings along entirely, and nothing else.
    pub(crate) fn differences(&self, other: &Self) -> Vec<String> {
        let names: BTreeSet<&String> = self.rows.keys().chain(other.rows.keys()).collect();
        let mut differences: Vec<String> = names
            .into_iter()
            .filter(|name| self.rows.get(*name) != other.rows.get(*name))
            .map(|name| format!("{name}: {:?}, {:?}", self.rows.get(name), other.rows.get(name)))
            .collect();
        if self.orders != other.orders {
            differences.push(format!("orders: {:?}, {:?}", self.orders, other.orders));
        }
        for key in self.keys.symmetric_difference(&other.keys) {
            let holder = if self.keys.contains(key) {
                "the first"
            } else {
                "the second"
            };
            differences.push(format!("{key}: only in {holder}"));
        }
        if self.users != other.users {
            differences.push(format!("users: {:?}, {:?}", self.users, other.users));
        }
        differences
    }

    #[track_caller]
    pub(crate) fn assert_is(&self, other: &Self) {
        assert_eq!(self.differences(other), Vec::<String>::new());
    }

    /// Whether the tables are there that only the upgrade after a restore makes.
    pub(crate) fn is_upgraded(&self) -> bool {
        self.tables.iter().any(|table| table.starts_with(RUNTIME))
    }
}

impl Postgres {
    pub(crate) fn new(description: &Value) -> Self {
        Self {
            port: description["port"].to_string(),
            password: description["password"].as_str().unwrap().into(),
            programs: description["bin_dir"].as_str().unwrap().into(),
        }
    }

    /// One of its programs, connected to a database.
    pub(crate) fn program(&self, name: &str, database: &str) -> Command {
        let mut command = Command::new(format!("{}/{name}", self.programs));
        command
            .args([
                "--host",
                "127.0.0.1",
                "--port",
                &self.port,
                "--username",
                "postgres",
            ])
            .args(["--dbname", database])
            .env("PGPASSWORD", &self.password);
        command
    }

    /// Runs statements and gives what they print, a line a row.
    #[track_caller]
    pub(crate) fn sql(&self, database: &str, statements: &str) -> Vec<String> {
        let mut command = self.program("psql", database);
        let done = command
            .args(["-qAtX", "-v", "ON_ERROR_STOP=1", "-c", statements])
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&done.stderr);
        assert!(done.status.success(), "{database}: {statements}: {said}");
        String::from_utf8_lossy(&done.stdout)
            .lines()
            .map(ToOwned::to_owned)
            .collect()
    }

    #[track_caller]
    pub(crate) fn truth(&self, database: &str) -> Truth {
        // One statement, so that nothing changes in between.
        let counted = self.sql(
            database,
            "select table_name || ' ' || (xpath('/row/n/text()', query_to_xml(format('select count(*) as n from \
             public.%I', table_name), false, true, '')))[1]::text from information_schema.tables where table_schema = \
             'public' and table_type = 'BASE TABLE'",
        );
        let rows: BTreeMap<String, u64> = counted
            .iter()
            .filter_map(|line| line.rsplit_once(' '))
            .map(|(table, rows)| (table.to_owned(), rows.parse().unwrap()))
            .collect();
        let column = |table: &str, column: &str| {
            let statement = format!("select coalesce(\"{column}\", '') from \"{table}\" order by id");
            rows.contains_key(table).then(|| self.sql(database, &statement))
        };
        Truth {
            orders: column("orders", "title"),
            users: column("users", "username"),
            keys: self
                .sql(database, KEYS)
                .into_iter()
                .filter(|key| !key.starts_with(RUNTIME))
                .collect(),
            tables: rows.keys().cloned().collect(),
            rows: rows
                .into_iter()
                .filter(|(table, _)| !VOLATILE.contains(&table.as_str()) && !table.starts_with(RUNTIME))
                .collect(),
        }
    }
}
