//! What the clauses that are no request say about the one that is: a limit, a second thought, a
//! denial, a name to be left alone.
//!
//! What becomes of the request then is left to `decide` and `request`.

use crate::act::Verb;
use crate::clause::{SMALL, Standing, sets_the_scene};
use crate::inherit::says_why_it_goes;
use crate::leftover::{spares, tells};
use crate::mention::Who;
use crate::mood::Stance;
use crate::part::Read;
use crate::reading::Mood;
use crate::tokens::{Kind, Token};
use crate::why::{complains_beside_undo, denies_the_other_way, tells_of_later};
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
    /// The clause that calls something useless.
    pub(crate) useless: Option<usize>,
    /// Environments that must not be touched.
    pub(crate) spared: Vec<Who>,
    /// Environments spoken of outside the request.
    pub(crate) topics: Vec<Who>,
}

impl Surroundings {
    /// Notes the first reason for a question.
    pub(crate) fn doubt(&mut self, rule: &'static str) {
        self.unsure.get_or_insert(rule);
    }
}

/// A clause without an act: a remark, a limit, a second thought.
pub(crate) fn judge_without_act(
    place: usize,
    part: &Read<'_>,
    around: &mut Surroundings,
    quoted: bool,
    opens: bool,
    read: &[Read<'_>],
) {
    let clause = part.clause;
    if part.has(Role::Hypothetical) {
        around.help = Some(("hypothetical", Mood::Hypothetical));
    }
    if part.has(Role::How)
        && (!clause.asks
            || part.names().next().is_some()
            || clause.after_pause()
            // "what is rule 3 for?"
            || !clause.has_kind(|kind| matches!(kind, Kind::Unknown | Kind::Quote)))
    {
        around.help = Some(("asked_how", Mood::Question));
    }
    if part.has(Role::Cancel) {
        // "no longer needed": takes back a request, but is why something is deleted.
        let mark = if part.has(Role::Narrates) {
            &mut around.useless
        } else {
            &mut around.cancelled_after
        };
        *mark = Some(place);
        // What is taken back or useless stands in a place: the one in use may not be meant.
        around.topics.extend(part.names());
        // "if test is not needed any more, …"
        if clause.standing == Standing::Condition || part.has(Role::Condition) {
            around.doubt("conditional");
        }
        return;
    }
    if quoted {
        return;
    }
    if complains_beside_undo(place, read) {
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
    // "no, the other way round: …" leads over to what is meant.
    let leads = read.get(place + 1).is_some_and(|next| next.clause.is_announced());
    let judged = part.has(Role::Verdict) && only(JUDGES) && !leads;
    // "not dev to test, I said test to dev! Restore!": nothing was asked for yet.
    let asked = read.iter().take(place).any(|earlier| !earlier.acts.is_empty());
    let again = !names.is_empty() && (asked || names.len() < 2);
    if place > 0 && (part.has(Role::Correction) && (judged || again)) {
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
        let told = part.has(Role::Narrates)
            || part.has(Role::Statement)
            || clause.standing == Standing::Reason
            || says_why_it_goes(part, read.get(place + 1));
        let light = part.has(Role::Pronoun)
            || part.has(Role::LightDo)
            || clause
                .tokens
                .iter()
                .all(|token| token.is_any(SMALL.union(RoleSet::of(&[Role::Negation, Role::Contrast]))));
        // "don't make a new one" says which backup is meant.
        let old = part.has(Role::Fresh) && light && names.is_empty();
        if part.limited {
            around.doubt("limited");
        } else if old {
            return;
        } else if !names.is_empty() && !told && !denies_the_other_way(part, read) {
            around.spared.extend(names);
        } else if told || !names.is_empty() {
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
    if tells_of_later(part) {
        return;
    }
    if part.limited
        || part.has(Role::Touch) && !part.explains && !tells(clause)
        || part.put_off && (!part.is_chatter() || says_when(part))
    {
        around.doubt("limited");
        return;
    }
    match clause.standing {
        Standing::Condition => around.doubt("conditional"),
        // "before the meeting": a deadline puts nothing off.
        Standing::Before if names_none(part) && !part.has(Role::TimeFuture) => {}
        Standing::Before | Standing::After
            if part.has_unknown() || !part.mentions.iter().all(|mention| mention.who == Who::Pronoun) =>
        {
            around.doubt("waits_for_something");
        }
        // "I need fresh data for the meeting, …"
        Standing::Main if opens && part.has(Role::Want) && part.names().next().is_none() => {}
        // "I need it for 3": when it is needed, in a sentence of its own.
        Standing::Main if needs_by_then(part, read) => {}
        // "Hello, Tomasz from payroll here.": who writes, in a sentence of its own.
        Standing::Main if opens && introduces(part, read) => {}
        Standing::Main if opens && sets_the_scene(clause) => {}
        Standing::Main if part.has_unknown() && !part.is_chatter() => around.doubt("left_over"),
        Standing::Main if clause.is_announced() && part.has_unknown() => around.doubt("left_over"),
        Standing::Main | Standing::Reason | Standing::Before | Standing::After => {}
    }
}

/// "do it tomorrow": nothing but an act without a name and its time.
fn says_when(part: &Read<'_>) -> bool {
    const WHEN: RoleSet = SMALL.union(RoleSet::of(&[
        Role::LightDo,
        Role::Pronoun,
        Role::Narrates,
        Role::TimeFuture,
    ]));
    part.has(Role::LightDo) && part.clause.tokens.iter().all(|token| token.is_any(WHEN))
}

/// Whether the clause stands in a sentence of its own before the first that asks for something, and says
/// nothing that could limit it.
fn introduces(part: &Read<'_>, read: &[Read<'_>]) -> bool {
    const LIMITS: RoleSet = RoleSet::of(&[
        Role::Except,
        Role::Only,
        Role::Part,
        Role::All,
        Role::Negation,
        Role::Contrast,
        Role::Touch,
        Role::Or,
        Role::TimeFuture,
        Role::TimeAfter,
        Role::Hypothetical,
        Role::Reporting,
        Role::Example,
        Role::NounContent,
        Role::UserTables,
        Role::SystemTables,
    ]);
    let sentence = part.clause.sentence;
    let apart = read
        .iter()
        .all(|other| other.clause.sentence != sentence || other.acts.is_empty());
    let greets = read.first().is_some_and(|first| {
        first.has(Role::Greeting) || first.clause.tokens.iter().all(|token| token.is(Role::Polite))
    });
    let here = part.names().all(|who| who == Who::Current);
    apart && greets && here && !part.clause.has_any(LIMITS)
}

/// Whether a sentence of its own says of no more than a number when something is needed.
fn needs_by_then(part: &Read<'_>, read: &[Read<'_>]) -> bool {
    const LIMITS: RoleSet = RoleSet::of(&[
        Role::Only,
        Role::Negation,
        Role::Contrast,
        Role::NounRule,
        Role::RuleId,
        Role::NounContent,
    ]);
    let sentence = part.clause.sentence;
    let apart = read
        .iter()
        .all(|other| other.clause.sentence != sentence || other.acts.is_empty());
    let unknown = |kind: Kind| matches!(kind, Kind::Unknown | Kind::Quote);
    apart
        && part.has(Role::Want)
        && part.names().next().is_none()
        && !part.clause.has_kind(unknown)
        && !part.clause.has_any(LIMITS)
}

fn names_none(part: &Read<'_>) -> bool {
    part.mentions
        .iter()
        .all(|mention| mention.who == Who::Pronoun || mention.who == Who::Unknown)
        && !part
            .clause
            .has_any(RoleSet::of(&[Role::Negation, Role::Condition]))
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
            // "for the demo, is it better to migrate or to restore?"
            if part.has(Role::How) && part.clause.asks {
                around.help = Some(("asked_about", Mood::Question));
            }
            if part.limited {
                around.doubt("limited");
            }
            return;
        }
        Standing::Condition => {
            // "if dev is restored to prod, are the users lost?"
            let others = read
                .iter()
                .filter(|other| other.clause.sentence == part.clause.sentence);
            // "…, what happens?" asks of nothing else.
            let alone = others
                .filter(|other| {
                    let act = other.acts.first();
                    act.is_some_and(|act| {
                        act.verb != Verb::Status || other.clause.standing == Standing::Condition
                    })
                })
                .count()
                == 1;
            let asks = part.clause.asks && alone;
            if asks || matches!(stance, Stance::Help | Stance::Hypothetical) || part.has(Role::Tag) {
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
            let waits = destructive && part.names().next().is_some() || part.has_unknown();
            if waits && !complains_beside_undo(place, read) {
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
