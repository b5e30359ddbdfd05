//! How this tool is called here: a command that is shown to a person has to run as it stands.
//!
//! Plans, runs and errors name commands by the bare program. Whoever shows them knows whether they mean the sandbox or
//! another home; without these options a pasted command would look for the plan in the wrong place.

use std::path::Path;

/// The bare program, as texts of the engine name it.
const PROGRAM: &str = "nocobase-release";
const SANDBOX: &str = " --sandbox";

/// The program with the options that decide what it works on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandLine {
    options: String,
    sandbox: bool,
}

impl Default for CommandLine {
    fn default() -> Self {
        Self::new(false, None)
    }
}

impl CommandLine {
    /// The program in the sandbox or not, with a home of its own or the usual one.
    pub fn new(sandbox: bool, home: Option<&Path>) -> Self {
        let mut options = String::new();
        if sandbox {
            options.push_str(SANDBOX);
        }
        if let Some(home) = home {
            options.push_str(&format!(" --home {}", quoted(&home.display().to_string())));
        }
        Self { options, sandbox }
    }

    /// The text with its commands as they can be typed here. Commands that are complete already stay as they are.
    pub fn runnable(&self, text: &str) -> String {
        if self.options.is_empty() {
            return text.to_owned();
        }
        let mut shown = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, after)) = rest.split_once(PROGRAM) {
            shown.push_str(before);
            shown.push_str(PROGRAM);
            rest = after;
            let complete = rest.strip_prefix(&self.options).is_some_and(ends_here);
            if !rest.starts_with(' ') || complete {
                continue;
            }
            shown.push_str(&self.options);
            // What says --sandbox itself does not say it twice.
            if self.sandbox
                && let Some(more) = rest.strip_prefix(SANDBOX)
                && ends_here(more)
            {
                rest = more;
            }
        }
        shown + rest
    }
}

fn ends_here(rest: &str) -> bool {
    rest.is_empty() || rest.starts_with(' ')
}

/// A path as one word of a shell.
fn quoted(path: &str) -> String {
    let plain = |letter: char| letter.is_alphanumeric() || "/\\._-:+@,=%".contains(letter);
    if !path.is_empty() && path.chars().all(plain) {
        path.to_owned()
    } else {
        format!("'{}'", path.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bare_program_stays_bare() {
        let text = "see `nocobase-release runs list`";
        assert_eq!(CommandLine::default().runnable(text), text);
    }

    #[test]
    fn every_command_gets_the_options_once() {
        let line = CommandLine::new(true, Some(Path::new("/h")));
        let bare = "nocobase-release apply p (or `nocobase-release runs list`), nocobase-release: rule";
        let shown = line.runnable(bare);
        assert_eq!(
            shown,
            "nocobase-release --sandbox --home /h apply p (or `nocobase-release --sandbox --home /h runs list`), \
             nocobase-release: rule"
        );
        assert_eq!(line.runnable(&shown), shown);
    }

    #[test]
    fn what_names_the_sandbox_itself_names_it_once() {
        let line = CommandLine::new(true, None);
        assert_eq!(
            line.runnable("nocobase-release --sandbox envs list"),
            "nocobase-release --sandbox envs list"
        );
        let line = CommandLine::new(true, Some(Path::new("/h")));
        assert_eq!(
            line.runnable("nocobase-release --sandbox envs list"),
            "nocobase-release --sandbox --home /h envs list"
        );
    }

    #[test]
    fn a_home_is_one_word() {
        let of =
            |home: &str| CommandLine::new(false, Some(Path::new(home))).runnable("nocobase-release doctor");
        assert_eq!(of("/a b"), "nocobase-release --home '/a b' doctor");
        assert_eq!(of("/it's"), r"nocobase-release --home '/it'\''s' doctor");
        assert_eq!(of("/a;b"), "nocobase-release --home '/a;b' doctor");
    }
}
