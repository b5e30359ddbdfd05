//! Lets the clauses of a text decide together: which one is the request, and what the others say
//! about it.
//!
//! What the request takes from the others is left to `request`.

use crate::act::Verb;
use crate::clause::{SMALL, Standing};
use crate::finish::Decision;
use crate::frame::{Frame, Pack, Place};
use crate::intent::Action;
use crate::known::Known;
use crate::leftover::spares;
use crate::mention::Who;
use crate::mood::Stance;
use crate::part::Read;
use crate::reading::Mood;
use crate::request::{chosen, without_request};
use crate::tokens::{Kind, Token, Tokens};
use crate::words::{Role, RoleSet};

/// Words of a clause that only denies.
pub(crate) const DENIALS: RoleSet = SMALL.union(RoleSet::of(&[
    Role::Negation,
    Role::Contrast,
    Role::Statement,
    Role::Request,
    Role::Want,
    Role::LightDo,
    Role::Pronoun,
]));

/// Words of a clause that only judges what was said.
const JUDGES: RoleSet = SMALL.union(RoleSet::of(&[
    Role::Verdict,
    Role::Pronoun,
    Role::Narrates,
    Role::Opener,
]));

/// What was said is judged: "restore dev to test. Dangerous."
pub(crate) const JUDGED: &str = "judged";

