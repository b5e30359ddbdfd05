//! Makes a whole of the clause that asks: what it takes from the clauses before it, and whether
//! something stands in its way.

use crate::act::Verb;
use crate::decide::{JUDGED, Surroundings};
use crate::finish::Decision;
use crate::frame::{Frame, Pack, Place, Stretch};
use crate::intent::{Action, Slot};
use crate::known::Known;
use crate::mention::{Mention, Side, Who};
use crate::mood::Stance;
use crate::part::Read;
use crate::reading::Mood;
use crate::suggest::nearest;
use crate::tokens::{Kind, Tokens};
use crate::words::{Role, RoleSet};

/// The request that counts, with what the other clauses add to it.
pub(crate) fn chosen(
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
    // "只备份不还原test": the name stands with the verb that is denied.
    if frame.action == Some(Action::Backup)
        && frame.source == Place::Absent
        && let Some(next) = read.get(place + 1)
        && next.stance == Some(Stance::Negated)
        && next.clause.sentence == part.clause.sentence
        && let [only] = next.names().collect::<Vec<Who>>().as_slice()
    {
        frame.source = Place::Told(*only);
    }
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
        // "undo it, it broke": the judgement is why.
        _ => around
            .unsure
            .filter(|rule| *rule != JUDGED || decision.frame.action != Some(Action::Undo)),
    };
    if let Some(rule) = doubt {
        decision.ask_action(rule);
    }
    decision
}

/// What a request takes from the clauses before it: "it", the backup just made, the file just
/// fetched.
pub(crate) fn inherit(frame: &mut Frame, earlier: &[&Read<'_>], around: &Surroundings) {
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
        [Who::Unknown] => None,
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
        // "download x and delete it"
        if let (Some(Action::Remove), Some(Verb::Download), Some(fetched)) = (frame.action, verb, last)
            && frame.package == Pack::Absent
            && frame.source == Place::Absent
        {
            frame.package = fetched.frame.package.clone();
            frame.source = fetched.frame.source;
            return;
        }
        // "prod was overwritten with dev, undo that": where it was done, never the one in use.
        if frame.action == Some(Action::Undo) && frame.target == Place::Absent {
            let done = last.and_then(|told| told.frame.target_who());
            let nobody = names.is_empty();
            frame.target = match (done, only) {
                (Some(who), _) | (None, Some(who)) if frame.pronoun => Place::Told(who),
                _ if nobody => Place::Absent,
                _ => Place::Unclear,
            };
            return;
        }
        let side = match frame.action {
            Some(Action::Backup) => &mut frame.source,
            _ => return,
        };
        if let (Some(who), true, Place::Absent) = (only, frame.pronoun, *side) {
            *side = Place::Told(who);
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
        // "test is broken, restore it from prod": what is told to be broken is what is put right.
        _ if frame.action == Some(Action::Restore)
            && frame.target == Place::Absent
            && frame.source_who().is_some()
            && broken(earlier).is_some_and(|who| Some(who) != frame.source_who()) =>
        {
            frame.target = broken(earlier).map_or(Place::Unclear, Place::Told);
        }
        // Another clause speaks of an environment: the one in use may not be meant.
        _ if frame.target == Place::Absent && !around.topics.is_empty() => frame.target = Place::Unclear,
        _ => {}
    }
}

/// The one environment that the clause right before tells of, if that is all it names.
fn broken(earlier: &[&Read<'_>]) -> Option<Who> {
    let told = earlier.last()?;
    let tells = told.acts.is_empty() && told.has(Role::Narrates) && !told.has_unknown();
    let denies = told
        .clause
        .has_any(RoleSet::of(&[Role::Negation, Role::Contrast, Role::Condition]));
    let names: Vec<Who> = told.names().collect();
    match names.as_slice() {
        [Who::Environment(place)] if tells && !denies && earlier.len() == 1 => Some(Who::Environment(*place)),
        _ => None,
    }
}

/// "it" is the object: what is restored when a target is named, the target otherwise.
pub(crate) fn pronoun(frame: &mut Frame, only: Option<Who>) {
    let Some(who) = only else { return };
    let known_content = frame.source != Place::Absent || frame.package != Pack::Absent;
    if frame.target == Place::Absent {
        frame.target = Place::Told(who);
    } else if !known_content {
        frame.source = Place::Told(who);
    }
}

/// Whether a request with unknown words speaks of something else altogether.
pub(crate) fn off_topic(frame: &Frame, part: &Read<'_>, tokens: &Tokens<'_>, known: &Known) -> bool {
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
pub(crate) fn without_request(read: &[Read<'_>]) -> Decision {
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
    // "wipe test": nothing that could be done.
    let touched = read.iter().any(|part| part.has(Role::Touch));
    if told || touched || fragments != 1 {
        return Decision::plain(Action::None, "nothing_asked", Mood::Request);
    }
    Decision::ask(frame, "no_verb")
}

/// "don't restore dev to test, I meant test to dev": what is denied is asked for with other sides.
pub(crate) fn take_up(read: &mut [Read<'_>]) {
    for place in 1..read.len() {
        let (before, rest) = read.split_at_mut(place);
        let (Some(denied), Some(part)) = (before.last(), rest.first_mut()) else {
            continue;
        };
        let corrects = part.acts.is_empty()
            && part.has(Role::Correction)
            && !part.has_unknown()
            && !part
                .clause
                .has_any(RoleSet::of(&[Role::Negation, Role::Contrast]));
        if !corrects || denied.stance != Some(Stance::Negated) || !denied.is_destructive() {
            continue;
        }
        let sides = fragment(part);
        if sides.source_who().is_some() && sides.target_who().is_some() && !denied.acts.is_empty() {
            part.frame = Frame {
                source: sides.source,
                target: sides.target,
                ..denied.frame.clone()
            };
            part.acts = denied.acts.clone();
            part.stance = Some(Stance::Request);
        }
    }
}

/// Sides and package of a clause without a verb: "dev to test".
pub(crate) fn fragment(part: &Read<'_>) -> Frame {
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
            *place = Place::Who(only.who, Stretch::of(token));
        }
    }
    frame
}
