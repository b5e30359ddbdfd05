//! `release`: a sentence in, and out comes a question, an answer, a plan, or the run of a backup.

use release_engine::{Lookup, Plan, Request, RunReport, RunStanding, Understood, Wanted};
use release_intent::{Question, Reading};
use rmcp::handler::server::tool::schema_for_output;
use rmcp::handler::server::wrapper::Parameters;
use rmcp::service::RequestContext;
use rmcp::{RoleServer, tool, tool_router};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::time::Duration;

use super::check_environment::check_line;
use super::list_environments::environments_text;
use super::list_packages::{PackageKind, packages_text};
use super::migration_rules::{RuleView, rules_text};
use super::{FIRST_LOOK, PlanAnswer, RunAnswer, description};
use crate::arguments;
use crate::handler::Handler;
use crate::reply::{Reply, ToolError};
use crate::text::{one_line, quoted};
use crate::views::{CheckView, EnvironmentView, PackageView, PlanView, RunView};

/// The most runs in a history.
const MOST_RUNS: usize = 10;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReleaseArguments {
    /// What the user wants, in the user's own words and language, e.g. "Restore dev to test", "把 dev 还原到 test".
    #[schemars(length(min = 1, max = 2000))]
    sentence: String,
}

/// What a sentence came to.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub(crate) struct ReleaseAnswer {
    /// `question`: ask the user `questions` first. `confirmation_required`: see `plan`; nothing was changed.
    /// `started`: a backup runs, see `run`; `ended`, `interrupted`: it does no more, see `run.verdict`. `answered`: see the other fields. `nothing_to_do`: see `message`.
    status: ReleaseStatus,
    /// The language of the sentence; answer the user in it.
    language: String,
    /// The answer in words, where no other field holds it.
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    /// What the user has to be asked.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    questions: Vec<QuestionView>,
    /// Names that are not configured, with similar ones; never applied by themselves.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    unknown_names: Vec<UnknownName>,
    /// The plan.
    #[serde(skip_serializing_if = "Option::is_none")]
    plan: Option<PlanView>,
    /// The run.
    #[serde(skip_serializing_if = "Option::is_none")]
    run: Option<RunView>,
    /// Earlier runs, newest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    history: Vec<PastRun>,
    /// The environments.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    environments: Vec<EnvironmentView>,
    /// The packages.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    packages: Vec<PackageView>,
    /// The migration rules.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    rules: Vec<RuleView>,
    /// Environments as they were just found.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    checks: Vec<CheckView>,
    /// What to do next.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    next: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum ReleaseStatus {
    Question,
    ConfirmationRequired,
    Started,
    Ended,
    Interrupted,
    #[default]
    Answered,
    NothingToDo,
}

/// Something the user has to be asked.
#[derive(Debug, Serialize, JsonSchema)]
struct QuestionView {
    /// What the answer fills: `action`, `source`, `target` or `package`.
    about: String,
    /// The question, in the user's language.
    text: String,
    /// Answers to choose from; any text may answer when there are none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    choices: Vec<String>,
}

/// A name that is not configured.
#[derive(Debug, Serialize, JsonSchema)]
struct UnknownName {
    /// As the user wrote it.
    written: String,
    /// Similar names that are configured.
    similar: Vec<String>,
}

/// An earlier run.
#[derive(Debug, Serialize, JsonSchema)]
struct PastRun {
    /// Its id.
    run: String,
    /// What it did, in one sentence.
    summary: String,
    /// Its verdict, or how far it is.
    outcome: String,
    /// When it was created.
    created_at: String,
}

#[tool_router(router = release_tool, vis = "pub(crate)")]
impl Handler {
    #[tool(
        name = "release",
        title = "Release from a sentence",
        description = description!("release"),
        output_schema = schema_for_output::<ReleaseAnswer>(),
        annotations(read_only_hint = false, destructive_hint = false, idempotent_hint = false, open_world_hint = true)
    )]
    async fn release(
        &self,
        Parameters(arguments): Parameters<ReleaseArguments>,
        context: RequestContext<RoleServer>,
    ) -> Result<Reply<ReleaseAnswer>, ToolError> {
        let reading = self.engine().read(arguments::sentence(&arguments.sentence)?);
        let mut reply = match self.engine().understand(&reading)? {
            Understood::Asks(questions) => {
                ask_back(&reading, self.engine().with_packages(&reading, questions).await)
            }
            Understood::Clear(Wanted::Nothing(message)) => in_words(ReleaseStatus::NothingToDo, message),
            Understood::Clear(Wanted::Look(lookup)) => self.look(&lookup, &context).await?,
            Understood::Clear(Wanted::Plan(request @ Request::Backup { .. })) => {
                let wait = Duration::from_secs(FIRST_LOOK.into());
                let report = self.start_backup(&request, wait, &context).await?;
                let status = match report.state {
                    RunStanding::Created | RunStanding::Running => ReleaseStatus::Started,
                    RunStanding::Ended => ReleaseStatus::Ended,
                    RunStanding::Interrupted => ReleaseStatus::Interrupted,
                };
                with_run(status, &report)
            }
            Understood::Clear(Wanted::Plan(request)) => with_plan(&self.plan(&request, &context).await?),
        };
        reply.data.language = reading.intent.language;
        Ok(reply)
    }

    async fn look(
        &self,
        lookup: &Lookup,
        context: &RequestContext<RoleServer>,
    ) -> Result<Reply<ReleaseAnswer>, ToolError> {
        match lookup {
            Lookup::Environments => {
                let environments = self.environment_views();
                Ok(Reply {
                    text: environments_text(&environments),
                    data: ReleaseAnswer {
                        environments,
                        ..ReleaseAnswer::default()
                    },
                })
            }
            Lookup::Packages(environment) => self.packages(environment, PackageKind::Backup).await,
            Lookup::Migrations(environment) => self.packages(environment, PackageKind::Migration).await,
            Lookup::Rules(environment) => {
                let (rules, more) = self.rule_views(environment).await?;
                Ok(Reply {
                    text: rules_text(environment, &rules, more),
                    data: ReleaseAnswer {
                        rules,
                        ..ReleaseAnswer::default()
                    },
                })
            }
            Lookup::Check(environments) => self.check(environments).await,
            Lookup::Status => {
                let run = self.engine_for(context).find_run(None)?;
                Ok(with_run(ReleaseStatus::Answered, &self.engine().run(&run)?))
            }
            Lookup::History => Ok(history(&self.engine().runs(MOST_RUNS)?)),
            Lookup::Download { environment, package } => Ok(in_words(
                ReleaseStatus::NothingToDo,
                format!(
                    "packages are fetched at a terminal: nocobase-release packages download {environment} {package}"
                ),
            )),
            Lookup::Help => Ok(in_words(ReleaseStatus::Answered, HELP.trim().to_owned())),
        }
    }

    async fn packages(
        &self,
        environment: &str,
        kind: PackageKind,
    ) -> Result<Reply<ReleaseAnswer>, ToolError> {
        let (packages, more) = self.package_views(environment, kind).await?;
        Ok(Reply {
            text: packages_text(environment, kind, &packages, more),
            data: ReleaseAnswer {
                packages,
                ..ReleaseAnswer::default()
            },
        })
    }

    async fn check(&self, environments: &[String]) -> Result<Reply<ReleaseAnswer>, ToolError> {
        let mut checks = Vec::new();
        for name in environments {
            checks.push(self.check_view(name).await?);
        }
        let lines: String = checks.iter().map(check_line).collect();
        Ok(Reply {
            text: quoted(&lines),
            data: ReleaseAnswer {
                checks,
                ..ReleaseAnswer::default()
            },
        })
    }
}

