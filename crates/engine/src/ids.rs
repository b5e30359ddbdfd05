//! Names of plans and runs: they sort by time, fit in a path, and are refused when they do not look like ours.

use std::fmt;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, civil};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Letters and digits that nobody confuses when reading them aloud.
const ALPHABET: &[u8; 32] = b"abcdefghjkmnpqrstuvwxyz023456789";

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
        #[serde(try_from = "String", into = "String")]
        #[schemars(with = "String")]
        pub struct $name(String);

        impl $name {
            /// A new name for this moment.
            pub(crate) fn new(now: Timestamp, random: u32) -> Self {
                // Milliseconds, because names sort by time and two runs of one second must, too.
                let at = now.strftime("%Y%m%d-%H%M%S%3f");
                Self(format!("{}-{at}-{}", $prefix, letters(random, 4)))
            }

            /// The name, when it looks like one of ours: nothing else is ever used in a path.
            pub fn parse(text: &str) -> Option<Self> {
                let rest = text.strip_prefix($prefix)?.strip_prefix('-')?;
                let plain = rest.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
                (plain && (8..=40).contains(&rest.len())).then(|| Self(text.to_owned()))
            }

            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl TryFrom<String> for $name {
            type Error = String;
            fn try_from(text: String) -> Result<Self, String> {
                Self::parse(&text).ok_or_else(|| format!("{text:?} is no {} name", $prefix))
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }
    };
}

id!(
    /// Names a plan.
    PlanId,
    "plan"
);
id!(
    /// Names a run; runs sort by time.
    RunId,
    "run"
);

impl RunId {
    /// A new name that sorts behind `newest`: the clock of a machine may have been set back, and what came last decides
    /// what an undo takes.
    pub(crate) fn behind(newest: Option<&RunId>, now: Timestamp, random: u32) -> Self {
        let new = Self::new(now, random);
        match newest {
            Some(newest) if *newest >= new => newest
                .at()
                .and_then(|at| at.checked_add(SignedDuration::from_millis(1)).ok())
                .map_or(new, |at| Self::new(at, random)),
            _ => new,
        }
    }

    /// When it was made, as its name says.
    fn at(&self) -> Option<Timestamp> {
        let digits = self.0.strip_prefix("run-")?.get(..18)?;
        let (seconds, millis) = digits.split_at(15);
        let at = civil::DateTime::strptime("%Y%m%d-%H%M%S", seconds).ok()?;
        let at = at.to_zoned(TimeZone::UTC).ok()?.timestamp();
        at.checked_add(SignedDuration::from_millis(millis.parse().ok()?))
            .ok()
    }
}

/// `count` letters out of the bits of `value`.
pub(crate) fn letters(mut value: u32, count: usize) -> String {
    let mut text = String::with_capacity(count);
    for _ in 0..count {
        let place = (value % 32) as usize;
        text.push(ALPHABET.get(place).copied().unwrap_or(b'a') as char);
        value /= 32;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_sort_by_time_and_paths_are_refused() {
        let early = RunId::new("2026-11-22T10:00:00Z".parse().unwrap(), 7);
        let late = RunId::new("2026-11-22T10:00:00.001Z".parse().unwrap(), 1);
        assert!(early < late);
        let set_back = "2026-11-22T09:00:00Z".parse().unwrap();
        let behind = RunId::behind(Some(&late), set_back, 1);
        assert!(
            behind > late && behind.as_str().starts_with("run-20261122-100000002-"),
            "{behind}"
        );
        assert_eq!(RunId::behind(Some(&early), set_back, 3).at(), late.at());
        assert_eq!(RunId::parse(early.as_str()), Some(early));
        for bad in [
            "run-../../etc/passwd",
            "run-",
            "plan-20261122-100000-aaaa",
            "run-A/B",
            "",
        ] {
            assert_eq!(RunId::parse(bad), None, "{bad}");
        }
    }
}
