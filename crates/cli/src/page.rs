//! The report of a run as one HTML page with a picture of what happened when.
//!
//! What stands in it is the engine's [`RunDocument`]; here is only how it looks. The page loads nothing and runs
//! nothing, and every text in it is escaped.

use release_engine::{Bar, BarEnd, RunDocument, Says, Signal, Timeline, spell_duration};

/// The picture's measures, in its own units.
const LABELS: u64 = 400;
const BARS: u64 = 450;
const TAIL: u64 = 100;
const ROW: u64 = 26;
const TOP: u64 = 26;
/// A title with more letters is cut; the whole one shows under the pointer.
const LONGEST_TITLE: usize = 62;
/// A text longer than this is cut.
const LONGEST: usize = 2000;

const STYLE: &str = "
:root { color-scheme: light dark; --ink: #1d2430; --dim: #667085; --line: #d9dee7; --paper: #fff; --bar: #3f7fd6;
  --good: #1d8a4c; --bad: #c8372d; --doubt: #b7791f; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ef; --dim: #98a2b3; --line: #343b47; --paper: #14181f;
  --bar: #5b97e6; --good: #4cc481; --bad: #f0776d; --doubt: #e0a84a; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); margin: 0 auto;
  max-width: 980px; padding: 28px 20px 60px; overflow-wrap: anywhere; }
h1 { font-size: 23px; margin: 0 0 10px; } h2 { font-size: 16px; margin: 30px 0 8px; }
.verdict { display: inline-block; padding: 2px 12px; border-radius: 12px; color: var(--paper); font-weight: 600; }
.good { background: var(--good); } .bad { background: var(--bad); } .doubt { background: var(--doubt); }
.verdict + span { margin-left: 10px; }
table { border-collapse: collapse; width: 100%; }
td, th { text-align: left; vertical-align: top; padding: 4px 14px 4px 0; border-top: 1px solid var(--line); }
td:first-child { white-space: nowrap; } td:first-child, .dim { color: var(--dim); }
.for { color: var(--good); } .against { color: var(--bad); }
code { font: 13px/1.5 ui-monospace, monospace; background: color-mix(in srgb, var(--dim) 14%, transparent);
  padding: 2px 6px; border-radius: 4px; }
svg { width: 100%; height: auto; font: 12px system-ui, sans-serif; fill: var(--ink); }
svg .dim { fill: var(--dim); } svg line { stroke: var(--line); } svg .mark { stroke: var(--dim); stroke-dasharray: 3 3; }
.b-done { fill: var(--bar); } .b-failed { fill: var(--bad); } .b-unknown, .b-open { fill: var(--doubt); }
.said { padding-left: 22px; } details { margin-top: 6px; } summary { cursor: pointer; color: var(--dim); }
";

/// The page.
pub(crate) fn page(document: &RunDocument) -> String {
    let (word, meaning) = document.headline();
    let colour = match document.report.verdict {
        Some(verdict) if verdict.is_good() => "good",
        Some(verdict) if verdict.may_have_changed() && word != "unverified" => "bad",
        Some(_) | None => "doubt",
    };
    let summary = escaped(&document.report.summary);
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <title>{} - {word}</title>\n<style>{STYLE}</style>\n<h1>{summary}</h1>\n\
         <p><span class=\"verdict {colour}\">{word}</span><span>{meaning}</span></p>\n",
        escaped(&document.report.run.to_string())
    );
    list(&mut page, "Why", &document.report.reasons);
    if let Some(cause) = &document.report.cause {
        page.push_str(&format!(
            "<h2>What stopped it</h2>\n<p>{}</p>\n",
            escaped(&cause.message)
        ));
        if !cause.next_step.is_empty() {
            page.push_str(&format!("<p>What to do: {}</p>\n", escaped(&cause.next_step)));
        }
    }
    if !document.report.next.is_empty() {
        page.push_str("<h2>What can be done next</h2>\n");
        for command in &document.report.next {
            page.push_str(&format!("<p><code>{}</code></p>\n", escaped(command)));
        }
    }
    page.push_str("<h2>What happened when</h2>\n");
    page.push_str(&picture(&document.timeline));
    words(&mut page, &document.timeline);
    page.push_str("<h2>Particulars</h2>\n<table>\n");
    for (name, value) in document.particulars() {
        page.push_str(&format!("<tr><td>{name}<td>{}\n", escaped(&value)));
    }
    page.push_str("</table>\n");
    for (title, signals) in document.evidence() {
        evidence(&mut page, title, signals);
    }
    list(&mut page, "What was to be overwritten", &document.plan.destroys);
    list(&mut page, "What was warned of", &document.warnings());
    page
}

fn list(page: &mut String, title: &str, lines: &[String]) {
    if lines.is_empty() {
        return;
    }
    page.push_str(&format!("<h2>{title}</h2>\n<ul>\n"));
    for line in lines {
        page.push_str(&format!("<li>{}\n", escaped(line)));
    }
    page.push_str("</ul>\n");
}

fn evidence(page: &mut String, title: &str, signals: &[Signal]) {
    page.push_str(&format!("<h2>{title}</h2>\n<table>\n"));
    for signal in signals {
        let (class, sign) = match signal.says {
            Says::For => ("for", "✓ for"),
            Says::Against => ("against", "✗ against"),
            Says::Nothing => ("dim", "· neither"),
        };
        page.push_str(&format!(
            "<tr><td>{}<td class=\"{class}\" style=\"white-space:nowrap\">{sign}<td>{}\n",
            escaped(&signal.name),
            escaped(&signal.text)
        ));
    }
    page.push_str("</table>\n");
}

