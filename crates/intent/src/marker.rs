//! Reads the markers around a name: "from", "to", "'s", "に", and what they say when they meet.
//!
//! Whether a word is a name at all is left to `naming`.

use crate::act::{Act, Form, Verb};
use crate::mention::Side;
use crate::tokens::{Kind, Token};
use crate::words::{Role, RoleSet};

/// Words between a marker and its name, or between a name and the marker behind it.
const BETWEEN: RoleSet = RoleSet::of(&[
    Role::Filler,
    Role::Determiner,
    Role::Polite,
    Role::NounEnvironment,
    Role::Named,
    Role::All,
    Role::Latest,
    Role::Fresh,
    Role::Vague,
    Role::TimePast,
]);

/// Things an environment can own, seen before or behind a possessive.
const OWNED: RoleSet = RoleSet::of(&[
    Role::NounPackage,
    Role::NounPackages,
    Role::BackupName,
    Role::NounContent,
    Role::NounState,
    Role::SchemaOnly,
    Role::UserTables,
    Role::SystemTables,
    Role::NounMigrations,
    Role::NounRule,
    Role::NounRules,
    Role::Part,
    Role::Structure,
]);

/// Words that say the side of the name behind them.
pub(crate) const MARKS_BEFORE: RoleSet =
    RoleSet::of(&[Role::FromBefore, Role::ToBefore, Role::OnBefore, Role::LikeBefore]);

/// Words that say the side of the name before them, or whose it is.
const SIDES_BEHIND: RoleSet = RoleSet::of(&[
    Role::FromAfter,
    Role::ToAfter,
    Role::WithAfter,
    Role::OnAfter,
    Role::Possessive,
]);

const PACKAGES: RoleSet = RoleSet::of(&[Role::NounPackage, Role::NounPackages, Role::BackupName]);

/// A name and the words around it.
pub(crate) struct View<'a> {
    pub(crate) tokens: &'a [Token],
    pub(crate) place: usize,
    pub(crate) acts: &'a [Act],
}

