//! What overwrites or makes packages: plan, confirm, follow, report. One way for all of it.

use std::fs;
use std::path::Path;

use nocobase_client::Secret;
use release_engine::{
    ConfirmedPlan, EngineError, PackageChoice, Plan, Proof, Request, RuleChoice, RunReport, RunSecrets,
    Strength, package_choice,
};

use super::{Context, shown};
use crate::arguments::{
    BackupArguments, Consent, DrillArguments, MigrateArguments, Planned, RestoreArguments, Secrets,
    UndoArguments,
};
use crate::exit::Exit;
use crate::{follow, output, settings};

pub(crate) async fn plan(context: &Context, what: Planned, out: Option<&Path>) -> Result<Exit, EngineError> {
    let (request, secrets) = match what {
        Planned::Backup { what, secrets } => (backup_request(context, &what)?, secrets),
        Planned::Restore { what, secrets } => (restore_request(context, &what)?, secrets),
        Planned::Migrate { what, secrets } => (migrate_request(context, &what)?, secrets),
        Planned::Drill { what, secrets } => (drill_request(context, &what)?, secrets),
        Planned::Undo { what, secrets } => (undo_request(context, &what)?, secrets),
    };
    let plan = context
        .engine
        .plan(&request, &settings::secrets(&secrets)?)
        .await?;
    if let Some(out) = out {
        let bytes = serde_json::to_vec_pretty(&plan).unwrap_or_default();
        fs::write(out, bytes).map_err(|source| EngineError::Local {
            what: format!("cannot write {}", shown(out)),
            source,
        })?;
    }
    show_plan(context, &plan);
    Ok(Exit::Verified)
}

pub(crate) async fn apply(
    context: &Context,
    plan: &str,
    phrase: Option<&str>,
    secrets: &Secrets,
) -> Result<Exit, EngineError> {
    let secrets = settings::secrets(secrets)?;
    let plan = load(context, plan)?;
    let proof = match phrase {
        Some(phrase) => Proof::Phrase(phrase.to_owned()),
        None => {
            if !context.globals.json {
                output::data(&plan.to_text());
            }
            typed(&plan)?
        }
    };
    let secrets = with_variables(&plan, &secrets);
    let confirmed = context.engine.confirm(plan, &proof)?;
    run(context, confirmed, &secrets).await
}

/// The human gate: only what is typed at a terminal counts, so there is no argument for it.
pub(crate) fn approve(context: &Context, plan: &str) -> Result<Exit, EngineError> {
    let plan = load(context, plan)?;
    output::data(&plan.to_text());
    let Proof::TypedAtTerminal(phrase) = typed(&plan)? else {
        return Err(EngineError::NeedsPerson {
            plan: plan.id.to_string(),
            environment: plan.target().unwrap_or_default().to_owned(),
        });
    };
    let approval = context.engine.approve(&plan, &phrase, &settings::person())?;
    output::talk(&format!(
        "approved by {}; it runs when it is confirmed: nocobase-release apply {}",
        approval.by, plan.id
    ));
    Ok(Exit::Verified)
}

/// A plan by its id, or from a file.
fn load(context: &Context, plan: &str) -> Result<Plan, EngineError> {
    let path = Path::new(plan);
    if path.extension().is_some_and(|extension| extension == "json") || plan.contains('/') {
        context.engine.load_plan_file(path)
    } else {
        context.engine.load_plan(plan)
    }
}

pub(crate) async fn backup(
    context: &Context,
    what: &BackupArguments,
    secrets: &Secrets,
) -> Result<Exit, EngineError> {
    let request = backup_request(context, what)?;
    carry_out(
        context,
        &request,
        &Consent::default(),
        &settings::secrets(secrets)?,
    )
    .await
}

pub(crate) async fn restore(
    context: &Context,
    what: &RestoreArguments,
    consent: &Consent,
    secrets: &Secrets,
) -> Result<Exit, EngineError> {
    let request = restore_request(context, what)?;
    carry_out(context, &request, consent, &settings::secrets(secrets)?).await
}

