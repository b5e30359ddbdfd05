//! Puts a clause's names, packages and methods together into what its action needs.
//!
//! What is left over is judged here as well: a word that nobody knows turns a request that could
//! destroy something into a question. How clauses work together is left to `reader`.

use crate::act::{Act, Verb};
use crate::clause::{ACTS, Clause};
use crate::intent::{Action, PackageRef, RuleRef, Slot, UserMethod};
use crate::mention::{Mention, Side, Who, describes_a_name};
use crate::method;
use crate::tokens::{Kind, Token, Tokens};
use crate::words::{Role, RoleSet};

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

    /// Names a method and nothing else.
    pub(crate) fn says_only_how(&self) -> bool {
        let nothing =
            self.source == Place::Absent && self.target == Place::Absent && self.package == Pack::Absent;
        nothing && matches!(self.action, Some(Action::Restore | Action::Migrate))
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

    fn ask(&mut self, slot: Slot) {
        if !self.ask.contains(&slot) {
            self.ask.push(slot);
        }
    }
}

/// The mentions of a clause by side, each environment once.
#[derive(Debug, Default)]
struct Sides {
    from: Vec<Mention>,
    to: Vec<Mention>,
    on: Vec<Mention>,
    owner: Vec<Mention>,
    with: Vec<Mention>,
    bare: Vec<Mention>,
    unclear: bool,
}

fn sort_sides(mentions: &[Mention]) -> Sides {
    let mut sides = Sides::default();
    for mention in mentions
        .iter()
        .filter(|mention| mention.who != Who::Pronoun || mention.side != Side::Bare)
    {
        let list = match mention.side {
            Side::From => &mut sides.from,
            Side::To => &mut sides.to,
            Side::On => &mut sides.on,
            Side::Owner => &mut sides.owner,
            Side::With => &mut sides.with,
            Side::Bare => &mut sides.bare,
            Side::Unclear => {
                sides.unclear = true;
                continue;
            }
        };
        let again = |other: &Mention| other.who == mention.who && mention.who != Who::Unknown;
        if !list.iter().any(again) {
            list.push(*mention);
        }
    }
    sides
}

/// Reads a clause as a request for its main act.
pub(crate) fn frame(clause: &Clause, acts: &[Act], mentions: &[Mention], tokens: &Tokens<'_>) -> Frame {
    let Some(main) = acts.first() else {
        return Frame {
            on_topic: clause.tokens.iter().any(is_topic),
            ..Frame::default()
        };
    };
    let mut frame = Frame {
        act: clause.tokens.get(main.place).map(Stretch::of),
        ..Frame::default()
    };
    frame.pronoun = mentions
        .iter()
        .any(|mention| mention.who == Who::Pronoun && mention.side == Side::Bare);
    frame.package = package(clause, acts, &mut frame.some_package);
    if let Pack::Named(PackageRef::Named(name), place) = &mut frame.package {
        let span = tokens.normal.original(place.start, place.end);
        *name = tokens.original.get(span.start..span.end).unwrap_or("").to_owned();
    }
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
    let verb = choose_verb(clause, acts, &mut frame);
    frame.lone = mentions.len() == 1 && mentions.iter().all(|mention| mention.side == Side::Bare);
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
    if verb == Verb::Backup && frame.ask.contains(&Slot::Action) {
        frame.action = None;
    }
    if frame.action.is_none() || sides.unclear && frame.action.is_some_and(Action::is_destructive) {
        frame.action = None;
        frame.ask(Slot::Action);
    }
    leftovers(&mut frame, clause, mentions, &rule_tokens);
    frame
}

impl Stretch {
    pub(crate) fn of(token: &Token) -> Stretch {
        Stretch {
            start: token.start,
            end: token.end,
        }
    }
}

