//! The cells of the matrix: every step of a run x everything that can happen to a call of it, one case each.
//!
//! Steps of a plain restore, of one that takes itself back (`roll back`), of an undo and of a migration are rows of their own. Where
//! the verdict is made (upload, watch, evidence) each cell is played again with other server behaviours, in turn.
//! [`deaths`] adds a death after and before every journal line, [`in_flight`] one while a request is being answered.
//! Random combinations are left to `random`, playing to `case`.

use release_engine::StepName;

use crate::faults::{Behaviour, FileFault, variants};
use crate::plot::{Death, Journey, Plot, Side, Strike, What, When};

/// A step as the matrix counts it: which journey, which step; none is the making of the plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Row {
    pub(crate) journey: Journey,
    pub(crate) step: Option<StepName>,
}

impl Row {
    pub(crate) fn title(self) -> String {
        let step = match self.step {
            None => "make plan",
            Some(StepName::ReadFacts) => "read facts",
            Some(StepName::MakePackage) => "make package",
            Some(StepName::DownloadPackage) => "download package",
            Some(StepName::MakeSafetyBackup) => "make safety backup",
            Some(StepName::DownloadSafetyBackup) => "download safety backup",
            Some(StepName::Judge) => "judge",
            Some(StepName::PlantCanary) => "plant canary",
            Some(StepName::Restore) => "restore upload",
            Some(StepName::Watch) => "watch",
            Some(StepName::Verify) => "verify",
            Some(StepName::TidyUp) => "tidy up",
            Some(StepName::RollBack) => "roll back",
            Some(StepName::WatchRollBack) => "watch roll back",
            Some(StepName::VerifyRollBack) => "verify roll back",
            Some(StepName::CreateRule) => "create rule",
            Some(StepName::CheckPackage) => "check package",
            Some(StepName::SetVariables) => "set variables",
            Some(StepName::ExecuteMigration) => "execute migration",
            Some(StepName::FetchLogs) => "fetch logs",
        };
        match self.journey {
            Journey::Restore => step.to_owned(),
            Journey::Undo => format!("undo: {step}"),
            Journey::Migrate => format!("migrate: {step}"),
        }
    }
}

/// The calls of a step that can be hit, with the side they go to.
pub(crate) fn calls(row: Row) -> &'static [(Side, &'static str)] {
    use Side::{Source, Target};
    if row.journey == Journey::Migrate {
        return calls_of_a_migration(row.step);
    }
    match (row.journey, row.step) {
        (Journey::Restore, None) => &[
            (Target, "__health_check"),
            (Target, "app:getInfo"),
            (Target, "backup:list"),
            (Source, "auth:check"),
        ],
        (_, None) => &[(Target, "auth:check"), (Target, "backups:appInfo")],
        (Journey::Restore, Some(StepName::ReadFacts)) => &[
            (Target, "__health_check"),
            (Target, "app:getInfo"),
            (Target, "auth:check"),
            (Target, "backup:list"),
            (Target, "backups:appInfo"),
            (Target, "applicationPlugins:list"),
            (Target, "logger:list"),
            (Source, "auth:check"),
            (Source, "backup:status"),
            (Source, "backup:list"),
        ],
        (_, Some(StepName::ReadFacts)) => &[(Target, "auth:check"), (Target, "backup:list")],
        (_, Some(StepName::MakePackage)) => &[(Source, "backup:create"), (Source, "backup:status")],
        (_, Some(StepName::DownloadPackage)) => &[(Source, "backup:download")],
        (_, Some(StepName::MakeSafetyBackup)) => &[(Target, "backup:create"), (Target, "backup:status")],
        (_, Some(StepName::DownloadSafetyBackup)) => &[(Target, "backup:download")],
        (_, Some(StepName::Judge)) => &[],
        (_, Some(StepName::PlantCanary)) => &[
            (Target, "environmentVariables:create"),
            (Target, "environmentVariables:list"),
        ],
        (_, Some(StepName::Restore | StepName::RollBack)) => &[(Target, "backup:restoreUpload")],
        (Journey::Restore, Some(StepName::Watch)) => &[
            (Target, "backup:restoreStatus"),
            (Target, "logger:list"),
            (Target, "logger:download"),
        ],
        (_, Some(StepName::Watch | StepName::WatchRollBack)) => &[(Target, "backup:restoreStatus")],
        (Journey::Restore, Some(StepName::Verify)) => &[
            (Target, "logger:list"),
            (Target, "logger:download"),
            (Target, "auth:check"),
            (Target, "environmentVariables:list"),
            (Target, "users:list"),
            (Target, "collections:list"),
            (Target, "orders:list"),
            (Target, "__health_check"),
        ],
        (_, Some(StepName::Verify | StepName::VerifyRollBack)) => &[
            (Target, "logger:download"),
            (Target, "environmentVariables:list"),
            (Target, "users:list"),
            (Target, "orders:list"),
        ],
        (_, Some(StepName::TidyUp)) => &[(Target, "environmentVariables:destroy")],
        (
            _,
            Some(
                StepName::CreateRule
                | StepName::CheckPackage
                | StepName::SetVariables
                | StepName::ExecuteMigration
                | StepName::FetchLogs,
            ),
        ) => &[],
    }
}