pub(crate) async fn undo(
    context: &Context,
    what: &UndoArguments,
    consent: &Consent,
    secrets: &Secrets,
) -> Result<Exit, EngineError> {
    let request = undo_request(context, what)?;
    carry_out(context, &request, consent, &settings::secrets(secrets)?).await
}

pub(crate) async fn migrate(
    context: &Context,
    what: &MigrateArguments,
    consent: &Consent,
    secrets: &Secrets,
) -> Result<Exit, EngineError> {
    let request = migrate_request(context, what)?;
    carry_out(context, &request, consent, &settings::secrets(secrets)?).await
}

pub(crate) async fn drill(
    context: &Context,
    what: &DrillArguments,
    consent: &Consent,
    secrets: &Secrets,
) -> Result<Exit, EngineError> {
    let request = drill_request(context, what)?;
    carry_out(context, &request, consent, &settings::secrets(secrets)?).await
}

/// Plan, confirm, follow, report.
pub(crate) async fn carry_out(
    context: &Context,
    request: &Request,
    consent: &Consent,
    secrets: &RunSecrets,
) -> Result<Exit, EngineError> {
    if let Some(named) = &consent.yes {
        context.engine.resolve(named)?;
    }
    let plan = plan_asking(context, request, secrets).await?;
    if !context.globals.json {
        output::data(&plan.to_text());
    }
    let proof = match (&plan.confirmation, &consent.yes) {
        (Strength::None, _) => Proof::None,
        (_, Some(named)) => Proof::TargetNamed(context.engine.resolve(named)?),
        (_, None) => typed(&plan)?,
    };
    let secrets = with_variables(&plan, secrets);
    let confirmed = context.engine.confirm(plan, &proof)?;
    run(context, confirmed, &secrets).await
}

/// The plan; where several migration rules could be meant, the person at the terminal chooses one.
async fn plan_asking(
    context: &Context,
    request: &Request,
    secrets: &RunSecrets,
) -> Result<Plan, EngineError> {
    let undecided = match context.engine.plan(request, secrets).await {
        Err(error @ EngineError::RuleUndecided { .. }) if output::can_ask() && !context.globals.json => error,
        decided => return decided,
    };
    let mut request = request.clone();
    let (EngineError::RuleUndecided { environment, rules }, Request::Migrate { rule, .. }) =
        (&undecided, &mut request)
    else {
        return Err(undecided);
    };
    let mut question = format!("Which migration rule of {environment}?");
    for (number, rule) in (1..).zip(rules) {
        question.push_str(&format!("\n  {number:>2}  {}", rule.name));
    }
    let answer = output::ask(&(question + "\n>")).unwrap_or_default();
    let chosen = answer
        .parse::<usize>()
        .ok()
        .and_then(|number| rules.get(number.checked_sub(1)?));
    let Some(chosen) = chosen.or_else(|| rules.iter().find(|rule| rule.name == answer)) else {
        return Err(undecided);
    };
    *rule = RuleChoice::Named(chosen.id.clone());
    context.engine.plan(&request, secrets).await
}

/// Asks at a terminal for the values of variables and secrets that a migration's target lacks, the latter unseen. What
/// is not given here is named by the run when its target asks for it.
fn with_variables(plan: &Plan, secrets: &RunSecrets) -> RunSecrets {
    let mut secrets = secrets.clone();
    if !output::can_ask() {
        return secrets;
    }
    let target = plan.target().unwrap_or("the target");
    let needed = plan.migration.iter().flat_map(|migration| &migration.variables);
    for variable in needed {
        if secrets.variables.contains_key(&variable.name) {
            continue;
        }
        let name = &variable.name;
        let value = if variable.secret {
            output::ask_secret(&format!(
                "{target} lacks the secret {name}; its value there (not shown):"
            ))
        } else {
            let answer = output::ask(&format!("{target} lacks the variable {name}; its value there:"));
            answer.filter(|answer| !answer.is_empty()).map(Secret::new)
        };
        if let Some(value) = value {
            secrets.variables.insert(name.clone(), value);
        }
    }
    secrets
}

