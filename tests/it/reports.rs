//! The report of a run as a document: what happened when, from the journal, in Markdown and as a page with a picture.

use std::path::PathBuf;

use release_tests::Stage;
use serde_json::Value;

const RESTORE: [&str; 6] = ["restore", "test", "--from", "dev", "--yes", "test"];

async fn stage_after_a_restore() -> (Stage, String) {
    let stage = Stage::new().await;
    let report = stage.report(&RESTORE, 0).await;
    let run = report["run"].as_str().unwrap().to_owned();
    (stage, run)
}

fn journal(stage: &Stage, run: &str) -> PathBuf {
    stage
        .home()
        .join("release-state/runs")
        .join(run)
        .join("journal.jsonl")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_shows_the_steps_as_the_journal_has_them() {
    let (stage, run) = stage_after_a_restore().await;
    let shown = stage.run(&["runs", "report", &run, "--json"]).await;
    assert_eq!(shown.code, 0, "{}", shown.stderr);
    let shown: Value = serde_json::from_str(&shown.stdout).unwrap();
    let bars = shown["timeline"]["bars"].as_array().unwrap();
    let bar = |step: &str| bars.iter().find(|bar| bar["step"] == step).unwrap();
    let time = |step: &str, edge: &str| bar(step)[edge].as_u64().unwrap();

    let text = std::fs::read_to_string(journal(&stage, &run)).unwrap();
    let lines: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let begun: Vec<&Value> = lines
        .iter()
        .filter(|line| line["event"] == "step_started")
        .collect();
    let steps: Vec<&Value> = bars.iter().map(|bar| &bar["step"]).collect();
    assert_eq!(steps, begun.iter().map(|line| &line["step"]).collect::<Vec<_>>());
    assert!(bars.iter().all(|bar| bar["end"] == "done"), "{shown:#}");
    // both packages are made at the same time, and the upload waits for the judgement
    assert!(time("make_safety_backup", "from") < time("make_package", "until"));
    assert!(time("make_package", "from") < time("make_safety_backup", "until"));
    assert!(time("restore", "from") >= time("judge", "until"));
    assert!(time("verify", "until") <= shown["timeline"]["length"].as_u64().unwrap());
    let marks = shown["timeline"]["marks"].as_array().unwrap();
    assert_eq!(marks.last().unwrap()["text"], "verified");

    let text = stage.run(&["runs", "report"]).await;
    assert_eq!(text.code, 0, "{}", text.stderr);
    for part in [
        "# Restore dev to test",
        "**verified**: The evidence says",
        &format!("`nocobase-release undo test --run {run}`"),
        "[test] watch it go down and come up",
        "▲ verified",
        "| content | for |",
        "## What was to be overwritten",
    ] {
        assert!(text.stdout.contains(part), "{part}\n{}", text.stdout);
    }

    let page = stage.run(&["runs", "report", &run, "--html"]).await.stdout;
    assert_eq!(page.matches("<rect ").count(), bars.len());
    assert!(page.contains(">verified</span>"), "{page}");
    assert!(
        !page.contains("<script") && !page.contains(" href=") && !page.contains(" src="),
        "the page loads nothing and runs nothing"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn names_and_words_of_others_are_text_in_it() {
    let stage = Stage::new().await;
    let name = "<img src=x onerror=alert(1)>|*b*`c`[d](e)\u{202e}.nbdata";
    std::fs::write(stage.home().join(name), stage.environment("dev").package(None)).unwrap();
    let line = [
        "restore",
        "test",
        "--package",
        &format!("./{name}"),
        "--yes",
        "test",
    ];
    stage.report(&line, 0).await;

    let page = stage.run(&["runs", "report", "--html"]).await.stdout;
    assert!(
        page.contains("&lt;img src=x onerror=alert(1)&gt;|*b*`c`[d](e)."),
        "{page}"
    );
    assert!(!page.contains("<img"), "{page}");

    let text = stage.run(&["runs", "report"]).await.stdout;
    assert!(
        text.contains("\\<img src=x onerror=alert(1)\\>\\|\\*b\\*\\`c\\`\\[d\\](e)."),
        "{text}"
    );
    assert!(!text.contains('\u{202e}') && !page.contains('\u{202e}'));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_whose_process_died_is_shown_as_far_as_it_came() {
    let (stage, run) = stage_after_a_restore().await;
    let path = journal(&stage, &run);
    let text = std::fs::read_to_string(&path).unwrap();
    let upload = "\"event\":\"step_started\",\"step\":\"restore\"";
    let kept = text.lines().position(|line| line.contains(upload)).unwrap() + 1;
    let cut: Vec<&str> = text.lines().take(kept).collect();
    std::fs::write(&path, cut.join("\n") + "\n").unwrap();

    let text = stage.run(&["runs", "report"]).await;
    assert_eq!(text.code, 0, "{}", text.stderr);
    assert!(
        text.stdout.contains("**interrupted**: Its process died"),
        "{}",
        text.stdout
    );
    assert!(
        text.stdout.contains("… [test] upload the package"),
        "{}",
        text.stdout
    );
    assert!(
        text.stdout
            .contains(&format!("`nocobase-release runs resume {run}`")),
        "{}",
        text.stdout
    );
    let page = stage.run(&["runs", "report", "--html"]).await.stdout;
    assert!(page.contains("class=\"b-open\""), "{page}");

    let resumed = stage.run(&["runs", "resume", &run]).await;
    assert_eq!(resumed.code, 0, "{}", resumed.stderr);
    let text = stage.run(&["runs", "report"]).await.stdout;
    let taken_up = text
        .lines()
        .any(|line| line.contains("▲") && line.ends_with("taken up by another process"));
    assert!(taken_up, "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_overwrites_no_file_and_needs_a_run() {
    let stage = Stage::new().await;
    let none = stage.run(&["runs", "report"]).await;
    assert_ne!(none.code, 0);
    assert!(none.stderr.contains("run_not_found"), "{}", none.stderr);

    stage.report(&["backup", "dev"], 0).await;
    let file = stage.home().join("report.html");
    let out = ["runs", "report", "--html", "--out", file.to_str().unwrap()];
    let written = stage.run(&out).await;
    assert_eq!(written.code, 0, "{}", written.stderr);
    let page = std::fs::read_to_string(&file).unwrap();
    assert!(
        page.starts_with("<!doctype html>") && page.contains(">verified</span>"),
        "{page}"
    );
    stage.assert_holds_no_secret("written", &page);

    std::fs::write(&file, "mine").unwrap();
    let again = stage.run(&out).await;
    assert_eq!(again.code, 1, "{}", again.stderr);
    assert!(again.stderr.contains("cannot write"), "{}", again.stderr);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "mine");
}
