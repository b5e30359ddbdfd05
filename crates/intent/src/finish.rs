//! Completes the request that was chosen: the environment in use where none is named, what must
//! be asked, suggestions, and the explanation.
//!
//! Nothing here decides what a sentence means; the catalogue says what an action needs.

use crate::frame::{Frame, Pack, Place, Stretch};
use crate::intent::{Action, EnvironmentRef, Intent, Slot, Spans};
use crate::known::Known;
use crate::mention::Who;
use crate::normal::normal_form;
use crate::reading::{Explanation, Mood, Reading, Suggestion, Word};
use crate::suggest::nearest;
use crate::tokens::{Kind, Token, Tokens};
use crate::words::{Part, needs};

/// What the clauses decided.
#[derive(Debug)]
pub(crate) struct Decision {
    pub(crate) frame: Frame,
    rule: &'static str,
    mood: Mood,
}

impl Decision {
    /// A frame to carry out.
    pub(crate) fn new(frame: Frame, rule: &'static str, mood: Mood) -> Decision {
        let rule = if frame.rule_name.is_empty() {
            rule
        } else {
            frame.rule_name
        };
        Decision { frame, rule, mood }
    }

    /// An action without any part.
    pub(crate) fn plain(action: Action, rule: &'static str, mood: Mood) -> Decision {
        Decision {
            frame: Frame {
                action: Some(action),
                ..Frame::default()
            },
            rule,
            mood,
        }
    }

    /// A frame whose action must be asked for.
    pub(crate) fn ask(frame: Frame, rule: &'static str) -> Decision {
        let mut decision = Decision {
            frame,
            rule,
            mood: Mood::Request,
        };
        decision.ask_action(rule);
        decision
    }

    /// Whether it is to do nothing.
    pub(crate) fn refused(&self) -> bool {
        matches!(self.frame.action, Some(Action::None | Action::Help))
    }

    /// Keeps the parts and asks for the action.
    pub(crate) fn ask_action(&mut self, rule: &'static str) {
        self.frame.action = None;
        self.frame.ask.push(Slot::Action);
        self.frame.ask_only = true;
        self.rule = rule;
    }
}

/// A reading for a text that is not looked into.
pub(crate) fn refused(rule: &str, language: &str) -> Reading {
    Reading {
        intent: Intent {
            action: None,
            source: None,
            target: None,
            package: None,
            rule: None,
            clarify: vec![Slot::Action],
            language: language.to_owned(),
            spans: Spans::default(),
        },
        suggestions: Vec::new(),
        explanation: Explanation {
            rule: rule.to_owned(),
            mood: Mood::Request,
            words: Vec::new(),
            left_over: Vec::new(),
        },
    }
}

/// The reading of a text without a word.
pub(crate) fn nothing(language: &str) -> Reading {
    let mut reading = refused("no_words", language);
    reading.intent.action = Some(Action::None);
    reading.intent.clarify.clear();
    reading
}

/// Turns the decision into the reading.
pub(crate) fn finish(decision: Decision, tokens: &Tokens<'_>, known: &Known, language: &str) -> Reading {
    let Decision {
        mut frame,
        rule,
        mood,
    } = decision;
    if matches!(frame.action, Some(Action::History | Action::Status)) {
        frame.forget_unclear();
    }
    let mut clarify: Vec<Slot> = frame.ask.clone();
    complete(&mut frame, &mut clarify);
    if onto_itself(&frame, known) {
        frame.target = Place::Unclear;
        clarify.push(Slot::Target);
    }
    clarify.sort_unstable();
    clarify.dedup();
    let span = |stretch: Stretch| tokens.normal.original(stretch.start, stretch.end);
    let side_span = |place: &Place| match place {
        Place::Who(_, stretch) => Some(span(*stretch)),
        _ => None,
    };
    let reference = |who: Option<Who>| match who? {
        Who::Environment(place) => known
            .name(place)
            .map(|name| EnvironmentRef::Named(name.to_owned())),
        Who::Current => Some(EnvironmentRef::Current),
        Who::Pronoun | Who::There | Who::Unknown => None,
    };
    let (package, package_span) = match &frame.package {
        Pack::Named(package, stretch) => (Some(package.clone()), Some(span(*stretch))),
        Pack::Absent | Pack::Unclear => (None, None),
    };
    let spans = Spans {
        action: frame.act.map(span),
        source: side_span(&frame.source),
        target: side_span(&frame.target),
        package: package_span,
        rule: frame.rule_token.filter(|_| frame.rule.is_some()).map(span),
    };
    let intent = Intent {
        action: frame.action,
        source: reference(frame.source_who()),
        target: reference(frame.target_who()),
        package,
        rule: frame.rule.clone(),
        clarify,
        language: language.to_owned(),
        spans,
    };
    let suggestions = frame
        .unknown
        .iter()
        .map(|(token, slot)| suggestion(token, *slot, &intent, tokens, known))
        .collect();
    Reading {
        intent,
        suggestions,
        explanation: explain(rule, mood, &frame, tokens),
    }
}