/// What can be said, for the model to pass on.
const HELP: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../prompts/mcp/help.md"));

fn in_words(status: ReleaseStatus, message: String) -> Reply<ReleaseAnswer> {
    Reply {
        text: message.clone(),
        data: ReleaseAnswer {
            status,
            message: Some(message),
            ..ReleaseAnswer::default()
        },
    }
}

fn with_plan(plan: &Plan) -> Reply<ReleaseAnswer> {
    let answer = PlanAnswer::reply(plan);
    Reply {
        text: answer.text,
        data: ReleaseAnswer {
            status: ReleaseStatus::ConfirmationRequired,
            plan: Some(answer.data.plan),
            next: answer.data.next,
            ..ReleaseAnswer::default()
        },
    }
}

fn with_run(status: ReleaseStatus, report: &RunReport) -> Reply<ReleaseAnswer> {
    let answer = RunAnswer::new(report).into_reply();
    Reply {
        text: answer.text,
        data: ReleaseAnswer {
            status,
            run: Some(answer.data.run),
            next: answer.data.next,
            ..ReleaseAnswer::default()
        },
    }
}

fn history(reports: &[RunReport]) -> Reply<ReleaseAnswer> {
    let history: Vec<PastRun> = reports
        .iter()
        .map(|report| PastRun {
            run: report.run.to_string(),
            summary: report.summary.clone(),
            outcome: report.verdict.map_or_else(
                || format!("{:?}", report.state).to_lowercase(),
                |verdict| verdict.as_str().to_owned(),
            ),
            created_at: report.created_at.clone(),
        })
        .collect();
    let text = if history.is_empty() {
        "nothing was run from this machine yet".to_owned()
    } else {
        let lines: String = history
            .iter()
            .map(|run| one_line(&format!("{} {}: {}", run.run, run.outcome, run.summary), 400) + "\n")
            .collect();
        quoted(&lines)
    };
    Reply {
        text,
        data: ReleaseAnswer {
            history,
            ..ReleaseAnswer::default()
        },
    }
}

fn ask_back(reading: &Reading, questions: Vec<Question>) -> Reply<ReleaseAnswer> {
    let unknown_names: Vec<UnknownName> = reading
        .suggestions
        .iter()
        .map(|suggestion| UnknownName {
            written: suggestion.written.clone(),
            similar: suggestion.nearest.clone(),
        })
        .collect();
    let questions: Vec<QuestionView> = questions
        .into_iter()
        .map(|question| QuestionView {
            about: question.slot.to_string(),
            text: question.text,
            choices: question.choices.into_iter().map(|choice| choice.label).collect(),
        })
        .collect();
    let mut text = String::from("not clear yet; nothing was done. Ask the user:\n");
    for question in &questions {
        text.push_str(&one_line(&question.text, 500));
        if !question.choices.is_empty() {
            text.push_str(&format!(" ({})", one_line(&question.choices.join(", "), 500)));
        }
        text.push('\n');
    }
    for name in &unknown_names {
        let similar = if name.similar.is_empty() {
            String::new()
        } else {
            format!("; similar: {}", name.similar.join(", "))
        };
        text.push_str(&one_line(
            &format!("{:?} is not configured{similar}", name.written),
            300,
        ));
        text.push('\n');
    }
    let next = vec![
        "ask the user, then call release again with one complete sentence".to_owned(),
        "do not guess an environment for the user".to_owned(),
    ];
    super::push_next(&mut text, &next);
    Reply {
        text,
        data: ReleaseAnswer {
            status: ReleaseStatus::Question,
            questions,
            unknown_names,
            next,
            ..ReleaseAnswer::default()
        },
    }
}
