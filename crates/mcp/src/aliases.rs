//! Other names of tools: what `nocobase-release parse` calls the same things, and what tools were called before they
//! were renamed. They are not listed; a call by one of them is a call of the tool.

/// The other name, and the tool's own. Names are added here when a tool is renamed, and never taken out.
pub(crate) const ALIASES: &[(&str, &str)] = &[
    ("check", "check_environment"),
    ("list_backups", "list_packages"),
    ("list_envs", "list_environments"),
    ("list_rules", "migration_rules"),
    ("status", "run_status"),
];

/// The tool's own name.
pub(crate) fn own_name(name: &str) -> Option<&'static str> {
    ALIASES
        .iter()
        .find(|(alias, _)| *alias == name)
        .map(|(_, tool)| *tool)
}
