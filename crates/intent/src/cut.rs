//! Cuts a normalised text into tokens, from its beginning to its end, in one pass.
//!
//! Where a name or a word may end is `boundary`'s; what nobody knows is left to `unknown`.

use crate::boundary::ends_word;
use crate::inflect::inflected;
use crate::join::{join_splits, merge_written_together};
use crate::known::Known;
use crate::normal::Normal;
use crate::package;
use crate::quote;
use crate::script::{is_unspaced, is_word};
use crate::tokens::{Kind, Token, Tokens};
use crate::words::{Language, Meaning, Role, RoleSet};

/// How many letters a word has at most that wrong accents make another word.
const SHORT: usize = 3;

/// Words that do no more in a request than one that nobody knows, and are names where an environment is called so.
const UNKNOWN: RoleSet = RoleSet::of(&[Role::Stage, Role::Occasion, Role::Elsewhere]);

/// Cuts the text with the words of one language.
pub(crate) fn tokenise<'a>(
    normal: &'a Normal,
    original: &'a str,
    known: &Known,
    language: &'static Language,
) -> Tokens<'a> {
    let mut cutter = Cutter {
        text: &normal.text,
        known,
        tokens: Tokens {
            normal,
            original,
            language,
            list: Vec::with_capacity(normal.text.len() / 3 + 4),
        },
    };
    cutter.run();
    merge_written_together(&mut cutter.tokens.list);
    join_splits(&mut cutter.tokens);
    cutter.tokens
}

/// A text on its way to tokens.
pub(crate) struct Cutter<'a, 'k> {
    pub(crate) text: &'a str,
    pub(crate) known: &'k Known,
    pub(crate) tokens: Tokens<'a>,
}

impl Cutter<'_, '_> {
    fn run(&mut self) {
        let mut place = 0;
        while let Some(next) = self.rest(place).chars().next() {
            let before = self.tokens.list.len();
            let after = self.step(place, next).max(place + next.len_utf8());
            let glued = self.tokens.list.len() > before
                && before
                    .checked_sub(1)
                    .and_then(|last| self.tokens.list.get(last))
                    .is_some_and(|last| last.end == place && last.kind != Kind::Stop);
            if let Some(token) = self.tokens.list.get_mut(before) {
                token.glued = glued;
            }
            place = after;
        }
    }

    pub(crate) fn rest(&self, place: usize) -> &str {
        self.text.get(place..).unwrap_or("")
    }

    pub(crate) fn push(&mut self, kind: Kind, start: usize, end: usize) -> usize {
        self.tokens.list.push(Token::new(kind, start, end));
        end
    }

    /// Reads one token at `place` and says where it ends.
    fn step(&mut self, place: usize, next: char) -> usize {
        match next {
            ' ' => return place + 1,
            '\n' => return self.push(Kind::Stop, place, place + 1),
            _ => {}
        }
        let unspaced = is_unspaced(next);
        if !unspaced
            && let Some(length) =
                package::path_at(self.rest(place)).or_else(|| package::file_at(self.rest(place)))
        {
            let end = self.push(Kind::Package, place, place + length);
            let doubtful = self.holds_a_marker(place, end);
            if let Some(token) = self.tokens.list.last_mut() {
                token.doubtful = doubtful;
            }
            return end;
        }
        // "【request】" heads what follows; its words count as others do.
        let heads = next == '【' && self.tokens.list.last().is_none_or(|last| last.kind == Kind::Stop);
        if let Some(quoted) = quote::at(self.text, place).filter(|_| !heads) {
            return self.quoted(&quoted);
        }
        if next == '>' && self.tokens.list.last().is_none_or(|last| last.kind == Kind::Stop) {
            let line = self.rest(place).find('\n').unwrap_or(self.text.len() - place);
            return self.push(Kind::Quote, place, place + line);
        }
        if let Some(end) = self.word_or_name(place, unspaced) {
            return end;
        }
        if unspaced {
            return self.unknown_letter(place, next);
        }
        if next.is_numeric() || is_word(next) {
            return self.unknown_word(place);
        }
        self.sign(place, next)
    }

    fn word_or_name(&mut self, place: usize, unspaced: bool) -> Option<usize> {
        let rest = self.rest(place);
        let word = self.word(place);
        let name = self
            .known
            .forms()
            .longest_at(rest, |length| self.ends_name(rest, length))
            .or_else(|| inflected(rest, self.known, self.tokens.language.inflections));
        // A file whose name begins with unspaced words: "备份_2026.nbdata", "生产.nbdata".
        if unspaced && let Some(file) = package::file_at(rest) {
            let cut = word
                .map(|(length, _)| length)
                .max(name.map(|(length, _)| length))
                .unwrap_or(0);
            let noun = word.is_some_and(|(_, meaning)| meaning.roles.has(Role::NounPackage));
            let follows = rest
                .get(cut..)
                .and_then(|tail| tail.chars().next())
                .unwrap_or(' ');
            let named = name.is_some_and(|(length, _)| length == cut);
            // "用月底封账.nbdata", "那个 旧版本.nbdata": a file is expected, or stands apart.
            let apart = self.text.get(..place).is_some_and(|before| before.ends_with(' '));
            let expected = self.tokens.list.last().is_some_and(|last| {
                last.is_any(RoleSet::of(&[
                    Role::WithBefore,
                    Role::ObjectBefore,
                    Role::NounPackage,
                ]))
            });
            // "备份X.nbdata" names X: the word says what kind of thing it is.
            let kind = RoleSet::of(&[
                Role::NounPackage,
                Role::MigrateName,
                Role::MigrateDo,
                Role::BackupDo,
            ]);
            let labels = word.is_some_and(|(_, meaning)| meaning.roles.meets(kind));
            let whole = name.is_none() && !labels && (apart || expected);
            if (cut == 0 || whole) && self.is_plain_prefix(rest)
                || cut > 0 && named && !is_unspaced(follows)
                || !named && noun && !follows.is_ascii_alphanumeric() && !is_unspaced(follows)
            {
                return Some(self.push(Kind::Package, place, place + file));
            }
        }
        let name_length = name.map_or(0, |(length, _)| length);
        let word_length = word.map_or(0, |(length, _)| length);
        if name_length > 0 && name_length >= word_length {
            let span = self.tokens.normal.original(place, place + name_length);
            let written = self.tokens.original.get(span.start..span.end).unwrap_or("");
            let kind = name
                .and_then(|(_, form)| form.owner(written))
                .map_or(Kind::Disputed, Kind::Environment);
            let end = self.push(kind, place, place + name_length);
            if word_length == name_length {
                let roles = word.map(|(_, meaning)| meaning.roles).unwrap_or_default();
                self.give(roles.without(UNKNOWN), false);
            }
            return Some(end);
        }
        let (length, meaning) = word?;
        if meaning.roles.meets(UNKNOWN) {
            let end = self.push(Kind::Unknown, place, place + length);
            if let Some(token) = self.tokens.list.last_mut() {
                token.stage_like = meaning.roles.has(Role::Stage);
                token.roles = meaning.roles.without(RoleSet::of(&[Role::Stage]));
            }
            return Some(end);
        }
        let end = self.push(Kind::Word, place, place + length);
        self.give(meaning.roles, meaning.borrowed);
        Some(end)
    }

