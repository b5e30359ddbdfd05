//! Environments with difficult names: ordinary words, names within names, other scripts, aliases.

use crate::support::{acts, known, short, short_of};
use release_intent::{Known, read};

#[test]
fn names_that_are_words() {
    let names = &[
        "live", "main", "demo", "backup", "test", "current", "release", "app", "staging",
    ];
    for (text, wanted) in [
        ("Restore backup to demo", "restore backup>demo"),
        ("restore live from backup", "- backup>live ?action"),
        ("back up backup", "backup backup>-"),
        ("Backup live", "backup live>-"),
        ("restore main to test", "restore main>test"),
        ("migrate test to live", "migrate test>live"),
        (
            "restore the latest backup of live to demo",
            "restore live>demo package=@latest",
        ),
        ("put demo's backup onto live", "restore demo>live"),
        (
            "restore using backup X.nbdata",
            "restore ->@current package=X.nbdata",
        ),
        ("restore release to test", "restore release>test"),
        ("restore app to demo", "restore app>demo"),
        ("把backup恢复到live", "restore backup>live"),
        ("把main的备份恢复到demo", "restore main>demo"),
        ("can test take releases", "check ->test"),
        ("list backups on live", "list_backups live>-"),
    ] {
        assert_eq!(short_of(text, names), wanted, "{text}");
    }
}

#[test]
fn names_within_names() {
    let names = &[
        "test", "test-2", "testing", "test 3", "prod", "prod-eu", "prod.eu", "pre_prod",
    ];
    for (text, wanted) in [
        ("restore test to test-2", "restore test>test-2"),
        ("restore testing to test", "restore testing>test"),
        ("restore test 3 to testing", "restore test 3>testing"),
        ("restore prod-eu to prod.eu", "restore prod-eu>prod.eu"),
        ("restore prod to pre_prod.", "restore prod>pre_prod"),
        ("restore test to test-22", "restore test>- ?target"),
        ("restore test to prod-us", "restore test>- ?target"),
        ("restore test to xprod", "restore test>- ?target"),
        ("把test恢复到test-2", "restore test>test-2"),
        ("把testing恢复到test", "restore testing>test"),
        ("把test恢复到test-22", "restore test>- ?target"),
    ] {
        assert_eq!(short_of(text, names), wanted, "{text}");
    }
}

#[test]
fn names_in_any_script() {
    let names = &[
        "开发",
        "生产",
        "测试",
        "测试二",
        "本番",
        "운영",
        "прод",
        "café",
        "ทดสอบ",
    ];
    for (text, wanted) in [
        ("把开发恢复到测试", "restore 开发>测试"),
        ("从生产还原测试", "restore 生产>测试"),
        ("把测试二恢复到测试", "restore 测试二>测试"),
        ("用生产的备份恢复开发环境", "restore 生产>开发"),
        ("把生产的最新备份还原到测试", "restore 生产>测试 package=@latest"),
        ("restore 本番 to 운영", "restore 本番>운영"),
        ("restore прод to 开发", "restore прод>开发"),
        ("restore ПРОД to cafe\u{301}", "restore прод>café"),
        ("restore ทดสอบ to прод", "restore ทดสอบ>прод"),
        ("把本番恢复到运营", "restore 本番>- ?target"),
        ("备份生产", "backup 生产>-"),
        ("restore 开发 to 测试", "restore 开发>测试"),
    ] {
        assert_eq!(short_of(text, names), wanted, "{text}");
    }
}

#[test]
fn a_longer_name_that_is_not_known_is_not_the_shorter_one() {
    let names = &["开发", "生产", "测试", "dev"];
    for text in [
        "把开发恢复到预生产",
        "把开发恢复到生产二",
        "把开发恢复到新测试",
        "把开发恢复到测试2",
        "把开发恢复到生产A",
        "把dev恢复到dev2",
        "把开发恢复到准生产环境",
        "restore dev to 生产x",
    ] {
        let reading = read(text, &known(names));
        assert!(
            !acts(&reading) && reading.intent.target.is_none(),
            "{text}: {}",
            short(&reading)
        );
    }
}

#[test]
fn aliases_mean_their_environment() {
    let known = Known::new(
        [
            ("prod", vec!["生产", "production", "live"]),
            ("dev", vec!["开发"]),
            ("test", vec![]),
        ],
        Some("dev"),
    );
    for (text, wanted) in [
        ("restore dev to production", "restore dev>prod"),
        ("把开发恢复到生产", "restore dev>prod"),
        ("restore live to test", "restore prod>test"),
        ("restore dev to PRODUCTION", "restore dev>prod"),
        ("restore the current environment to test", "restore @current>test"),
    ] {
        assert_eq!(short(&read(text, &known)), wanted, "{text}");
    }
}

#[test]
fn without_environments_nothing_is_guessed() {
    for text in ["restore dev to test", "把dev恢复到test", "migrate dev to test"] {
        let reading = read(text, &known(&[]));
        assert!(!acts(&reading), "{text}: {}", short(&reading));
    }
    assert_eq!(
        short_of("restore using X.nbdata", &[]),
        "restore ->@current package=X.nbdata"
    );
}
