//! Puts a clause's names, packages and methods together into what its action needs.
//!
//! `verb`, `sides`, `pack`, `method` and `leftover` judge one part each; how clauses work together
//! is left to `decide`.

use crate::act::{Act, Verb};
use crate::clause::Clause;
use crate::intent::{Action, PackageRef, RuleRef, Slot};
use crate::leftover::{is_topic, leftovers};
use crate::mention::{Mention, Side, Who};
use crate::method;
use crate::pack::package;
use crate::sides::{checked, moves, one_source, sort_sides, told, undone};
use crate::tokens::{Kind, Token, Tokens};
use crate::verb::{choose_verb, listed};
use crate::words::Role;

/// One side of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Place {
    /// Nobody is named.
    #[default]
    Absent,
    /// This one is named, by this token of the clause.
    Named(Who, usize),
    /// This one is named, by this stretch of the text.
    Who(Who, Stretch),
    /// This one follows from another clause.
    Told(Who),
    /// Named, but not so that it can be told who.
    Unclear,
}

/// Where a name stands in the normalised text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stretch {
    pub(crate) start: usize,
    pub(crate) end: usize,
}

/// Which package a frame speaks of.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) enum Pack {
    /// None: a new one is made where one is needed.
    #[default]
    Absent,
    /// This one, by this token.
    Named(PackageRef, Stretch),
    /// One that must be asked for: "the old backup", or two names.
    Unclear,
}

/// What a clause asks for.
#[derive(Debug, Clone, Default)]
pub(crate) struct Frame {
    /// `None` when the method must be asked for.
    pub(crate) action: Option<Action>,
    pub(crate) act: Option<Stretch>,
    pub(crate) source: Place,
    pub(crate) target: Place,
    pub(crate) package: Pack,
    pub(crate) rule: Option<RuleRef>,
    pub(crate) rule_token: Option<Stretch>,
    /// What must be asked although it is there.
    pub(crate) ask: Vec<Slot>,
    /// The object is "it", so that what was spoken of before is meant.
    pub(crate) pronoun: bool,
    /// A package was spoken of without saying which: "the backup".
    pub(crate) some_package: bool,
    /// "all" or "everything" is spoken of.
    pub(crate) all: bool,
    /// The one name of the clause, without any marker.
    pub(crate) lone: bool,
    /// Words nobody knows.
    pub(crate) left_over: Vec<Token>,
    /// Unknown names, with the side they stand on.
    pub(crate) unknown: Vec<(Token, Option<Slot>)>,
    /// Speaks of environments, packages or rules at all.
    pub(crate) on_topic: bool,
    /// The rule that shaped it.
    pub(crate) rule_name: &'static str,
    /// The verb says that something moves, not how.
    pub(crate) transfers: bool,
    /// The action is asked for only because something stands in its way.
    pub(crate) ask_only: bool,
}

impl Place {
    fn who(&self) -> Option<Who> {
        match self {
            Place::Named(who, _) | Place::Who(who, _) | Place::Told(who) => Some(*who),
            Place::Absent | Place::Unclear => None,
        }
    }

    fn named(&self) -> Option<(Who, usize)> {
        match self {
            Place::Named(who, place) => Some((*who, *place)),
            Place::Who(..) | Place::Told(_) | Place::Absent | Place::Unclear => None,
        }
    }
}

impl Frame {
    /// Who the source is, if that is clear.
    pub(crate) fn source_who(&self) -> Option<Who> {
        self.source.who()
    }

    /// Who the target is, if that is clear.
    pub(crate) fn target_who(&self) -> Option<Who> {
        self.target.who()
    }

    /// Who the source is and where it is named.
    pub(crate) fn source_place(&self) -> Option<(Who, usize)> {
        self.source.named()
    }

    /// Who the target is and where it is named.
    pub(crate) fn target_place(&self) -> Option<(Who, usize)> {
        self.target.named()
    }

    /// Names a method and nothing else.
    pub(crate) fn says_only_how(&self) -> bool {
        let nothing =
            self.source == Place::Absent && self.target == Place::Absent && self.package == Pack::Absent;
        nothing && matches!(self.action, Some(Action::Restore | Action::Migrate))
    }

    /// Names no package of its own, but "it".
    pub(crate) fn speaks_of_it(&self) -> bool {
        let with = matches!(self.source, Place::Who(Who::Pronoun, _));
        let it = with || self.pronoun && self.source == Place::Absent;
        it && self.package == Pack::Absent && matches!(self.action, Some(Action::Restore | Action::Migrate))
    }

    /// Names a run and neither sides nor a package by name.
    pub(crate) fn says_only_what(&self) -> bool {
        let nobody = self.source == Place::Absent && self.target == Place::Absent;
        nobody
            && !matches!(self.package, Pack::Named(PackageRef::Named(_), _))
            && matches!(self.action, Some(Action::Restore | Action::Migrate))
    }

    /// A look at something needs no sides: those that are not clear are left out.
    pub(crate) fn forget_unclear(&mut self) {
        for side in [&mut self.source, &mut self.target] {
            if *side == Place::Unclear {
                *side = Place::Absent;
            }
        }
    }