/// The verb that decides, where a method says more than the verb: "publish dev's backup",
/// "sync only the structure".
fn choose_verb(clause: &Clause, acts: &[Act], frame: &mut Frame) -> Verb {
    let main = acts.first().map_or(Verb::Help, |act| act.verb);
    let has = |verb: Verb| acts.iter().any(|act| act.verb == verb);
    let methods = matches!(frame.rule, Some(RuleRef::Id { .. } | RuleRef::Methods { .. }));
    match main {
        Verb::Restore if has(Verb::Migrate) => {
            frame.ask(Slot::Action);
            frame.rule_name = "two_methods";
            Verb::Transfer
        }
        // A restore brings the data along in any case.
        Verb::Restore if only_overwrites(frame) => {
            frame.rule = None;
            Verb::Restore
        }
        Verb::Restore if methods => {
            frame.ask(Slot::Action);
            frame.rule_name = "restore_has_no_rule";
            Verb::Transfer
        }
        Verb::Overwrite | Verb::Transfer if methods => {
            frame.rule_name = "rule_means_migration";
            Verb::Migrate
        }
        Verb::Transfer | Verb::Overwrite if owned_package(clause, frame) => {
            frame.rule_name = "backup_means_restore";
            Verb::Restore
        }
        verb => verb,
    }
}

fn only_overwrites(frame: &Frame) -> bool {
    matches!(
        frame.rule,
        Some(RuleRef::Methods {
            user: Some(UserMethod::Overwrite),
            system: None
        })
    )
}

/// Whether the thing moved is a backup: "dev's backup", "the latest backup".
fn owned_package(clause: &Clause, frame: &Frame) -> bool {
    let noun = |token: &Token| token.is_any(RoleSet::of(&[Role::NounPackage, Role::NounPackages]));
    let with_noun = clause.tokens.iter().enumerate().any(|(place, token)| {
        noun(token)
            && place
                .checked_sub(1)
                .and_then(|before| clause.tokens.get(before))
                .is_none_or(|before| !before.is(Role::WithBefore))
    });
    with_noun && !matches!(frame.package, Pack::Unclear)
}

/// Restore, migrate and their like: from one environment to another.
fn moves(frame: &mut Frame, verb: Verb, sides: &Sides) {
    let mut from: Vec<Mention> = sides.from.iter().chain(&sides.owner).copied().collect();
    // "sync test with dev" goes both ways; "restore test with dev" does not.
    if verb == Verb::Transfer && !sides.with.is_empty() {
        frame.source = Place::Unclear;
        frame.target = Place::Unclear;
        return;
    }
    from.extend(sides.with.iter().copied());
    let mut to = sides.to.clone();
    if to.is_empty() {
        to.extend(sides.on.iter().copied());
    } else {
        from.extend(sides.on.iter().copied());
    }
    let bare: Vec<Mention> = sides.bare.clone();
    let package = !matches!(frame.package, Pack::Absent);
    if !bare.is_empty() {
        match (from.is_empty(), to.is_empty()) {
            (true, false) if verb != Verb::Overwrite => from = bare,
            (false, true) => to = bare,
            (true, true) if bare.len() > 1 => {
                // Two names and no marker: order alone decides nothing.
                frame.source = Place::Unclear;
                frame.target = Place::Unclear;
                return;
            }
            (true, true)
                if package
                    || frame.some_package && verb == Verb::Restore
                    || matches!(verb, Verb::Restore | Verb::Overwrite) =>
            {
                to = bare
            }
            (true, true) => from = bare,
            // Said twice: "restore dev, from dev to test".
            (false, false)
                if bare.iter().all(|mention| {
                    from.iter()
                        .chain(&to)
                        .any(|other| other.who == mention.who && other.who != Who::Unknown)
                }) => {}
            _ => {
                frame.ask(Slot::Target);
                frame.source = one(frame, &from, Slot::Source);
                frame.target = Place::Unclear;
                return;
            }
        }
    }
    // "restore dev's backup" says whose backup, not where to.
    let only_owned =
        to.is_empty() && !sides.owner.is_empty() && sides.from.is_empty() && sides.with.is_empty();
    frame.source = one(frame, &from, Slot::Source);
    frame.target = if only_owned {
        Place::Unclear
    } else {
        one(frame, &to, Slot::Target)
    };
}

