//! How a database names the tables of collections: with `DB_TABLE_PREFIX` before them, and in snake case where
//! `DB_UNDERSCORED` is set. Inside of this simulation tables go by the names of their collections; in a dump they do not.

use std::collections::BTreeSet;

use crate::config::Settings;
use crate::database::{Database, text_of};

/// The settings that names come from.
#[derive(Clone, Debug, Default)]
pub(crate) struct TableNames {
    pub(crate) prefix: String,
    pub(crate) underscored: bool,
}

impl Settings {
    /// How tables are named here.
    pub(crate) fn table_names(&self) -> TableNames {
        TableNames {
            prefix: self.table_prefix.clone().unwrap_or_default(),
            underscored: self.underscored,
        }
    }
}

impl TableNames {
    fn table(&self, collection: &str) -> String {
        let mut name = self.prefix.clone();
        for letter in collection.chars() {
            if self.underscored && letter.is_ascii_uppercase() {
                if !name.is_empty() && !name.ends_with('_') {
                    name.push('_');
                }
                name.push(letter.to_ascii_lowercase());
            } else {
                name.push(letter);
            }
        }
        name
    }

    /// A database as it is dumped.
    pub(crate) fn dumped(&self, database: &Database) -> Database {
        let mut dumped = Database::default();
        for (name, table) in database.tables() {
            dumped.put(self.table(name), table.clone());
        }
        dumped
    }

    /// A database out of a dump; tables of no collection, known here or there, keep their names.
    pub(crate) fn loaded(&self, dumped: &Database, known: &BTreeSet<String>) -> Database {
        let mut known = known.clone();
        let told = dumped.rows(&self.table("collections")).iter();
        known.extend(told.map(|row| text_of(row.get("name"))));
        let mut loaded = Database::default();
        for (table, content) in dumped.tables() {
            let collection = known.iter().find(|name| self.table(name) == table);
            loaded.put(collection.map_or(table, String::as_str), content.clone());
        }
        loaded
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_named_by_the_settings() {
        let names = TableNames {
            prefix: "t_".to_owned(),
            underscored: true,
        };
        assert_eq!(names.table("rolesResources"), "t_roles_resources");
        assert_eq!(names.table("flow_nodes"), "t_flow_nodes");
        assert_eq!(TableNames::default().table("rolesResources"), "rolesResources");
    }
}