/// What the clauses that are no request say about the one that is.
#[derive(Default)]
pub(crate) struct Surroundings {
    pub(crate) help: Option<(&'static str, Mood)>,
    pub(crate) refused: Option<(&'static str, Mood)>,
    pub(crate) unsure: Option<&'static str>,
    pub(crate) cancelled_after: Option<usize>,
    /// Environments that must not be touched.
    pub(crate) spared: Vec<Who>,
    /// Environments spoken of outside the request.
    pub(crate) topics: Vec<Who>,
}

impl Surroundings {
    fn doubt(&mut self, rule: &'static str) {
        self.unsure.get_or_insert(rule);
    }
}

pub(crate) fn decide(read: &[Read<'_>], tokens: &Tokens<'_>, known: &Known) -> Decision {
    let chosen = |place, around: &Surroundings| chosen(place, read, around, tokens, known);
    let mut around = Surroundings::default();
    let mut requests: Vec<usize> = Vec::new();
    let mut reported = None;

    for (place, part) in read.iter().enumerate() {
        let quoted = reported == Some(part.clause.sentence);
        // "he wants that you …": what follows is someone else's wish.
        let others = part.acts.is_empty()
            && part.has(Role::Others)
            && !part.has_unknown()
            && part.clause.has_any(RoleSet::of(&[Role::Request, Role::Want]));
        if part.has(Role::Reporting) || part.has(Role::Example) || others {
            reported = Some(part.clause.sentence);
        }
        match part.stance {
            None if part.spent => {}
            None => {
                let opens = read.iter().take(place).all(|earlier| earlier.acts.is_empty());
                judge_without_act(place, part, &mut around, quoted, opens);
            }
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
        let instead: Vec<usize> = requests
            .iter()
            .copied()
            .filter(|request| *request > cancelled)
            .collect();
        // "restore dev to test, no, restore it to staging": the second request stands.
        let replaced = requests.iter().copied().find(|request| *request < cancelled);
        let (Some(new), 1, Some(old)) = (instead.first(), instead.len(), replaced) else {
            return Decision::plain(Action::None, "cancelled", Mood::Negated);
        };
        return instead_of(old, *new, read, &around, tokens, known);
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
            let moved = read
                .get(**place)
                .is_some_and(|part| matches!(part.acts.first(), Some(act) if act.verb == Verb::Transfer));
            // "the last restore, undo it": the verb behind says what is to become of it.
            let undone = read.get(**place).is_some_and(|part| {
                part.frame.says_only_what()
                    && next.is_some_and(|next| {
                        next.frame.action == Some(Action::Undo)
                            && next.clause.after_pause()
                            && next.clause.sentence == part.clause.sentence
                    })
            });
            !(undone || moved && next.is_some_and(|next| next.clause.is_tied() && next.frame.says_only_how()))
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

/// The request that takes the place of one that was taken back, with the source it leaves out.
fn instead_of(
    old: usize,
    new: usize,
    read: &[Read<'_>],
    around: &Surroundings,
    tokens: &Tokens<'_>,
    known: &Known,
) -> Decision {
    let mut decision = chosen(new, read, around, tokens, known);
    let Some(old) = read.get(old) else { return decision };
    let frame = &mut decision.frame;
    let same = frame.action == old.frame.action && frame.action.is_none_or(Action::is_destructive);
    let sourceless = frame.source == Place::Absent && frame.package == Pack::Absent;
    if same && sourceless && frame.target_who().is_some() {
        frame.source = old.frame.source;
        frame.package = old.frame.package.clone();
    }
    decision
}

/// Lets clauses that are tied together share how they are meant.
pub(crate) fn carry(read: &mut [Read<'_>]) {
    let mut earlier: Option<(usize, Stance)> = None;
    let mut denied: Option<usize> = None;
    for place in 0..read.len() {
        let next_is_tied = read.get(place + 1).is_some_and(|next| next.clause.is_tied());
        let Some(part) = read.get_mut(place) else { break };
        let sentence = part.clause.sentence;
        match part.stance {
            // "do not, under any circumstances, restore dev"
            Some(_) if denied == Some(sentence) => {
                part.stance = Some(Stance::Negated);
                earlier = Some((sentence, Stance::Negated));
            }
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
            None if part.has(Role::Negation)
                && part.clause.tokens.iter().all(|token| token.is_any(DENIALS)) =>
            {
                let first = earlier.is_none_or(|(same, _)| same != sentence);
                if next_is_tied {
                    part.spent = true;
                    earlier = Some((sentence, Stance::Negated));
                } else if first && !part.has(Role::Answer) {
                    denied = Some(sentence);
                }
            }
            None => {}
        }
    }
}

/// "don't back up dev and restore it": what is said of the first verb is said of the second.
pub(crate) fn carried(earlier: Stance, part: &Read<'_>) -> Option<Stance> {
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
pub(crate) fn judge_without_act(
    place: usize,
    part: &Read<'_>,
    around: &mut Surroundings,
    quoted: bool,
    opens: bool,
) {
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
        // "Don't. Restore dev to prod."
        if !part.has(Role::Answer) {
            around.doubt("unclear_negation");
        }
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
    let judged = part.has(Role::Verdict) && only(JUDGES);
    if place > 0 && (part.has(Role::Correction) && (judged || !names.is_empty())) {
        // "restore dev to test. The other way round."
        around.doubt("taken_back");
    } else if place > 0 && judged {
        around.doubt(JUDGED);
    }
    if spares(clause) {
        around.spared.extend(names);
        return;
    }
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
    // "test坏掉了": an unknown word may hold a name, so that it is not the one in use that is meant.
    let holds_name = |token: &Token| token.kind == Kind::Unknown && token.name_like;
    if names.is_empty() && clause.tokens.iter().any(holds_name) {
        around.topics.push(Who::Unknown);
    }
    around.topics.extend(names);
    if part.limited || part.has(Role::Touch) && !part.explains || part.put_off && !part.is_chatter() {
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
        // "I need fresh data for the meeting, …"
        Standing::Main if opens && part.has(Role::Want) && part.names().next().is_none() => {}
        Standing::Main if part.has_unknown() && !part.is_chatter() => around.doubt("left_over"),
        Standing::Main if clause.is_announced() && part.has_unknown() => around.doubt("left_over"),
        Standing::Main | Standing::Reason | Standing::Before | Standing::After => {}
    }
}

/// A clause with an act.
pub(crate) fn judge(
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
        // "before you restore dev to test, back up test" asks for both.
        Standing::Before if destructive && part.clause.is_asked() => {
            requests.push(place);
            around.doubt("asked_for_later");
            return;
        }
        Standing::Before | Standing::After => {
            if part.has(Role::How) {
                around.help = Some(("asked_about", Mood::Question));
            }
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