    /// Turns places in the clause into places in the text.
    pub(crate) fn resolve(&mut self, clause: &Clause) {
        for side in [&mut self.source, &mut self.target] {
            if let Place::Named(who, place) = *side {
                *side = clause
                    .tokens
                    .get(place)
                    .map_or(Place::Unclear, |token| Place::Who(who, Stretch::of(token)));
            }
        }
    }

    /// Notes that the slot must be asked for.
    pub(crate) fn ask(&mut self, slot: Slot) {
        if !self.ask.contains(&slot) {
            self.ask.push(slot);
        }
    }
}

/// Reads a clause as a request for its main act.
pub(crate) fn frame(clause: &Clause, acts: &[Act], mentions: &[Mention], tokens: &Tokens<'_>) -> Frame {
    let Some(main) = acts.first() else {
        let mut frame = Frame {
            on_topic: clause.tokens.iter().any(is_topic),
            ..Frame::default()
        };
        let files = clause
            .tokens
            .iter()
            .filter(|token| token.kind == Kind::Package)
            .count();
        if files == 1 {
            frame.package = package(clause, acts, &mut frame.some_package);
            name_package(&mut frame, tokens);
        }
        return frame;
    };
    let mut frame = Frame {
        act: clause.tokens.get(main.place).map(Stretch::of),
        ..Frame::default()
    };
    frame.pronoun = mentions
        .iter()
        .any(|mention| mention.who == Who::Pronoun && mention.side == Side::Bare);
    frame.package = package(clause, acts, &mut frame.some_package);
    name_package(&mut frame, tokens);
    let (rule, rule_tokens) = method::rule(clause, tokens);
    frame.rule_token = rule_tokens
        .first()
        .and_then(|place| clause.tokens.get(*place))
        .map(Stretch::of);
    frame.rule = rule;
    // A package's name or a rule's id is no environment's name.
    let taken = |mention: &Mention| {
        let token = clause.tokens.get(mention.place).map(Stretch::of);
        rule_tokens.contains(&mention.place)
            || matches!(&frame.package, Pack::Named(_, place) if Some(*place) == token)
    };
    let mentions: Vec<Mention> = mentions
        .iter()
        .filter(|mention| !taken(mention))
        .copied()
        .collect();
    let mentions = mentions.as_slice();
    let verb = choose_verb(clause, acts, mentions, &mut frame);
    frame.all = clause.has(Role::All);
    frame.lone = mentions.len() == 1 && mentions.iter().all(|mention| mention.side == Side::Bare);
    // Where a file is put on one's own disk is no side of what speaks of one environment.
    let moved = matches!(
        verb,
        Verb::Restore | Verb::Migrate | Verb::Transfer | Verb::Overwrite
    );
    let local = |mention: &Mention| {
        clause
            .tokens
            .get(mention.place)
            .is_some_and(|token| token.is(Role::Local))
    };
    let mentions: Vec<Mention> = mentions
        .iter()
        .filter(|mention| moved || !local(mention))
        .copied()
        .collect();
    let mentions = mentions.as_slice();
    let sides = sort_sides(mentions);
    frame.transfers = verb == Verb::Transfer && frame.rule_name.is_empty();
    match verb {
        Verb::Restore | Verb::Migrate | Verb::Transfer | Verb::Overwrite => moves(&mut frame, verb, &sides),
        Verb::Backup => one_source(&mut frame, &sides, true),
        Verb::List | Verb::Download | Verb::Remove => one_source(&mut frame, &sides, false),
        Verb::Check => checked(&mut frame, &sides, mentions),
        Verb::Undo => undone(&mut frame, &sides),
        Verb::Status | Verb::History => told(&mut frame, &sides),
        Verb::Help => {}
    }
    frame.action = match verb {
        Verb::Restore => Some(Action::Restore),
        Verb::Migrate => Some(Action::Migrate),
        Verb::Backup => Some(Action::Backup),
        Verb::Transfer | Verb::Overwrite => None,
        Verb::List => Some(listed(clause)),
        Verb::Download => Some(Action::Download),
        Verb::Remove => Some(Action::Remove),
        Verb::Check => Some(Action::Check),
        Verb::Status => Some(Action::Status),
        Verb::History => Some(Action::History),
        Verb::Undo => Some(Action::Undo),
        Verb::Help => Some(Action::Help),
    };
    if frame.ask.contains(&Slot::Action) {
        frame.action = None;
        frame.ask_only = true;
    }
    if frame.action.is_none() || sides.unclear && frame.action.is_some_and(Action::is_destructive) {
        frame.action = None;
        frame.ask(Slot::Action);
    }
    // "what was delivered in September" is of this subject, whatever month it is.
    let words = clause
        .tokens
        .get(main.place)
        .map_or("", |token| tokens.text(token));
    frame.on_topic |= matches!(verb, Verb::History | Verb::Status) && words.contains(' ');
    leftovers(&mut frame, clause, mentions, &rule_tokens);
    frame
}

/// Writes the package's name into its reference, as it stands in the text.
fn name_package(frame: &mut Frame, tokens: &Tokens<'_>) {
    if let Pack::Named(PackageRef::Named(name), place) = &mut frame.package {
        let span = tokens.normal.original(place.start, place.end);
        *name = tokens.original.get(span.start..span.end).unwrap_or("").to_owned();
    }
}

impl Stretch {
    pub(crate) fn of(token: &Token) -> Stretch {
        Stretch {
            start: token.start,
            end: token.end,
        }
    }
}