/// The one environment of a side; more than one, or an unknown one, must be asked for.
fn one(frame: &mut Frame, mentions: &[Mention], slot: Slot) -> Place {
    match mentions {
        [] => Place::Absent,
        [only] if matches!(only.who, Who::Environment(_) | Who::Current | Who::Pronoun) => {
            Place::Named(only.who, only.place)
        }
        _ => {
            frame.ask(slot);
            Place::Unclear
        }
    }
}

fn one_source(frame: &mut Frame, sides: &Sides, goes_nowhere: bool) {
    let all: Vec<Mention> = [&sides.from, &sides.owner, &sides.on, &sides.bare, &sides.with]
        .into_iter()
        .flatten()
        .copied()
        .collect();
    let mut all = distinct(all);
    if !sides.to.is_empty() {
        if all.is_empty() {
            all = sides.to.clone();
        } else if goes_nowhere {
            // "back up dev to test" may mean more than a backup.
            frame.target = one(frame, &sides.to, Slot::Target);
            frame.ask(Slot::Action);
        }
    }
    frame.source = one(frame, &all, Slot::Source);
}

fn distinct(mentions: Vec<Mention>) -> Vec<Mention> {
    let mut kept: Vec<Mention> = Vec::new();
    for mention in mentions {
        if !kept
            .iter()
            .any(|other| other.who == mention.who && mention.who != Who::Unknown)
        {
            kept.push(mention);
        }
    }
    kept
}

/// One environment is the target; two are source and target as named.
fn checked(frame: &mut Frame, sides: &Sides, mentions: &[Mention]) {
    let mut from: Vec<Mention> = sides.from.iter().chain(&sides.with).copied().collect();
    let to = sides.to.clone();
    let mut rest: Vec<Mention> = mentions
        .iter()
        .filter(|mention| {
            matches!(mention.side, Side::Bare | Side::On | Side::Owner | Side::Unclear)
                && mention.who != Who::Pronoun
        })
        .copied()
        .collect();
    rest = distinct(rest);
    let mut to = distinct(to);
    if from.is_empty() && (to.len() == 1 || rest.len() + to.len() >= 2) && !rest.is_empty() {
        from.push(rest.remove(0));
    }
    to.extend(rest);
    frame.source = one(frame, &from, Slot::Source);
    frame.target = one(frame, &to, Slot::Target);
    // "check whether dev can go": the only one named is the one looked at.
    if frame.target == Place::Absent && matches!(frame.source, Place::Named(..)) && sides.from.is_empty() {
        std::mem::swap(&mut frame.source, &mut frame.target);
    }
}

fn undone(frame: &mut Frame, sides: &Sides) {
    let to: Vec<Mention> = if sides.to.is_empty() {
        distinct(
            [&sides.on, &sides.bare, &sides.owner, &sides.from]
                .into_iter()
                .flatten()
                .copied()
                .collect(),
        )
    } else {
        let mut to = sides.to.clone();
        to.extend(sides.on.iter().copied());
        distinct(to)
    };
    frame.target = one(frame, &to, Slot::Target);
    if !sides.to.is_empty() && !sides.bare.is_empty() && frame.package == Pack::Absent && !frame.some_package
    {
        // "roll test back to dev" is no undo.
        frame.ask(Slot::Action);
    }
    if !matches!(frame.package, Pack::Absent) {
        // "roll test back to the latest backup" names what to restore.
        frame.ask(Slot::Action);
    }
}

fn told(frame: &mut Frame, sides: &Sides) {
    let to = distinct([&sides.to, &sides.on].into_iter().flatten().copied().collect());
    let from = distinct(
        [&sides.from, &sides.owner]
            .into_iter()
            .flatten()
            .copied()
            .collect(),
    );
    let bare = distinct(sides.bare.clone());
    frame.source = one(frame, &from, Slot::Source);
    frame.target = one(frame, &to, Slot::Target);
    match (&frame.source, &frame.target) {
        (Place::Absent, Place::Absent) => frame.target = one(frame, &bare, Slot::Target),
        (Place::Absent, _) => frame.source = one(frame, &bare, Slot::Source),
        (_, Place::Absent) if !bare.is_empty() => frame.target = one(frame, &bare, Slot::Target),
        (Place::Named(..), Place::Absent) if sides.from.is_empty() => {
            std::mem::swap(&mut frame.source, &mut frame.target)
        }
        _ => {}
    }
    frame.ask.clear();
}

