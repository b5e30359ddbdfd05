//! The report of a run as a document that can be kept, sent and read later: what happened when, what is proven, what
//! was overwritten, and the way back.
//!
//! In Markdown here; the command line makes a page with a picture of the same. All text that came from a server, a
//! package or a settings file stands in it as data: on one line, bounded, and without the signs of the format.

use crate::evidence::{Says, Signal};
use crate::finding::Severity;
use crate::plan::Plan;
use crate::report::{RunReport, RunStanding};
use crate::timeline::{Timeline, spell_duration};
use crate::verdict::Verdict;

/// A text longer than this is cut.
const LONGEST: usize = 600;
/// How many letters the longest bar has.
const WIDTH: u64 = 40;

/// A run with its plan and its course.
#[derive(Debug, Clone)]
pub struct RunDocument {
    /// How it stands.
    pub report: RunReport,
    /// What was planned.
    pub plan: Plan,
    /// What happened when.
    pub timeline: Timeline,
}

impl RunDocument {
    /// The verdict or the standing, and what that means.
    pub fn headline(&self) -> (&'static str, &'static str) {
        match (self.report.state, self.report.verdict) {
            (RunStanding::Ended, Some(verdict)) => (verdict.as_str(), meaning(verdict)),
            (RunStanding::Interrupted, _) => (
                "interrupted",
                "Its process died before the end. Taking it up again sends nothing a second time.",
            ),
            (RunStanding::Created, _) => ("created", "It is confirmed and has not begun."),
            (RunStanding::Running | RunStanding::Ended, _) => {
                ("running", "It is on; there is no verdict yet.")
            }
        }
    }

    /// What is said of the run in a few words each: a name and a value.
    pub fn particulars(&self) -> Vec<(&'static str, String)> {
        let report = &self.report;
        let mut list = vec![("run", report.run.to_string()), ("plan", report.plan.to_string())];
        for (name, facts) in [
            ("source", &self.plan.facts.source),
            ("target", &self.plan.facts.target),
        ] {
            if let Some(facts) = facts {
                list.push((
                    name,
                    format!(
                        "{} at {}, NocoBase {}",
                        facts.environment, facts.api_base, facts.version
                    ),
                ));
            }
        }
        let packages = [
            ("package", &report.package),
            ("safety backup", &report.safety_backup),
        ];
        for (name, package) in packages {
            if let Some(package) = package {
                list.push((
                    name,
                    format!(
                        "{} ({} bytes, sha256 {})",
                        package.path.display(),
                        package.bytes,
                        package.sha256
                    ),
                ));
            }
        }
        list.push(("confirmed", self.confirmed()));
        list.extend(report.planned_by.clone().map(|maker| ("planned by", maker)));
        list.extend(report.caller.clone().map(|caller| ("asked for by", caller)));
        list.push(("began", seconds(&report.created_at)));
        list.push(("took", spell_duration(self.timeline.length)));
        list
    }

    fn confirmed(&self) -> String {
        use crate::journal::ConfirmedBy;
        let how = match self.report.confirmed_by {
            ConfirmedBy::NotNeeded => "not needed: nothing is overwritten",
            ConfirmedBy::Phrase => "by the plan's phrase",
            ConfirmedBy::TargetNamed => "by a command that names the target",
            ConfirmedBy::PersonAtTerminal => "by a person at a terminal",
            ConfirmedBy::PersonInClient => "by a person in the client",
            ConfirmedBy::ApprovedAtTerminal => "approved by a person at a terminal",
        };
        match &self.report.approved_by {
            Some(person) => format!("{how}: {person}"),
            None => how.to_owned(),
        }
    }

    /// What the person who confirmed was warned of, one line each.
    pub fn warnings(&self) -> Vec<String> {
        let heavy = |severity: Severity| severity != Severity::Note;
        self.plan
            .findings
            .iter()
            .filter(|finding| heavy(finding.severity))
            .map(|finding| format!("{} [{}]", finding.text, finding.code))
            .collect()
    }

    /// The evidence, with a title for each of its parts.
    pub fn evidence(&self) -> impl Iterator<Item = (&'static str, &[Signal])> {
        [
            ("Evidence", self.report.evidence.as_slice()),
            (
                "Evidence of the way back",
                self.report.roll_back_evidence.as_slice(),
            ),
        ]
        .into_iter()
        .filter(|(_, signals)| !signals.is_empty())
    }

