//! Files in and out: streaming downloads and uploads.
//!
//! A download is begun again when it was cut; an upload is sent once. Neither holds a file in memory. How much of a
//! download is taken is for `receive` to say, what is in the files for others to judge.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::StreamExt;
use reqwest::Response;
use reqwest::multipart::{Form, Part};
use sha2::{Digest, Sha256};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::Instant;
use tokio_util::io::ReaderStream;

use crate::api::backups::{Download, safe_file_name};
use crate::client::{Client, lock};
use crate::decode::Answer;
use crate::error::{Call, Error};
use crate::receive::{Bounds, GivenUp, Receiving};
use crate::secret::Secret;
use crate::transport::{Request, failure};

/// The content types of packages.
const PACKAGE_TYPES: [&str; 2] = ["application/octet-stream", "application/zip"];

/// How an upload came to be: the bytes that left, and what went wrong with the file on the way.
#[derive(Default)]
struct Sending {
    bytes: AtomicU64,
    fault: Mutex<Option<io::Error>>,
}

impl Client {
    /// Opens an answer that is a file: its status and type are right, its body has yet to be read.
    pub(crate) async fn open_file(&self, request: &Request, types: &[&str]) -> Result<Response, Error> {
        let at = self.call(&request.name);
        let (response, secrets) = self.open(request).await?;
        let answer = Answer::new(
            response.status().as_u16(),
            response.headers(),
            Vec::new(),
            secrets,
        );
        if answer.succeeded() && types.iter().any(|wanted| answer.content_type.starts_with(wanted)) {
            return Ok(response);
        }
        let answer = self.take(&at, response, answer.secrets).await?;
        if answer.succeeded() && !answer.is_html() {
            return Err(answer.unexpected(&at, &format!("not a file: {}", answer.excerpt())));
        }
        Err(answer
            .json(&at)
            .err()
            .unwrap_or_else(|| answer.unexpected(&at, "not a file")))
    }

    /// Downloads into a file, which appears whole or not at all.
    pub(crate) async fn download(
        &self,
        request: &Request,
        destination: &Path,
        progress: impl Fn(u64) + Send + Sync,
    ) -> Result<Download, Error> {
        self.download_as(request, &PACKAGE_TYPES, None, destination, progress)
            .await
    }

    /// The same for a file of other types, of at most so many bytes; a package is bounded by the options.
    pub(crate) async fn download_as(
        &self,
        request: &Request,
        types: &[&str],
        limit: Option<u64>,
        destination: &Path,
        progress: impl Fn(u64) + Send + Sync,
    ) -> Result<Download, Error> {
        self.retrying(&request.name, || {
            self.download_once(request, types, limit, destination, &progress)
        })
        .await
    }

    async fn download_once(
        &self,
        request: &Request,
        types: &[&str],
        limit: Option<u64>,
        destination: &Path,
        progress: &(impl Fn(u64) + Send + Sync),
    ) -> Result<Download, Error> {
        let at = self.call(&request.name);
        let mut response = self.open_file(request, types).await?;

        let folder = match destination.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
            _ => PathBuf::from("."),
        };
        let options = self.options();
        let mut receiving = Receiving::begin(Bounds {
            limit: limit.unwrap_or(options.package_limit),
            stall: options.read_timeout,
            stretch: options.download_stretch,
            least: options.least_bytes,
        });
        let given_up = |why| match why {
            GivenUp::Failed(error) => failure(&at, error),
            GivenUp::Stalled => Error::TimedOut { at: at.clone() },
            GivenUp::Slow { bytes, seconds } => Error::DownloadTooSlow {
                at: at.clone(),
                bytes,
                seconds,
            },
            GivenUp::OverLimit => match limit {
                Some(limit) => Error::AnswerTooLarge {
                    at: at.clone(),
                    limit,
                },
                None => Error::PackageTooLarge {
                    at: at.clone(),
                    limit: options.package_limit,
                },
            },
            GivenUp::NoRoom { room } => Error::NoRoom { at: at.clone(), room },
        };
        let announced = receiving.announced(response.content_length(), &folder);
        announced.map_err(given_up)?;

        // beside the destination, readable by its owner only, gone if anything fails
        let part = tempfile::Builder::new()
            .prefix(".download-")
            .suffix(".part")
            .tempfile_in(&folder);
        let (file, path) = part
            .map_err(|source| local(&at, "write into", &folder, source))?
            .into_parts();
        let mut file = tokio::fs::File::from_std(file);