fn listed(clause: &Clause) -> Action {
    if clause.has_any(RoleSet::of(&[Role::NounRules, Role::NounRule])) {
        Action::ListRules
    } else if clause.has(Role::NounMigrations) {
        Action::ListMigrations
    } else if clause.has_any(RoleSet::of(&[
        Role::NounPackages,
        Role::NounPackage,
        Role::BackupName,
    ])) {
        if clause.has(Role::MigrateName) {
            Action::ListMigrations
        } else {
            Action::ListBackups
        }
    } else if clause.has(Role::MigrateName) {
        Action::ListMigrations
    } else {
        Action::ListEnvs
    }
}

/// Which package the clause speaks of.
fn package(clause: &Clause, acts: &[Act], some: &mut bool) -> Pack {
    let tokens = &clause.tokens;
    let main = acts.first().copied();
    let noun = |place: usize| {
        tokens.get(place).is_some_and(|token| {
            token.is_any(RoleSet::of(&[Role::NounPackage, Role::NounPackages]))
                && main.is_none_or(|main| main.place != place || main.verb != Verb::Backup)
        })
    };
    let names: Vec<usize> = (0..tokens.len())
        .filter(|place| {
            tokens
                .get(*place)
                .is_some_and(|token| token.kind == Kind::Package)
                || named_by_noun(tokens, *place, &noun)
        })
        .collect();
    // A download's destination is no package.
    let names: Vec<usize> = match main {
        Some(Act {
            verb: Verb::Download, ..
        }) if names.len() > 1 => names
            .into_iter()
            .filter(|place| {
                !place
                    .checked_sub(1)
                    .and_then(|before| tokens.get(before))
                    .is_some_and(|before| before.is(Role::ToBefore))
            })
            .collect(),
        _ => names,
    };
    match names.as_slice() {
        [] => {}
        [only] => {
            return tokens.get(*only).map_or(Pack::Unclear, |token| {
                Pack::Named(PackageRef::Named(String::new()), Stretch::of(token))
            });
        }
        _ => return Pack::Unclear,
    }
    let nouns: Vec<usize> = (0..tokens.len()).filter(|place| noun(*place)).collect();
    let latest = tokens.iter().position(|token| token.is(Role::Latest));
    let vague = tokens
        .iter()
        .any(|token| token.is_any(RoleSet::of(&[Role::Vague, Role::TimePast])));
    let all = tokens.iter().any(|token| token.is_any(RoleSet::of(&[Role::All])));
    if main.is_some_and(|main| main.verb == Verb::Undo) && nouns.is_empty() {
        return Pack::Absent;
    }
    let number_as_time = tokens
        .iter()
        .enumerate()
        .any(|(place, token)| token.kind == Kind::Number && follows_side(tokens, place));
    if (vague && (!nouns.is_empty() || tokens.iter().any(|token| token.is(Role::TimePast)))) || number_as_time
    {
        return Pack::Unclear;
    }
    if all && !nouns.is_empty() && main.is_some_and(|main| main.verb == Verb::Remove) {
        return Pack::Unclear;
    }
    if let Some(latest) = latest
        && !tokens.iter().any(|token| token.is(Role::Fresh))
        && (!nouns.is_empty()
            || tokens
                .get(latest + 1)
                .is_none_or(|next| !next.is_any(ACTS) && next.kind != Kind::Unknown))
    {
        return tokens.get(latest).map_or(Pack::Unclear, |token| {
            Pack::Named(PackageRef::Latest, Stretch::of(token))
        });
    }
    *some = !nouns.is_empty() && !tokens.iter().any(|token| token.is(Role::Fresh));
    Pack::Absent
}

/// Whether the token follows "to" or "from".
fn follows_side(tokens: &[Token], place: usize) -> bool {
    place
        .checked_sub(1)
        .and_then(|before| tokens.get(before))
        .is_some_and(|before| before.is_any(RoleSet::of(&[Role::ToBefore, Role::FromBefore])))
}

