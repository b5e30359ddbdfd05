//! Properties that hold for any sentence: what a change to it must, and must not, change.

use crate::support::{acts, known, short, short_of};
use release_intent::{Action, EnvironmentRef, Slot, read};

const NAMES: &[&str] = &["dev", "test", "prod"];

/// Complete requests with both sides, in both languages.
const REQUESTS: &[&str] = &[
    "restore dev to test",
    "restore test from dev",
    "put dev's backup onto test",
    "restore the latest backup of dev to test",
    "restore X.nbdata from dev to test",
    "migrate dev to test",
    "migrate dev to test with rule 3",
    "migrate dev to test, schema only",
    "back up dev and restore it to test",
    "把dev恢复到test",
    "从dev还原到test",
    "用dev的备份恢复test",
    "将dev的最新备份恢复到test",
    "把dev迁移到test",
    "先备份dev，然后恢复到test",
];

fn is_chinese(text: &str) -> bool {
    !text.is_ascii()
}

fn swap(text: &str) -> String {
    text.replace("latest", "\u{2}")
        .replace("dev", "\u{1}")
        .replace("test", "dev")
        .replace('\u{1}', "test")
        .replace('\u{2}', "latest")
}

#[test]
fn swapped_names_swap_the_sides() {
    for text in REQUESTS {
        let (one, other) = (
            read(text, &known(NAMES)).intent,
            read(&swap(text), &known(NAMES)).intent,
        );
        assert_eq!(
            (&one.source, &one.target),
            (&other.target, &other.source),
            "{text}"
        );
        assert_eq!(
            (one.action, one.package, one.rule),
            (other.action, other.package, other.rule),
            "{text}"
        );
        assert_eq!(
            one.source,
            Some(EnvironmentRef::Named("dev".to_owned())),
            "{text}"
        );
    }
}

#[test]
fn politeness_changes_nothing() {
    for text in REQUESTS {
        let plain = short_of(text, NAMES);
        let polite: &[&str] = if is_chinese(text) {
            &[
                "请{}",
                "{}，谢谢",
                "麻烦你{}",
                "你好，请{}。",
                "帮我{}吧",
                "能不能{}？",
                "现在{}",
                "{}！",
            ]
        } else {
            &[
                "please {}",
                "{}, please",
                "Could you {}?",
                "Hi, {}. Thanks!",
                "I want to {}",
                "{} now",
                "can you {} for me",
                "{}!!",
            ]
        };
        for frame in polite {
            let sentence = frame.replace("{}", text);
            assert_eq!(short_of(&sentence, NAMES), plain, "{sentence}");
        }
    }
}

#[test]
fn writing_changes_nothing() {
    for text in REQUESTS {
        let plain = short_of(text, NAMES);
        let wide: String = text
            .chars()
            .map(|letter| match letter {
                'a'..='z' => char::from_u32(letter as u32 + 0xFEE0).unwrap(),
                ' ' => '\u{3000}',
                other => other,
            })
            .collect();
        if !text.contains("nbdata") {
            assert_eq!(short_of(&text.to_uppercase(), NAMES), plain, "{text}");
            assert_eq!(short_of(&wide, NAMES), plain, "{wide}");
        }
        assert_eq!(
            short_of(&format!("  {}  ", text.replace(' ', "  ")), NAMES),
            plain,
            "{text}"
        );
        assert_eq!(short_of(&text.replace("dev", "\"dev\""), NAMES), plain, "{text}");
    }
}

#[test]
fn no_negated_request_acts() {
    for text in REQUESTS {
        let frames: &[&str] = if is_chinese(text) {
            &[
                "不要{}",
                "别{}",
                "请不要{}",
                "千万别{}",
                "我不想{}",
                "禁止{}",
                "绝不能{}",
                "{}，算了",
                "没有{}",
                "先别{}",
                "我从没{}",
            ]
        } else {
            &[
                "don't {}",
                "do not {}",
                "never {}",
                "please don't {}",
                "I don't want you to {}",
                "you must not {}",
                "please do not {}!",
                "we should never {}",
                "{}. No, don't.",
                "{}, never mind",
                "there is no need to {}",
                "nobody should {}",
                "I won't {}",
                "do not ever {}",
            ]
        };
        for frame in frames {
            let sentence = frame.replace("{}", text);
            let reading = read(&sentence, &known(NAMES));
            assert!(!acts(&reading), "{sentence}: {}", short(&reading));
        }
    }
}

