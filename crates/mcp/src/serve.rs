//! The life of a server: one client on stdin and stdout, or many over HTTP.
//!
//! Ends on SIGTERM or SIGINT, and over stdio when the client closes its end. A stdio server has about four seconds between the
//! end of its input and its death, which is why no run is executed here. The caller must end the process afterwards
//! without waiting for the runtime's blocking threads: one of them sits in a read of stdin.

use rmcp::ServiceExt;
use rmcp::service::ServerInitializeError;
use tokio_util::sync::CancellationToken;

use crate::handler::Handler;
use crate::http::{HttpError, HttpOptions, HttpServer};
use crate::stdio::Lines;

/// Why serving ended early.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The first exchange with the client failed.
    #[error("the MCP client could not be greeted: {0}")]
    Greeting(String),
    /// The signals of the operating system cannot be listened to.
    #[error("cannot listen to signals")]
    Signals(#[source] std::io::Error),
    /// The HTTP server cannot begin.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// The serving task died.
    #[error("the MCP server broke off")]
    BrokenOff(#[source] tokio::task::JoinError),
}

/// Serves one client on stdin and stdout until it leaves or the process is told to end.
pub async fn serve_stdio(handler: Handler) -> Result<(), ServeError> {
    let mut told_to_end = std::pin::pin!(signal()?);
    let greeting = handler.serve(Lines::new(tokio::io::stdin(), tokio::io::stdout()));
    let running = tokio::select! {
        () = &mut told_to_end => return Ok(()),
        greeted = greeting => match greeted {
            Ok(running) => running,
            // Clients start a server only to look whether it is there.
            Err(ServerInitializeError::ConnectionClosed(_) | ServerInitializeError::Cancelled) => return Ok(()),
            Err(error) => return Err(ServeError::Greeting(error.to_string())),
        },
    };
    let stop = running.cancellation_token();
    let mut serving = std::pin::pin!(running.waiting());
    let ended = tokio::select! {
        ended = &mut serving => ended,
        () = &mut told_to_end => {
            tracing::debug!("told to end");
            stop.cancel();
            serving.await
        }
    };
    ended.map(|_| ()).map_err(ServeError::BrokenOff)
}

/// Serves clients over HTTP until the process is told to end. `began` is told the URL once clients can connect.
pub async fn serve_http(
    handler: Handler,
    options: HttpOptions,
    began: impl FnOnce(&str),
) -> Result<(), ServeError> {
    let told_to_end = signal()?;
    // The same token ends the waiting calls and the listening.
    let end: CancellationToken = handler.end().clone();
    let server = HttpServer::bind(handler, options).await?;
    began(&server.url());
    let serving = server.serve(end.clone());
    let mut serving = std::pin::pin!(serving);
    tokio::select! {
        () = &mut serving => {}
        () = told_to_end => {
            tracing::debug!("told to end");
            end.cancel();
            serving.await;
        }
    }
    Ok(())
}

/// Listens at once, so that a signal during the greeting is not missed.
#[cfg(unix)]
fn signal() -> Result<impl Future<Output = ()>, ServeError> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate()).map_err(ServeError::Signals)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(ServeError::Signals)?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

#[cfg(not(unix))]
fn signal() -> Result<impl Future<Output = ()>, ServeError> {
    Ok(async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    })
}
