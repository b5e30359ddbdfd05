//! Which faults are drawn: every call that a run makes, times everything that can happen to it.

use std::time::Duration;

use nocobase_sim::{Fault, FaultKind, RestoreStage};

/// A small generator of its own, so that a seed means the same for ever.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    /// A number below `sides`.
    pub(crate) fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % sides.max(1) as u64).unwrap_or_default()
    }

    fn pick<T: Clone>(&mut self, from: &[T]) -> T {
        from.get(self.roll(from.len())).or(from.first()).cloned().unwrap()
    }
}

const CALLS: [&str; 18] = [
    "app:getInfo",
    "auth:check",
    "applicationPlugins:list",
    "backup:create",
    "backup:download",
    "backup:list",
    "backup:restoreStatus",
    "backup:restoreUpload",
    "backup:status",
    "backups:appInfo",
    "collections:list",
    "environmentVariables:create",
    "environmentVariables:destroy",
    "environmentVariables:list",
    "logger:download",
    "logger:list",
    "orders:list",
    "users:list",
];

/// A fault of any call.
pub(crate) fn any(dice: &mut Dice) -> Fault {
    let call = dice.pick(&CALLS);
    let kind = match dice.roll(19) {
        0 => FaultKind::CloseBeforeEffect,
        1 => FaultKind::CloseAfterEffect,
        2 => FaultKind::ProcessDies,
        3 => FaultKind::ProcessDiesAfterEffect,
        4 => FaultKind::Answer {
            status: 400,
            message: "no".into(),
            code: None,
        },
        5 => FaultKind::Answer {
            status: 500,
            message: "no".into(),
            code: None,
        },
        6 => FaultKind::forbidden(),
        7 => FaultKind::unauthorized("INVALID_TOKEN"),
        8 => FaultKind::ProxyAnswer(502),
        9 => FaultKind::ProxyAnswerAfterEffect(504),
        10 => FaultKind::Maintenance("upgrade".into()),
        11 => FaultKind::PluginMissing,
        12 => FaultKind::DatabaseAway,
        13 => FaultKind::Slow(Duration::from_millis(120)),
        14 => FaultKind::TornBody(dice.roll(4000)),
        15 => FaultKind::ShortBody(dice.roll(4000)),
        16 => FaultKind::FlippedByte(dice.roll(4000)),
        17 => FaultKind::RequestTimeout,
        _ => return job(dice),
    };
    let fault = Fault::new(call, kind).on_call(1 + dice.roll(3));
    match dice.roll(5) {
        0 => fault.always(),
        1 => fault.times(3),
        _ => fault,
    }
}

/// A fault of the work that a call starts.
pub(crate) fn job(dice: &mut Dice) -> Fault {
    let restore = |kind| Fault::new("backup:restoreUpload", kind);
    let create = |kind| Fault::new("backup:create", kind);
    match dice.roll(12) {
        0 => create(FaultKind::BackupFails("no space left on device".into())),
        1 => create(FaultKind::TornBackup(dice.roll(6000))),
        2 => restore(FaultKind::SafetyDumpFails),
        3 => restore(FaultKind::SafetyDumpTorn),
        4 => restore(FaultKind::RestoreLosesTable("orders".into())),
        5 => restore(FaultKind::RestoreLosesRows("orders".into(), dice.roll(100))),
        6 => restore(FaultKind::RestoreLosesRows("users".into(), 1)),
        7 => restore(FaultKind::RestoreFails("pg_restore: error: out of memory".into())),
        8 => restore(FaultKind::DiesDuringRestore(RestoreStage::SafetyDump)),
        9 => restore(FaultKind::DiesDuringRestore(RestoreStage::Load)),
        10 => restore(FaultKind::DiesDuringRestore(RestoreStage::Upgrade)),
        _ => restore(FaultKind::LoadKilled),
    }
}
