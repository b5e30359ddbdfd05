//! No input makes the reader panic, hang or grow.

use crate::support::{acts, known, short_of};
use proptest::prelude::*;
use release_intent::{Known, batch_line, questions, read};
use std::time::{Duration, Instant};

fn pieces() -> impl Strategy<Value = String> {
    let words = prop::sample::select(vec![
        "restore",
        "dev",
        "test",
        "to",
        "from",
        "don't",
        "not",
        "but",
        "and",
        "then",
        "the",
        "backup",
        "X.nbdata",
        "./x",
        "'",
        "\"",
        "“",
        "「",
        "」",
        ",",
        ".",
        "?",
        ":",
        "/",
        "\\",
        "c:\\",
        "\n",
        ">",
        "if",
        "把",
        "恢复",
        "到",
        "的",
        "备份",
        "不要",
        "吗",
        "，",
        "。",
        "测试",
        "e\u{301}",
        "\u{200b}",
        "🙏",
        "'s",
        "rule",
        "3",
        "2026-11-20",
        "http://",
        "-",
        "->",
        "→",
        "",
        " ",
        "it",
        "only",
        "を",
        "に",
        "復元",
        "して",
        "ではなく",
        "たら",
        "복원",
        "로",
        "에서",
        "하고",
        "말고",
        "면",
        "восстанови",
        "не",
        "up",
    ]);
    prop::collection::vec(words, 0..24).prop_map(|words| words.join(" "))
}

proptest! {
    #[test]
    fn any_text_is_read(text in any::<String>()) {
        let known = known(&["dev", "test", "测试", "prod 1"]);
        let reading = read(&text, &known);
        questions(&reading, &known);
        for word in reading.explanation.words.iter().chain(&reading.explanation.left_over) {
            prop_assert!(text.get(word.span.start..word.span.end).is_some());
        }
    }

    #[test]
    fn any_words_are_read(text in pieces(), glue in any::<bool>()) {
        let known = known(&["dev", "test", "测试", "the", "to"]);
        let text = if glue { text.replace(' ', "") } else { text };
        let reading = read(&text, &known);
        let intent = &reading.intent;
        prop_assert!(intent.clarify.windows(2).all(|pair| pair[0] < pair[1]));
        prop_assert!(intent.action.is_some() || intent.clarify.contains(&release_intent::Slot::Action));
        for span in [intent.spans.source, intent.spans.target, intent.spans.package, intent.spans.action].into_iter().flatten() {
            prop_assert!(text.get(span.start..span.end).is_some());
        }
    }

    #[test]
    fn any_line_is_answered(line in any::<String>(), text in any::<String>()) {
        if let Ok(answer) = batch_line(&line) {
            prop_assert!(serde_json::from_str::<serde_json::Value>(&answer).is_ok());
        }
        let line = serde_json::json!({"id": 7, "text": text, "envs": ["dev"], "current": null}).to_string();
        let answer: serde_json::Value = serde_json::from_str(&batch_line(&line).unwrap()).unwrap();
        prop_assert_eq!(&answer["id"], 7);
    }
}

#[test]
fn a_megabyte_is_refused_at_once() {
    let known = known(&["dev", "test"]);
    for piece in [
        "restore dev to test ",
        "a",
        "'",
        "\"",
        "「",
        "把",
        "恢复dev到test，",
        "\u{301}",
        "/",
        "x.nbdata",
        ".",
        "don't ",
        "\n",
        "\\\\",
        "`",
    ] {
        let text = piece.repeat(1_000_000 / piece.len());
        let start = Instant::now();
        let reading = read(&text, &known);
        assert!(!acts(&reading), "{piece}");
        assert!(
            start.elapsed() < Duration::from_secs(1),
            "{piece}: {:?}",
            start.elapsed()
        );
    }
}

#[test]
fn the_longest_text_that_is_read_is_read_quickly() {
    let known = known(&["dev", "test"]);
    for piece in [
        "a",
        "'a ",
        "\"",
        "「",
        "把",
        "back ",
        "/",
        "x.nbdata",
        "x.",
        "-",
        "don't ",
        "not dev ",
        "a b\\",
        "c:\\ ",
        "restore ",
        "and ",
        ", ",
        "的",
        "备份",
        "dev ",
        "http://",
        "1/",
        "\u{301}",
        "devではなく",
        "復元して",
        "たら",
        "test말고 ",
        "복원하고 ",
        "dev와 ",
        "й",
        "devと",
    ] {
        let text: String = piece.chars().cycle().take(4000).collect();
        let start = Instant::now();
        let reading = read(&text, &known);
        assert!(!acts(&reading), "{piece}");
        assert!(
            start.elapsed() < Duration::from_secs(2),
            "{piece}: {:?}",
            start.elapsed()
        );
    }
}

#[test]
fn ten_thousand_environments_are_fine() {
    let names: Vec<String> = (0..10_000)
        .map(|number| format!("environment-{number}"))
        .collect();
    let start = Instant::now();
    let known = Known::from_names(names, None);
    let text = "restore environment-17 to environment-9999";
    let intent = read(text, &known).intent;
    assert_eq!(intent.source.map(String::from).as_deref(), Some("environment-17"));
    assert_eq!(
        intent.target.map(String::from).as_deref(),
        Some("environment-9999")
    );
    let reading = read("restore environment-17 to enviroment-9999", &known);
    assert!(reading.intent.target.is_none());
    assert!(!questions(&reading, &known).is_empty());
    assert!(start.elapsed() < Duration::from_secs(5));
}

#[test]
fn a_bad_line_keeps_its_id() {
    let error = batch_line(r#"{"id":"a1","text":5}"#).unwrap_err();
    assert_eq!(error.id, Some(serde_json::json!("a1")));
    assert!(batch_line("not json").unwrap_err().id.is_none());
}

#[test]
fn a_line_has_its_keys_in_order() {
    let line = r#"{"id":"1","text":"Restore dev to test","envs":["dev",{"name":"test","aliases":["t"]}],"current":"dev"}"#;
    assert_eq!(
        batch_line(line).unwrap(),
        r#"{"id":"1","action":"restore","source":"dev","target":"test","package":null,"rule":null,"clarify":[],"language":"en"}"#
    );
    assert_eq!(short_of("restore", &[]), "restore ->@current ?package");
}
