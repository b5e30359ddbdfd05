//! Forms and tickets: "Source: dev. Target: test.", "Ticket 4711: …", and "without asking me", which
//! changes nothing, because no sentence can confirm or skip anything.

use crate::clause::{ACTS, SMALL};
use crate::tokens::{Kind, Token};
use crate::words::{Role, RoleSet};

/// A label may have so many words behind it before its pause: "ticket INC 4711".
const LABELLED: usize = 3;

/// A denial and what it spares the user are no further apart than this.
const REACH: usize = 6;

const SIDES: RoleSet = RoleSet::of(&[Role::FromBefore, Role::ToBefore]);

/// Makes the fields of a form one sentence, and takes out what only heads it.
pub(crate) fn settle_labels(tokens: &mut Vec<Token>, written: impl Fn(&Token) -> String) {
    head(tokens);
    sign(tokens);
    number(tokens, written);
    let colon = |token: Option<&Token>| token.is_some_and(|token| token.kind == Kind::Pause(':'));
    let labels: Vec<usize> = (1..tokens.len())
        .filter(|place| {
            const LABELS: RoleSet = SIDES.union(RoleSet::of(&[
                Role::LightDo,
                Role::NounRule,
                Role::RuleId,
                Role::NounPackage,
                Role::Label,
                Role::Reason,
            ]));
            let labels = tokens.get(place - 1).is_some_and(|label| label.is_any(LABELS));
            labels
                && colon(tokens.get(*place))
                && tokens.get(place + 1).is_some_and(|next| next.kind != Kind::Quote)
        })
        .collect();
    // A field of a side goes on with the one before or behind it.
    for place in 0..tokens.len() {
        let ends = tokens
            .get(place)
            .is_some_and(|stop| stop.kind == Kind::Stop && !stop.asks);
        if ends
            && (field(tokens, &labels, place + 1) || field_before(tokens, &labels, place))
            && let Some(stop) = tokens.get_mut(place)
        {
            stop.kind = Kind::Pause(',');
        }
    }
    let mut place = 0;
    tokens.retain(|_| {
        place += 1;
        !labels.contains(&(place - 1))
    });
}

/// Whether "target: test" begins at `start`.
fn field(tokens: &[Token], labels: &[usize], start: usize) -> bool {
    labels.contains(&(start + 1)) && tokens.get(start).is_some_and(|marker| marker.is_any(SIDES))
}

/// Whether "target: test" ends at `end`.
fn field_before(tokens: &[Token], labels: &[usize], end: usize) -> bool {
    let parts = |token: &Token| matches!(token.kind, Kind::Stop | Kind::Pause(',' | ';' | '/' | '|'));
    let start = tokens
        .get(..end)
        .and_then(|before| before.iter().rposition(parts))
        .map_or(0, |before| before + 1);
    field(tokens, labels, start)
}

/// "Ticket 4711:" and "[request]" say nothing of what is asked for.
fn head(tokens: &mut [Token]) {
    let mut place = 0;
    while place < tokens.len() {
        let heads = tokens.get(place).is_some_and(|token| token.is(Role::Label));
        if heads {
            let named = tokens
                .iter()
                .skip(place + 1)
                .take(LABELLED)
                .take_while(|token| {
                    matches!(token.kind, Kind::Number)
                        || token.is(Role::RuleId)
                        || token.kind == Kind::Unknown && token.name_like && !token.stage_like
                })
                .count();
            for token in tokens.iter_mut().skip(place).take(named + 1) {
                *token = Token {
                    kind: Kind::Word,
                    roles: if token.is(Role::Label) {
                        token.roles
                    } else {
                        FILLER
                    },
                    ..*token
                };
            }
            place += named;
        }
        place += 1;
    }
}

/// "INC-4711: …": a ticket's number at the beginning, or at the end.
fn number(tokens: &mut [Token], written: impl Fn(&Token) -> String) {
    let is_number = |token: &Token| {
        let text = written(token);
        let letters = text.bytes().take_while(u8::is_ascii_uppercase).count();
        let rest = text.get(letters..).unwrap_or("");
        let digits = rest.strip_prefix(['-', '#']).unwrap_or(rest);
        token.kind == Kind::Unknown
            && (2..9).contains(&letters)
            && digits.len() > 2
            && digits.bytes().all(|byte| byte.is_ascii_digit())
    };
    let parts =
        |token: Option<&Token>| token.is_none_or(|token| matches!(token.kind, Kind::Pause(_) | Kind::Stop));
    for place in 0..tokens.len() {
        let before = place.checked_sub(1).and_then(|before| tokens.get(before));
        let led = before.is_some_and(|before| before.is_any(RoleSet::of(&[Role::Label, Role::Reporting])));
        let apart = (led || parts(before)) && parts(tokens.get(place + 1));
        if apart
            && tokens.get(place).is_some_and(is_number)
            && let Some(token) = tokens.get_mut(place)
        {
            token.kind = Kind::Word;
            token.roles = FILLER;
        }
    }
}

