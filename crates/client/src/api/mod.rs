//! The calls, one file an area, each with the types of its answers.

pub(crate) mod app;
pub(crate) mod auth;
pub(crate) mod backups;
pub(crate) mod data;
pub(crate) mod logs;
pub(crate) mod migration_execution;
pub(crate) mod migration_logs;
pub(crate) mod migration_rules;
pub(crate) mod migrations;
mod shapes;
pub(crate) mod structure;