        let mut hash = Sha256::new();
        progress(0);
        while let Some(chunk) = receiving
            .next(&folder, response.chunk())
            .await
            .map_err(given_up)?
        {
            file.write_all(&chunk)
                .await
                .map_err(|source| local(&at, "write", &path, source))?;
            hash.update(&chunk);
            progress(receiving.bytes());
        }
        file.flush()
            .await
            .map_err(|source| local(&at, "write", &path, source))?;
        file.sync_all()
            .await
            .map_err(|source| local(&at, "write", &path, source))?;
        drop(file);
        path.persist(destination)
            .map_err(|error| local(&at, "write", destination, error.error))?;
        // the rename itself is to last, too; a system that cannot open folders does without
        if let Ok(folder) = std::fs::File::open(&folder) {
            drop(folder.sync_all());
        }
        let sha256 = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Download {
            bytes: receiving.bytes(),
            sha256,
        })
    }

    /// Uploads a file with some fields, once, over a connection of its own, with a known length.
    pub(crate) async fn upload(
        &self,
        request: &Request,
        fields: Vec<(&'static str, Secret)>,
        path: &Path,
        progress: impl Fn(u64) + Send + Sync + 'static,
    ) -> Result<Answer, Error> {
        let quiet = self.call(&request.name);
        let file = tokio::fs::File::open(path)
            .await
            .map_err(|source| local(&quiet, "read", path, source))?;
        let metadata = file
            .metadata()
            .await
            .map_err(|source| local(&quiet, "read", path, source))?;
        if !metadata.is_file() {
            return Err(local(&quiet, "read", path, io::Error::other("not a file")));
        }
        let length = metadata.len();
        self.prove_session().await?;
        let token = self.token_for(request, &quiet).await?;

        let sending = Arc::new(Sending::default());
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .and_then(safe_file_name);
        let body = reqwest::Body::wrap_stream(body(file, length, Arc::clone(&sending), progress));
        let part = Part::stream_with_length(body, length)
            .file_name(name.unwrap_or("package.nbdata").to_owned())
            .mime_str("application/octet-stream")
            .map_err(|error| failure(&quiet, error))?;
        // the fields go first: a server that reads in order then has them when the file ends
        let form = fields
            .into_iter()
            .fold(Form::new(), |form, (name, value)| {
                form.text(name, value.expose().to_owned())
            })
            .part("file", part);

        let at = self.mutation(&request.name);
        let sent = self
            .prepare(&self.shared.changing, request, token.as_ref())
            .multipart(form)
            .send();
        let response = tokio::select! {
            response = sent => response,
            () = self.stalled(&sending, length) => return Err(Error::TimedOut { at }),
        };
        match response {
            Ok(response) => self.conclude(&at, response, token.as_ref(), request).await,
            // the file failed, so the request never became complete
            Err(error) => Err(match lock(&sending.fault).take() {
                Some(source) => local(&quiet, "read", path, source),
                None => failure(&at, error),
            }),
        }
    }

    /// Ends when an upload has stood still for too long, or when its answer does not come.
    async fn stalled(&self, sending: &Sending, length: u64) {
        let mut seen = (sending.bytes.load(Ordering::Acquire), Instant::now());
        let (stall, answer) = (self.options().stall_timeout, self.options().upload_answer_timeout);
        let pace = (stall.min(answer) / 8).clamp(Duration::from_millis(5), Duration::from_secs(1));
        loop {
            tokio::time::sleep(pace).await;
            let bytes = sending.bytes.load(Ordering::Acquire);
            if bytes != seen.0 {
                seen = (bytes, Instant::now());
            } else if seen.1.elapsed() > if bytes < length { stall } else { answer } {
                return;
            }
        }
    }
}

/// The file as a stream of exactly `length` bytes; a file that shrinks or fails is noted.
fn body(
    file: tokio::fs::File,
    length: u64,
    sending: Arc<Sending>,
    progress: impl Fn(u64) + Send + Sync + 'static,
) -> impl futures_util::Stream<Item = io::Result<bytes::Bytes>> {
    let ends = Arc::clone(&sending);
    let chunks = ReaderStream::with_capacity(file.take(length), 256 * 1024).map(move |chunk| match chunk {
        Ok(chunk) => {
            let size = chunk.len() as u64;
            progress(sending.bytes.fetch_add(size, Ordering::AcqRel) + size);
            Ok(chunk)
        }
        Err(error) => {
            *lock(&sending.fault) = Some(io::Error::new(error.kind(), error.to_string()));
            Err(error)
        }
    });
    // comes after the last chunk: has the file become shorter while it was sent?
    let end = futures_util::stream::once(async move {
        if ends.bytes.load(Ordering::Acquire) == length || lock(&ends.fault).is_some() {
            return Ok(bytes::Bytes::new());
        }
        let shrunk = || {
            io::Error::new(
                io::ErrorKind::UnexpectedEof,
                "the file became shorter while it was sent",
            )
        };
        *lock(&ends.fault) = Some(shrunk());
        Err(shrunk())
    });
    chunks.chain(end)
}

fn local(at: &Call, action: &'static str, path: &Path, source: io::Error) -> Error {
    Error::Local {
        at: at.clone(),
        action,
        path: path.to_owned(),
        source,
    }
}
