//! What can go wrong: with a call, with a file of this machine, and with the server's own work.
//!
//! [`Column`] names the kinds as issue 3 does, [`variants`] says what each of them is made of, [`Behaviour`] is how the
//! server itself ends a restore. Which of them meets which step is left to `cells`.

use std::time::Duration;

use nocobase_sim::{
    Environment, EnvironmentConfig, Fault, FaultKind, LogTransport, MigrationManager, RestoreStage,
};

use crate::plot::Journey;

/// A kind of fault, as the matrix counts it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Column {
    /// Connections are refused: the process is gone as the call comes in, and starts again.
    Refused,
    Status4xx,
    Status5xx,
    /// 503 of the gateway: maintenance.
    Maintenance,
    /// The connection breaks before anything happened.
    LostBefore,
    /// It happened, and the answer is lost.
    ReplyLost,
    Slow,
    /// Request, answer or file break off in the middle.
    Cut,
    /// A proxy has the server do the same request twice.
    Repeated,
    /// The executing process dies.
    Killed,
}

impl Column {
    pub(crate) const ALL: [Self; 10] = [
        Self::Refused,
        Self::Status4xx,
        Self::Status5xx,
        Self::Maintenance,
        Self::LostBefore,
        Self::ReplyLost,
        Self::Slow,
        Self::Cut,
        Self::Repeated,
        Self::Killed,
    ];

    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::Status4xx => "4xx",
            Self::Status5xx => "5xx",
            Self::Maintenance => "503",
            Self::LostBefore => "unsent",
            Self::ReplyLost => "reply lost",
            Self::Slow => "slow",
            Self::Cut => "cut",
            Self::Repeated => "repeated",
            Self::Killed => "killed",
        }
    }
}

/// Longer than the client waits for anything.
const TOO_LONG: Duration = Duration::from_secs(30);

/// Every way in which a call can go wrong.
pub(crate) fn variants(call: &str) -> Vec<(Column, FaultKind)> {
    let answer = |status: u16| FaultKind::Answer {
        status,
        message: "no".into(),
        code: None,
    };
    let mut variants = vec![
        (Column::Refused, FaultKind::ProcessDies),
        (Column::Status4xx, answer(400)),
        (Column::Status4xx, FaultKind::unauthorized("INVALID_TOKEN")),
        (Column::Status4xx, FaultKind::forbidden()),
        (Column::Status4xx, FaultKind::PluginMissing),
        (Column::Status4xx, FaultKind::RequestTimeout),
        (Column::Status4xx, FaultKind::ProxyAnswer(413)),
        (Column::Status5xx, answer(500)),
        (Column::Status5xx, FaultKind::DatabaseAway),
        (Column::Status5xx, FaultKind::ProxyAnswer(502)),
        (Column::Maintenance, FaultKind::Maintenance("upgrade".into())),
        (Column::LostBefore, FaultKind::CloseBeforeEffect),
        (Column::ReplyLost, FaultKind::CloseAfterEffect),
        (Column::ReplyLost, FaultKind::ProcessDiesAfterEffect),
        (Column::ReplyLost, FaultKind::ProxyAnswerAfterEffect(504)),
        (Column::Slow, FaultKind::Slow(Duration::from_millis(1200))),
        (Column::Slow, FaultKind::Slow(TOO_LONG)),
        (Column::Slow, FaultKind::SlowAnswer(TOO_LONG)),
        (Column::Cut, FaultKind::TornBody(7)),
        (Column::Repeated, FaultKind::Repeated),
        (Column::Repeated, FaultKind::RepeatedAtOnce),
    ];
    match call {
        "backup:download" | "migration:download" => variants.extend([
            (Column::Cut, FaultKind::TornBody(3000)),
            (Column::Cut, FaultKind::ShortBody(3000)),
            (Column::Cut, FaultKind::FlippedByte(3000)),
        ]),
        "backup:restoreUpload" | "migration:execute" | "migrationFiles:check" => variants.extend([
            (Column::Cut, FaultKind::CutRequest(0)),
            (Column::Cut, FaultKind::CutRequest(3000)),
        ]),
        "backup:create" => variants.extend([
            (Column::Cut, FaultKind::TornBackup(3000)),
            (
                Column::Status5xx,
                FaultKind::BackupFails("no space left on device".into()),
            ),
            (Column::Slow, FaultKind::BackupHangs),
        ]),
        "migration:create" => variants.extend([
            (
                Column::Status5xx,
                FaultKind::BackupFails("no space left on device".into()),
            ),
            (Column::Slow, FaultKind::BackupHangs),
        ]),
        "logger:download" => variants.push((Column::Cut, FaultKind::ShortBody(40))),
        _ => {}
    }
    variants
}

