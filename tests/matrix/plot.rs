//! What is to happen in one case: which way the package goes, how the server behaves, what strikes when, who dies.
//!
//! Plain data; its `Debug` form is what a failure shows. Playing it is left to `case`.

use nocobase_sim::FaultKind;
use release_engine::StepName;

use crate::cells::Row;
use crate::faults::{Behaviour, Column, FileFault};

/// Which run the faults strike. The other one, where there is one, is undisturbed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Journey {
    /// A restore of dev into test.
    #[default]
    Restore,
    /// The undo of such a restore.
    Undo,
    /// A migration of dev to test by a rule that overwrites.
    Migrate,
}

/// What is restored into test.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum From {
    /// A new backup of dev.
    #[default]
    Dev,
    /// A new backup of test itself: package and earlier content are alike.
    Itself,
}

/// How dev's content differs from test's, where dev is what is restored.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Shape {
    /// More rows in some tables, as the simulation begins.
    #[default]
    More,
    /// Fewer rows, and a table without any.
    Fewer,
    /// As many rows in every table, with other content in them: no count tells the two apart.
    Alike,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Source,
    Target,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum When {
    Planning,
    During(StepName),
}

#[derive(Debug, Clone)]
pub(crate) enum What {
    Call {
        side: Side,
        call: String,
        kind: FaultKind,
        nth: usize,
        lasting: bool,
    },
    File {
        side: Side,
        fault: FileFault,
    },
}

/// One fault at its place.
#[derive(Debug, Clone)]
pub(crate) struct Strike {
    pub(crate) row: Row,
    pub(crate) column: Column,
    pub(crate) when: When,
    pub(crate) what: What,
}

/// A death of the executing process; the next one takes the run up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Death {
    /// Right after this journal line: nothing that it announces happens.
    After(u64),
    /// Right before this journal line: everything up to it has happened.
    Before(u64),
    /// Right after the line that says that this step has ended.
    AfterStep(StepName),
    /// While this call is being answered.
    InFlight {
        side: Side,
        call: String,
        step: StepName,
    },
}

/// One case.
#[derive(Debug, Clone, Default)]
pub(crate) struct Plot {
    pub(crate) journey: Journey,
    pub(crate) from: From,
    pub(crate) shape: Shape,
    pub(crate) behaviour: Behaviour,
    pub(crate) rolls_back: bool,
    pub(crate) strikes: Vec<Strike>,
    /// The first process dies the first death, the one that takes up the second, and so on.
    pub(crate) deaths: Vec<Death>,
}