#[test]
fn no_question_report_or_supposition_acts() {
    for text in REQUESTS {
        let frames: &[&str] = if is_chinese(text) {
            &[
                "怎么{}",
                "如何{}？",
                "{}会怎么样",
                "要不要{}？",
                "他说{}",
                "为什么要{}",
                "文档里写着“{}”",
                "我们昨天{}了",
                "假设{}",
                "是否应该{}？",
                "{}有什么风险？",
                "例如：{}",
                "我们每天{}",
                "如果通过了就{}",
                "明天{}",
            ]
        } else {
            &[
                "how do I {}",
                "how to {}?",
                "what happens if I {}",
                "what if we {}?",
                "should I {}?",
                "he said {}",
                "the note says \"{}\"",
                "why would we {}?",
                "suppose I {}",
                "imagine we {}",
                "is it a good idea to {}?",
                "I will {}",
                "we {} every night",
                "for example: {}",
                "if the build is green, {}",
                "{} if the build is green",
                "{} tomorrow",
                "remind me to {}",
                "> {}",
                "did you {}?",
                "John wants to {}",
            ]
        };
        for frame in frames {
            let sentence = frame.replace("{}", text);
            let reading = read(&sentence, &known(NAMES));
            assert!(!acts(&reading), "{sentence}: {}", short(&reading));
        }
    }
}

#[test]
fn an_unknown_name_is_asked_for_and_never_replaced() {
    for text in REQUESTS {
        for unknown in ["tset", "tests", "test2", "test-2", "tes", "staging", "te st"] {
            let sentence = text
                .replace("latest", "\u{2}")
                .replace("test", unknown)
                .replace('\u{2}', "latest");
            let reading = read(&sentence, &known(NAMES));
            assert!(!acts(&reading), "{sentence}: {}", short(&reading));
            let test = Some(EnvironmentRef::Named("test".to_owned()));
            assert!(
                reading.intent.source != test && reading.intent.target != test,
                "{sentence}: {}",
                short(&reading)
            );
        }
    }
    let reading = read("restore dev to tset", &known(NAMES));
    assert_eq!(reading.suggestions.len(), 1);
    let suggestion = reading.suggestions.first().unwrap();
    assert_eq!(
        (suggestion.slot, suggestion.nearest.first().map(String::as_str)),
        (Some(Slot::Target), Some("test"))
    );
    assert_eq!(
        "restore dev to tset".get(suggestion.span.start..suggestion.span.end),
        Some("tset")
    );
}

#[test]
fn words_nobody_knows_are_asked_about() {
    for text in REQUESTS {
        for extra in ["frobnicated", "xyzzy quux", "42"] {
            for sentence in [format!("{text} {extra}"), format!("{extra} {text}")] {
                let reading = read(&sentence, &known(NAMES));
                assert!(!acts(&reading), "{sentence}: {}", short(&reading));
            }
        }
    }
}

#[test]
fn limits_are_asked_about() {
    for text in REQUESTS.iter().filter(|text| !text.contains("schema")) {
        let frames: &[&str] = if is_chinese(text) {
            &[
                "除了用户表，{}",
                "{}，除了用户",
                "{}，只要订单表",
                "{}，不包括附件",
                "{}，但保留用户",
            ]
        } else {
            &[
                "{} except users",
                "{}, only the orders table",
                "{} but keep the users",
                "{} without the attachments",
                "{}, excluding roles",
            ]
        };
        for frame in frames {
            let sentence = frame.replace("{}", text);
            let reading = read(&sentence, &known(NAMES));
            assert!(!acts(&reading), "{sentence}: {}", short(&reading));
        }
    }
}

#[test]
fn nothing_can_be_confirmed_by_a_sentence() {
    for text in [
        "yes",
        "confirm",
        "I confirm",
        "go ahead",
        "do it",
        "apply",
        "确认",
        "是的",
        "好的，执行",
    ] {
        let reading = read(text, &known(NAMES));
        assert!(!acts(&reading), "{text}");
    }
}

#[test]
fn spans_point_into_the_text() {
    let text = "请把“ｄｅｖ”的 X.nbdata 恢复到 test";
    let intent = read(text, &known(NAMES)).intent;
    let at = |span: Option<release_intent::Span>| span.and_then(|span| text.get(span.start..span.end));
    assert_eq!(at(intent.spans.source), Some("ｄｅｖ"));
    assert_eq!(at(intent.spans.target), Some("test"));
    assert_eq!(at(intent.spans.package), Some("X.nbdata"));
    assert_eq!(at(intent.spans.action), Some("恢复"));
}

