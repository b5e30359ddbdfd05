//! Many clients over Streamable HTTP: what is served where, and the life of the server.
//!
//! | module | what it is for |
//! | --- | --- |
//! | `tokens` | who may call, from a file of named bearer tokens |
//! | `guard` | what a request must show before the handler sees it |
//! | `hosts` | which names this server answers to |
//! | `rate` | how often somebody may call |
//! | `sessions` | how many sessions there may be, and whose they are |
//! | `messages` | the reason where a body is no message |
//! | `listen` | connections: TLS, time limits, the end |
//!
//! rmcp speaks the protocol; it leaves callers, limits and the listening to its user. Runs execute in processes of
//! their own, so a server that ends leaves none half-done.

mod guard;
mod hosts;
mod listen;
mod messages;
mod rate;
mod sessions;
mod tokens;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::routing::get;
use rmcp::ServerHandler;
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use serde_json::json;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

pub(crate) use self::tokens::caller_of;
pub use self::tokens::{TokenError, Tokens};

use self::guard::Guard;
use self::hosts::Names;
use self::listen::Tls;
use self::rate::Rate;
use self::sessions::Sessions;

/// Where the protocol is served.
const MCP_PATH: &str = "/mcp";

/// How a server listens and whom it serves.
#[derive(Debug, Clone)]
pub struct HttpOptions {
    /// Where it listens. Anything but the loopback demands tokens.
    pub address: SocketAddr,
    /// Who may call; without it, whoever reaches the loopback.
    pub tokens: Option<Tokens>,
    /// Its certificate and key, as PEM files.
    pub tls: Option<TlsFiles>,
    /// Names it answers to besides its address: `release.example.com`, with a port where only that one counts.
    pub hosts: Vec<String>,
    /// Web pages that may call it, by their origin: `https://app.example.com`.
    pub origins: Vec<String>,
    /// How much it takes.
    pub limits: HttpLimits,
}

impl HttpOptions {
    /// A server here, for whoever reaches it, with the usual limits.
    pub fn new(address: SocketAddr) -> Self {
        Self {
            address,
            tokens: None,
            tls: None,
            hosts: Vec::new(),
            origins: Vec::new(),
            limits: HttpLimits::default(),
        }
    }
}

/// A certificate chain and its key.
#[derive(Debug, Clone)]
pub struct TlsFiles {
    /// The chain, the server's own certificate first.
    pub certificate: PathBuf,
    /// The key.
    pub key: PathBuf,
}

/// How much a server takes.
#[derive(Debug, Clone, Copy)]
pub struct HttpLimits {
    /// Bytes of one request.
    pub body_bytes: usize,
    /// How long a request may take to arrive, its head and its body each.
    pub arrival: Duration,
    /// Connections at one time.
    pub connections: usize,
    /// Sessions at one time.
    pub sessions: usize,
    /// Sessions of one caller at one time.
    pub sessions_each: usize,
    /// Requests of one caller at once.
    pub burst: u32,
    /// Requests of one caller in a second, on average.
    pub per_second: u32,
}

impl Default for HttpLimits {
    fn default() -> Self {
        Self {
            // The longest legal request is a sentence with a few names.
            body_bytes: 1 << 20,
            arrival: Duration::from_secs(10),
            connections: 512,
            sessions: 256,
            sessions_each: 64,
            burst: 200,
            per_second: 50,
        }
    }
}