async fn run(context: &Context, confirmed: ConfirmedPlan, secrets: &RunSecrets) -> Result<Exit, EngineError> {
    let run = context.engine.start(confirmed, secrets)?;
    match follow::follow(&context.engine, &run).await {
        Ok(report) => {
            show_run(context, &report);
            Ok(Exit::from(&report))
        }
        // it goes on by itself, so nothing is said about the target
        Err(error) => {
            output::error(&error, context.globals.json);
            output::talk(&format!(
                "the run goes on by itself: nocobase-release runs show {run}"
            ));
            Ok(Exit::Unknown)
        }
    }
}

/// Asks a person at the terminal for the plan's phrase.
fn typed(plan: &Plan) -> Result<Proof, EngineError> {
    if plan.confirmation == Strength::None {
        return Ok(Proof::None);
    }
    if output::can_ask() {
        let question = format!("\nType \"{}\" to go on, anything else to stop:", plan.phrase());
        return match output::ask(&question) {
            Some(answer) => Ok(Proof::TypedAtTerminal(answer)),
            None => Ok(Proof::None),
        };
    }
    output::talk("nobody can be asked here");
    Ok(Proof::None)
}

pub(crate) fn show_plan(context: &Context, plan: &Plan) {
    if context.globals.json {
        output::json(&serde_json::json!({ "plan": plan, "phrase": plan.phrase() }));
    } else {
        output::data(&plan.to_text());
    }
}

pub(crate) fn show_run(context: &Context, report: &RunReport) {
    if context.globals.json {
        output::json(report);
        return;
    }
    output::data(&report.to_text());
}

fn backup_request(context: &Context, what: &BackupArguments) -> Result<Request, EngineError> {
    Ok(Request::Backup {
        environment: context.environment(what.environment.as_deref())?,
    })
}

fn restore_request(context: &Context, what: &RestoreArguments) -> Result<Request, EngineError> {
    let target = context.environment(what.target.as_deref())?;
    let (source, package) = match what.package.as_deref() {
        None => (
            what.from.clone().or_else(|| Some(target.clone())),
            PackageChoice::New,
        ),
        Some("@latest") => (
            what.from.clone().or_else(|| Some(target.clone())),
            PackageChoice::Latest,
        ),
        Some(package) => package_choice(package, what.from.clone(), &target),
    };
    Ok(Request::Restore {
        source,
        target,
        package,
        accepted: what.accept.clone(),
    })
}

fn migrate_request(context: &Context, what: &MigrateArguments) -> Result<Request, EngineError> {
    let target = context.environment(what.target.as_deref())?;
    let (source, package) = match what.package.as_deref() {
        None => (what.from.clone(), PackageChoice::New),
        Some("@latest") => (what.from.clone(), PackageChoice::Latest),
        Some(package) if what.from.is_none() && !package.contains(['/', '\\']) => {
            return Err(EngineError::Unsupported {
                what: format!("where {package} lies is not said"),
                instead: "name its environment with --from, or give a path for a file of this machine".into(),
            });
        }
        Some(package) => package_choice(package, what.from.clone(), &target),
    };
    let rule = match (&what.rule, &what.user, &what.system) {
        (Some(rule), _, _) => RuleChoice::Named(rule.clone()),
        (None, None, None) => RuleChoice::Only,
        (None, user, system) => RuleChoice::Global {
            user: user.clone().unwrap_or_else(|| "schema-only".to_owned()),
            system: system.clone().unwrap_or_else(|| "overwrite-first".to_owned()),
        },
    };
    Ok(Request::Migrate {
        source,
        target,
        rule,
        package,
        skip_server_backup: what.skip_server_backup,
        accepted: what.accept.clone(),
    })
}

fn undo_request(context: &Context, what: &UndoArguments) -> Result<Request, EngineError> {
    Ok(Request::Undo {
        target: context.environment(what.target.as_deref())?,
        run: what
            .run
            .as_deref()
            .map(|run| context.engine.find_run(Some(run)))
            .transpose()?,
    })
}

fn drill_request(context: &Context, what: &DrillArguments) -> Result<Request, EngineError> {
    Ok(Request::Drill {
        scratch: what.scratch.clone(),
        run: what
            .run
            .as_deref()
            .map(|run| context.engine.find_run(Some(run)))
            .transpose()?,
    })
}
