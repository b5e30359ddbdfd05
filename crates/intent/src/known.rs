//! The closed list of environments a sentence may name.
//!
//! Names match exactly after normalisation; likeness is used only for suggestions.

/// The environments that exist, with their aliases, and which one is in use.
#[derive(Debug, Clone, Default)]
pub struct Known {
    names: Vec<String>,
    aliases: Vec<Vec<String>>,
    current: Option<String>,
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
        let mut known = Known {
            current: current.map(str::to_owned),
            ..Known::default()
        };
        for (name, aliases) in environments {
            known.names.push(name.into());
            known.aliases.push(aliases.into_iter().map(Into::into).collect());
        }
        known
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
}
