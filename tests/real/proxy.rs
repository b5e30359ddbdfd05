//! A line between the tool and a server that can be cut or held at the upload. It changes no byte.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Barrier;

/// What is done to uploads on their way.
#[derive(Clone)]
pub(crate) enum Uploads {
    /// They are sent on, and nothing of their answer comes back.
    LoseAnswer,
    /// They are sent on once so many are there.
    Together(Arc<Barrier>),
}

/// A proxy, as long as the test's runtime lives.
pub(crate) struct Proxy {
    /// The address that takes the server's place.
    pub(crate) url: String,
    answered: Arc<AtomicBool>,
    uploads: Arc<AtomicUsize>,
}

impl Proxy {
    pub(crate) async fn before(url: &str, uploads: Uploads) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = url
            .trim_start_matches("http://")
            .split('/')
            .next()
            .unwrap()
            .to_owned();
        let proxy = Self {
            url: format!("http://{}/api", listener.local_addr().unwrap()),
            answered: Arc::default(),
            uploads: Arc::default(),
        };
        let (answered, count) = (Arc::clone(&proxy.answered), Arc::clone(&proxy.uploads));
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (server, uploads) = (server.clone(), uploads.clone());
                let line = Line {
                    lost: Arc::default(),
                    answered: Arc::clone(&answered),
                    uploads: Arc::clone(&count),
                };
                tokio::spawn(async move {
                    // A server that is down answers nobody, here as there.
                    if let Ok(server) = TcpStream::connect(&server).await {
                        line.carry(client, server, uploads).await;
                    }
                });
            }
        });
        proxy
    }

    /// Whether the server has answered an upload whose answer is kept back.
    pub(crate) fn was_answered(&self) -> bool {
        self.answered.load(Ordering::SeqCst)
    }

    /// How many uploads came by.
    pub(crate) fn uploads(&self) -> usize {
        self.uploads.load(Ordering::SeqCst)
    }
}

struct Line {
    lost: Arc<AtomicBool>,
    answered: Arc<AtomicBool>,
    uploads: Arc<AtomicUsize>,
}

impl Line {
    async fn carry(self, client: TcpStream, server: TcpStream, uploads: Uploads) {
        let (mut from_client, mut to_client) = client.into_split();
        let (mut from_server, mut to_server) = server.into_split();
        let (lost, answered) = (Arc::clone(&self.lost), self.answered);
        tokio::spawn(async move {
            let mut buffer = vec![0; 64 * 1024];
            while let Ok(read) = from_server.read(&mut buffer).await {
                if lost.load(Ordering::SeqCst) && read > 0 {
                    answered.store(true, Ordering::SeqCst);
                    continue;
                }
                if read == 0 || to_client.write_all(&buffer[..read]).await.is_err() {
                    break;
                }
            }
        });
        let mut buffer = vec![0; 64 * 1024];
        while let Ok(read) = from_client.read(&mut buffer).await {
            // A request's head comes in one piece, at its beginning.
            if buffer[..read].starts_with(b"POST /api/backup:restoreUpload") {
                self.uploads.fetch_add(1, Ordering::SeqCst);
                match &uploads {
                    Uploads::LoseAnswer => self.lost.store(true, Ordering::SeqCst),
                    Uploads::Together(barrier) => {
                        barrier.wait().await;
                    }
                }
            }
            if read == 0 || to_server.write_all(&buffer[..read]).await.is_err() {
                break;
            }
        }
    }
}
