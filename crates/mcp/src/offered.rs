//! Which tools this server offers, for everything that would name one: next steps, instructions, prompts.
//!
//! A server can be told to offer a few tools only, or none that changes anything. A step that names another would lead
//! nowhere, so it leads to a terminal instead. Within a call the list is known to whatever puts a step into words.

use std::collections::BTreeSet;
use std::sync::Arc;

/// Stands in conditions for what is no tool: that plans can be made at all.
const PLANS: &str = "plans";

tokio::task_local! {
    static OFFERED: Arc<Offered>;
}

/// The tools that are offered.
#[derive(Debug, Default)]
pub(crate) struct Offered {
    names: BTreeSet<String>,
}

impl Offered {
    /// These tools, on a server that makes plans or only looks.
    pub(crate) fn new(names: impl IntoIterator<Item = String>, plans: bool) -> Self {
        let mut names: BTreeSet<String> = names.into_iter().collect();
        if plans {
            names.insert(PLANS.to_owned());
        }
        Self { names }
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.names.contains(name)
    }

    /// Whether every tool that this text names is offered; `all` are the tools there could be.
    pub(crate) fn has_all_of<'name>(&self, text: &str, mut all: impl Iterator<Item = &'name str>) -> bool {
        all.all(|name| self.has(name) || !text.contains(&format!("`{name}`")))
    }

    /// A text with its parts in double braces kept or left out: `{{any a b; all c; none d|text}}`. In the text, `{or}`
    /// is the list of those of the first condition that are offered. Lines that hold nothing more go, and those that
    /// begin with `#.` are counted.
    pub(crate) fn render(&self, template: &str) -> String {
        let mut lines: Vec<String> = Vec::new();
        let mut counted = 0;
        for line in template.trim().lines() {
            let mut rendered = String::new();
            let mut rest = line;
            while let Some((before, after)) = rest.split_once("{{") {
                let (part, behind) = after.split_once("}}").unwrap_or((after, ""));
                rendered.push_str(before);
                rendered.push_str(&self.part(part));
                rest = behind;
            }
            rendered.push_str(rest);
            let kept = match rendered.strip_prefix("#.").map(str::trim) {
                Some("") => continue,
                Some(text) => {
                    counted += 1;
                    format!("{counted}. {text}")
                }
                None => rendered.trim().to_owned(),
            };
            if kept.is_empty() && (line.contains("{{") || lines.last().is_some_and(String::is_empty)) {
                continue;
            }
            lines.push(kept);
        }
        lines.join("\n")
    }

    fn part(&self, part: &str) -> String {
        let Some((conditions, text)) = part.split_once('|') else {
            return String::new();
        };
        let mut listed = String::new();
        for condition in conditions.split(';') {
            let mut words = condition.split_whitespace();
            let kind = words.next().unwrap_or_default();
            let names: Vec<&str> = words.collect();
            let there: Vec<&str> = names.iter().copied().filter(|name| self.has(name)).collect();
            let holds = match kind {
                "any" => !there.is_empty(),
                "all" => there.len() == names.len(),
                _ => there.is_empty(),
            };
            if !holds {
                return String::new();
            }
            if listed.is_empty() {
                listed = one_of(&there);
            }
        }
        text.replace("{or}", &listed)
    }
}

fn one_of(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    match quoted.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, before)) => format!("{} or {last}", before.join(", ")),
        None => String::new(),
    }
}

/// Lets a call know what is offered.
pub(crate) async fn within<T>(offered: Arc<Offered>, call: impl Future<Output = T>) -> T {
    OFFERED.scope(offered, call).await
}

/// The step that takes a tool, or where the tool is not offered the one that does without.
pub(crate) fn step(tool: &str, with: impl Into<String>, without: impl Into<String>) -> String {
    // Outside of a call nothing is left out.
    let offered = OFFERED.try_with(|offered| offered.has(tool)).unwrap_or(true);
    if offered { with.into() } else { without.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_kept_by_what_is_offered() {
        let offered = |names: &[&str]| Offered::new(names.iter().map(|name| (*name).to_owned()), true);
        let template = "begin\n\n#. {{any a b|take {or}.}}{{all a; none b| Alone.}}\n#. {{all b|never without b}}\n#. end";
        assert_eq!(
            offered(&["a"]).render(template),
            "begin\n\n1. take `a`. Alone.\n2. end"
        );
        assert_eq!(
            offered(&["a", "b"]).render(template),
            "begin\n\n1. take `a` or `b`.\n2. never without b\n3. end"
        );
        assert_eq!(offered(&[]).render(template), "begin\n\n1. end");
    }
}
