//! How long a sentence takes to be read: `cargo bench -p release-intent`.
//!
//! The same sentences are given to a peer by `compare.sh` beside this file.

use criterion::{Criterion, criterion_group, criterion_main};
use release_intent::{Known, read};
use std::hint::black_box;

const ENGLISH: &str = include_str!("sentences.txt");

/// A sentence of every script, and of mixtures.
const OTHERS: &[&str] = &[
    "请帮我把dev的最新备份恢复到test，谢谢",
    "devのバックアップをtestに復元してもらえますか",
    "dev 백업을 test에 복원해 주세요",
    "восстанови test из dev",
    "könntest du bitte dev auf test wiederherstellen",
    "restaure dev dans test s'il te plaît",
];

fn reading(criterion: &mut Criterion) {
    let known = Known::from_names(["dev", "test", "staging", "prod"], Some("dev"));
    let lines: Vec<&str> = ENGLISH.lines().collect();
    criterion.bench_function("25 English sentences", |bencher| {
        bencher.iter(|| {
            for line in &lines {
                black_box(read(black_box(line), &known));
            }
        });
    });
    for text in OTHERS {
        criterion.bench_function(text, |bencher| {
            bencher.iter(|| black_box(read(black_box(text), &known)))
        });
    }
}

criterion_group!(benches, reading);
criterion_main!(benches);
