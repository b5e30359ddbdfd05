//! A sentence: read, asked back when it is not clear, then planned or answered.

use release_engine::{Engine, EngineError, Lookup, Understood, Wanted};
use release_intent::{Action, EnvironmentRef, PackageRef, Question, Reading, Slot};

use super::{Context, environments, packages, releases, rules, runs};
use crate::arguments::{Consent, Secrets};
use crate::exit::Exit;
use crate::{output, settings};

/// After this many rounds of questions it is better to say it anew.
const ROUNDS: usize = 2;

pub(crate) async fn run(
    context: &Context,
    sentence: &str,
    consent: &Consent,
    secrets: &Secrets,
) -> Result<Exit, EngineError> {
    let mut reading = context.engine.read(sentence);
    for round in 0..=ROUNDS {
        let questions = match context.engine.understand(&reading)? {
            Understood::Clear(wanted) => return carry_out(context, wanted, consent, secrets).await,
            Understood::Asks(questions) => questions,
        };
        let answered = round < ROUNDS
            && !context.globals.json
            && output::can_ask()
            && questions
                .iter()
                .all(|question| answer(&context.engine, &mut reading, question));
        if !answered {
            show_questions(context, &questions);
            return Ok(Exit::Question);
        }
    }
    Ok(Exit::Question)
}

async fn carry_out(
    context: &Context,
    wanted: Wanted,
    consent: &Consent,
    secrets: &Secrets,
) -> Result<Exit, EngineError> {
    match wanted {
        Wanted::Plan(request) => {
            releases::carry_out(context, &request, consent, &settings::secrets(secrets)?).await
        }
        Wanted::Look(lookup) => look(context, lookup).await,
        Wanted::Nothing(why) => {
            if context.globals.json {
                output::json(&serde_json::json!({ "nothing": why }));
            } else {
                output::talk(&why);
            }
            Ok(Exit::Question)
        }
    }
}

async fn look(context: &Context, lookup: Lookup) -> Result<Exit, EngineError> {
    match lookup {
        Lookup::Environments => environments::list(context),
        Lookup::Packages(environment) => packages::list(context, &environment).await,
        Lookup::Rules(environment) => rules::list(context, &environment).await,
        Lookup::Migrations(environment) => packages::migrations(context, &environment).await,
        Lookup::Check(names) => environments::check(context, &names).await,
        Lookup::Status => runs::show(context, None, false).await,
        Lookup::History => runs::list(context, 20),
        Lookup::Download { environment, package } => {
            packages::download(context, &environment, &package).await
        }
        Lookup::Help => {
            if context.globals.json {
                output::json(&serde_json::json!({ "help": HELP }));
            } else {
                output::data(HELP);
            }
            Ok(Exit::Verified)
        }
    }
}

const HELP: &str = "\
Say what should happen; every sentence that overwrites something becomes a plan that you confirm first:
  Restore dev to test                          a backup of dev replaces everything on test
  Migrate dev to test                          by dev's migration rule; needs the commercial Migration Manager
  Restore test using backup_X.nbdata           a backup on test's server, or a file with its path
  Back up and restore the current environment
  Back up dev · list backups on dev · undo the last restore on test
`nocobase-release parse --explain \"...\"` shows how a sentence is read.";

fn show_questions(context: &Context, questions: &[Question]) {
    if context.globals.json {
        output::json(&serde_json::json!({ "questions": questions }));
        return;
    }
    for question in questions {
        output::talk(&question.text);
        if !question.choices.is_empty() {
            output::talk(&format!("  {}", question.choices.join(" · ")));
        }
    }
}

/// Asks one question and fills its slot; false when the answer fits nothing.
fn answer(engine: &Engine, reading: &mut Reading, question: &Question) -> bool {
    let choices = if question.choices.is_empty() {
        String::new()
    } else {
        format!(" [{}]", question.choices.join(" · "))
    };
    let Some(answer) = output::ask(&format!("{}{choices}", question.text)) else {
        return false;
    };
    let environment = || engine.resolve(&answer).ok().map(EnvironmentRef::Named);
    let intent = &mut reading.intent;
    let filled = match question.slot {
        Slot::Source => environment().map(|name| intent.source = Some(name)),
        Slot::Target => environment().map(|name| intent.target = Some(name)),
        Slot::Package => {
            (!answer.is_empty()).then(|| intent.package = Some(PackageRef::from(answer.clone())))
        }
        Slot::Action => Action::from_name(&answer.to_lowercase()).map(|action| intent.action = Some(action)),
    };
    if filled.is_some() {
        intent.clarify.retain(|slot| *slot != question.slot);
    }
    filled.is_some()
}
