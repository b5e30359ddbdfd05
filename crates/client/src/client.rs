//! One environment's API: the client, its options and what its calls share.
//!
//! Two HTTP clients stand behind it. Reads share connections; a mutation always goes over a connection of its
//! own, so that a connection which an idle server closed can never leave doubt about a mutation.

use std::fmt;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, Once, PoisonError};
use std::time::Duration;

use tokio::sync::OnceCell;

use crate::api::backups::BackupSurface;
use crate::api::migrations::MigrationSurfaces;
use crate::environment::{ApiBase, Environment};
use crate::error::{Call, Error};
use crate::session::Session;

/// How a client behaves on the network.
#[derive(Debug, Clone)]
pub struct ClientOptions {
    /// `User-Agent` of every request.
    pub user_agent: String,
    /// How long making a connection may take.
    pub connect_timeout: Duration,
    /// How long an answer may take, and how long a download may stall.
    pub read_timeout: Duration,
    /// The most that is taken of a package; there must be room for it, too.
    pub package_limit: u64,
    /// A download must bring [`Self::least_bytes`] in each stretch of this time …
    pub download_stretch: Duration,
    /// … or it is given up; how long it takes in all is not limited.
    pub least_bytes: u64,
    /// How long an upload may go without a byte leaving.
    pub stall_timeout: Duration,
    /// How long the answer to a complete upload may take (the server unpacks before it answers).
    pub upload_answer_timeout: Duration,
    /// How often a read is tried again after a failure of the network.
    pub read_retries: u32,
    /// The first pause before a read is tried again; it doubles.
    pub retry_pause: Duration,
}

impl Default for ClientOptions {
    fn default() -> Self {
        Self {
            user_agent: concat!("nocobase-release/", env!("CARGO_PKG_VERSION")).to_owned(),
            connect_timeout: Duration::from_secs(10),
            read_timeout: Duration::from_secs(60),
            package_limit: u64::MAX,
            download_stretch: Duration::from_secs(300),
            least_bytes: 1024 * 1024,
            stall_timeout: Duration::from_secs(120),
            upload_answer_timeout: Duration::from_secs(900),
            read_retries: 3,
            retry_pause: Duration::from_millis(500),
        }
    }
}

/// The API of one environment. Cheap to clone; clones share their session and connections.
#[derive(Clone)]
pub struct Client {
    pub(crate) shared: Arc<Shared>,
}

pub(crate) struct Shared {
    pub(crate) environment: Environment,
    pub(crate) options: ClientOptions,
    /// For reads: connections are kept and shared.
    pub(crate) reading: reqwest::Client,
    /// For mutations: a new connection each.
    pub(crate) changing: reqwest::Client,
    pub(crate) session: Session,
    /// The https form of the base, once the server asked for it.
    pub(crate) upgraded: Mutex<Option<ApiBase>>,
    /// Whether it was found out if a plain http server asks for https.
    pub(crate) settled: AtomicBool,
    pub(crate) surface: OnceCell<BackupSurface>,
    pub(crate) migration_surfaces: OnceCell<MigrationSurfaces>,
}

/// Locks without caring whether another thread panicked: the values kept here are replaced whole.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Client {
    /// A client for an environment. Sends nothing yet.
    pub fn new(environment: &Environment, options: ClientOptions) -> Result<Self, Error> {
        static PROVIDER: Once = Once::new();
        PROVIDER.call_once(|| {
            // an Err means that the program has chosen a provider already, which is as good
            drop(rustls::crypto::ring::default_provider().install_default());
        });
        let build = |idle: usize| {
            let mut builder = reqwest::Client::builder()
                .user_agent(&options.user_agent)
                .connect_timeout(options.connect_timeout)
                .redirect(reqwest::redirect::Policy::none())
                .retry(reqwest::retry::never())
                .referer(false)
                .pool_max_idle_per_host(idle)
                // Node closes idle connections after 5 s: ours are dropped before that
                .pool_idle_timeout(Duration::from_secs(4));
            if environment.api_base.is_loopback() {
                // no proxy has a part in talking to oneself
                builder = builder.no_proxy();
                if environment.api_base.is_plain() {
                    // nor do the certificates of the system, which take a while to load
                    builder = builder.tls_certs_only([]);
                }
            }
            builder.build().map_err(|source| Error::Setup {
                environment: environment.name.clone(),
                source: Box::new(source),
            })
        };
        Ok(Self {
            shared: Arc::new(Shared {
                reading: build(8)?,
                changing: build(0)?,
                session: Session::default(),
                upgraded: Mutex::new(None),
                settled: AtomicBool::new(
                    !environment.api_base.is_plain() || environment.api_base.is_loopback(),
                ),
                surface: OnceCell::new(),
                migration_surfaces: OnceCell::new(),
                environment: environment.clone(),
                options,
            }),
        })
    }

    /// The name of the environment.
    pub fn environment_name(&self) -> &str {
        &self.shared.environment.name
    }

    /// Where its API is.
    pub fn api_base(&self) -> &ApiBase {
        &self.shared.environment.api_base
    }

    /// Where requests go: the base, or its https form if the server asked for that.
    pub(crate) fn effective_base(&self) -> ApiBase {
        lock(&self.shared.upgraded)
            .clone()
            .unwrap_or_else(|| self.api_base().clone())
    }

    pub(crate) fn options(&self) -> &ClientOptions {
        &self.shared.options
    }

    /// Names a call for errors.
    pub(crate) fn call(&self, name: &str) -> Call {
        Call {
            environment: self.environment_name().into(),
            name: name.into(),
            changes: false,
        }
    }

    /// Names a mutation that is about to be sent.
    pub(crate) fn mutation(&self, name: &str) -> Call {
        Call {
            changes: true,
            ..self.call(name)
        }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("environment", &self.environment_name())
            .field("api_base", self.api_base())
            .finish_non_exhaustive()
    }
}
