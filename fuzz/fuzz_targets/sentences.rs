//! Any text as a sentence, with any text as the names of environments: read without panic, in bounded time, and no
//! environment comes out that did not go in. The last line is the sentence, the lines before are names.

#![no_main]

use libfuzzer_sys::fuzz_target;
use release_intent::{Known, questions, read};

fuzz_target!(|input: &str| {
    let mut names: Vec<&str> = input.split('\n').collect();
    let sentence = names.pop().unwrap_or_default();
    let current = names.first().copied().unwrap_or("test");
    let mut all: Vec<String> = ["dev", "test", "生产", "прод"].map(str::to_owned).into();
    all.extend(names.iter().take(8).map(|name| (*name).to_owned()));
    let known = Known::new(
        all.iter().map(|name| (name.clone(), Vec::<String>::new())),
        Some(current),
    );
    let reading = read(sentence, &known);
    for side in [&reading.intent.source, &reading.intent.target]
        .into_iter()
        .flatten()
    {
        let side = side.as_str();
        assert!(
            side == "@current" || all.iter().any(|name| name == side),
            "{side:?} of {sentence:?}"
        );
    }
    drop(questions(&reading, &known));
});
