//! Reads a whole text: picks its language, reads each clause, and lets the clauses decide together.
//!
//! Completing the chosen request (what is missing, what is the environment in use) is left to
//! `finish`.

use crate::act::{self, Act, Verb};
use crate::clause::{self, Clause, SMALL, Standing};
use crate::finish::{self, Decision};
use crate::frame::{self, Frame, Pack, Place};
use crate::intent::{Action, Slot};
use crate::known::Known;
use crate::mention::{self, Mention, Side, Who};
use crate::method;
use crate::mood::{self, Stance};
use crate::normal::normalise;
use crate::quote;
use crate::reading::{Mood, Reading};
use crate::script::{is_unspaced, script};
use crate::suggest::nearest;
use crate::tokens::{Kind, Tokens, tokenise};
use crate::words::{Language, Role, RoleSet, languages};

/// A text longer than this is not a request.
const LONGEST: usize = 4000;

/// Reads `text` against the closed list of environments.
pub fn read(text: &str, known: &Known) -> Reading {
    if text.len() > LONGEST && text.chars().nth(LONGEST).is_some() {
        return finish::refused("too_long", language_of_script(text.chars().take(LONGEST)));
    }
    let normal = normalise(text);
    let trimmed = normal.text.trim_end();
    let Some((start, end)) = quote::whole(trimmed) else {
        return read_plain(text, known, false);
    };
    // The text as a whole stands in quotation marks: read it without them, and ask.
    let (open, close) = (normal.original(0, start), normal.original(end, trimmed.len()));
    let mut inner = String::with_capacity(text.len());
    for (place, letter) in text.char_indices() {
        let sign = (place >= open.start && place < open.end) || (place >= close.start && place < close.end);
        match sign {
            true => inner.extend(std::iter::repeat_n(' ', letter.len_utf8())),
            false => inner.push(letter),
        }
    }
    read_plain(&inner, known, true)
}

fn read_plain(text: &str, known: &Known, quoted: bool) -> Reading {
    let normal = normalise(text);
    let candidates: Vec<&'static Language> = candidates(&normal.text);
    let mut best: Option<(isize, Tokens<'_>)> = None;
    for language in candidates {
        let tokens = tokenise(&normal, text, known, language);
        let score = tokens.score();
        if best.as_ref().is_none_or(|(other, _)| score > *other) {
            best = Some((score, tokens));
        }
    }
    let Some((score, mut tokens)) = best else {
        return finish::nothing(language_of_script(text.chars()));
    };
    let language = if score <= 0 {
        language_of_script(normal.text.chars())
    } else {
        tokens.language.tag
    };
    let all = tokens.list.clone();
    act::settle_names(&mut tokens.list);
    act::settle_things(&mut tokens.list);
    method::settle_methods(&mut tokens.list);
    let mut list = std::mem::take(&mut tokens.list);
    clause::drop_contrasts(&mut list);
    let clauses = clause::split(&list);
    let mut read: Vec<Read<'_>> = clauses.iter().map(|clause| Read::new(clause, &tokens)).collect();
    carry(&mut read);
    let mut decision = decide(&read, &tokens, known);
    if quoted && decision.frame.action.is_none_or(Action::is_destructive) && !decision.refused() {
        decision.ask_action("quoted_whole");
    }
    tokens.list = all;
    finish::finish(decision, &tokens, known, language)
}

/// Languages that could be meant, by script; English is among them when there are Latin letters.
fn candidates(text: &str) -> Vec<&'static Language> {
    let mut scripts: Vec<&'static str> = text.chars().filter_map(script).collect();
    scripts.sort_unstable();
    scripts.dedup();
    languages()
        .iter()
        .filter(|language| {
            language.scripts.iter().any(|script| scripts.contains(script))
                && (!scripts.contains(&"kana")
                    || language.scripts.contains(&"kana")
                    || language.scripts.contains(&"latin"))
        })
        .collect()
}

fn language_of_script(letters: impl Iterator<Item = char>) -> &'static str {
    let unspaced = letters.filter(|letter| is_unspaced(*letter)).find_map(script);
    unspaced
        .and_then(|script| {
            languages()
                .iter()
                .find(|language| language.scripts.contains(&script))
        })
        .map_or("en", |language| language.tag)
}

/// Words of a clause that only denies.
const DENIALS: RoleSet = SMALL.union(RoleSet::of(&[
    Role::Negation,
    Role::Contrast,
    Role::Statement,
    Role::Request,
    Role::Want,
    Role::LightDo,
    Role::Pronoun,
]));