/// What a migration shares with a restore is struck there with more of its calls.
fn calls_of_a_migration(step: Option<StepName>) -> &'static [(Side, &'static str)] {
    use Side::{Source, Target};
    match step {
        None => &[(Source, "migrationRules:list")],
        Some(StepName::ReadFacts) => &[(Target, "migration:list")],
        Some(StepName::CreateRule) => &[(Source, "migrationRule:create")],
        Some(StepName::MakePackage) => &[(Source, "migration:create"), (Source, "migration:get")],
        Some(StepName::DownloadPackage) => &[(Source, "migration:download")],
        Some(StepName::MakeSafetyBackup) => &[(Target, "backup:create")],
        Some(StepName::DownloadSafetyBackup) => &[(Target, "backup:download")],
        Some(StepName::CheckPackage) => &[
            (Target, "migrationFiles:check"),
            (Target, "migrationFiles:checkDataConflicts"),
        ],
        Some(StepName::SetVariables) => &[(Target, "environmentVariables:create")],
        Some(StepName::ExecuteMigration) => &[
            (Target, "migrationFiles:runTask"),
            (Target, "migration:execute"),
            (Target, "__health_check"),
        ],
        Some(StepName::Watch) => &[(Target, "__health_check")],
        Some(StepName::FetchLogs) => &[
            (Target, "migrationLog:list"),
            (Target, "migrationFiles:downloadMigrationSql"),
        ],
        Some(StepName::Verify) => &[
            (Target, "users:list"),
            (Target, "collections:list"),
            (Target, "orders:list"),
        ],
        Some(StepName::RollBack) => &[(Target, "backup:restoreUpload")],
        Some(StepName::WatchRollBack) => &[(Target, "backup:restoreStatus")],
        Some(StepName::VerifyRollBack) => &[(Target, "orders:list")],
        Some(StepName::Judge | StepName::PlantCanary | StepName::Restore | StepName::TidyUp) => &[],
    }
}

/// All rows, in the order of a run.
pub(crate) fn rows() -> Vec<Row> {
    const RESTORE: [Option<StepName>; 15] = [
        None,
        Some(StepName::ReadFacts),
        Some(StepName::MakePackage),
        Some(StepName::DownloadPackage),
        Some(StepName::MakeSafetyBackup),
        Some(StepName::DownloadSafetyBackup),
        Some(StepName::Judge),
        Some(StepName::PlantCanary),
        Some(StepName::Restore),
        Some(StepName::Watch),
        Some(StepName::Verify),
        Some(StepName::TidyUp),
        Some(StepName::RollBack),
        Some(StepName::WatchRollBack),
        Some(StepName::VerifyRollBack),
    ];
    const MIGRATE: [Option<StepName>; 17] = [
        None,
        Some(StepName::ReadFacts),
        Some(StepName::CreateRule),
        Some(StepName::MakePackage),
        Some(StepName::DownloadPackage),
        Some(StepName::MakeSafetyBackup),
        Some(StepName::DownloadSafetyBackup),
        Some(StepName::Judge),
        Some(StepName::CheckPackage),
        Some(StepName::SetVariables),
        Some(StepName::ExecuteMigration),
        Some(StepName::Watch),
        Some(StepName::FetchLogs),
        Some(StepName::Verify),
        Some(StepName::RollBack),
        Some(StepName::WatchRollBack),
        Some(StepName::VerifyRollBack),
    ];
    let undo = RESTORE.into_iter().filter(|step| {
        !matches!(
            step,
            Some(
                StepName::MakePackage
                    | StepName::DownloadPackage
                    | StepName::RollBack
                    | StepName::WatchRollBack
                    | StepName::VerifyRollBack
            )
        )
    });
    let row = |journey| move |step| Row { journey, step };
    let all = RESTORE.into_iter().map(row(Journey::Restore));
    all.chain(undo.map(row(Journey::Undo)))
        .chain(MIGRATE.into_iter().map(row(Journey::Migrate)))
        .collect()
}

