//! What a request takes from the clauses before it: "it", the backup just made, the file just
//! fetched.

use crate::act::Verb;
use crate::frame::{Frame, Pack, Place};
use crate::intent::{Action, Slot};
use crate::mention::Who;
use crate::mood::Stance;
use crate::part::Read;
use crate::surround::Surroundings;
use crate::words::{Role, RoleSet};

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
    if take_package(frame, earlier, only) {
        return;
    }
    // "with this file x.nbdata": the pronoun is the package.
    if matches!(
        (&frame.source, &frame.package),
        (Place::Who(Who::Pronoun, _), Pack::Named(..))
    ) {
        frame.source = Place::Absent;
    }
    // "back up dev and restore it from that": the pronoun is the backup just made.
    if last_verb == Some(Verb::Backup)
        && matches!(frame.source, Place::Who(Who::Pronoun, _))
        && frame.action == Some(Action::Restore)
    {
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
            let told = last.is_some_and(|told| {
                matches!(
                    told.stance,
                    Some(Stance::Past | Stance::Statement | Stance::Unsure)
                ) && !told.has_unknown()
            });
            frame.target = match (done, only) {
                (Some(who), _) | (None, Some(who)) if frame.pronoun => Place::Told(who),
                // "yesterday I put dev on test by mistake, undo"
                (Some(who), _) if told => Place::Told(who),
                // "I regret the restore on test, undo"
                (_, Some(who)) if told => Place::Told(who),
                // "undo the restore, the one I just made on test"
                (_, Some(who)) if earlier.is_empty() => Place::Told(who),
                _ if nobody => Place::Absent,
                _ => Place::Unclear,
            };
            return;
        }
        // "qa is full, delete x": it is there, not in the environment in use.
        let made = matches!(
            frame.action,
            Some(Action::Backup | Action::Remove | Action::Download)
        );
        if made && frame.source == Place::Absent {
            let asked = last.is_some_and(|last| last.stance == Some(Stance::Request));
            frame.source = match only {
                Some(who) if frame.pronoun || !asked => Place::Told(who),
                None if !names.is_empty() && frame.action != Some(Action::Backup) => Place::Unclear,
                _ => Place::Absent,
            };
        }
        return;
    }
    let empty = frame.source == Place::Absent && frame.package == Pack::Absent;
    // "restore dev's backup" leaves open where to.
    let unsaid = frame.target == Place::Unclear && !frame.ask.contains(&Slot::Target);
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
                } else if frame.target == Place::Absent && matches!(only, Some(Who::Environment(_))) {
                    // "back up test, then restore from prod": hardly the one in use.
                    frame.target = Place::Unclear;
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
            && (frame.target == Place::Absent || unsaid)
            && frame.source_who().is_some()
            && broken(earlier).is_some_and(|who| Some(who) != frame.source_who()) =>
        {
            frame.target = broken(earlier).map_or(Place::Unclear, Place::Told);
        }
        // "test is broken, please restore": what is broken is put right.
        _ if frame.action == Some(Action::Restore)
            && empty
            && frame.target == Place::Absent
            && broken(earlier).is_some() =>
        {
            frame.target = broken(earlier).map_or(Place::Unclear, Place::Told);
        }
        // Another clause speaks of an environment: the one in use may not be meant.
        _ if frame.target == Place::Absent && (!around.topics.is_empty() || looked_at(last)) => {
            frame.target = Place::Unclear;
        }
        _ => {}
    }
}

/// "load x.nbdata into qa, then restore with it", "x.nbdata is on dev, delete it": the pronoun is the
/// package that was named before. Says whether it is.
fn take_package(frame: &mut Frame, earlier: &[&Read<'_>], only: Option<Who>) -> bool {
    let with = matches!(frame.source, Place::Who(Who::Pronoun, _));
    let takes = matches!(
        frame.action,
        Some(Action::Restore | Action::Migrate | Action::Remove | Action::Download) | None
    );
    let it = with || frame.pronoun && frame.source == Place::Absent;
    // "prod上的a.nbdata没用了，删掉吧": some languages leave the object out.
    let unsaid = frame.source == Place::Absent
        && earlier
            .last()
            .is_some_and(|told| told.acts.is_empty() && matches!(told.frame.package, Pack::Named(..)));
    let meant = it || unsaid && !frame.some_package;
    if !takes || !meant || frame.package != Pack::Absent {
        return false;
    }
    let named = |part: &&&Read<'_>| matches!(part.frame.package, Pack::Named(..));
    let Some(told) = earlier.iter().rev().find(named) else {
        return false;
    };
    let moved = told.acts.first().map(|act| act.verb);
    let known = matches!(
        moved,
        None | Some(Verb::Transfer | Verb::Check | Verb::Download | Verb::List)
    );
    if !known || told.stance == Some(Stance::Negated) {
        return false;
    }
    frame.package = told.frame.package.clone();
    // "x.nbdata on demo is not needed, delete it": where it was said to be, never the one in use.
    let said: Vec<Who> = told.names().collect();
    let (from, to) = match moved {
        None if said.is_empty() => (only, None),
        None => (
            said.first()
                .copied()
                .filter(|first| said.iter().all(|who| who == first)),
            None,
        ),
        Some(Verb::Check) => (None, None),
        Some(_) => (told.frame.source_who(), told.frame.target_who()),
    };
    let holds = matches!(frame.action, Some(Action::Remove | Action::Download));
    frame.source = match (from, to) {
        (Some(who), _) => Place::Told(who),
        (None, Some(who)) if holds => Place::Told(who),
        // "take dev's latest backup and restore it to test": whose it is must not be lost.
        (None, Some(who)) if frame.target_who().is_some_and(|target| target != who) => Place::Unclear,
        _ if told.frame.source == Place::Unclear || moved.is_none() && !said.is_empty() => Place::Unclear,
        _ => Place::Absent,
    };
    if let (Place::Absent, false) = (frame.target, holds) {
        frame.target = to
            .or(from.filter(|_| moved.is_none()))
            .map_or(Place::Absent, Place::Told);
        if frame.target_who() == frame.source_who() {
            frame.source = Place::Absent;
        }
    }
    true
}

/// "x.nbdata on demo is not needed, delete it": the denial is why.
pub(crate) fn says_why_it_goes(part: &Read<'_>, next: Option<&Read<'_>>) -> bool {
    let named = matches!(part.frame.package, Pack::Named(..));
    named
        && part.has(Role::Want)
        && next.is_some_and(|next| {
            next.frame.action == Some(Action::Remove)
                && next.stance == Some(Stance::Request)
                && next.frame.package == Pack::Absent
                && next.names().next().is_none()
        })
}

/// "demo is to be shown to the boss, restore …": a verb that only looks, and where.
fn looked_at(last: Option<&&Read<'_>>) -> bool {
    last.is_some_and(|last| {
        last.names().next().is_some()
            && matches!(last.acts.first(), Some(act) if matches!(act.verb, Verb::List | Verb::Status | Verb::History))
    })
}

/// The one environment that the clause right before tells of, if that is all it names.
fn broken(earlier: &[&Read<'_>]) -> Option<Who> {
    let told = earlier.last()?;
    let narrates = told.has(Role::Narrates) && !told.has_unknown();
    let tells = told.acts.is_empty() && (narrates || told.describes());
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
fn pronoun(frame: &mut Frame, only: Option<Who>) {
    let Some(who) = only else { return };
    let known_content = frame.source != Place::Absent || frame.package != Pack::Absent;
    if frame.target == Place::Absent {
        frame.target = Place::Told(who);
    } else if !known_content {
        frame.source = Place::Told(who);
    }
}
