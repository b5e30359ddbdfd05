//! Makes a whole of the clause that asks, and judges whether something stands in its way.
//!
//! What it takes from the clauses before it is left to `inherit`.

use crate::clause::sets_the_scene;
use crate::finish::Decision;
use crate::frame::{Frame, Pack, Place};
use crate::inherit::inherit;
use crate::intent::Action;
use crate::known::Known;
use crate::mention::Who;
use crate::mood::Stance;
use crate::part::Read;
use crate::reading::Mood;
use crate::suggest::nearest;
use crate::surround::{JUDGED, Surroundings};
use crate::tokens::Tokens;
use crate::why::tells_beside;
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
    // "nothing can restore my trust": a question about what is possible needs a subject.
    if stance_action == Some(Action::Check) && off_topic(&frame, part, tokens, known) {
        return Decision::plain(Action::None, "other_subject", Mood::Question);
    }
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
    // "undo it, the page is white": what is said beside an undo is why.
    let undoes = decision.frame.action == Some(Action::Undo);
    let tied_unknown = read.iter().enumerate().any(|(other_place, other)| {
        let first = other_place < place && read.iter().take(other_place).all(|one| one.acts.is_empty());
        let reason = other.describes()
            || first && sets_the_scene(other.clause)
            || other_place > place && other.complains()
            || tells_beside(other_place, place, read)
            || undoes && other_place != place && other.clause.after_pause();
        other.clause.sentence == sentence && !other.frame.left_over.is_empty() && !reason
    });
    let disputed = part.clause.tokens.iter().any(|token| token.doubtful);
    let doubt = match part.stance {
        Some(Stance::Unsure) => Some("not_surely_a_request"),
        _ if read.iter().any(|part| part.limited) => Some("limited"),
        _ if read.iter().any(puts_off) => Some("put_off"),
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
        // "dev is ready and can be migrated": where to is not said either.
        let open = part.stance == Some(Stance::Unsure) && part.has(Role::Capability);
        if open && decision.frame.action == Some(Action::Migrate) && decision.frame.target == Place::Absent {
            decision.frame.target = Place::Unclear;
        }
        decision.ask_action(rule);
    }
    decision
}

/// Whether the clause puts the request off: "the customer looks at it at noon" does not.
fn puts_off(part: &Read<'_>) -> bool {
    let others = part.has(Role::Others) && !part.is_destructive();
    part.put_off && part.stance.is_some() && !others
}

/// Whether a request with unknown words speaks of something else altogether.
fn off_topic(frame: &Frame, part: &Read<'_>, tokens: &Tokens<'_>, known: &Known) -> bool {
    // "restore my mail password": no environment and no package is spoken of.
    if part.is_elsewhere() && part.names().next().is_none() && !matches!(frame.package, Pack::Named(..)) {
        return true;
    }
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