impl View<'_> {
    pub(crate) fn before(&self) -> impl Iterator<Item = (usize, &Token)> {
        self.tokens.iter().enumerate().take(self.place).rev()
    }

    pub(crate) fn after(&self) -> impl Iterator<Item = (usize, &Token)> {
        self.tokens.iter().enumerate().skip(self.place + 1)
    }

    /// Whether the token can stand between a marker and a name. A noun for a package cannot be
    /// skipped: it is what the marker marks.
    pub(crate) fn is_between(&self, token: &Token) -> bool {
        token.is_any(BETWEEN) && !token.is_any(PACKAGES)
    }

    pub(crate) fn marked_side(&self) -> Option<Side> {
        let leading = self.before().find(|(_, token)| !self.is_between(token));
        let leading_role = |role: Role| leading.is_some_and(|(_, token)| token.is(role));
        let (possessed, trailing) = self.trailing();
        let marked = leading.is_some_and(|(_, token)| token.is_any(MARKS_BEFORE));
        let compound = self
            .after()
            // "prod 최신 백업", but not "на dev последнюю копию", whose name has its own marker.
            .find(|(_, token)| !(token.is(Role::NounEnvironment) || token.is(Role::Latest) && !marked))
            // "test последним бэкапом с prod": the package is the other's.
            .filter(|(place, _)| !self.belongs_to_another(*place))
            // "test бэкапом dev": what it is done with says of no name before it whose it is.
            .is_some_and(|(place, token)| self.is_package_noun(place, token) && !token.is(Role::WithBefore));
        let owner = possessed || compound && !leading_role(Role::Of);
        let owned_state = possessed && self.after().take(5).any(|(_, token)| token.is(Role::NounState));
        let owned_package = owner
            && self
                .after()
                .take(5)
                .any(|(place, token)| self.is_package_noun(place, token) || token.kind == Kind::Package);
        if leading_role(Role::LikeBefore) {
            return Some(Side::From);
        }
        if leading_role(Role::FromBefore) && !leading_role(Role::Of) {
            return Some(Side::From);
        }
        // "hierher", "сюда": the word is its own marker.
        let marked = [Role::WithBefore, Role::FromBefore, Role::Of]
            .into_iter()
            .any(leading_role);
        if let Some(token) = self.tokens.get(self.place)
            && points(token)
            && !marked
        {
            return Some(if token.is(Role::ToAfter) {
                Side::To
            } else {
                Side::From
            });
        }
        if leading_role(Role::WithBefore) && !(trailing == Some(Side::To)) {
            return Some(Side::With);
        }
        if leading_role(Role::ToBefore) {
            return Some(if owned_state {
                Side::From
            } else if owned_package && !self.has_one_side() {
                Side::Unclear
            } else {
                Side::To
            });
        }
        if leading_role(Role::Of) {
            if let Some(side) = self.place_of_a_name() {
                return Some(side);
            }
            let owned = self.before().filter(|(_, token)| !self.is_between(token)).nth(1);
            let act = owned.and_then(|(place, _)| {
                self.acts
                    .iter()
                    .find(|act| act.place == place && act.verb != Verb::Backup)
            });
            // "восстанови из dev" says from where, "restauration de dev" of what.
            let from = leading_role(Role::FromBefore);
            return Some(match act {
                Some(act) if act.form == Form::Do && from && self.other_name_before(act.place) => Side::From,
                // "overwrite test with a restore of dev"
                Some(act) if act.form == Form::Name && self.acts_before(act.place) => Side::From,
                Some(_) => Side::Bare,
                // "восстанови его из dev": nothing belongs to "it".
                None if from && owned.is_some_and(|(_, token)| token.is(Role::Pronoun)) => Side::From,
                None => Side::Owner,
            });
        }
        if let Some(side) = trailing {
            return Some(side);
        }
        // "из копии prod", "backup produksi": whose it is stands behind the thing.
        let thing = self
            .before()
            .find(|(_, token)| !token.is_any(RoleSet::of(&[Role::NounEnvironment, Role::Latest])))
            .filter(|(place, token)| self.is_package_noun(*place, token))
            .map(|(place, _)| place);
        let backs_up = self.acts.first().is_some_and(|act| act.verb == Verb::Backup);
        let led = thing
            .and_then(|thing| self.tokens.get(thing.checked_sub(1)?))
            .is_some_and(|token| token.is_any(RoleSet::of(&[Role::FromBefore, Role::WithBefore])));
        // "ambil backup terbaru dev": what is taken is the name's behind it.
        let moved = thing.is_some() && self.acts.first().is_some_and(|act| act.verb == Verb::Transfer);
        if (led || moved) && !backs_up {
            return Some(Side::Owner);
        }
        if owner {
            return Some(Side::Owner);
        }
        if leading_role(Role::OnBefore) {
            return Some(Side::On);
        }
        if leading_role(Role::ObjectBefore) {
            return Some(Side::Bare);
        }
        None
    }

    /// "to the server of test", "auf die Umgebung von test": the marker of the thing is the name's.
    /// What a name holds may be its place or its state ("to the version of test"): not clear.
    fn place_of_a_name(&self) -> Option<Side> {
        let mut content = false;
        let mut thing = false;
        let (_, marker) = self
            .before()
            .skip_while(|(_, token)| !token.is(Role::Of))
            .skip(1)
            .find(|(_, token)| {
                content |= token.is(Role::NounContent);
                thing |= token.is_any(RoleSet::of(&[Role::NounContent, Role::NounEnvironment]));
                !(self.is_between(token) || token.is(Role::NounContent))
            })?;
        if !thing {
            return marker.is(Role::ToBefore).then_some(Side::Unclear);
        }
        let side = if marker.is(Role::ToBefore) {
            Side::To
        } else if marker.is(Role::FromBefore) {
            Side::From
        } else if marker.is(Role::WithBefore) {
            Side::With
        } else {
            return None;
        };
        Some(if content && side == Side::To {
            Side::Unclear
        } else {
            side
        })
    }

    /// Whether the thing at `place` is another environment's: "… of dev" stands behind it.
    fn belongs_to_another(&self, place: usize) -> bool {
        let mark = self.tokens.get(place + 1);
        let name = self.tokens.get(place + 2);
        // "in test the copy x.nbdata": the thing is a file's.
        if mark.is_some_and(|mark| mark.kind == Kind::Package)
            && self.acts.first().is_some_and(|act| act.place < self.place)
        {
            let marked = self
                .before()
                .next()
                .is_some_and(|(_, token)| token.is(Role::ToBefore));
            return marked;
        }
        // "накати на test бэкап dev": the name right behind says whose it is.
        if mark.is_some_and(|mark| matches!(mark.kind, Kind::Environment(_))) {
            return self
                .before()
                .next()
                .is_some_and(|(_, token)| token.is(Role::ToBefore))
                && self.acts.first().is_some_and(|act| act.place < self.place);
        }
        mark.is_some_and(|mark| mark.is(Role::FromBefore))
            && name.is_some_and(|name| matches!(name.kind, Kind::Environment(_)))
    }

    /// Whether another verb stands before `place`.
    fn acts_before(&self, place: usize) -> bool {
        let acts = |act: &Act| act.form == Form::Do && act.place < place && act.verb != Verb::Undo;
        self.acts.iter().any(acts)
    }

    /// Whether another environment stands before `place`.
    fn other_name_before(&self, place: usize) -> bool {
        let before = self.tokens.get(..place).unwrap_or(&[]);
        before
            .iter()
            .any(|token| matches!(token.kind, Kind::Environment(_)) || token.is(Role::Current))
    }

    /// Whether the verb speaks of one environment: "delete on dev the backup x".
    fn has_one_side(&self) -> bool {
        let main = self.acts.first().map(|act| act.verb);
        matches!(main, Some(Verb::Remove | Verb::Download | Verb::List))
    }

    /// What stands behind the name: whether it owns something, and a marker.
    fn trailing(&self) -> (bool, Option<Side>) {
        let mut possessed = false;
        let mut joined = false;
        // Nobody lists more names than this before their marker.
        const REACH: usize = 32;
        for (place, token) in self.after().take(REACH) {
            // "dev와 test에": the marker behind the last name is that of all.
            if token.is(Role::And) || token.is(Role::Or) || matches!(token.kind, Kind::Pause('、' | '/')) {
                joined = true;
                continue;
            }
            if joined {
                if !matches!(token.kind, Kind::Environment(_) | Kind::Unknown) {
                    return (false, None);
                }
                joined = false;
                continue;
            }
            if token.is(Role::NounEnvironment) || token.is(Role::Filler) && !possessed {
                continue;
            }
            if token.is(Role::Possessive) && !possessed {
                possessed = true;
                continue;
            }
            if possessed {
                if token.is_any(BETWEEN) && !token.is_any(OWNED) {
                    continue;
                }
                return (
                    token.is_any(OWNED) || token.kind == Kind::Package || self.is_package_noun(place, token),
                    None,
                );
            }
            // "stg를 dev 데이터로 복원": what it is done with.
            if token.is(Role::NounContent)
                && self
                    .tokens
                    .get(place + 1)
                    .is_some_and(|mark| mark.is(Role::ToAfter) && mark.is(Role::WithAfter))
                && self.other_name_before(self.place)
            {
                return (false, Some(Side::With));
            }
            if let Some(side) = self.double_side(token) {
                return (false, Some(side));
            }
            let side = if token.is(Role::FromAfter) && !points(token) {
                Side::From
            } else if token.is(Role::ToAfter) && !points(token) {
                Side::To
            } else if token.is(Role::WithAfter) {
                Side::With
            } else if token.is(Role::OnAfter) {
                Side::On
            } else if token.is(Role::ObjectAfter) {
                Side::Bare
            } else {
                return (false, None);
            };
            return (false, Some(side));
        }
        (false, None)
    }

    /// The side that a postposition of two senses says here, if it has two.
    fn double_side(&self, token: &Token) -> Option<Side> {
        let both = |one: Role, other: Role| token.is(one) && token.is(other);
        let verb = self.acts.first().map(|act| act.verb);
        // "devで上書き", "dev로 덮어써": what is overwritten is another.
        let overwrites = verb == Some(Verb::Overwrite);
        if both(Role::WithAfter, Role::OnAfter) {
            Some(if overwrites { Side::With } else { Side::On })
        } else if both(Role::ToAfter, Role::WithAfter) {
            Some(match () {
                () if overwrites => Side::With,
                // Nothing migrates with an environment.
                () if verb != Some(Verb::Migrate) && self.object_follows() => Side::Unclear,
                () => Side::To,
            })
        } else if both(Role::FromAfter, Role::OnAfter) {
            let moves = matches!(verb, Some(Verb::Restore | Verb::Migrate | Verb::Transfer));
            Some(if moves { Side::FromOrOn } else { Side::On })
        } else {
            None
        }
    }

    /// Whether another environment is the object behind this name: "dev로 test를 복원".
    fn object_follows(&self) -> bool {
        let behind = self.tokens.get(self.place + 1..).unwrap_or(&[]);
        behind.iter().enumerate().any(|(place, token)| {
            let rest = behind.get(place + 1..).unwrap_or(&[]);
            matches!(token.kind, Kind::Environment(_))
                && rest
                    .iter()
                    .find(|next| !next.is(Role::NounEnvironment))
                    .is_none_or(|next| !next.is_any(OWNED) && !next.is_any(SIDES_BEHIND))
        })
    }

    /// Whether the token is a noun for a package: "backup" is one where another verb rules.
    fn is_package_noun(&self, place: usize, token: &Token) -> bool {
        if !token.is_any(PACKAGES) {
            return false;
        }
        let acts = |token: &Token| token.is(Role::BackupDo);
        !acts(token)
            || self
                .acts
                .first()
                .is_some_and(|main| main.verb != Verb::Backup || main.place != place)
    }
}

/// "to here", "from here" and "onto it" in one word.
fn points(token: &Token) -> bool {
    (token.is(Role::ToAfter) || token.is(Role::FromAfter))
        && token.is_any(RoleSet::of(&[Role::Current, Role::Pronoun]))
}