/// What happens to a package on this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FileFault {
    Removed,
    CutInTheMiddle,
    FlippedByte,
}

impl FileFault {
    pub(crate) const ALL: [(Column, Self); 3] = [
        (Column::Refused, Self::Removed),
        (Column::Cut, Self::CutInTheMiddle),
        (Column::Cut, Self::FlippedByte),
    ];

    /// Does it to a file; one that is not there has had it.
    pub(crate) fn strike(self, path: &std::path::Path) {
        let Ok(mut content) = std::fs::read(path) else {
            return;
        };
        match self {
            Self::Removed => return std::fs::remove_file(path).unwrap(),
            Self::CutInTheMiddle => content.truncate(content.len() / 2),
            Self::FlippedByte => {
                let middle = content.len() / 2;
                if let Some(byte) = content.get_mut(middle) {
                    *byte ^= 0x20;
                }
            }
        }
        std::fs::write(path, content).unwrap();
    }
}

/// How the target's server ends the restores and migrations it accepts, and what it lets be seen of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Behaviour {
    #[default]
    Whole,
    RevertsSilently,
    /// Its own dump fails, and the revert loads an older one.
    RevertsWrongly,
    /// Its own dump fails, and there is nothing to go back to.
    RevertFails,
    LosesTable,
    LosesRows,
    LosesUsers,
    /// Killed while loading: up, healthy, empty.
    ComesUpEmpty,
    DiesInDump,
    DiesInLoad,
    DiesInUpgrade,
    Hangs,
    SkipsUpgrade,
    LogsToConsole,
    LogsToPlainFiles,
    LogForbidden,
    MarkerForbidden,
    /// Neither log nor marker, and the load is reverted.
    RevertsUnseen,
    /// Neither log nor marker, and a table is lost.
    LosesTableUnseen,
    /// The migration fails, says so, and changes nothing.
    Fails,
    /// The migration fails when half of the tables are done.
    StopsHalfway,
    /// The same, and no log can be read.
    StopsHalfwayUnseen,
    /// The same, and the application stays down.
    BreaksApp,
    /// The migration is called a success and changes nothing.
    DoesNothing,
    /// Only the surface of the official command line is there.
    CommandLineOnly,
    /// What is in a migration package cannot be read.
    Opaque,
}

impl Behaviour {
    pub(crate) const ALL: [Self; 19] = [
        Self::Whole,
        Self::RevertsSilently,
        Self::RevertsWrongly,
        Self::RevertFails,
        Self::LosesTable,
        Self::LosesRows,
        Self::LosesUsers,
        Self::ComesUpEmpty,
        Self::DiesInDump,
        Self::DiesInLoad,
        Self::DiesInUpgrade,
        Self::Hangs,
        Self::SkipsUpgrade,
        Self::LogsToConsole,
        Self::LogsToPlainFiles,
        Self::LogForbidden,
        Self::MarkerForbidden,
        Self::RevertsUnseen,
        Self::LosesTableUnseen,
    ];

    /// Those of a migration.
    pub(crate) const OF_MIGRATIONS: [Self; 14] = [
        Self::Whole,
        Self::Fails,
        Self::StopsHalfway,
        Self::StopsHalfwayUnseen,
        Self::BreaksApp,
        Self::DoesNothing,
        Self::LosesRows,
        Self::LosesUsers,
        Self::DiesInDump,
        Self::DiesInLoad,
        Self::Hangs,
        Self::LogForbidden,
        Self::CommandLineOnly,
        Self::Opaque,
    ];