/// "backup nightly-1", "the package named x": an unknown word behind the noun is its name, when it
/// looks like one.
fn named_by_noun(tokens: &[Token], place: usize, noun: &impl Fn(usize) -> bool) -> bool {
    let Some(token) = tokens.get(place) else {
        return false;
    };
    let Some(before) = place.checked_sub(1) else {
        return false;
    };
    let named = tokens.get(before).is_some_and(|before| before.is(Role::Named));
    let labelled = noun(before) || named && before.checked_sub(1).is_some_and(noun);
    labelled && matches!(token.kind, Kind::Unknown | Kind::Number) && token.name_like
}

/// Judges what no rule used: unknown words, quotations, and words that limit a request.
fn leftovers(frame: &mut Frame, clause: &Clause, mentions: &[Mention], rule_tokens: &[usize]) {
    let tokens = &clause.tokens;
    let package = match &frame.package {
        Pack::Named(_, place) => Some(*place),
        _ => None,
    };
    for (place, token) in tokens.iter().enumerate() {
        let mention = mentions.iter().find(|mention| mention.place == place);
        let taken = rule_tokens.contains(&place) || package == Some(Stretch::of(token));
        frame.on_topic |= taken || is_topic(token);
        if taken {
            continue;
        }
        match (token.kind, mention) {
            (_, Some(mention)) if mention.who == Who::Unknown => {
                let slot = match mention.side {
                    Side::To => Some(Slot::Target),
                    Side::From | Side::Owner => Some(Slot::Source),
                    Side::With | Side::On | Side::Bare | Side::Unclear => None,
                };
                frame.unknown.push((*token, slot));
            }
            // "to 2026-11-20" asks for a package of that time.
            (Kind::Number, _) if frame.package == Pack::Unclear && follows_side(tokens, place) => {}
            // Tables that no method speaks of limit the request.
            (Kind::Word, _) if token.is_any(RoleSet::of(&[Role::UserTables, Role::SystemTables])) => {
                frame.left_over.push(*token);
            }
            (Kind::Unknown, None) if describes_a_name(tokens, place) => {}
            (Kind::Unknown | Kind::Quote | Kind::Number, _) => frame.left_over.push(*token),
            _ => {}
        }
    }
}

/// Whether the clause puts the request off to a later time.
pub(crate) fn is_put_off(clause: &Clause) -> bool {
    clause.has(Role::TimeFuture)
}

/// Whether words limit the request to a part of what it would replace.
pub(crate) fn is_limited(clause: &Clause) -> bool {
    clause.tokens.iter().enumerate().any(|(place, token)| {
        token.is_any(RoleSet::of(&[Role::Except, Role::Part]))
            || token.is(Role::NounEnvironments)
            || token.is(Role::All)
                && clause
                    .tokens
                    .get(place + 1)
                    .is_some_and(|next| next.is(Role::NounEnvironment))
            || token.is(Role::Only) && {
                let next = clause
                    .tokens
                    .iter()
                    .skip(place + 1)
                    .find(|next| !next.is_any(RoleSet::of(&[Role::Filler, Role::Determiner])));
                !next.is_some_and(|next| {
                    matches!(next.kind, Kind::Environment(_) | Kind::Package)
                        || next.is_any(ACTS.union(RoleSet::of(&[
                            Role::ObjectBefore,
                            Role::Current,
                            Role::ToBefore,
                            Role::FromBefore,
                            Role::Latest,
                            Role::WithBefore,
                        ])))
                })
            }
    })
}

/// Whether the token speaks of environments, packages or rules.
fn is_topic(token: &Token) -> bool {
    matches!(token.kind, Kind::Environment(_) | Kind::Package | Kind::Disputed)
        || token.is_any(RoleSet::of(&[
            Role::Current,
            Role::NounPackage,
            Role::NounPackages,
            Role::NounEnvironment,
            Role::NounEnvironments,
            Role::NounMigrations,
            Role::NounRule,
            Role::NounRules,
            Role::NounContent,
            Role::SchemaOnly,
            Role::There,
        ]))
}