/// Why a server does not serve.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// An address others can reach, and nobody to tell apart.
    #[error(
        "{0} can be reached from other machines, so callers need tokens: give a file of named tokens, or listen on 127.0.0.1"
    )]
    TokensNeeded(SocketAddr),
    /// The tokens cannot be used.
    #[error(transparent)]
    Tokens(#[from] TokenError),
    /// The certificate or its key cannot be used.
    #[error("TLS cannot be set up: {0}")]
    Tls(String),
    /// The address is taken or not ours.
    #[error("cannot listen on {0}")]
    Listen(SocketAddr, #[source] std::io::Error),
}

/// A server that listens already and has not answered yet.
pub struct HttpServer {
    listener: TcpListener,
    address: SocketAddr,
    tls: Option<Tls>,
    app: Router,
    limits: HttpLimits,
    sessions_end: CancellationToken,
}

impl HttpServer {
    /// Listens for clients of this handler.
    pub async fn bind<H>(handler: H, options: HttpOptions) -> Result<Self, HttpError>
    where
        H: ServerHandler + Clone + Send + Sync + 'static,
    {
        if options.tokens.is_none() && !options.address.ip().is_loopback() {
            return Err(HttpError::TokensNeeded(options.address));
        }
        let tls = options.tls.as_ref().map(Tls::load).transpose()?;
        let failed = |source| HttpError::Listen(options.address, source);
        let listener = TcpListener::bind(options.address).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let sessions_end = CancellationToken::new();
        let app = routes(handler, &options, address, tls.is_some(), &sessions_end);
        Ok(Self {
            listener,
            address,
            tls,
            app,
            limits: options.limits,
            sessions_end,
        })
    }

    /// Where it listens, with the port that was given out when none was asked for.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where clients connect.
    pub fn url(&self) -> String {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        format!("{scheme}://{}{MCP_PATH}", self.address)
    }

    /// Serves until it is told to end; then lets requests finish for a moment, and ends what still hangs on.
    pub async fn serve(self, end: CancellationToken) {
        listen::serve(self, end).await;
    }
}

fn routes<H>(
    handler: H,
    options: &HttpOptions,
    address: SocketAddr,
    secure: bool,
    end: &CancellationToken,
) -> Router
where
    H: ServerHandler + Clone + Send + Sync + 'static,
{
    let names = Names::new(address, &options.hosts, &options.origins);
    let manager = Arc::new(LocalSessionManager::default());
    let config = StreamableHttpServerConfig::default()
        .with_allowed_hosts(names.hosts().iter().cloned())
        .with_allowed_origins(names.origins().iter().cloned())
        .enforce_origin_validation()
        .with_max_request_body_bytes(options.limits.body_bytes)
        .with_cancellation_token(end.clone());
    let protocol = StreamableHttpService::new(move || Ok(handler.clone()), Arc::clone(&manager), config);
    let guard = Arc::new(Guard {
        names,
        tokens: options.tokens.clone(),
        secure,
        rate: Rate::new(options.limits.burst, options.limits.per_second),
        failures: Rate::failures(),
        sessions: Sessions::new(manager, options.limits),
        limits: options.limits,
        mcp_path: MCP_PATH,
    });
    let ours = Router::new()
        .route("/health", get(health))
        .route("/.well-known/oauth-protected-resource", get(about_tokens))
        .route("/.well-known/oauth-protected-resource/mcp", get(about_tokens))
        .with_state(Arc::clone(&guard));
    Router::new()
        .route_service(MCP_PATH, protocol)
        .layer(axum::middleware::from_fn_with_state(
            options.limits.body_bytes,
            messages::explain,
        ))
        .layer(axum::middleware::from_fn_with_state(
            Arc::clone(&guard),
            guard::admit,
        ))
        .merge(ours)
        .layer(axum::middleware::from_fn_with_state(guard, guard::check_name))
}

/// That the process answers; what it can reach is `check_environment`'s business.
async fn health() -> impl IntoResponse {
    axum::Json(json!({ "status": "ok", "version": env!("CARGO_PKG_VERSION") }))
}

/// What a client without a token is pointed to: RFC 9728. Tokens are handed out by whoever runs the server, so no
/// authorization server is named.
async fn about_tokens(State(guard): State<Arc<Guard>>, headers: axum::http::HeaderMap) -> impl IntoResponse {
    match guard.url_of(&headers) {
        Some(url) => axum::Json(json!({
            "resource": format!("{url}{MCP_PATH}"),
            "resource_name": "NocoBase Release",
            "bearer_methods_supported": ["header"],
        }))
        .into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