    /// The document in Markdown.
    pub fn to_markdown(&self) -> String {
        let (word, meaning) = self.headline();
        let mut text = format!("# {}\n\n**{word}**: {meaning}\n", plain(&self.report.summary));
        list(&mut text, "Why", &self.report.reasons);
        if let Some(cause) = &self.report.cause {
            text.push_str(&format!("\n## What stopped it\n\n{}\n", plain(&cause.message)));
            if !cause.next_step.is_empty() {
                text.push_str(&format!("\nWhat to do: {}\n", plain(&cause.next_step)));
            }
        }
        if !self.report.next.is_empty() {
            text.push_str("\n## What can be done next\n\n");
            for command in &self.report.next {
                text.push_str(&format!("- {}\n", code(command)));
            }
        }
        text.push_str("\n## Particulars\n\n| | |\n| --- | --- |\n");
        for (name, value) in self.particulars() {
            text.push_str(&format!("| {name} | {} |\n", plain(&value)));
        }
        text.push_str("\n## What happened when\n\n");
        for line in self.drawn() {
            text.push_str(&format!("    {line}\n"));
        }
        for (title, signals) in self.evidence() {
            text.push_str(&format!(
                "\n## {title}\n\n| signal | says | |\n| --- | --- | --- |\n"
            ));
            for signal in signals {
                text.push_str(&format!(
                    "| {} | {} | {} |\n",
                    plain(&signal.name),
                    says(signal.says),
                    plain(&signal.text)
                ));
            }
        }
        list(&mut text, "What was to be overwritten", &self.plan.destroys);
        list(&mut text, "What was warned of", &self.warnings());
        text
    }

    /// The course in letters, a line a step.
    fn drawn(&self) -> Vec<String> {
        let scale = self.timeline.length.max(1);
        let column = |at: u64| at.saturating_mul(WIDTH) / scale;
        let titles: Vec<String> = self
            .timeline
            .bars
            .iter()
            .map(|bar| one_line(&bar.title))
            .collect();
        let widest = titles.iter().map(|title| title.chars().count()).max();
        let width = widest.unwrap_or_default();
        let rows = self.timeline.bars.iter().zip(&titles).map(|(bar, title)| {
            let from = column(bar.from).min(WIDTH - 1);
            let until = column(bar.until).max(from + 1).min(WIDTH);
            let letters: String = (0..WIDTH)
                .map(|place| {
                    if (from..until).contains(&place) {
                        '█'
                    } else {
                        '·'
                    }
                })
                .collect();
            let took = spell_duration(bar.took());
            format!("{} {title:<width$} {letters} {took}", bar.end.sign())
        });
        let marks = self.timeline.marks.iter().map(|mark| {
            let place = column(mark.at).min(WIDTH - 1);
            let letters: String = (0..WIDTH)
                .map(|other| if other == place { '▲' } else { ' ' })
                .collect();
            let text = one_line(&mark.text);
            format!("  {:<width$} {letters} {text}", "")
        });
        rows.chain(marks).collect()
    }
}

/// What a verdict means, for someone who did not make the plan.
fn meaning(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Verified => "The evidence says that the target holds the package.",
        Verdict::VerifiedWithWarnings => {
            "The evidence says that the target holds the package; something about it should be looked at."
        }
        Verdict::Unverified => {
            "It ended well as far as could be seen; the evidence is too weak to say that the target holds the package."
        }
        Verdict::FailedUnchanged => "It failed, and the target is as it was.",
        Verdict::FailedReverted => "It failed, and the earlier state is back.",
        Verdict::Partial => "The target is up, and content is missing.",
        Verdict::Lost => "The target is down or empty.",
        Verdict::Unknown => "Nothing could be proven either way.",
    }
}

/// A time without its fractions of a second.
fn seconds(time: &str) -> String {
    match time.split_once('.') {
        Some((whole, _)) if time.ends_with('Z') => format!("{whole}Z"),
        _ => time.to_owned(),
    }
}

fn says(says: Says) -> &'static str {
    match says {
        Says::For => "for",
        Says::Against => "against",
        Says::Nothing => "nothing either way",
    }
}

fn list(text: &mut String, title: &str, lines: &[String]) {
    if lines.is_empty() {
        return;
    }
    text.push_str(&format!("\n## {title}\n\n"));
    for line in lines {
        text.push_str(&format!("- {}\n", plain(line)));
    }
}

/// The text on one line, without what a terminal or a page would obey, and bounded.
fn one_line(text: &str) -> String {
    let mut line: String = text
        .chars()
        .take(LONGEST)
        .filter(|letter| !matches!(letter, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'))
        .map(|letter| if letter.is_control() { ' ' } else { letter })
        .collect();
    if text.chars().nth(LONGEST).is_some() {
        line.push('…');
    }
    line
}

/// The text as Markdown shows it letter by letter: what could be a link, markup or a cell's end is escaped.
fn plain(text: &str) -> String {
    const SIGNS: &str = "\\`*_[]<>|~#&!";
    let line = one_line(text);
    let mut escaped = String::with_capacity(line.len());
    let mut letters = line.chars().peekable();
    let mut before = ' ';
    while let Some(letter) = letters.next() {
        // Within a word an underline is no markup (CommonMark 6.2), and names are full of them.
        let within = before.is_alphanumeric() && letters.peek().is_some_and(|next| next.is_alphanumeric());
        if SIGNS.contains(letter) && !(letter == '_' && within) {
            escaped.push('\\');
        }
        escaped.push(letter);
        before = letter;
    }
    escaped
}

/// A command as code; the fence is longer than any inside.
fn code(text: &str) -> String {
    let text = one_line(text);
    let longest = text.split(|letter| letter != '`').map(str::len).max();
    let fence = "`".repeat(longest.unwrap_or_default() + 1);
    let space = if fence.len() > 1 { " " } else { "" };
    format!("{fence}{space}{text}{space}{fence}")
}