    /// The longest phrase that begins at `place`. Accents may be left out or be wrong, but what is
    /// a word as it is written is that word.
    fn word(&self, place: usize) -> Option<(usize, Meaning)> {
        let rest = self.rest(place);
        let language = self.tokens.language;
        let ends = |length: usize| ends_word(rest, length) && !self.hides_a_name(rest, length);
        let exact = language.word_at(rest, ends);
        let plain = self
            .tokens
            .normal
            .without_accents(place)
            .and_then(|(plain, written)| {
                let (length, meaning) = language.word_at(plain, |length| ends(written(length)))?;
                let written = written(length);
                // "để" is not "đè": in a word so short the accents make another one.
                let short = length <= SHORT && rest.get(..written) != plain.get(..length);
                (!short).then_some((written, meaning))
            });
        let longer = match (exact, plain) {
            (None, plain) => (plain, true),
            (exact, _) => (exact, false),
        };
        let (found, bare) = longer;
        // An accent that the language's word has not speaks for another language.
        found.map(|(length, meaning)| {
            let borrowed = meaning.borrowed || bare;
            (
                length,
                Meaning {
                    roles: meaning.roles,
                    borrowed,
                },
            )
        })
    }

    /// Whether a path with blanks may have swallowed a side: "/tmp/x to dev/test y.nbdata".
    fn holds_a_marker(&self, start: usize, end: usize) -> bool {
        const MARKERS: RoleSet = RoleSet::of(&[Role::ToBefore, Role::FromBefore]);
        let path = self.text.get(start..end).unwrap_or("");
        let language = self.tokens.language;
        path.match_indices(' ').any(|(blank, _)| {
            let rest = path.get(blank + 1..).unwrap_or("");
            language
                .word_at(rest, |length| ends_word(rest, length))
                .is_some_and(|(_, meaning)| meaning.roles.meets(MARKERS))
        })
    }

    /// Whether the unspaced letters that begin `rest` hold no marker: they can be part of a name.
    fn is_plain_prefix(&self, rest: &str) -> bool {
        const MARKERS: RoleSet = RoleSet::of(&[
            Role::Possessive,
            Role::OnAfter,
            Role::FromBefore,
            Role::ToBefore,
            Role::WithBefore,
            Role::ObjectBefore,
            Role::RestoreDo,
        ]);
        rest.char_indices()
            .take_while(|(_, letter)| is_unspaced(*letter))
            .all(|(place, _)| {
                let tail = rest.get(place..).unwrap_or("");
                let word = self
                    .tokens
                    .language
                    .word_at(tail, |length| ends_word(tail, length));
                word.is_none_or(|(_, meaning)| !meaning.roles.meets(MARKERS))
            })
    }

    fn give(&mut self, roles: RoleSet, borrowed: bool) {
        if let Some(token) = self.tokens.list.last_mut() {
            token.roles = roles;
            token.borrowed = borrowed;
        }
    }

    fn sign(&mut self, place: usize, sign: char) -> usize {
        let end = place + sign.len_utf8();
        let next = self.rest(end).chars().next();
        let apart = next.is_none_or(|next| next == ' ' || next == '\n');
        match sign {
            '!' | '。' => self.push(Kind::Stop, place, end),
            '?' => {
                self.push(Kind::Stop, place, end);
                if let Some(token) = self.tokens.list.last_mut() {
                    token.asks = true;
                }
                end
            }
            '.' if next == Some('.') => {
                let dots = self.rest(place).find(|letter| letter != '.');
                let end = dots.map_or(self.text.len(), |dots| place + dots);
                self.push(Kind::Pause('…'), place, end)
            }
            '.' if next.is_none_or(|next| !is_word(next)) => self.push(Kind::Stop, place, end),
            '=' => self.push(Kind::Pause(':'), place, end),
            '-' if apart => self.push(Kind::Pause(sign), place, end),
            ',' | '、' | ';' | ':' | '—' | '(' | ')' | '/' | '|' | '…' | '[' | ']' | '【' | '】' => {
                self.push(Kind::Pause(sign), place, end)
            }
            _ => end,
        }
    }
}
