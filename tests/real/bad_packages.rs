//! Bad packages: the tool refuses each before the target hears of it. The same files, sent by plain HTTP, show what
//! the server itself makes of them.

use serde_json::json;

use crate::packages::{Package, save};
use crate::servers::Real;
use crate::tool::until;

/// Whether the upgrade that follows a restore has been: it makes the tables that no backup holds.
const RESTORED: &str = "select exists (select from pg_tables where tablename like 'lcCheckpoint%') and exists (select \
                        from pg_tables where tablename = 'orders')";

/// A file, what the tool says of it, and what the server says of it.
struct Bad {
    name: &'static str,
    file: Vec<u8>,
    finding: &'static str,
    server: &'static str,
}

fn all(good: &Package) -> Vec<Bad> {
    let whole = good.file();
    let bad = |name, file, finding, server| Bad {
        name,
        file,
        finding,
        server,
    };
    let metadata = |change: fn(&mut serde_json::Value)| good.with_metadata(change).file();
    vec![
        bad("empty", Vec::new(), "package_empty", "Not a valid backup file"),
        bad(
            "text",
            b"hello\n".to_vec(),
            "not_a_package",
            "End of central directory",
        ),
        bad(
            "cut",
            whole[..whole.len() - 10].to_vec(),
            "package_truncated",
            "End of central directory",
        ),
        bad(
            "no-data",
            good.without("data").file(),
            "data_missing",
            "Not a valid backup file",
        ),
        bad(
            "no-metadata",
            good.without("_metadata.json").file(),
            "metadata_missing",
            "Not a valid backup file",
        ),
        bad(
            "escapes",
            good.with("../../evil.txt", "x").file(),
            "entry_traversal",
            "invalid relative path",
        ),
        bad(
            "garbled",
            good.with("_metadata.json", "{").file(),
            "metadata_not_json",
            "Error parsing backup file",
        ),
        bad(
            "newer",
            metadata(|it| it["version"] = json!("2.2.16")),
            "version_newer",
            "greater than current",
        ),
        bad(
            "mysql",
            metadata(|it| it["database"]["dialect"] = json!("mysql")),
            "data_wrong_for_dialect",
            "dialect mismatch",
        ),
        bad(
            "prefix",
            metadata(|it| it["database"]["tablePrefix"] = json!("t_")),
            "not_a_nocobase_dump",
            "prefix mismatch",
        ),
        bad(
            "snake",
            metadata(|it| it["database"]["underscored"] = json!(true)),
            "DB_UNDERSCORED",
            "underscored mismatch",
        ),
        bad(
            "schema",
            metadata(|it| it["database"]["schema"] = json!("x")),
            "not_a_nocobase_dump",
            "schema mismatch",
        ),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn each_is_refused_before_the_target_hears_of_it() {
    let real = Real::take_turn().await;
    real.dev.add_order("devs-bad-1").await;
    let good = Package::made_of(&real, "dev");
    let (before, sent) = (real.truth("test"), real.uploads("test"));
    let bad = all(&good);

    let mut wrong = Vec::new();
    for one in &bad {
        let path = save(&real, &format!("{}.nbdata", one.name), &one.file);
        let done = real
            .tool
            .command(&["restore", "test", "--package", &path, "--yes", "test"])
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&done.stderr).into_owned();
        if done.status.code() != Some(5) || !said.contains(one.finding) {
            wrong.push(format!("{}: {:?} {said}", one.name, done.status.code()));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert_eq!(real.uploads("test"), sent);
    assert!(real.truth("test").differences(&before).is_empty());

    for one in &bad {
        let (status, said) = real.test.upload(one.file.clone()).await;
        println!("{}: {status} {said}", one.name);
        assert_eq!(status, 500, "{}: {said}", one.name);
        assert!(said.contains(one.server), "{}: {said}", one.name);
    }
    until("the log of all of them", || {
        real.uploads("test") == sent + bad.len()
    })
    .await;
    real.truth("test").assert_is(&before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flipped_byte_is_refused_here_and_restored_by_the_server() {
    let real = Real::take_turn().await;
    real.dev.add_order("devs-flipped-original").await;
    let file = Package::made_of(&real, "dev").file();
    // In the metadata, of which the server believes every byte.
    let words = b"enableFilesBackup";
    let place = file.windows(words.len()).position(|window| window == words);
    let mut flipped = file;
    flipped[place.unwrap()] ^= 1;
    let path = save(&real, "flipped.nbdata", &flipped);
    let (before, devs, sent) = (real.truth("test"), real.truth("dev"), real.uploads("test"));

    let refused = real.run(&["restore", "test", "--package", &path, "--yes", "test"], 5);

    assert!(refused.stderr.contains("checksum"), "{}", refused.stderr);
    assert_eq!(real.uploads("test"), sent);
    real.truth("test").assert_is(&before);

    // Gone first, so that their return tells that the upgrade was.
    let drop = "do $$ declare t text; begin for t in select tablename from pg_tables where tablename like \
                'lcCheckpoint%' loop execute format('drop table %I', t); end loop; end $$";
    real.postgres.sql("test", drop);
    let (status, said) = real.test.upload(flipped).await;
    assert_eq!(status, 200, "{said}");
    let restored = || real.postgres.sql("test", RESTORED) == ["t"];
    until("the server to restore it", restored).await;
    real.test.until_up().await;
    real.truth("test").assert_is(&devs);
}