/// What was said during the steps, folded away.
fn words(page: &mut String, timeline: &Timeline) {
    page.push_str("<details><summary>What was said in each step</summary>\n<table>\n");
    for bar in &timeline.bars {
        page.push_str(&format!(
            "<tr><td>{}<td>{} {}\n",
            spell_duration(bar.from),
            bar.end.sign(),
            escaped(&bar.title)
        ));
        let note = (!bar.note.is_empty()).then_some((bar.until, bar.note.as_str()));
        let said = bar.words.iter().map(|word| (word.at, word.text.as_str()));
        for (at, text) in said.chain(note) {
            page.push_str(&format!(
                "<tr><td>{}<td class=\"said\">{}\n",
                spell_duration(at),
                escaped(text)
            ));
        }
    }
    page.push_str("</table></details>\n");
}

/// A bar a step, over a scale of time, and the run's marks across them.
fn picture(timeline: &Timeline) -> String {
    let length = timeline.length.max(1);
    let across = |at: u64| LABELS + at.min(length).saturating_mul(BARS) / length;
    let rows = timeline.bars.len() as u64;
    let bottom = TOP + rows * ROW;
    let height = bottom + timeline.marks.len() as u64 * 18 + 10;
    let width = LABELS + BARS + TAIL;
    let mut svg = format!(
        "<svg viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"The steps of the run over time\">\n"
    );
    for tick in ticks(length) {
        let x = across(tick);
        svg.push_str(&format!("<line x1=\"{x}\" x2=\"{x}\" y1=\"{TOP}\" y2=\"{bottom}\"/><text class=\"dim\" x=\"{x}\" y=\"{}\" \
             text-anchor=\"middle\">{}</text>\n",
            TOP - 9,
            spell_duration(tick)
        ));
    }
    for (row, mark) in timeline.marks.iter().enumerate() {
        let (x, y) = (across(mark.at), bottom + row as u64 * 18 + 16);
        // A label stands on the side that has room for it.
        let (anchor, beside) = if x > LABELS + BARS / 2 {
            ("end", x - 5)
        } else {
            ("start", x + 5)
        };
        svg.push_str(&format!("<line class=\"mark\" x1=\"{x}\" x2=\"{x}\" y1=\"{TOP}\" y2=\"{y}\"/><text class=\"dim\" x=\"{beside}\" \
             y=\"{y}\" text-anchor=\"{anchor}\">{}</text>\n",
            escaped(&mark.text)
        ));
    }
    for (row, bar) in timeline.bars.iter().enumerate() {
        bar_of(&mut svg, bar, TOP + row as u64 * ROW, across);
    }
    svg.push_str("</svg>\n");
    svg
}

fn bar_of(svg: &mut String, bar: &Bar, y: u64, across: impl Fn(u64) -> u64) {
    let (from, until) = (across(bar.from), across(bar.until));
    let class = match bar.end {
        BarEnd::Done => "done",
        BarEnd::Failed => "failed",
        BarEnd::Unknown => "unknown",
        BarEnd::Open => "open",
    };
    let mut title: String = bar.title.chars().take(LONGEST_TITLE).collect();
    if title.len() < bar.title.len() {
        title.push('…');
    }
    let whole = match bar.note.is_empty() {
        true => bar.title.clone(),
        false => format!("{}: {}", bar.title, bar.note),
    };
    let baseline = y + ROW / 2 + 4;
    svg.push_str(&format!("<g><title>{}</title><text x=\"{}\" y=\"{baseline}\" text-anchor=\"end\">{}</text><rect class=\"b-{class}\" \
         x=\"{from}\" y=\"{}\" width=\"{}\" height=\"{}\" rx=\"3\"/><text class=\"dim\" x=\"{}\" y=\"{baseline}\">{} \
         {}</text></g>\n",
        escaped(&whole),
        LABELS - 12,
        escaped(&title),
        y + 5,
        until.saturating_sub(from).max(3),
        ROW - 10,
        until.max(from + 3) + 8,
        bar.end.sign(),
        spell_duration(bar.took())
    ));
}

/// Round moments for the scale, at most seven.
fn ticks(length: u64) -> impl Iterator<Item = u64> {
    const STEPS: [u64; 13] = [
        500, 1_000, 2_000, 5_000, 10_000, 30_000, 60_000, 120_000, 300_000, 600_000, 1_800_000, 3_600_000,
        14_400_000,
    ];
    let step = STEPS
        .into_iter()
        .find(|step| length / step < 7)
        .unwrap_or(length.max(7) / 6);
    (0..7)
        .map(move |tick| tick * step)
        .take_while(move |at| *at <= length)
}

/// The text as HTML shows it letter by letter, bounded.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars().take(LONGEST) {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            letter if letter.is_control() => safe.push(' '),
            // Letters that turn the direction of what follows could make a text look like another.
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {}
            letter => safe.push(letter),
        }
    }
    if text.chars().nth(LONGEST).is_some() {
        safe.push('…');
    }
    safe
}
