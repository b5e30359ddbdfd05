//! One environment's API: the client, its options and what its calls share.

use std::sync::Arc;
use std::time::Duration;

use crate::environment::{ApiBase, Environment};
use crate::error::Error;

/// How a client behaves on the network.
#[derive(Debug, Clone)]
pub struct ClientOptions {
    /// `User-Agent` of every request.
    pub user_agent: String,
    /// How long making a connection may take.
    pub connect_timeout: Duration,
    /// How long an answer may take, and how long a download may stall.
    pub read_timeout: Duration,
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
            stall_timeout: Duration::from_secs(120),
            upload_answer_timeout: Duration::from_secs(900),
            read_retries: 3,
            retry_pause: Duration::from_millis(500),
        }
    }
}

/// The API of one environment. Cheap to clone; clones share their session.
#[derive(Clone)]
pub struct Client {
    shared: Arc<Shared>,
}

struct Shared {
    environment: Environment,
}

impl Client {
    /// A client for an environment. Sends nothing yet.
    pub fn new(environment: &Environment, _options: ClientOptions) -> Result<Self, Error> {
        Ok(Self {
            shared: Arc::new(Shared {
                environment: environment.clone(),
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
}
