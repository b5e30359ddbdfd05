//! Connections: accepting them, TLS, the time a head may take, and the end of the server.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use hyper::body::Incoming;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::guard::PeerAddress;
use super::{HttpError, HttpLimits, HttpServer, TlsFiles};

/// How long requests may go on after the server was told to end; those that wait for a run are answered at once.
const LAST_ANSWERS: Duration = Duration::from_secs(3);
/// How long connections may take to close after that.
const CLOSING: Duration = Duration::from_secs(2);
const HEADERS: usize = 64;

/// TLS of a server.
#[derive(Clone)]
pub(super) struct Tls(TlsAcceptor);

impl Tls {
    pub(super) fn load(files: &TlsFiles) -> Result<Self, HttpError> {
        let problem = |what: &str, why: &dyn std::fmt::Display| HttpError::Tls(format!("{what}: {why}"));
        let shown = files.certificate.display().to_string();
        let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(&files.certificate)
            .and_then(Iterator::collect)
            .map_err(|error| problem(&shown, &error))?;
        // The error of a key names no part of it.
        let key = PrivateKeyDer::from_pem_file(&files.key).map_err(|_| {
            problem(
                &files.key.display().to_string(),
                &"no private key can be read from it",
            )
        })?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| problem("versions", &error))?
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .map_err(|error| problem(&shown, &error))?;
        Ok(Self(TlsAcceptor::from(Arc::new(config))))
    }
}

pub(super) async fn serve(server: HttpServer, end: CancellationToken) {
    let places = Arc::new(Semaphore::new(server.limits.connections));
    let guests = Guests::default();
    let connections = TaskTracker::new();
    loop {
        let (stream, peer) = tokio::select! {
            () = end.cancelled() => break,
            accepted = server.listener.accept() => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    // Out of file handles, mostly: it passes when others leave.
                    tracing::warn!(%error, "a connection could not be accepted");
                    sleep(Duration::from_millis(100)).await;
                    continue;
                }
            },
        };
        let place = Arc::clone(&places).try_acquire_owned().ok();
        // Who comes from this very machine may be a proxy with many behind it.
        let share = match peer.ip().is_loopback() {
            true => server.limits.connections,
            false => server.limits.connections / 4,
        };
        let share = guests.enter(peer.ip(), share);
        let (Some(place), Some(share)) = (place, share) else {
            tracing::warn!(%peer, "too many connections");
            continue;
        };
        // Small answers should not wait for more to send; where that cannot be had, they wait.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "answers may be held back");
        }
        let (app, limits, tls) = (server.app.clone(), server.limits, server.tls.clone());
        let end = end.clone();
        connections.spawn(async move {
            let _places = (place, share);
            let peer = PeerAddress(peer);
            match tls {
                None => talk(stream, app, peer, limits, end).await,
                Some(tls) => match timeout(limits.arrival, tls.0.accept(stream)).await {
                    Ok(Ok(stream)) => talk(stream, app, peer, limits, end).await,
                    Ok(Err(error)) => tracing::debug!(%error, "no TLS came about"),
                    Err(_) => tracing::debug!("TLS took too long"),
                },
            }
        });
    }
    drop(server.listener);
    connections.close();
    if timeout(LAST_ANSWERS, connections.wait()).await.is_err() {
        // Streams that only listen have no end of their own.
        server.sessions_end.cancel();
        if timeout(CLOSING, connections.wait()).await.is_err() {
            tracing::debug!(open = connections.len(), "connections are cut");
        }
    }
}

/// How many connections each address has, so that none of them takes all.
#[derive(Clone, Default)]
struct Guests(Arc<Mutex<HashMap<IpAddr, usize>>>);

/// The place of one connection; given back when it is dropped.
struct Guest {
    guests: Guests,
    address: IpAddr,
}

impl Guests {
    /// Takes one of the address's places; none where all are taken.
    fn enter(&self, address: IpAddr, most: usize) -> Option<Guest> {
        let mut taken = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = taken.entry(address).or_default();
        if *count >= most.max(1) {
            return None;
        }
        *count += 1;
        let guests = self.clone();
        Some(Guest { guests, address })
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        let mut taken = self.guests.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = taken.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                taken.remove(&self.address);
            }
        }
    }
}

async fn talk<S>(stream: S, app: Router, peer: PeerAddress, limits: HttpLimits, end: CancellationToken)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let app = TowerToHyperService::new(app);
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(peer);
        app.call(request)
    });
    let connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.arrival)
        .max_headers(HEADERS)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = end.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection broke off");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_address_takes_all_places() {
        let guests = Guests::default();
        let (one, other) = (IpAddr::from([192, 0, 2, 1]), IpAddr::from([192, 0, 2, 2]));
        let taken: Vec<Guest> = (0..3).filter_map(|_| guests.enter(one, 2)).collect();
        assert_eq!(taken.len(), 2);
        assert!(
            guests.enter(other, 2).is_some(),
            "others have places of their own"
        );
        drop(taken);
        assert!(guests.enter(one, 2).is_some(), "who leaves gives the place back");
        assert!(guests.0.lock().unwrap().is_empty(), "nobody is remembered");
    }
}