/// A clause with what was found in it.
struct Read<'c> {
    clause: &'c Clause,
    acts: Vec<Act>,
    mentions: Vec<Mention>,
    stance: Option<Stance>,
    frame: Frame,
    limited: bool,
    put_off: bool,
    /// Its meaning went over to the next clause.
    spent: bool,
}

impl<'c> Read<'c> {
    fn new(clause: &'c Clause, tokens: &Tokens<'_>) -> Read<'c> {
        let acts = act::acts(clause);
        let mentions = mention::mentions(clause, &acts);
        let stance = mood::stance(clause, &acts);
        let mut frame = frame::frame(clause, &acts, &mentions, tokens);
        frame.resolve(clause);
        Read {
            clause,
            acts,
            mentions,
            stance,
            frame,
            limited: frame::is_limited(clause),
            put_off: frame::is_put_off(clause),
            spent: false,
        }
    }

    fn has(&self, role: Role) -> bool {
        self.clause.has(role)
    }

    fn has_unknown(&self) -> bool {
        self.clause
            .has_kind(|kind| matches!(kind, Kind::Unknown | Kind::Quote | Kind::Number))
    }

    fn names(&self) -> impl Iterator<Item = Who> {
        self.mentions
            .iter()
            .map(|mention| mention.who)
            .filter(|who| matches!(who, Who::Environment(_) | Who::Current))
    }

    /// Whether it tells something of its own, so that its words need not be understood.
    fn is_chatter(&self) -> bool {
        self.clause.has_any(RoleSet::of(&[
            Role::Narrates,
            Role::Statement,
            Role::Greeting,
            Role::Notify,
            Role::Past,
            Role::StatusWord,
            Role::QuestionWord,
        ])) || self.clause.standing == Standing::Reason
    }

    fn is_destructive(&self) -> bool {
        self.frame.action.is_none_or(Action::is_destructive)
    }
}

