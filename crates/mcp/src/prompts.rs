//! Prompts: ready-made requests that a person picks in their client. Their texts are in `prompts/mcp/prompts/`.
//!
//! What a person fills in is put between quotation marks and bounded, so that it stays what it is: their words.

use rmcp::ErrorData;
use rmcp::model::{GetPromptRequestParams, GetPromptResult, Prompt, PromptArgument, PromptMessage, Role};

use crate::arguments::LONGEST_SENTENCE;
use crate::offered::Offered;
use crate::text::one_line;
use crate::tools;

/// What an argument is about, for completions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum About {
    Words,
    Environment,
    Rule,
    Run,
}

pub(crate) struct Text {
    pub(crate) name: &'static str,
    title: &'static str,
    description: &'static str,
    pub(crate) arguments: &'static [(&'static str, About, &'static str)],
    body: &'static str,
}

macro_rules! body {
    ($name:literal) => {
        include_str!(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../prompts/mcp/prompts/",
            $name,
            ".md"
        ))
    };
}

/// All prompts, in order of their names.
pub(crate) const PROMPTS: &[Text] = &[
    Text {
        name: "backup",
        title: "Back up an environment",
        description: "Makes a backup of one environment, follows it to its end and says whether it is good",
        arguments: &[("environment", About::Environment, "The environment to back up")],
        body: body!("backup"),
    },
    Text {
        name: "explain_run",
        title: "Explain a run",
        description: "Says how a run went, what its verdict means and what to do next",
        arguments: &[("run", About::Run, "The run's id")],
        body: body!("explain_run"),
    },
    Text {
        name: "migrate",
        title: "Migrate one environment to another",
        description: "Plans to bring the target up to the source by a migration rule",
        arguments: &[
            ("source", About::Environment, "Where structure and rows come from"),
            ("target", About::Environment, "What is changed"),
            (
                "rule",
                About::Rule,
                "A rule of the source by its id, or: structure and configuration, structure only, overwrite user data",
            ),
        ],
        body: body!("migrate"),
    },
    Text {
        name: "release",
        title: "Release in your own words",
        description: "Turns a sentence into a plan, asks before anything happens, and reports the outcome",
        arguments: &[(
            "sentence",
            About::Words,
            "What you want, e.g. Restore dev to test",
        )],
        body: body!("release"),
    },
    Text {
        name: "restore",
        title: "Restore one environment to another",
        description: "Plans to replace everything on the target by a new backup of the source",
        arguments: &[
            ("source", About::Environment, "Where the content comes from"),
            ("target", About::Environment, "What is overwritten"),
        ],
        body: body!("restore"),
    },
    Text {
        name: "undo",
        title: "Take the last release back",
        description: "Plans to bring an environment back to the backup made before the last release to it",
        arguments: &[("target", About::Environment, "The environment to bring back")],
        body: body!("undo"),
    },
];

pub(crate) fn find(name: &str) -> Option<&'static Text> {
    PROMPTS.iter().find(|text| text.name == name)
}

/// The prompts whose tools are all offered: another would lead nowhere.
fn offered_prompts(offered: &Offered) -> impl Iterator<Item = &'static Text> {
    let all = tools::names();
    PROMPTS
        .iter()
        .filter(move |text| offered.has_all_of(text.body, all.iter().map(String::as_str)))
}

/// The list, as clients see it.
pub(crate) fn list(offered: &Offered) -> Vec<Prompt> {
    offered_prompts(offered)
        .map(|text| {
            let arguments = text
                .arguments
                .iter()
                .map(|(name, _, description)| {
                    PromptArgument::new(*name)
                        .with_description(*description)
                        .with_required(true)
                })
                .collect();
            Prompt::new(text.name, Some(text.description), Some(arguments)).with_title(text.title)
        })
        .collect()
}

/// One prompt with its arguments filled in.
pub(crate) fn get(request: &GetPromptRequestParams, offered: &Offered) -> Result<GetPromptResult, ErrorData> {
    let text = offered_prompts(offered)
        .find(|text| text.name == request.name)
        .ok_or_else(|| ErrorData::invalid_params(format!("unknown prompt {:?}", request.name), None))?;
    let given = request.arguments.as_ref();
    let mut body = text.body.trim().to_owned();
    for (name, _, _) in text.arguments {
        let value = given
            .and_then(|given| given.get(*name))
            .and_then(|value| value.as_str())
            .map(str::trim)
            .filter(|value| !value.is_empty())
            .ok_or_else(|| ErrorData::invalid_params(format!("the argument {name:?} is missing"), None))?;
        let quoted = format!("\"{}\"", one_line(value, LONGEST_SENTENCE));
        body = body.replace(&format!("{{{{{name}}}}}"), &quoted);
    }
    Ok(
        GetPromptResult::new(vec![PromptMessage::new_text(Role::User, body)])
            .with_description(text.description),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_has_an_argument_and_every_argument_a_place() {
        for text in PROMPTS {
            let mut filled = text.body.to_owned();
            for (name, _, _) in text.arguments {
                let place = format!("{{{{{name}}}}}");
                assert!(filled.contains(&place), "{} {name}", text.name);
                filled = filled.replace(&place, "");
            }
            assert!(!filled.contains("{{"), "{}", text.name);
        }
        assert!(PROMPTS.is_sorted_by_key(|text| text.name));
    }
}
