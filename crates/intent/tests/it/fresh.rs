use crate::support::{acts, known, short};
use release_intent::read;
#[test]
fn fresh() {
    for path in ["/tmp/fresh_en.txt", "/tmp/fresh_zh.txt"] {
        let text = std::fs::read_to_string(path).unwrap();
        let (mut right, mut all) = (0, 0);
        for line in text.lines().filter(|line| line.contains('\t')) {
            let (sentence, wanted) = line.split_once('\t').unwrap();
            let reading = read(sentence, &known(&["alpha", "beta", "gamma"]));
            let got = short(&reading);
            all += 1;
            if wanted.split('|').any(|one| one == got) { right += 1 } else {
                let unsafe_reading = acts(&reading);
                eprintln!("{}{sentence}\n    want {wanted}\n    got  {got}  ({})", if unsafe_reading { "UNSAFE? " } else { "" }, reading.explanation.rule);
            }
        }
        eprintln!("{path}: {right}/{all}");
    }
}
