//! A strict simulated NocoBase 2.2.15 over real HTTP, for tests and for a sandbox.
//!
//! [`Sim::start`] runs several environments, each a server of its own on a loopback port. They hold an order
//! application, take and give genuine `.nbdata` packages, and behave towards a release tool as the real server was
//! seen to behave: an answer to a restore says nothing about its outcome, a failed one is reverted in silence, the
//! state of a task is lost with the reload, and a wrong name kills the process. The crate shares no type with a
//! client; `tests/recorded` holds exchanges with the real server that its answers are compared with.
//!
//! ```
//! # tokio::runtime::Runtime::new().expect("a runtime").block_on(async {
//! use nocobase_sim::{Fault, FaultKind, Sim, SimConfig};
//!
//! let sim = Sim::start(SimConfig::sandbox()).await?;
//! let (dev, test) = (sim.environment("dev"), sim.environment("test"));
//! assert_eq!((dev.rows("orders").len(), test.rows("orders").len()), (128, 37));
//! test.faults().arm(Fault::new("backup:restoreUpload", FaultKind::CloseAfterEffect));
//! // … a client works with dev.url(), dev.token(), test.url(), test.token() …
//! assert_eq!(test.mutations("backup:restoreUpload"), 0);
//! assert_eq!(sim.violations(), Vec::<String>::new());
//! # Ok::<(), nocobase_sim::SimError>(()) }).expect("runs");
//! ```
//!
//! # Strictness
//! What no caller should send is answered as the real server answers it, and written down as a violation: unknown
//! resources and actions, parameters and fields that an action does not take, bodies of another content type, tokens
//! in the query. A test asserts that there are none. Where [`MigrationManager`] is missing, asking for it is 404 and no
//! violation.
//!
//! # Routes
//! Under `/api`; every other URL answers a browser's page. Changes are those that [`Environment::mutations`] counts.
//!
//! | resource | reads | changes |
//! | --- | --- | --- |
//! | any URL that ends in `/__health_check` | `ok`, or 503 | |
//! | `app` | `app:getInfo` | |
//! | `auth` | `auth:check` | `auth:signIn` `auth:signOut` |
//! | `roles` | `roles:check` | |
//! | `apiKeys` | | `apiKeys:create` `apiKeys:destroy` |
//! | `pm` | `pm:list` `pm:listEnabled` | |
//! | `swagger` | `swagger:get` `swagger:getUrls` | |
//! | `logger` | `logger:list` `logger:download` | |
//! | `systemSettings` | `systemSettings:get` | |
//! | `backupSettings` | `backupSettings:get` | `backupSettings:update` |
//! | `backup` | `backup:status` `backup:list` `backup:download` `backup:restoreStatus` | `backup:create` `backup:remove` `backup:restore` `backup:restoreUpload` |
//! | `backups` | `backups:taskStatus` `backups:list` `backups:download` `backups:restoreStatus` `backups:appInfo` | `backups:create` `backups:destroy` `backups:restore` `backups:upload` |
//! | `collections` | `collections:list` `collections:listMeta` | `collections:create` `collections:destroy` |
//! | `fields` | `fields:list`, also `collections/NAME/fields:list` | |
//! | `migration` | `migration:list` `migration:get` `migration:download` `migration:check` | `migration:create` `migration:remove` `migration:execute` |
//! | `migrationFiles` | `migrationFiles:list` `migrationFiles:get` `migrationFiles:download` `migrationFiles:check` `migrationFiles:checkEnvTexts` `migrationFiles:checkDataConflicts` `migrationFiles:downloadMigrationSql` `migrationFiles:getMigrationProcess` | `migrationFiles:create` `migrationFiles:destroy` `migrationFiles:runTask` |
//! | `migrationRule` | | `migrationRule:create` |
//! | `migrationRules` | `migrationRules:list` `migrationRules:get` `migrationRules:listCollections` | `migrationRules:create` `migrationRules:update` `migrationRules:destroy` |
//! | `migrationLog` | `migrationLog:list` `migrationLog:get` `migrationLog:download` | |
//! | `migrationLogs` | `migrationLogs:list` `migrationLogs:get` `migrationLogs:download` | `migrationLogs:destroy` |
//! | any table, the system's own too | `X:list` `X:get` `X:query` | `X:create` `X:update` `X:destroy` |
//!
//! # What goes wrong
//! [`Faults`] are data: which call is hit, the how-manieth, and by what ([`FaultKind`]). Damaged packages are made
//! with [`package::Package`]. Everything else that goes wrong follows from the state, as in the real server.
//!
//! # Where what is
//! `sim`, `environment`, `config`, `faults`, `journal`: what a test uses. `server`: ports and connections. `api`: from
//! a request to an answer. `backup`, `restore`, `migration`: the jobs behind the answers. `world`, `database`, `logs`: the state.
//! `package`, `archive`: the bytes of packages and of PostgreSQL's dumps. `seed`: first contents. `store`: the folder
//! of a sandbox.

mod api;
mod archive;
mod backup;
mod clock;
mod config;
mod database;
mod environment;
mod faults;
mod journal;
mod logs;
mod migration;
pub mod package;
mod pattern;
mod restore;
mod seed;
mod server;
mod sim;
mod store;
mod tokens;
mod world;

pub use config::{EnvironmentConfig, LogTransport, Pace, Seed, Settings, SimConfig, SimError};
pub use environment::Environment;
pub use faults::{Fault, FaultKind, Faults, RestoreStage};
pub use journal::RequestRecord;
pub use migration::MigrationManager;
pub use sim::{Address, Sim};
