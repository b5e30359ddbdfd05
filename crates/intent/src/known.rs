//! The closed list of environments a sentence may name.
//!
//! Names match exactly after normalisation; likeness only ever suggests (`suggest`).

use crate::normal::normal_form;
use crate::prefix::PrefixTable;
use std::collections::HashSet;

/// The environments that exist, with their aliases, and which one is in use.
#[derive(Debug, Clone, Default)]
pub struct Known {
    names: Vec<String>,
    current: Option<String>,
    forms: PrefixTable<Form>,
}

/// The environments that a written form may mean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Form {
    /// The environments and the spelling each was configured with.
    owners: Vec<(usize, String)>,
    is_alias: bool,
}

impl Form {
    /// The one environment meant by `written`: the only owner, or the one spelled exactly so.
    pub(crate) fn owner(&self, written: &str) -> Option<usize> {
        match self.owners.as_slice() {
            [(only, _)] => Some(*only),
            owners => {
                let mut exact = owners.iter().filter(|(_, spelling)| spelling == written);
                match (exact.next(), exact.next()) {
                    (Some((owner, _)), None) => Some(*owner),
                    _ => None,
                }
            }
        }
    }
}

impl Known {
    /// Builds the list from `(name, aliases)` pairs.
    pub fn new<Name, Aliases, Alias>(
        environments: impl IntoIterator<Item = (Name, Aliases)>,
        current: Option<&str>,
    ) -> Known
    where
        Name: Into<String>,
        Aliases: IntoIterator<Item = Alias>,
        Alias: Into<String>,
    {
        let mut names = Vec::new();
        let mut seen = HashSet::new();
        let mut forms: Vec<(String, Form)> = Vec::new();
        for (name, aliases) in environments {
            let (name, place) = (name.into(), names.len());
            if !seen.insert(name.clone()) {
                continue;
            }
            let spellings = std::iter::once(name.clone()).chain(aliases.into_iter().map(Into::into));
            for (position, spelling) in spellings.enumerate() {
                let form = normal_form(&spelling);
                if !form.is_empty() {
                    forms.push((
                        form,
                        Form {
                            owners: vec![(place, spelling)],
                            is_alias: position > 0,
                        },
                    ));
                }
            }
            names.push(name);
        }
        forms.sort_by(|left, right| (&left.0, left.1.is_alias).cmp(&(&right.0, right.1.is_alias)));
        // A name beats another environment's alias; forms that two claim belong to both.
        forms.dedup_by(|later, first| {
            let same = later.0 == first.0;
            if same && later.1.is_alias == first.1.is_alias {
                for owner in later.1.owners.drain(..) {
                    if first.1.owners.iter().all(|(place, _)| *place != owner.0) {
                        first.1.owners.push(owner);
                    }
                }
            }
            same
        });
        Known {
            names,
            current: current.map(str::to_owned),
            forms: PrefixTable::from_sorted(forms),
        }
    }

    /// Builds the list from names without aliases.
    pub fn from_names<Name: Into<String>>(
        names: impl IntoIterator<Item = Name>,
        current: Option<&str>,
    ) -> Known {
        Known::new(
            names.into_iter().map(|name| (name, std::iter::empty::<String>())),
            current,
        )
    }

    /// The names, in the order given.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(String::as_str)
    }

    /// The name of the environment in use.
    pub fn current(&self) -> Option<&str> {
        self.current.as_deref()
    }

    pub(crate) fn name(&self, place: usize) -> Option<&str> {
        self.names.get(place).map(String::as_str)
    }

    pub(crate) fn forms(&self) -> &PrefixTable<Form> {
        &self.forms
    }

    /// Forms with one environment they surely mean, for likeness.
    pub(crate) fn spellings(&self) -> impl Iterator<Item = (&str, &str)> {
        self.forms.iter().flat_map(|(form, owners)| {
            owners
                .owners
                .iter()
                .filter_map(|(place, _)| Some((form.as_str(), self.name(*place)?)))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owner(known: &Known, written: &str) -> Option<usize> {
        known.forms().get(&normal_form(written))?.owner(written)
    }

    #[test]
    fn names_beat_aliases_and_spelling_settles_doubt() {
        let known = Known::new(
            [
                ("prod", vec!["live"]),
                ("live", vec![]),
                ("Dev", vec![]),
                ("dev", vec![]),
            ],
            None,
        );
        assert_eq!(owner(&known, "live"), Some(1));
        assert_eq!(owner(&known, "PROD"), Some(0));
        assert_eq!(owner(&known, "Dev"), Some(2));
        assert_eq!(owner(&known, "dev"), Some(3));
        assert_eq!(owner(&known, "DEV"), None);
    }

    #[test]
    fn an_alias_of_two_environments_means_neither() {
        let known = Known::new([("a1", vec!["x"]), ("b1", vec!["x"])], None);
        assert_eq!(owner(&known, "x"), None);
    }
}
