//! Backups on a server that are none: torn by a crash and listed as finished, or not there at all.

use crate::servers::Real;
use crate::tool::until;

#[tokio::test(flavor = "multi_thread")]
async fn torn_by_a_crash_it_is_listed_as_finished_and_never_used() {
    let real = Real::take_turn().await;
    // Enough that the crash can come while the package is being written.
    let ballast = "drop table if exists ballast; set role nocobase; create table ballast as select md5(random()::text) || md5(random()::text) as x from generate_series(1, 700000)";
    real.postgres.sql("test", ballast);
    let folder = real.place("test", "storage/backups/main");
    let known = real.test.backups().await;
    real.test.send("backup:create", serde_json::json!({})).await;
    let torn = || {
        let files = std::fs::read_dir(&folder).into_iter().flatten().flatten();
        files.map(|file| file.path()).find(|path| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            name.ends_with(".nbdata")
                && !known.contains(&name)
                && path.metadata().is_ok_and(|file| file.len() > 1 << 20)
        })
    };
    until("a part of the package", || torn().is_some()).await;
    real.control(&["kill", "test"]);
    let name = torn()
        .unwrap()
        .file_name()
        .unwrap()
        .to_string_lossy()
        .into_owned();
    real.postgres.sql("test", "drop table ballast");
    real.control(&["start", "test"]);
    // The first list clears up what the crash left; the second believes the file.
    real.test.backups().await;
    assert!(real.test.backups().await.contains(&name));
    let (before, sent) = (real.truth("test"), real.uploads("test"));

    for package in ["@latest", name.as_str()] {
        let refused = real.run(&["restore", "test", "--package", package, "--yes", "test"], 5);
        assert!(refused.stdout.contains(&name), "{}", refused.stdout);
        for said in ["failed_unchanged", "has no end"] {
            assert!(
                format!("{}{}", refused.stdout, refused.stderr).contains(said),
                "{said}: {refused:?}"
            );
        }
    }

    real.truth("test").assert_is(&before);
    assert_eq!(real.uploads("test"), sent);
    real.run(&["packages", "remove", "test", &name, "--yes", &name], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_is_not_there_is_refused_and_the_server_lives() {
    let real = Real::take_turn().await;
    let (before, sent) = (real.truth("test"), real.uploads("test"));
    let server = real.application("test");

    let missing = "backup_20200101_000000_0000.nbdata";
    let refused = real.run(&["restore", "test", "--package", missing, "--yes", "test"], 2);

    assert!(
        refused.stderr.contains("[package_not_found]"),
        "{}",
        refused.stderr
    );
    assert_eq!(
        real.application("test"),
        server,
        "NocoBase would have died of that name"
    );
    real.truth("test").assert_is(&before);
    assert_eq!(real.uploads("test"), sent);
}
