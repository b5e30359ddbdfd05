//! NocoBase's HTTP API in NocoBase's words, and the environments it is reached by.
//!
//! This is the only crate that speaks HTTP to NocoBase. It knows what a call is named, what a right answer
//! looks like, which failures leave doubt about what happened, and nothing about plans, releases or
//! verdicts: those are the engine's.
//!
//! | module | what it is for |
//! | --- | --- |
//! | [`Environment`], [`ApiBase`], [`Credentials`] | an environment: where it is and who we are there |
//! | [`nb_cli`] | reading environments from NocoBase CLI's own store |
//! | [`Client`], [`ClientOptions`] | one environment's API; the calls are in `api/`, one file an area |
//! | [`Error`] | every way a call can fail, each with a code, a hint and whether it may have happened |
//! | [`Secret`] | text that masks itself |
//!
//! Facts about the server are those of NocoBase 2.2.15 unless a comment says otherwise.

mod api;
mod client;
mod credential;
mod decode;
mod environment;
mod error;
mod hint;
mod lack;
pub mod nb_cli;
mod oauth;
mod receive;
mod redirect;
mod secret;
mod session;
mod transfer;
mod transport;

pub use api::app::{AppInfo, DatabaseInfo, Health, Plugin};
pub use api::auth::Identity;
pub use api::backups::{
    Accepted, BackupEntry, BackupStatus, BackupSurface, Download, RestoreOptions, RestoreStatus,
    safe_file_name,
};
pub use api::logs::LogLine;
pub use api::migration_execution::{
    EnvText, Executed, Execution, MigrationCheck, MigrationConflicts, NeededVariable,
};
pub use api::migration_logs::MigrationLog;
pub use api::migration_rules::MigrationRule;
pub use api::migrations::{MigrationEntry, MigrationStatus, MigrationSurfaces};
pub use api::structure::CollectionShape;
pub use client::{Client, ClientOptions};
pub use credential::{Credential, CredentialKind};
pub use environment::{ApiBase, Credentials, Environment, Origin};
pub use error::{Call, EnvironmentsError, Error};
pub use lack::MigrationLack;
pub use oauth::OAuthSession;
pub use secret::Secret;
