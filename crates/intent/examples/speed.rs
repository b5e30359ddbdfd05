//! Measures start-up and reading: `cargo run --release -p release-intent --example speed`.
//!
//! Without arguments: the time until the first sentence is read in every language, and the median
//! over a batch of 100,000 sentences of all languages (those in `prompts/languages/*/tests` would
//! need files; these are a few of each). With `--json FILE`: the lines of the file, for a comparison.
#![expect(clippy::print_stdout, reason = "it is what the example does")]

use release_intent::{Known, batch_line, read};
use std::collections::BTreeMap;
use std::error::Error;
use std::hint::black_box;
use std::time::{Duration, Instant};

const SENTENCES: &[&str] = &[
    "Restore dev to test",
    "Could you please restore the latest backup of dev to the test environment?",
    "back up prod, then restore dev to prod",
    "migrate dev to test, user tables schema-only, system tables overwrite-first",
    "don't restore dev to test",
    "把dev的最新备份恢复到test",
    "请帮我先备份prod，然后把dev恢复到prod，谢谢",
    "請將dev還原到test",
    "devのバックアップをtestに復元してください",
    "dev 백업을 test에 복원해 주세요",
    "spiel das Backup von dev auf test ein",
    "restaure dev vers test",
    "restaura dev en test",
    "restaurar dev em test",
    "ripristina dev su test",
    "восстанови test из dev",
    "khôi phục dev sang test",
    "pulihkan dev ke test",
    "restore my faith in humanity",
];

/// How many sentences the batch has.
const BATCH: usize = 100_000;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [flag, file] = arguments.as_slice()
        && flag == "--json"
    {
        return compared(&std::fs::read_to_string(file)?);
    }
    let known = Known::from_names(["dev", "test", "staging", "prod"], Some("dev"));
    let start = Instant::now();
    black_box(read("restore dev to test", &known));
    println!("first sentence      {:?}", start.elapsed());
    for sentence in SENTENCES {
        black_box(read(sentence, &known));
    }
    println!("all languages       {:?}", start.elapsed());
    let lines: Vec<String> = SENTENCES
        .iter()
        .map(|text| {
            serde_json::json!({"id": 1, "text": text, "envs": ["dev", "test", "staging", "prod"], "current": "dev"}).to_string()
        })
        .collect();
    for (what, batch) in [("read", false), ("batch line", true)] {
        let mut times: Vec<Duration> = Vec::with_capacity(BATCH);
        for place in 0..BATCH {
            let start = Instant::now();
            if batch {
                black_box(batch_line(
                    lines.get(place % lines.len()).map_or("", String::as_str),
                )?);
            } else {
                black_box(read(
                    SENTENCES.get(place % SENTENCES.len()).unwrap_or(&""),
                    &known,
                ));
            }
            times.push(start.elapsed());
        }
        let whole: Duration = times.iter().sum();
        times.sort_unstable();
        println!(
            "{what:<12} median {:?}, 99 of 100 {:?}, {BATCH} in {whole:?}",
            times.get(BATCH / 2).copied().unwrap_or_default(),
            times.get(BATCH * 99 / 100).copied().unwrap_or_default(),
        );
    }
    Ok(())
}

/// The median time of the file's lines, and what was understood.
fn compared(text: &str) -> Result<(), Box<dyn Error>> {
    let known = Known::from_names(["dev", "test", "staging", "prod"], Some("dev"));
    let lines: Vec<&str> = text.lines().collect();
    let understood: BTreeMap<&str, String> = lines
        .iter()
        .map(|line| {
            let intent = read(line, &known).intent;
            let asked: String = intent.clarify.iter().map(|slot| format!(" ?{slot}")).collect();
            let action = intent.action.map_or("-", |action| action.as_str());
            (*line, format!("{action}{asked}"))
        })
        .collect();
    let mut times: Vec<f64> = (0..500)
        .map(|_| {
            let start = Instant::now();
            for line in &lines {
                black_box(read(black_box(line), &known));
            }
            start.elapsed().as_secs_f64() * 1e6 / lines.len() as f64
        })
        .collect();
    times.sort_by(f64::total_cmp);
    let median = times.get(times.len() / 2).copied().unwrap_or_default();
    println!(
        "{}",
        serde_json::json!({"microseconds": median, "understood": understood})
    );
    Ok(())
}