#[test]
fn the_action_is_null_only_when_it_is_asked_for() {
    for text in REQUESTS.iter().copied().chain([
        "publish dev",
        "dev to test",
        "",
        "hello",
        "restore dev to test except users",
    ]) {
        let intent = read(text, &known(NAMES)).intent;
        assert_eq!(
            intent.action.is_none(),
            intent.clarify.contains(&Slot::Action),
            "{text}"
        );
        if matches!(intent.action, Some(Action::None | Action::Help)) {
            assert!(
                intent.source.is_none() && intent.target.is_none() && intent.clarify.is_empty(),
                "{text}"
            );
        }
    }
}

/// What a backup is laid over: the object of the verb, whatever stands before it.
const LAID_OVER: &[&str] = &[
    "overwrite test with dev's backup",
    "overwrite test with the backup of dev",
    "restore test with a backup of dev",
    "用 dev 的备份覆盖 test",
    "把test用dev的备份覆盖",
    "用 dev 的備份覆蓋 test",
    "testをdevのバックアップで上書きして",
    "devのバックアップでtestを復元して",
    "test를 dev 백업으로 덮어써줘",
    "dev 백업으로 test 복원해줘",
    "überschreibe test mit dem Backup von dev",
    "ersetze test durch das Backup von dev",
    "sobrescribe test con el backup de dev",
    "restaura test con una copia de dev",
    "écrase test avec la sauvegarde de dev",
    "remplace test par la sauvegarde de dev",
    "sobrescreve test com o backup de dev",
    "sovrascrivi test con il backup di dev",
    "перезапиши test бэкапом dev",
    "восстанови test резервной копией среды dev",
    "бэкапом dev перезапиши test",
    "накати на test бэкап dev",
    "ghi đè test bằng backup của dev",
    "khôi phục test bằng bản sao lưu của dev",
    "timpa test dengan backup dev",
    "timpa test dengan backup terbaru dev",
    "ambil backup terbaru dev lalu pulihkan ke test",
    "lấy bản backup mới nhất của dev restore về test",
    "возьми бэкап dev и восстанови на test",
    "take the newest backup of dev and restore it to test",
    "pulihkan test pakai backup dari dev",
];

#[test]
fn what_something_is_overwritten_with_is_the_source() {
    for (names, from, to) in [
        ("dev test", "dev", "test"),
        ("test dev", "test", "dev"),
        ("prod dev", "prod", "dev"),
    ] {
        let (one, other) = names.split_once(' ').unwrap();
        for text in LAID_OVER {
            let sentence = text
                .replace("dev", "\u{1}")
                .replace("test", other)
                .replace('\u{1}', one);
            let intent = read(&sentence, &known(NAMES)).intent;
            assert_eq!(intent.action, Some(Action::Restore), "{sentence}");
            assert_eq!(
                intent.source,
                Some(EnvironmentRef::Named(from.to_owned())),
                "{sentence}"
            );
            assert_eq!(
                intent.target,
                Some(EnvironmentRef::Named(to.to_owned())),
                "{sentence}"
            );
            assert!(intent.clarify.is_empty(), "{sentence}");
        }
    }
}

#[test]
fn what_goes_to_ones_own_machine_is_downloaded() {
    let texts = [
        "pull the latest backup of prod down to my machine",
        "bring the latest backup on prod to my laptop",
        "hol das neueste Backup von prod auf meinen Rechner",
        "kopier das letzte Backup auf prod auf meinen Rechner",
        "trae el último backup de prod a mi máquina",
        "récupère la dernière sauvegarde de prod sur mon poste",
        "traz o último backup do prod pra minha máquina",
        "porta l'ultimo backup di prod sul mio pc",
        "перенеси последний бэкап prod на мой компьютер",
        "kéo bản backup mới nhất ở prod xuống máy mình",
        "tarik backup terbaru dari prod ke laptop saya",
        "prodの最新バックアップを自分のPCに落として",
        "prod 최신 백업을 내 컴퓨터로 가져와",
        "把prod最新的备份拉到我电脑上",
        "把 prod 最新的備份抓到我的電腦",
    ];
    for text in texts {
        let intent = read(text, &known(NAMES)).intent;
        assert_eq!(intent.action, Some(Action::Download), "{text}");
        assert_eq!(
            intent.source,
            Some(EnvironmentRef::Named("prod".to_owned())),
            "{text}"
        );
        assert_eq!(intent.target, None, "{text}");
    }
    // What is restored there, or moved there as a whole, has no known target.
    for text in [
        "restore prod to my laptop",
        "restore the latest backup of prod to my machine",
        "migrate prod to my machine",
    ] {
        assert!(
            read(text, &known(NAMES)).intent.clarify.contains(&Slot::Target),
            "{text}"
        );
    }
}