/// Whether what was named is to be restored onto itself, by another name: "restore from dev", where
/// dev is in use.
fn onto_itself(frame: &Frame, known: &Known) -> bool {
    let in_use = |who: Who| match who {
        Who::Current => true,
        Who::Environment(place) => known.current().is_some() && known.name(place) == known.current(),
        Who::Pronoun | Who::There | Who::Unknown => false,
    };
    let (Place::Who(source, from), Some(target)) = (frame.source, frame.target_who()) else {
        return false;
    };
    let elsewhere = !matches!(frame.target, Place::Who(_, to) if to == from);
    frame.action == Some(Action::Restore)
        && frame.package == Pack::Absent
        && elsewhere
        && source != target
        && in_use(source)
        && in_use(target)
}

/// Fills what the catalogue lets be inferred, and asks for what it needs.
fn complete(frame: &mut Frame, clarify: &mut Vec<Slot>) {
    let Some(action) = frame.action else {
        if frame.ask_only {
            ask_unclear(frame, clarify);
        } else {
            for (place, slot) in [(&frame.source, Slot::Source), (&frame.target, Slot::Target)] {
                let given = slot == Slot::Source && frame.package != Pack::Absent;
                if matches!(place, Place::Absent | Place::Unclear) && !given {
                    clarify.push(slot);
                }
            }
        }
        return;
    };
    let needs = needs(action);
    for part in [Part::Source, Part::Target, Part::Package, Part::Rule] {
        if !needs.slots.contains(&part) {
            match part {
                Part::Source => frame.source = Place::Absent,
                Part::Target => frame.target = Place::Absent,
                Part::Package => frame.package = Pack::Absent,
                Part::Rule => frame.rule = None,
            }
            clarify.retain(|slot| slot_of(part) != Some(*slot));
        }
    }
    if let Some(part) = needs.current {
        let side = if part == Part::Source {
            &mut frame.source
        } else {
            &mut frame.target
        };
        if *side == Place::Absent {
            *side = Place::Told(Who::Current);
        }
    }
    ask_unclear(frame, clarify);
    for part in needs.required {
        let missing = match part {
            Part::Source => frame.source_who().is_none(),
            Part::Target => frame.target_who().is_none(),
            Part::Package => !matches!(frame.package, Pack::Named(..)),
            Part::Rule => frame.rule.is_none(),
        };
        if missing {
            clarify.extend(slot_of(*part));
        }
    }
    let given = |part: &Part| match part {
        Part::Source => frame.source != Place::Absent,
        Part::Target => frame.target != Place::Absent,
        Part::Package => frame.package != Pack::Absent,
        Part::Rule => frame.rule.is_some(),
    };
    if !needs.either.is_empty() && !needs.either.iter().any(given) {
        clarify.extend(needs.either.first().and_then(|part| slot_of(*part)));
    }
}

fn ask_unclear(frame: &Frame, clarify: &mut Vec<Slot>) {
    if frame.source == Place::Unclear {
        clarify.push(Slot::Source);
    }
    if frame.target == Place::Unclear {
        clarify.push(Slot::Target);
    }
    if frame.package == Pack::Unclear {
        clarify.push(Slot::Package);
    }
}

fn slot_of(part: Part) -> Option<Slot> {
    match part {
        Part::Source => Some(Slot::Source),
        Part::Target => Some(Slot::Target),
        Part::Package => Some(Slot::Package),
        Part::Rule => None,
    }
}

fn suggestion(
    token: &Token,
    slot: Option<Slot>,
    intent: &Intent,
    tokens: &Tokens<'_>,
    known: &Known,
) -> Suggestion {
    let asked = |slot: &Slot| intent.clarify.contains(slot);
    let slot = slot.filter(asked).or_else(|| {
        let mut sides = [Slot::Source, Slot::Target].into_iter().filter(asked);
        match (sides.next(), sides.next()) {
            (Some(only), None) => Some(only),
            _ => None,
        }
    });
    let written = tokens.written(token).to_owned();
    let nearest = nearest(&normal_form(&written), known);
    Suggestion {
        slot,
        written,
        span: tokens.span(token),
        nearest,
    }
}

fn explain(rule: &str, mood: Mood, frame: &Frame, tokens: &Tokens<'_>) -> Explanation {
    let word = |token: &Token, role: String| Word {
        text: tokens.written(token).to_owned(),
        span: tokens.span(token),
        role,
    };
    let mut words = Vec::new();
    for token in &tokens.list {
        let role = match token.kind {
            Kind::Word => token
                .roles
                .iter()
                .map(|role| role.name())
                .collect::<Vec<_>>()
                .join(" "),
            Kind::Environment(_) => "environment".to_owned(),
            Kind::Disputed => "environment of several".to_owned(),
            Kind::Package => "package".to_owned(),
            Kind::Quote => "quotation".to_owned(),
            Kind::Number | Kind::Unknown | Kind::Stop | Kind::Pause(_) => continue,
        };
        words.push(word(token, role));
    }
    let left_over = frame
        .left_over
        .iter()
        .map(|token| word(token, "left over".to_owned()))
        .collect();
    Explanation {
        rule: rule.to_owned(),
        mood,
        words,
        left_over,
    }
}