/// The plot in which a step comes to pass at all, with that call of it.
pub(crate) fn setting(row: Row, call: &str) -> Plot {
    let behaviour = match row.step {
        Some(StepName::TidyUp) => Behaviour::RevertsSilently,
        Some(StepName::SetVariables) => Behaviour::CommandLineOnly,
        _ if call == "migration:execute" => Behaviour::CommandLineOnly,
        Some(StepName::RollBack | StepName::WatchRollBack | StepName::VerifyRollBack)
            if row.journey == Journey::Migrate =>
        {
            Behaviour::StopsHalfway
        }
        Some(StepName::RollBack | StepName::WatchRollBack | StepName::VerifyRollBack) => {
            Behaviour::LosesTable
        }
        _ => Behaviour::Whole,
    };
    Plot {
        journey: row.journey,
        behaviour,
        rolls_back: matches!(
            row.step,
            Some(StepName::RollBack | StepName::WatchRollBack | StepName::VerifyRollBack)
        ),
        ..Plot::default()
    }
}

/// One case for every cell, and more where the verdict is made.
pub(crate) fn all() -> Vec<Plot> {
    let mut plots = Vec::new();
    let mut turn = 0;
    for row in rows() {
        let when = row.step.map_or(When::Planning, When::During);
        for (side, call) in calls(row).iter().copied() {
            let mutation = matches!(
                call,
                "backup:create"
                    | "migrationRule:create"
                    | "migration:create"
                    | "migrationFiles:check"
                    | "migrationFiles:runTask"
                    | "migration:execute"
                    | "environmentVariables:create"
                    | "environmentVariables:destroy"
                    | "backup:restoreUpload"
            );
            for (column, kind) in variants(call) {
                turn += 1;
                // A read is tried again, so a fault that strikes once is hardly one; a mutation is sent once.
                let lasting = !mutation && turn % 4 != 0;
                let strike = |lasting, nth| Strike {
                    row,
                    column,
                    when,
                    what: What::Call {
                        side,
                        call: call.into(),
                        kind: kind.clone(),
                        nth,
                        lasting,
                    },
                };
                let plot = setting(row, call);
                plots.push(Plot {
                    strikes: vec![strike(lasting, 1)],
                    ..plot.clone()
                });
                let decides = match row.journey {
                    Journey::Restore => matches!(
                        row.step,
                        Some(StepName::Restore | StepName::Watch | StepName::Verify)
                    ),
                    Journey::Migrate => matches!(call, "migrationFiles:runTask" | "orders:list"),
                    Journey::Undo => false,
                };
                if decides {
                    plots.push(Plot {
                        strikes: vec![strike(!mutation, 1)],
                        behaviour: Behaviour::in_turn(row.journey, turn),
                        rolls_back: turn % 3 == 0,
                        ..plot
                    });
                }
            }
        }
        if row.step == Some(StepName::Judge) {
            plots.extend(spoiled_files(row));
        }
    }
    plots
}

/// A package that is spoiled on this machine before it is judged, or after.
fn spoiled_files(row: Row) -> Vec<Plot> {
    let mut plots = Vec::new();
    for (column, fault) in FileFault::ALL {
        for side in [Side::Source, Side::Target] {
            let after = match row.journey {
                Journey::Restore | Journey::Undo => StepName::PlantCanary,
                Journey::Migrate => StepName::CheckPackage,
            };
            for step in [StepName::Judge, after] {
                plots.push(Plot {
                    strikes: vec![Strike {
                        row: Row {
                            step: Some(step),
                            ..row
                        },
                        column,
                        when: When::During(step),
                        what: What::File { side, fault },
                    }],
                    ..setting(row, "")
                });
            }
        }
    }
    plots
}

/// A death at every line that this plot's run comes to: right before it, when only the lines up to it exist, and right
/// after it. Line 1 is the confirmation's; a death before line 2 is a process that never did anything.
pub(crate) fn deaths(plot: &Plot, lines: u64) -> Vec<Plot> {
    (2..=lines)
        .flat_map(|line| [Death::Before(line), Death::After(line)])
        .map(|death| Plot {
            deaths: vec![death],
            ..plot.clone()
        })
        .collect()
}

/// A death while the server is answering a request that changes something.
pub(crate) fn in_flight() -> Vec<Plot> {
    let mut plots = Vec::new();
    for row in rows() {
        let mutations = calls(row).iter().filter(|(_, call)| {
            [":create", ":destroy", ":restoreUpload", ":runTask", ":execute"]
                .iter()
                .any(|end| call.ends_with(end))
        });
        for (side, call) in mutations {
            let step = row.step.unwrap_or(StepName::ReadFacts);
            plots.push(Plot {
                deaths: vec![Death::InFlight {
                    side: *side,
                    call: (*call).into(),
                    step,
                }],
                ..setting(row, call)
            });
        }
    }
    plots
}
