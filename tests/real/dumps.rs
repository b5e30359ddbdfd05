//! Dumps that a server loads without a word of complaint although they are wrong: one that loses a table, one of
//! another application, and the server's own earlier one in place of the package.

use std::process::Command;

use crate::packages::Package;
use crate::servers::Real;

/// A dump of a scratch database that first was loaded from a package's and then changed.
fn changed_dump(real: &Real, package: &Package, statements: &str, options: &[&str]) -> Vec<u8> {
    let (loaded, dumped) = (real.home().join("loaded.dump"), real.home().join("dumped.dump"));
    std::fs::write(&loaded, package.get("data")).unwrap();
    real.postgres.sql("postgres", "drop database if exists scratch");
    real.postgres.sql("postgres", "create database scratch");
    let run = |command: &mut Command| {
        let done = command.output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    };
    run(real
        .postgres
        .program("pg_restore", "scratch")
        .args(["--no-owner"])
        .arg(&loaded));
    real.postgres.sql("scratch", statements);
    run(real
        .postgres
        .program("pg_dump", "scratch")
        .args(["-Fc", "--quote-all-identifiers"])
        .args(options)
        .arg("-f")
        .arg(&dumped));
    real.postgres.sql("postgres", "drop database scratch");
    std::fs::read(dumped).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_loses_a_table_is_partial_and_undone() {
    let real = Real::take_turn().await;
    real.dev.add_order("devs-partial-1").await;
    real.test.add_order("tests-partial-1").await;
    let before = real.truth("test");
    let package = Package::made_of(&real, "dev");
    // A type that lies outside the dump: the table cannot be made, and the server carries on.
    let statements =
        "create schema ext; create type ext.mood as enum ('fine'); alter table orders add mood ext.mood";
    let dump = changed_dump(&real, &package, statements, &["-N", "ext"]);
    let path = package.with("data", dump).save(&real, "loses-a-table.nbdata");

    let report = real.report(&["restore", "test", "--package", &path, "--yes", "test"], 10);

    assert_eq!(report["verdict"], "partial", "{report:#}");
    assert_eq!(real.truth("test").orders, None);
    assert!(report["reasons"].to_string().contains("fewer rows"), "{report:#}");
    let undo = report["next"][0].as_str().unwrap().to_owned();
    let words: Vec<&str> = undo.split(' ').skip(1).chain(["--yes", "test"]).collect();
    let undone = real.report(&words, 0);
    assert_eq!(undone["verdict"], "verified", "{undone:#}");
    real.truth("test").assert_is(&before);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_another_application_is_refused_and_what_passes_for_ours_is_told_for_what_it_is() {
    let real = Real::take_turn().await;
    real.may_spoil_test();
    real.test.add_order("tests-other-1").await;
    let (before, sent) = (real.truth("test"), real.uploads("test"));
    let package = Package::made_of(&real, "dev");
    let other = "drop schema public cascade; create schema public; create table books (id int); insert into books values (1)";
    let dump = changed_dump(&real, &package, other, &[]);
    let path = package.with("data", dump).save(&real, "other.nbdata");
    let restore = ["restore", "test", "--package", &path, "--yes", "test"];
    let refused = real.run(&restore, 5);
    assert!(
        refused.stderr.contains("[not_a_nocobase_dump]"),
        "{}",
        refused.stderr
    );
    let insisting = [&restore[..], &["--accept", "not_a_nocobase_dump"]].concat();
    let refused = real.run(&insisting, 2);
    assert!(
        refused.stderr.contains("cannot be accepted"),
        "{}",
        refused.stderr
    );
    assert_eq!(real.uploads("test"), sent);
    real.truth("test").assert_is(&before);

    // Tables of the names that count, and of another shape: only the server finds out, by never starting again.
    let alike = "drop schema public cascade; create schema public; create table users (id int, username text); \
                 insert into users values (1, 'x'); create table \"applicationVersion\" (v int); insert into \
                 \"applicationVersion\" values (1)";
    let dump = changed_dump(&real, &package, alike, &[]);
    let path = package.with("data", dump).save(&real, "alike.nbdata");
    let report = real.report(&["restore", "test", "--package", &path, "--yes", "test"], 10);

    assert_eq!(report["verdict"], "lost", "{report:#}");
    assert!(!real.truth("test").tables.contains("orders"));
    real.follow_host_route(&report).await;
    real.truth("test").assert_is(&before);
    real.run(&["envs", "check", "test"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn when_the_servers_own_dump_fails_it_goes_back_too_far_and_that_is_no_revert() {
    let real = Real::take_turn().await;
    // A restore leaves the dump that the next one's failure brings back.
    real.report(
        &[
            "ask",
            "Back up and restore the current environment",
            "--yes",
            "test",
        ],
        0,
    );
    real.test.add_order("tests-later-1").await;
    real.dev.add_order("devs-later-1").await;
    let (before, devs) = (real.truth("test"), real.truth("dev"));
    real.hook(
        "pg_dump",
        "*before-restore*",
        "echo 'pg_dump: error: FATAL:  too many connections for role' >&2; exit 1",
    );

    let restore = ["--json", "restore", "test", "--from", "dev", "--yes", "test"];
    let done = release_tests::Done::new(real.tool.command(&restore).output().unwrap());
    let report = done.json();

    let now = real.truth("test");
    assert_ne!(now.orders, before.orders, "it went back too far");
    assert_ne!(now.orders, devs.orders);
    assert!([10, 11].contains(&done.code), "{report:#}");
    println!("{}: {}", report["verdict"], report["reasons"]);
    let undone = real.report(&["undo", "test", "--yes", "test"], 0);
    assert_eq!(undone["verdict"], "verified", "{undone:#}");
    real.truth("test").assert_is(&before);
}