    /// Those that a journey can meet.
    pub(crate) fn of(journey: Journey) -> &'static [Self] {
        match journey {
            Journey::Restore | Journey::Undo => &Self::ALL,
            Journey::Migrate => &Self::OF_MIGRATIONS,
        }
    }

    /// One after the other, again and again.
    pub(crate) fn in_turn(journey: Journey, turn: usize) -> Self {
        let all = Self::of(journey);
        all.get(turn % all.len()).copied().unwrap_or_default()
    }

    /// An environment set up for it.
    pub(crate) fn configure(self, environment: EnvironmentConfig) -> EnvironmentConfig {
        environment.with_settings(|settings| match self {
            Self::CommandLineOnly => settings.migration_manager = MigrationManager::Cli,
            Self::Opaque => settings.opaque_migrations = true,
            Self::SkipsUpgrade => settings.skip_same_version_upgrade = true,
            Self::LogsToConsole => settings.log_transport = LogTransport::Console,
            Self::LogsToPlainFiles => settings.log_transport = LogTransport::PlainFiles,
            _ => {}
        })
    }

    /// Arms it: the next upload or execution, or everything where it is a matter of permissions.
    pub(crate) fn arm(self, target: &Environment, journey: Journey) {
        let calls: &[&str] = match journey {
            Journey::Restore | Journey::Undo => &["backup:restoreUpload"],
            Journey::Migrate => &["migrationFiles:runTask", "migration:execute"],
        };
        let upload = |kind: FaultKind| {
            for call in calls {
                target.faults().arm(Fault::new(*call, kind.clone()));
            }
        };
        let forbid = |calls: &str| {
            target
                .faults()
                .arm(Fault::new(calls, FaultKind::forbidden()).always());
        };
        let fails = || FaultKind::RestoreFails("pg_restore: error: out of memory".into());
        match self {
            Self::Whole | Self::SkipsUpgrade | Self::LogsToConsole | Self::LogsToPlainFiles => {}
            Self::RevertsSilently => upload(fails()),
            Self::RevertsWrongly => {
                let orders = target.rows("orders");
                target.set_rows("orders", orders.iter().take(11).cloned().collect());
                target.leave_own_dump();
                target.set_rows("orders", orders);
                upload(FaultKind::SafetyDumpFails);
            }
            Self::RevertFails => upload(FaultKind::SafetyDumpTorn),
            Self::LosesTable => upload(FaultKind::RestoreLosesTable("orders".into())),
            Self::LosesRows => upload(FaultKind::RestoreLosesRows("orders".into(), 20)),
            Self::LosesUsers => upload(FaultKind::RestoreLosesRows("users".into(), 0)),
            Self::ComesUpEmpty => upload(FaultKind::LoadKilled),
            Self::DiesInDump => upload(FaultKind::DiesDuringRestore(RestoreStage::SafetyDump)),
            Self::DiesInLoad => upload(FaultKind::DiesDuringRestore(RestoreStage::Load)),
            Self::DiesInUpgrade => upload(FaultKind::DiesDuringRestore(RestoreStage::Upgrade)),
            Self::Hangs => upload(FaultKind::RestoreHangs),
            Self::LogForbidden if journey == Journey::Migrate => forbid("migrationLog*"),
            Self::LogForbidden => forbid("logger:*"),
            Self::MarkerForbidden => forbid("environmentVariables:*"),
            Self::RevertsUnseen => {
                forbid("logger:*");
                forbid("environmentVariables:*");
                upload(fails());
            }
            Self::LosesTableUnseen => {
                forbid("logger:*");
                forbid("environmentVariables:*");
                upload(FaultKind::RestoreLosesTable("orders".into()));
            }
            Self::CommandLineOnly | Self::Opaque => {}
            Self::Fails => upload(FaultKind::MigrationFails("no such extension".into())),
            Self::StopsHalfway => upload(FaultKind::MigrationStopsHalfway("deadlock detected".into())),
            Self::StopsHalfwayUnseen => {
                forbid("migrationLog*");
                upload(FaultKind::MigrationStopsHalfway("deadlock detected".into()));
            }
            Self::BreaksApp => upload(FaultKind::MigrationBreaksApp("relation x does not exist".into())),
            Self::DoesNothing => upload(FaultKind::MigrationDoesNothing),
        }
    }
}