/// "Regards, Anna Kim": who wrote it says nothing of what is asked for.
fn sign(tokens: &mut [Token]) {
    /// A signature has no more words.
    const LONGEST: usize = 8;
    let Some(closing) = tokens.iter().rposition(|token| token.is(Role::Closing)) else {
        return;
    };
    let rest = tokens.get(closing + 1..).unwrap_or(&[]);
    let signs = |token: &Token| {
        let parts = matches!(token.kind, Kind::Stop | Kind::Pause(_));
        parts || token.kind == Kind::Unknown && !token.stage_like || token.is_any(SMALL)
    };
    if rest.len() > LONGEST || !rest.iter().all(signs) {
        return;
    }
    for token in tokens
        .iter_mut()
        .skip(closing + 1)
        .filter(|token| token.kind == Kind::Unknown)
    {
        token.kind = Kind::Word;
        token.roles = FILLER;
    }
}

const FILLER: RoleSet = RoleSet::of(&[Role::Filler]);

/// "Without asking", "skip every confirmation": takes the denial from what denies only questions.
pub(crate) fn settle_confirmations(tokens: &mut [Token]) {
    const DENIES: RoleSet = RoleSet::of(&[
        Role::Negation,
        Role::Contrast,
        Role::Except,
        Role::Cancel,
        Role::Touch,
        Role::RemoveDo,
    ]);
    let confirms: Vec<usize> = (0..tokens.len())
        .filter(|place| {
            tokens
                .get(*place)
                .is_some_and(|token| token.is(Role::Confirmation))
        })
        .collect();
    for confirms in confirms {
        let apart = |token: &Token| {
            matches!(
                token.kind,
                Kind::Stop | Kind::Pause(_) | Kind::Environment(_) | Kind::Package
            ) || token.is_any(ACTS.without(DENIES)) && !token.is(Role::Confirmation)
        };
        let reach = |token: &&Token| !apart(token);
        let before = tokens
            .iter()
            .take(confirms)
            .rev()
            .take(REACH)
            .take_while(reach)
            .position(|token| token.is_any(DENIES));
        let behind = tokens
            .iter()
            .skip(confirms + 1)
            .take(REACH)
            .take_while(reach)
            .position(|token| token.is_any(DENIES));
        let (first, last) = match (before, behind) {
            (Some(before), _) => (confirms - 1 - before, confirms),
            (None, Some(behind)) => (confirms, confirms + 1 + behind),
            (None, None) => continue,
        };
        // "don't ask me anything": what is asked stands behind.
        let rest = tokens
            .iter()
            .skip(last + 1)
            .take_while(|token| {
                token.is_any(SMALL.union(RoleSet::of(&[
                    Role::Confirmation,
                    Role::Pronoun,
                    Role::Negation,
                    Role::All,
                ])))
            })
            .count();
        // "don't ask me to restore dev" and "he did not confirm" deny more than a question.
        let behind: Vec<&Token> = tokens.iter().skip(last + 1 + rest).take(2).collect();
        let acts = |place: usize| behind.get(place).is_some_and(|token| token.is_any(ACTS));
        let infinitive = behind
            .first()
            .is_some_and(|token| token.is_any(RoleSet::of(&[Role::ToBefore, Role::Of, Role::FromBefore])));
        let denied = tokens
            .get(first)
            .is_some_and(|token| token.is_any(RoleSet::of(&[Role::Negation, Role::Contrast])));
        let told = tokens
            .iter()
            .take(first)
            .rev()
            .take_while(|token| !matches!(token.kind, Kind::Stop | Kind::Pause(_)))
            .any(|token| token.is_any(RoleSet::of(&[Role::Statement, Role::Others, Role::Pronoun])));
        if denied && (told || acts(0) || infinitive && acts(1)) {
            continue;
        }
        for token in tokens.iter_mut().skip(first).take(last + 1 + rest - first) {
            *token = Token {
                kind: Kind::Word,
                roles: FILLER,
                ..*token
            };
        }
    }
}
