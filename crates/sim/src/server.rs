//! One loopback port: accepting, serving, breaking off, opening again.
//!
//! The accept loop owns its connections, so ending the loop ends the listener and every connection at once: that is
//! what a killed process looks like from outside. A request handler can also cut just its own connection.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{AbortHandle, JoinSet};

use crate::api;
use crate::world::World;

/// A connection ends without an answer.
#[derive(Debug)]
pub(crate) struct ConnectionCut;

impl std::fmt::Display for ConnectionCut {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("the connection is cut without an answer")
    }
}

impl std::error::Error for ConnectionCut {}

/// How often a port that is still held is tried again.
const PATIENCE: u32 = 10;
/// The pause between two tries.
const PAUSE: Duration = Duration::from_millis(20);

/// The port of an environment.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) port: u16,
    reserved: Mutex<Option<std::net::TcpListener>>,
    accepting: Mutex<Option<AbortHandle>>,
}

impl Server {
    /// Reserves a port: the wanted one if it is or soon becomes free, else any. Nothing is accepted before
    /// [`open`](Self::open).
    pub(crate) async fn reserve(wanted: Option<u16>) -> std::io::Result<Self> {
        let bind = |port| std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, port));
        let mut listener = None;
        for _ in 0..PATIENCE {
            listener = wanted.and_then(|port| bind(port).ok());
            if listener.is_some() || wanted.is_none() {
                break;
            }
            tokio::time::sleep(PAUSE).await;
        }
        let listener = match listener {
            Some(listener) => listener,
            None => bind(0)?,
        };
        let port = listener.local_addr()?.port();
        Ok(Self {
            port,
            reserved: Mutex::new(Some(listener)),
            accepting: Mutex::new(None),
        })
    }

    /// Starts accepting; a server that accepts already stays as it is.
    pub(crate) async fn open(&self, world: Arc<World>) -> std::io::Result<()> {
        if self
            .accepting
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .is_some()
        {
            return Ok(());
        }
        let reserved = self
            .reserved
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let listener = match reserved {
            Some(listener) => {
                listener.set_nonblocking(true)?;
                TcpListener::from_std(listener)?
            }
            None => bind_again(self.port).await?,
        };
        let task = tokio::spawn(accept(listener, world));
        *self.accepting.lock().unwrap_or_else(PoisonError::into_inner) = Some(task.abort_handle());
        Ok(())
    }

    /// Whether connections are accepted.
    pub(crate) fn is_open(&self) -> bool {
        self.accepting
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .is_some()
    }

    /// Breaks every connection and refuses new ones.
    pub(crate) fn close(&self) {
        if let Some(accepting) = self
            .accepting
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
        {
            accepting.abort();
        }
    }
}

/// Opens a port that was open a moment ago; the loop that held it may still be ending.
async fn bind_again(port: u16) -> std::io::Result<TcpListener> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let mut attempts = 0;
    loop {
        match TcpListener::bind(address).await {
            Ok(listener) => return Ok(listener),
            Err(error) if attempts == 10 * PATIENCE => return Err(error),
            Err(_) => attempts += 1,
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn accept(listener: TcpListener, world: Arc<World>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                if let Ok((stream, _)) = accepted {
                    connections.spawn(serve(stream, Arc::clone(&world)));
                }
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn serve(stream: TcpStream, world: Arc<World>) {
    let service = service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
        api::answer(Arc::clone(&world), request.map(axum::body::Body::new))
    });
    let connection =
        hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    // a connection that was cut on purpose ends in an error, and so does one that the client gave up
    drop(connection.await);
}
