//! One clause with everything that was found in it.

use crate::act::{self, Act};
use crate::clause::{Clause, SMALL, Standing, limits_nothing};
use crate::frame::{self, Frame};
use crate::intent::Action;
use crate::leftover;
use crate::mention::{self, Mention, Who};
use crate::mood::{self, Stance};
use crate::tokens::{Kind, Token, Tokens};
use crate::words::{Role, RoleSet};

/// A clause with what was found in it.
pub(crate) struct Read<'c> {
    pub(crate) clause: &'c Clause,
    pub(crate) acts: Vec<Act>,
    pub(crate) mentions: Vec<Mention>,
    pub(crate) stance: Option<Stance>,
    pub(crate) frame: Frame,
    pub(crate) limited: bool,
    pub(crate) put_off: bool,
    /// Says why, before "so".
    pub(crate) explains: bool,
    /// Its meaning went over to the next clause.
    pub(crate) spent: bool,
}

impl<'c> Read<'c> {
    pub(crate) fn new(clause: &'c Clause, tokens: &Tokens<'_>) -> Read<'c> {
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
            limited: leftover::is_limited(clause)
                && !leftover::spares(clause)
                && !leftover::tells(clause)
                && !leftover::tells_of_a_file(clause),
            put_off: leftover::is_put_off(clause),
            explains: false,
            spent: false,
        }
    }

    pub(crate) fn has(&self, role: Role) -> bool {
        self.clause.has(role)
    }

    pub(crate) fn has_unknown(&self) -> bool {
        self.clause
            .has_kind(|kind| matches!(kind, Kind::Unknown | Kind::Quote | Kind::Number))
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = Who> {
        self.mentions
            .iter()
            .map(|mention| mention.who)
            .filter(|who| matches!(who, Who::Environment(_) | Who::Current))
    }

    /// Whether it speaks of what no release has to do with.
    pub(crate) fn is_elsewhere(&self) -> bool {
        let mut words = self.clause.tokens.iter();
        words.any(|token| token.roles.has(Role::Elsewhere))
    }

    /// "…, the branch has no forms yet": what is wrong, behind a pause, and nothing that could limit a request.
    pub(crate) fn complains(&self) -> bool {
        let told = |token: &Token| token.is(Role::Narrates) && !token.is(Role::Opener);
        self.clause.standing == Standing::Main
            && self.clause.after_pause()
            && self.clause.tokens.iter().any(told)
            && self.names().next().is_none()
            && limits_nothing(self.clause)
    }

    /// Whether it tells something of its own, so that its words need not be understood.
    pub(crate) fn is_chatter(&self) -> bool {
        self.clause.has_any(RoleSet::of(&[
            Role::Narrates,
            Role::Statement,
            Role::Others,
            Role::Greeting,
            Role::Notify,
            Role::Past,
            Role::StatusWord,
            Role::QuestionWord,
        ])) || self.clause.standing == Standing::Reason
            || self.explains
            || self.describes()
            || self.lacks_data()
    }

    /// "staging went haywire, …": an environment and what is said of it, in words nobody knows.
    pub(crate) fn describes(&self) -> bool {
        let mut words = self
            .clause
            .tokens
            .iter()
            .filter(|token| !token.is_any(SMALL))
            .skip_while(|token| token.is(Role::OnBefore));
        let named = words
            .next()
            .is_some_and(|token| matches!(token.kind, Kind::Environment(_)));
        const SAID: RoleSet = RoleSet::of(&[
            Role::Opener,
            Role::Narrates,
            Role::Past,
            Role::Pronoun,
            Role::StatusWord,
            Role::Verdict,
        ]);
        let said = |token: &Token| {
            token.kind == Kind::Unknown && !token.stage_like && !token.name_like || token.is_any(SAID)
        };
        let rest: Vec<&Token> = words.collect();
        self.acts.is_empty()
            && self.clause.standing == Standing::Main
            && named
            && !rest.is_empty()
            && rest.iter().all(|token| said(token))
            && rest.iter().any(|token| token.kind == Kind::Unknown)
    }

    /// "QA needs fresh data": says why.
    fn lacks_data(&self) -> bool {
        let data = self.has(Role::Fresh) || self.has(Role::NounContent);
        self.acts.is_empty() && self.has(Role::Want) && data && self.names().next().is_none() && !self.limited
    }

    pub(crate) fn is_destructive(&self) -> bool {
        self.frame.action.is_none_or(Action::is_destructive)
    }
}
