//! A sentence: read, asked back when it is not clear, then planned or answered.

use release_engine::{EngineError, Lookup, Understood, Wanted};
use release_intent::Question;

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
            Understood::Asks(questions) => context.engine.with_packages(&reading, questions).await,
        };
        if round == ROUNDS || context.globals.json || !output::can_ask() {
            show_questions(context, &questions);
            return Ok(Exit::Question);
        }
        for question in &questions {
            let Some(answer) = output::ask(&(listed(question) + "\n>")) else {
                show_questions(context, &questions);
                return Ok(Exit::Question);
            };
            // what fits nothing is asked once more
            context.engine.answer(&mut reading, question, &answer);
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
        output::talk(&listed(question));
    }
}

/// A question with its choices, each with the number that answers it.
fn listed(question: &Question) -> String {
    let mut text = question.text.clone();
    for (number, choice) in (1..).zip(&question.choices) {
        text.push_str(&format!("\n  {number:>2}  {}", choice.label));
    }
    text
}
