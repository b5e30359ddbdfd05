//! Judges whether a word without a name's look stands for a place: "to everything", "the foo
//! environment", "test and prod".

use crate::clause::{ACTS, SMALL};
use crate::marker::View;
use crate::mention::Mention;
use crate::tokens::Kind;
use crate::words::{Role, RoleSet};

const DONE: RoleSet = RoleSet::of(&[
    Role::RestoreDone,
    Role::MigrateDone,
    Role::TransferDone,
    Role::OverwriteDone,
]);

impl View<'_> {
    /// "to all environments", "to everything", "to the server": a target that is no single name.
    pub(crate) fn is_everywhere(&self) -> bool {
        const PLACES: RoleSet = RoleSet::of(&[
            Role::All,
            Role::NounEnvironment,
            Role::NounEnvironments,
            Role::NounContent,
        ]);
        const DATED: RoleSet = RoleSet::of(&[Role::Latest, Role::Fresh, Role::Vague, Role::TimePast]);
        let Some(token) = self.tokens.get(self.place) else {
            return false;
        };
        let ends = self
            .after()
            .find(|(_, next)| !next.is_any(SMALL))
            .is_none_or(|(_, next)| {
                matches!(next.kind, Kind::Pause(_))
                    || next.is_any(RoleSet::of(&[Role::Tag, Role::ConsentTag]))
            });
        let (mut dated, mut all) = (false, token.is(Role::All));
        let leading = self.before().find(|(_, token)| {
            all |= token.is(Role::All);
            dated |= token.is_any(DATED);
            !self.is_between(token) && !token.is_any(PLACES.union(RoleSet::of(&[Role::ListDo])))
        });
        token.is_any(PLACES)
            && ends
            && (all || !dated)
            && leading.is_some_and(|(_, token)| token.is(Role::ToBefore))
    }

    /// Whether an environment's name stands right before, and no verb before both.
    pub(crate) fn follows_a_name(&self) -> bool {
        let opens = self.acts.iter().all(|act| act.place > self.place);
        opens
            && self
                .before()
                .next()
                .is_some_and(|(_, token)| matches!(token.kind, Kind::Environment(_)))
    }

    /// "restore dev to": the marker of a target that is not said.
    pub(crate) fn leads_nowhere(&self) -> bool {
        const EMPTY: RoleSet = SMALL.union(RoleSet::of(&[
            Role::OnAfter,
            Role::Tag,
            Role::ConsentTag,
            Role::Others,
        ]));
        let marks = self
            .tokens
            .get(self.place)
            .is_some_and(|token| token.is(Role::ToBefore) && !token.is(Role::Filler));
        marks && self.after().all(|(_, next)| next.is_any(EMPTY))
    }

    /// Whether the name stands beside the one before it: "test and prod", "test, prod", "test/prod".
    pub(crate) fn coordinated(&self, found: &[Mention]) -> bool {
        let Some(last) = found.last() else { return false };
        let mut joined = false;
        for token in self.tokens.get(last.place + 1..self.place).unwrap_or(&[]) {
            match token.kind {
                Kind::Pause(_) => joined = true,
                Kind::Word if token.is(Role::And) || token.is(Role::Or) => joined = true,
                Kind::Word if self.is_between(token) => {}
                _ => return false,
            }
        }
        joined
    }

    /// Whether an unknown word without a marker stands where only a name can: "restore foo to
    /// test", "the foo environment".
    pub(crate) fn stands_for_a_name(&self) -> bool {
        let next = self
            .after()
            .find(|(_, token)| !token.is(Role::NounEnvironment))
            .map(|(_, token)| token);
        if self
            .tokens
            .get(self.place + 1)
            .is_some_and(|token| token.is(Role::NounEnvironment))
        {
            return true;
        }
        let verb_before = self
            .before()
            .find(|(_, token)| {
                !token.is_any(RoleSet::of(&[
                    Role::Filler,
                    Role::Determiner,
                    Role::Polite,
                    Role::NounEnvironment,
                ]))
            })
            .is_some_and(|(_, token)| {
                // "I want foo restored": the wish governs the name.
                let wished = token.is(Role::Want) && next.is_some_and(|next| next.is_any(DONE));
                token.is_any(ACTS) || wished
            });
        let ends = next.is_none_or(|next| {
            matches!(next.kind, Kind::Pause(_))
                || next.is_any(RoleSet::of(&[
                    Role::ToBefore,
                    Role::FromBefore,
                    Role::WithBefore,
                    Role::OnBefore,
                    Role::And,
                    Role::Or,
                    Role::Possessive,
                    Role::Tag,
                    Role::ConsentTag,
                    Role::Polite,
                ]))
                || next.is_any(ACTS)
        });
        let first_before_verb = self.before().next().is_none()
            && next.is_some_and(|next| {
                next.is_any(RoleSet::of(&[Role::ToBefore, Role::FromBefore, Role::WithBefore]))
            });
        // "대구 데이터를 …": whose data, where another place is named.
        let holder = next.is_some_and(|next| next.is(Role::NounContent))
            && self
                .tokens
                .get(self.place + 2)
                .is_some_and(|mark| mark.is(Role::ObjectAfter));
        (verb_before && ends) || first_before_verb || holder
    }
}