/// What the clauses that are no request say about the one that is.
#[derive(Default)]
struct Surroundings {
    help: Option<(&'static str, Mood)>,
    refused: Option<(&'static str, Mood)>,
    unsure: Option<&'static str>,
    cancelled_after: Option<usize>,
    /// Environments that must not be touched.
    spared: Vec<Who>,
    /// Environments spoken of outside the request.
    topics: Vec<Who>,
}

impl Surroundings {
    fn doubt(&mut self, rule: &'static str) {
        self.unsure.get_or_insert(rule);
    }
}

fn decide(read: &[Read<'_>], tokens: &Tokens<'_>, known: &Known) -> Decision {
    let chosen = |place, around: &Surroundings| chosen(place, read, around, tokens, known);
    let mut around = Surroundings::default();
    let mut requests: Vec<usize> = Vec::new();
    let mut reported = None;

    for (place, part) in read.iter().enumerate() {
        let quoted = reported == Some(part.clause.sentence);
        if part.has(Role::Reporting) || part.has(Role::Example) {
            reported = Some(part.clause.sentence);
        }
        match part.stance {
            None if part.spent => {}
            None => judge_without_act(place, part, &mut around, quoted),
            Some(_) if quoted => around.refused = Some(("reported", Mood::Quoted)),
            Some(stance) => judge(place, part, stance, read, &mut around, &mut requests),
        }
    }
    if let Some((rule, mood)) = around.help
        && read
            .iter()
            .any(|part| !part.acts.is_empty() || part.frame.on_topic)
    {
        return Decision::plain(Action::Help, rule, mood);
    }
    if let Some(cancelled) = around.cancelled_after
        && requests.iter().any(|request| *request < cancelled)
    {
        return Decision::plain(Action::None, "cancelled", Mood::Negated);
    }
    let destructive: Vec<usize> = requests
        .iter()
        .copied()
        .filter(|place| read.get(*place).is_some_and(Read::is_destructive))
        .collect();
    // "copy it over and restore it": the second verb names the method of the first.
    let destructive: Vec<usize> = destructive
        .iter()
        .enumerate()
        .filter(|(order, place)| {
            let next = destructive.get(order + 1).and_then(|next| read.get(*next));
            let moved = read.get(**place).is_some_and(|part| part.frame.transfers);
            !(moved && next.is_some_and(|next| next.clause.is_tied() && next.frame.says_only_how()))
        })
        .map(|(_, place)| *place)
        .collect();
    match destructive.as_slice() {
        [] => {}
        [only] => return chosen(*only, &around),
        [first, rest @ ..] => {
            let frame = read
                .get(*first)
                .map(|part| part.frame.clone())
                .unwrap_or_default();
            let repeated = rest.iter().all(|place| {
                read.get(*place).is_some_and(|part| {
                    part.frame.action == frame.action
                        && part.frame.source_who() == frame.source_who()
                        && part.frame.target_who() == frame.target_who()
                        && part.frame.package == frame.package
                })
            });
            if repeated {
                return chosen(*first, &around);
            }
            return Decision::ask(Frame::default(), "two_destructive");
        }
    }
    let useful = |place: &&usize| {
        read.get(**place).is_some_and(|part| matches!(part.acts.first(), Some(act) if matches!(act.verb, Verb::Backup | Verb::Download)))
    };
    if let Some(place) = requests.iter().find(useful).or_else(|| requests.first()) {
        return chosen(*place, &around);
    }
    if let Some((rule, mood)) = around.refused {
        return Decision::plain(Action::None, rule, mood);
    }
    without_request(read)
}

/// Lets clauses that are tied together share how they are meant.
fn carry(read: &mut [Read<'_>]) {
    let mut earlier: Option<(usize, Stance)> = None;
    for place in 0..read.len() {
        let next_is_tied = read.get(place + 1).is_some_and(|next| next.clause.is_tied());
        let Some(part) = read.get_mut(place) else { break };
        let sentence = part.clause.sentence;
        match part.stance {
            Some(stance) => {
                let stance = earlier
                    .filter(|(same, _)| *same == sentence)
                    .and_then(|(_, earlier)| carried(earlier, part))
                    .unwrap_or(stance);
                part.stance = Some(stance);
                // "备份了，再恢复": a step that is done first makes no past of the next one.
                let steps = stance == Stance::Past && !part.has(Role::TimePast) && !part.has(Role::Statement);
                earlier = Some((sentence, stance)).filter(|_| !steps);
            }
            // "不要" alone before a word that ties it to the next clause denies that clause.
            None if next_is_tied
                && part.has(Role::Negation)
                && part.clause.tokens.iter().all(|token| token.is_any(DENIALS)) =>
            {
                part.spent = true;
                earlier = Some((sentence, Stance::Negated));
            }
            None => {}
        }
    }
}

/// "don't back up dev and restore it": what is said of the first verb is said of the second.
fn carried(earlier: Stance, part: &Read<'_>) -> Option<Stance> {
    let carries = matches!(
        earlier,
        Stance::Negated | Stance::Statement | Stance::Quoted | Stance::Past | Stance::Check
    );
    let own = part.clause.has_any(RoleSet::of(&[
        Role::Request,
        Role::Want,
        Role::Polite,
        Role::ConsentTag,
    ]));
    // "could you back up dev and restore it?" asks for both.
    if earlier == Stance::Request && part.clause.is_tied() && part.stance == Some(Stance::Unsure) {
        return Some(Stance::Request);
    }
    (carries && part.clause.is_tied() && !own).then_some(earlier)
}

/// A clause without an act: a remark, a limit, a second thought.
fn judge_without_act(place: usize, part: &Read<'_>, around: &mut Surroundings, quoted: bool) {
    let clause = part.clause;
    if part.has(Role::Hypothetical) {
        around.help = Some(("hypothetical", Mood::Hypothetical));
    }
    if part.has(Role::How)
        && (!clause.asks || part.names().next().is_some() || clause.after_pause() || !part.has_unknown())
    {
        around.help = Some(("asked_how", Mood::Question));
    }
    if part.has(Role::Cancel) {
        around.cancelled_after = Some(place);
        return;
    }
    if quoted {
        return;
    }
    let only = |roles: RoleSet| clause.tokens.iter().all(|token| token.is_any(roles));
    if part.has(Role::Negation) && only(DENIALS) {
        around.cancelled_after = Some(place);
        return;
    }
    let status = clause
        .tokens
        .iter()
        .any(|token| token.is(Role::StatusWord) && !token.is(Role::Filler));
    if status && only(SMALL.union(RoleSet::of(&[Role::StatusWord]))) {
        // "restore dev to test: done"
        around.doubt("told_as_done");
    }
    let names: Vec<Who> = part.names().collect();
    if part.has(Role::Negation) || part.has(Role::Contrast) {
        let tells =
            part.has(Role::Narrates) || part.has(Role::Statement) || clause.standing == Standing::Reason;
        let light = part.has(Role::Pronoun)
            || part.has(Role::LightDo)
            || clause
                .tokens
                .iter()
                .all(|token| token.is_any(SMALL.union(RoleSet::of(&[Role::Negation, Role::Contrast]))));
        if part.limited {
            around.doubt("limited");
        } else if !names.is_empty() && !tells {
            around.spared.extend(names);
        } else if tells {
            around.topics.extend(names);
        } else if light && !part.has_unknown() {
            around.cancelled_after = Some(place);
        } else {
            around.doubt("unclear_negation");
        }
        return;
    }
    around.topics.extend(names);
    if part.limited || part.has(Role::Touch) || part.put_off && !part.is_chatter() {
        around.doubt("limited");
        return;
    }
    match clause.standing {
        Standing::Condition => around.doubt("conditional"),
        Standing::Before | Standing::After
            if part.has_unknown() || !part.mentions.iter().all(|mention| mention.who == Who::Pronoun) =>
        {
            around.doubt("waits_for_something");
        }
        Standing::Main if part.has_unknown() && !part.is_chatter() => around.doubt("left_over"),
        Standing::Main if clause.is_announced() && part.has_unknown() => around.doubt("left_over"),
        Standing::Main | Standing::Reason | Standing::Before | Standing::After => {}
    }
}

/// A clause with an act.
fn judge(
    place: usize,
    part: &Read<'_>,
    stance: Stance,
    read: &[Read<'_>],
    around: &mut Surroundings,
    requests: &mut Vec<usize>,
) {
    let destructive = part.is_destructive();
    match part.clause.standing {
        Standing::Reason => {
            around.topics.extend(part.names());
            if part.limited {
                around.doubt("limited");
            }
            return;
        }
        Standing::Condition => {
            if matches!(stance, Stance::Help | Stance::Hypothetical) || part.has(Role::Tag) {
                around.help = Some(("hypothetical", Mood::Hypothetical));
            }
            around.doubt("conditional");
            around.refused.get_or_insert(("conditional", Mood::Hypothetical));
            return;
        }
        Standing::Before | Standing::After => {
            if destructive && part.names().next().is_some() || part.has_unknown() {
                around.doubt("waits_for_something");
            }
            return;
        }
        Standing::Main => {}
    }
    match stance {
        Stance::Request | Stance::Check | Stance::Status | Stance::History | Stance::Unsure => {
            requests.push(place)
        }
        Stance::Help => around.help = Some(("asked_about", Mood::Question)),
        Stance::Hypothetical => around.help = Some(("hypothetical", Mood::Hypothetical)),
        Stance::Negated => {
            around.refused = Some(("negated", Mood::Negated));
            if part.limited {
                around.doubt("limited");
            }
            // "restore dev to test, but don't overwrite test"
            let denies_earlier = requests.iter().any(|request| {
                read.get(*request).is_some_and(|request| {
                    let same_verb =
                        request.acts.first().map(|act| act.verb) == part.acts.first().map(|act| act.verb);
                    let target = request.frame.target_who();
                    same_verb && part.names().next().is_none()
                        || request.is_destructive() && part.names().all(|who| target == Some(who))
                })
            });
            if denies_earlier && destructive {
                around.doubt("contradiction");
            }
        }
        Stance::Past => around.refused = Some(("past", Mood::Past)),
        Stance::Quoted => around.refused = Some(("reported", Mood::Quoted)),
        Stance::Statement => around.refused = Some(("statement", Mood::Past)),
    }
    if !requests.contains(&place) && stance != Stance::Negated {
        around.topics.extend(part.names());
    }
}

/// The request that counts, with what the other clauses add to it.
fn chosen(
    place: usize,
    read: &[Read<'_>],
    around: &Surroundings,
    tokens: &Tokens<'_>,
    known: &Known,
) -> Decision {
    let Some(part) = read.get(place) else {
        return Decision::plain(Action::None, "nothing", Mood::Request);
    };
    let mut frame = part.frame.clone();
    let earlier: Vec<&Read<'_>> = read.iter().take(place).collect();
    inherit(&mut frame, &earlier, around);
    let destructive = frame.action.is_none_or(Action::is_destructive);
    let stance_action = match part.stance {
        Some(Stance::Check) => Some(Action::Check),
        Some(Stance::Status) => Some(Action::Status),
        Some(Stance::History) => Some(Action::History),
        _ => None,
    };
    if let Some(action) = stance_action {
        frame.action = Some(action);
        frame.ask.clear();
        frame.forget_unclear();
        return Decision::new(frame, "question", Mood::Question);
    }
    if off_topic(&frame, part, tokens, known) {
        return Decision::plain(Action::None, "other_subject", Mood::Request);
    }
    let mut decision = Decision::new(frame, "request", Mood::Request);
    if !destructive {
        return decision;
    }
    let spared = around
        .spared
        .iter()
        .any(|who| Some(*who) == decision.frame.source_who() || Some(*who) == decision.frame.target_who());
    let sentence = part.clause.sentence;
    let tied_unknown = read
        .iter()
        .any(|other| other.clause.sentence == sentence && !other.frame.left_over.is_empty());
    let disputed = part.clause.tokens.iter().any(|token| token.doubtful);
    let doubt = match part.stance {
        Some(Stance::Unsure) => Some("not_surely_a_request"),
        _ if read.iter().any(|part| part.limited) => Some("limited"),
        _ if read.iter().any(|part| part.put_off && part.stance.is_some()) => Some("put_off"),
        _ if tied_unknown => Some("left_over"),
        _ if spared => Some("contradiction"),
        _ if disputed => Some("doubtful_name"),
        _ if part.has(Role::Or) && part.acts.len() > 1 => Some("two_methods"),
        _ if part.has(Role::All) && decision.frame.action == Some(Action::Remove) => None,
        _ => around.unsure,
    };
    if let Some(rule) = doubt {
        decision.ask_action(rule);
    }
    decision
}

/// What a request takes from the clauses before it: "it", the backup just made, the file just
/// fetched.
fn inherit(frame: &mut Frame, earlier: &[&Read<'_>], around: &Surroundings) {
    let last_verb = earlier
        .iter()
        .rev()
        .find_map(|part| part.acts.first())
        .map(|act| act.verb);
    // "back up dev and load it into test": what is moved is a backup.
    if frame.transfers && frame.pronoun && matches!(last_verb, Some(Verb::Backup | Verb::Download)) {
        frame.action = Some(Action::Restore);
        frame.ask.retain(|slot| *slot != Slot::Action);
    }
    let moves = matches!(frame.action, Some(Action::Restore | Action::Migrate) | None);
    let last = earlier.iter().rev().find(|part| !part.acts.is_empty());
    let verb = last.and_then(|part| part.acts.first()).map(|act| act.verb);
    let mut names: Vec<Who> = last.map(|part| part.names().collect()).unwrap_or_default();
    if names.is_empty() {
        names = around.topics.clone();
    }
    names.dedup();
    let only = match names.as_slice() {
        [only] => Some(*only),
        _ => None,
    };
    // "with this file x.nbdata": the pronoun is the package.
    if matches!(
        (&frame.source, &frame.package),
        (Place::Who(Who::Pronoun, _), Pack::Named(..))
    ) {
        frame.source = Place::Absent;
    }
    for side in [&mut frame.source, &mut frame.target] {
        if let Place::Who(Who::Pronoun, stretch) = *side {
            *side = only.map_or(Place::Unclear, |who| Place::Who(who, stretch));
        }
    }
    if !moves {
        if frame.pronoun && frame.action == Some(Action::Backup) && frame.source == Place::Absent {
            if let Some(who) = only {
                frame.source = Place::Told(who);
            }
        } else if frame.pronoun && frame.action == Some(Action::Undo) && frame.target == Place::Absent {
            if let Some(who) = only {
                frame.target = Place::Told(who);
            }
        }
        return;
    }
    let empty = frame.source == Place::Absent && frame.package == Pack::Absent;
    match (verb, last) {
        (Some(Verb::Backup), Some(backup))
            if backup.stance == Some(Stance::Request) && frame.action == Some(Action::Restore) =>
        {
            if !empty {
                // "back up test and restore it from dev"
                if frame.pronoun
                    && frame.target == Place::Absent
                    && let Some(who) = only
                {
                    frame.target = Place::Told(who);
                }
                return;
            }
            let made_of = match backup.frame.source {
                Place::Absent => frame.target_who().filter(|_| frame.lone).unwrap_or(Who::Current),
                _ => match backup.frame.source_who() {
                    Some(who) => who,
                    None => return,
                },
            };
            // "back up dev, then restore test" does not say from what.
            if frame.lone && frame.target_who().is_some_and(|target| target != made_of) {
                return;
            }
            frame.source = Place::Told(made_of);
            if frame.target == Place::Absent {
                frame.target = Place::Told(made_of);
            }
        }
        (Some(Verb::Download), Some(download)) if download.stance == Some(Stance::Request) && empty => {
            frame.package = download.frame.package.clone();
            frame.source = match download.frame.source_who() {
                Some(who) => Place::Told(who),
                None => Place::Absent,
            };
        }
        (Some(Verb::Transfer), Some(moved)) if frame.says_only_how() => {
            frame.source = moved.frame.source;
            frame.target = moved.frame.target;
            frame.package = moved.frame.package.clone();
        }
        (Some(Verb::Backup), Some(backup)) if frame.action == Some(Action::Migrate) && empty => {
            if let (Some(who), true) = (backup.frame.source_who(), frame.target != Place::Absent) {
                frame.source = Place::Told(who);
            }
        }
        (Some(Verb::Check), Some(check)) if frame.pronoun && empty => {
            frame.package = check.frame.package.clone();
            if frame.package == Pack::Absent {
                pronoun(frame, only);
            }
        }
        (Some(_), Some(denied)) if denied.stance == Some(Stance::Negated) && empty => {
            if let (Some(who), true) = (denied.frame.source_who(), frame.target != Place::Absent) {
                frame.source = Place::Told(who);
            } else if frame.pronoun {
                frame.ask.push(Slot::Source);
            }
        }
        _ if frame.pronoun && names.len() > 1 && frame.target == Place::Absent => {
            frame.target = Place::Unclear
        }
        _ if frame.pronoun => pronoun(frame, only),
        // Another clause speaks of an environment: the one in use may not be meant.
        _ if frame.target == Place::Absent && !around.topics.is_empty() => frame.target = Place::Unclear,
        _ => {}
    }
}

/// "it" is the object: what is restored when a target is named, the target otherwise.
fn pronoun(frame: &mut Frame, only: Option<Who>) {
    let Some(who) = only else { return };
    let known_content = frame.source != Place::Absent || frame.package != Pack::Absent;
    if frame.target == Place::Absent {
        frame.target = Place::Told(who);
    } else if !known_content {
        frame.source = Place::Told(who);
    }
}

/// Whether a request with unknown words speaks of something else altogether.
fn off_topic(frame: &Frame, part: &Read<'_>, tokens: &Tokens<'_>, known: &Known) -> bool {
    if frame.on_topic || (frame.left_over.is_empty() && frame.unknown.is_empty()) {
        return false;
    }
    if !frame.left_over.is_empty() {
        return true;
    }
    let plausible = frame.unknown.len() > 1
        && frame.action.is_some_and(Action::is_destructive)
        && !part
            .clause
            .has_any(RoleSet::of(&[Role::Determiner, Role::Filler]))
        || frame.unknown.iter().any(|(token, _)| {
            token.name_like || token.stage_like || !nearest(tokens.text(token), known).is_empty()
        });
    !plausible
}

/// No clause asks for anything: perhaps a fragment of a request.
fn without_request(read: &[Read<'_>]) -> Decision {
    let told = read.iter().any(|part| {
        part.has_unknown() || part.has(Role::Narrates) || part.has(Role::Statement) || part.has(Role::Past)
    });
    let mut frame = Frame::default();
    let mut fragments = 0;
    for part in read {
        let named = !part.mentions.is_empty() || part.clause.has_kind(|kind| kind == Kind::Package);
        if named {
            fragments += 1;
            frame = fragment(part);
        }
    }
    if told || fragments != 1 {
        return Decision::plain(Action::None, "nothing_asked", Mood::Request);
    }
    Decision::ask(frame, "no_verb")
}

/// Sides and package of a clause without a verb: "dev to test".
fn fragment(part: &Read<'_>) -> Frame {
    let mut frame = part.frame.clone();
    let bare: Vec<&Mention> = part
        .mentions
        .iter()
        .filter(|mention| mention.side == Side::Bare)
        .collect();
    let side = |wanted: &[Side]| -> Vec<&Mention> {
        part.mentions
            .iter()
            .filter(|mention| wanted.contains(&mention.side))
            .collect()
    };
    let mut to = side(&[Side::To]);
    if to.is_empty() {
        to = side(&[Side::On]);
    }
    let mut from = side(&[Side::From, Side::Owner]);
    if let ([_], []) = (to.as_slice(), from.as_slice()) {
        from = bare;
    }
    for (mentions, place) in [(from, &mut frame.source), (to, &mut frame.target)] {
        if let [only] = mentions.as_slice()
            && let (Who::Environment(_) | Who::Current, Some(token)) =
                (only.who, part.clause.tokens.get(only.place))
        {
            *place = Place::Who(only.who, frame::Stretch::of(token));
        }
    }
    frame
}
