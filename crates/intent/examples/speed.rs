//! Measures how long start-up and reading take: `cargo run --release -p release-intent --example speed`.
#![expect(clippy::print_stdout, reason = "it is what the example does")]

use release_intent::{Known, read};
use std::hint::black_box;
use std::time::Instant;

const SENTENCES: &[&str] = &[
    "Restore dev to test",
    "Could you please restore the latest backup of dev to the test environment?",
    "back up prod, then restore dev to prod",
    "migrate dev to test, user tables schema-only, system tables overwrite-first",
    "don't restore dev to test",
    "把dev的最新备份恢复到test",
    "请帮我先备份prod，然后把dev恢复到prod，谢谢",
    "如果把dev恢复到test会怎么样？",
    "restore my faith in humanity",
];

fn main() {
    let known = Known::from_names(["dev", "test", "staging", "prod", "生产", "测试"], Some("dev"));
    let start = Instant::now();
    black_box(read("", &known));
    black_box(read("a", &known));
    println!("start-up {:?}", start.elapsed());
    for sentence in SENTENCES {
        const ROUNDS: u32 = 2000;
        let start = Instant::now();
        for _ in 0..ROUNDS {
            black_box(read(black_box(sentence), &known));
        }
        println!(
            "{:>8.1} µs  {sentence}",
            start.elapsed().as_secs_f64() * 1e6 / f64::from(ROUNDS)
        );
    }
}
