//! Prints how a sentence is read: `cargo run -p release-intent --example explain -- dev,test "…"`.
#![expect(clippy::print_stdout, reason = "it is what the example does")]

use release_intent::{Known, questions, read};

fn main() {
    let mut arguments = std::env::args().skip(1);
    let names = arguments.next().unwrap_or_default();
    let known = Known::from_names(names.split(','), None);
    for text in arguments {
        let reading = read(&text, &known);
        println!("{text}");
        println!("  {}", serde_json::to_string(&reading.intent).unwrap_or_default());
        println!(
            "  rule {}, mood {:?}",
            reading.explanation.rule, reading.explanation.mood
        );
        for word in &reading.explanation.words {
            println!("    {:<20} {}", word.text, word.role);
        }
        for word in &reading.explanation.left_over {
            println!("    {:<20} left over", word.text);
        }
        for suggestion in &reading.suggestions {
            println!("  suggestion {suggestion:?}");
        }
        for question in questions(&reading, &known) {
            let choices: Vec<&str> = question
                .choices
                .iter()
                .map(|choice| choice.label.as_str())
                .collect();
            println!("  {} {choices:?}", question.text);
        }
    }
}
