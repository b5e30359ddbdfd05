//! What a text is cut into: environments, packages, words with roles, quotations, numbers, pauses,
//! and what nobody knows.
//!
//! Cutting is left to `cut`; what the tokens mean together, to the clause rules.

use crate::intent::Span;
use crate::normal::Normal;
use crate::script::is_unspaced;
use crate::words::{Language, Role, RoleSet};

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A word of the language.
    Word,
    /// A known environment; its roles say what else the word could be.
    Environment(usize),
    /// A form that several environments claim.
    Disputed,
    /// A file name or path.
    Package,
    /// Digits, as in dates and ids.
    Number,
    /// Nothing that is known.
    Unknown,
    /// A quotation whose content is not looked into.
    Quote,
    /// A sentence's end.
    Stop,
    /// A pause inside a sentence, by its sign.
    Pause(char),
}

/// A piece of the text.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Token {
    pub(crate) kind: Kind,
    pub(crate) roles: RoleSet,
    /// First byte in the normalised text.
    pub(crate) start: usize,
    /// One past the last byte in the normalised text.
    pub(crate) end: usize,
    /// Follows the token before it without a space or sign between.
    pub(crate) glued: bool,
    /// Ends with a question mark (a `Stop`).
    pub(crate) asks: bool,
    /// A name that is so common a word that it may not be meant as a name.
    pub(crate) doubtful: bool,
    /// An unknown word with the look of a name: digits, capitals, joined pieces.
    pub(crate) name_like: bool,
    /// An unknown name that environments often have.
    pub(crate) stage_like: bool,
    /// Taken from another language.
    pub(crate) borrowed: bool,
}

impl Token {
    pub(crate) fn new(kind: Kind, start: usize, end: usize) -> Token {
        Token {
            kind,
            roles: RoleSet::default(),
            start,
            end,
            glued: false,
            asks: false,
            doubtful: false,
            name_like: false,
            stage_like: false,
            borrowed: false,
        }
    }

    /// Whether it plays the role as a word, not as a name.
    pub(crate) fn is(&self, role: Role) -> bool {
        self.kind == Kind::Word && self.roles.has(role)
    }

    /// Whether it plays one of the roles as a word.
    pub(crate) fn is_any(&self, roles: RoleSet) -> bool {
        self.kind == Kind::Word && self.roles.meets(roles)
    }
}

/// Words that say the side of the name behind them.
const MARKERS: RoleSet = RoleSet::of(&[
    Role::FromBefore,
    Role::ToBefore,
    Role::WithBefore,
    Role::OnBefore,
    Role::Of,
    Role::Determiner,
]);

const THINGS: RoleSet = RoleSet::of(&[Role::NounEnvironment, Role::NounPackage]);

/// A text as one language sees it.
#[derive(Debug)]
pub(crate) struct Tokens<'a> {
    pub(crate) normal: &'a Normal,
    pub(crate) original: &'a str,
    pub(crate) language: &'static Language,
    pub(crate) list: Vec<Token>,
}

impl Tokens<'_> {
    /// The token's text in normal form.
    pub(crate) fn text(&self, token: &Token) -> &str {
        self.normal.text.get(token.start..token.end).unwrap_or("")
    }

    /// Where the token stands in the original.
    pub(crate) fn span(&self, token: &Token) -> Span {
        self.normal.original(token.start, token.end)
    }

    /// The token as written.
    pub(crate) fn written(&self, token: &Token) -> &str {
        let span = self.span(token);
        self.original.get(span.start..span.end).unwrap_or("")
    }

    /// Whether every word is one of the language's own, and there are some.
    pub(crate) fn knows_all(&self) -> bool {
        let own = |token: &Token| token.kind == Kind::Word && !token.borrowed;
        self.list.iter().any(own)
            && self
                .list
                .iter()
                .all(|token| own(token) || !matches!(token.kind, Kind::Word | Kind::Unknown | Kind::Quote))
    }

    /// Whether every word is known, and one that is not borrowed is among them.
    pub(crate) fn knows_enough(&self) -> bool {
        let own = |token: &Token| {
            token.kind == Kind::Word
                && !token.borrowed
                && self.text(token).contains(|letter: char| !letter.is_ascii())
        };
        let known = |token: &Token| !matches!(token.kind, Kind::Unknown | Kind::Quote);
        self.list.iter().any(own) && self.list.iter().all(known)
    }

    /// How much of the text the language explains: its own words count for a little more than
    /// borrowed ones, and what it does not know counts against it.
    pub(crate) fn score(&self) -> isize {
        let weigh = |token: &Token| -> isize {
            let letters = |weight: isize| -> isize {
                self.text(token)
                    .chars()
                    .map(|letter| if is_unspaced(letter) { weight } else { 1 })
                    .sum()
            };
            match token.kind {
                // An accent that the word has not speaks for another language.
                Kind::Word
                    if token.borrowed
                        && !self.text(token).is_ascii()
                        && !self.text(token).contains(is_unspaced) =>
                {
                    letters(3)
                }
                Kind::Word if token.borrowed => letters(3) + letters(2),
                Kind::Word => 2 * letters(3) + 1,
                // "password": a word of the language that says nothing to a release.
                Kind::Unknown if !token.roles.is_empty() => 2 * letters(3) + 1,
                Kind::Unknown if self.text(token).contains(is_unspaced) => -letters(3),
                Kind::Unknown if !token.stage_like => -letters(1),
                _ => 0,
            }
        };
        // A marker right before a name speaks for its language: "no test", "en test".
        let marks = |pair: &[Token]| match pair {
            [mark, name] => {
                let named = matches!(name.kind, Kind::Environment(_) | Kind::Unknown | Kind::Package);
                mark.is_any(MARKERS) && !mark.borrowed && (named || name.is_any(THINGS))
            }
            _ => false,
        };
        let marked = self.list.windows(2).filter(|pair| marks(pair)).count();
        self.list.iter().map(weigh).sum::<isize>() + 2 * marked as isize
    }
}
