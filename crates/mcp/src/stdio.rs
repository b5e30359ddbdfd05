//! One client on stdin and stdout, a message a line. What is no message is answered here, so that no client waits for
//! an answer that never comes; see `message`.

use std::io;
use std::sync::Arc;

use rmcp::RoleServer;
use rmcp::model::{ErrorCode, JsonRpcMessage};
use rmcp::service::{RxJsonRpcMessage, TxJsonRpcMessage};
use rmcp::transport::Transport;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio::sync::Mutex;
use tokio::task::JoinHandle;

use crate::message;

/// The longest line that is kept: whoever never ends one must not fill the memory.
const LONGEST_LINE: usize = 16 << 20;

/// Lines from a reader and to a writer.
pub(crate) struct Lines<R, W> {
    read: BufReader<R>,
    /// The line as far as it has come. Waiting for the rest may be broken off at any time and goes on from here.
    line: Vec<u8>,
    /// Whether the line is too long, and is only read to its end.
    skipping: bool,
    write: Arc<Mutex<Option<W>>>,
    /// An answer of ours on its way; one at a time, so that a client that does not read cannot pile them up.
    answering: Option<JoinHandle<()>>,
}

impl<R, W> Lines<R, W>
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin + Send + 'static,
{
    pub(crate) fn new(read: R, write: W) -> Self {
        Self {
            read: BufReader::new(read),
            line: Vec::new(),
            skipping: false,
            write: Arc::new(Mutex::new(Some(write))),
            answering: None,
        }
    }

    /// Reads to the end of a line; `false` at the end of the input. Between two looks at the input nothing is lost.
    async fn read_line(&mut self) -> io::Result<bool> {
        loop {
            let available = self.read.fill_buf().await?;
            if available.is_empty() {
                return Ok(false);
            }
            let end = available.iter().position(|byte| *byte == b'\n');
            let part = end.map_or(available, |end| available.get(..end).unwrap_or_default());
            if self.line.len() + part.len() > LONGEST_LINE {
                self.line.clear();
                self.skipping = true;
            } else if !self.skipping {
                self.line.extend_from_slice(part);
            }
            let taken = part.len() + usize::from(end.is_some());
            self.read.consume(taken);
            if end.is_some() {
                return Ok(true);
            }
        }
    }

    fn answer(&mut self, answer: &Value) {
        let bytes = format!("{answer}\n").into_bytes();
        let write = Arc::clone(&self.write);
        // In a task of its own: this waiting may be broken off, and half an answer would spoil the next one.
        self.answering = Some(tokio::spawn(async move {
            if let Err(error) = send_line(&write, bytes).await {
                tracing::debug!(%error, "the client does not read");
            }
        }));
    }
}

async fn send_line<W: AsyncWrite + Unpin>(write: &Mutex<Option<W>>, line: Vec<u8>) -> io::Result<()> {
    let mut write = write.lock().await;
    let Some(write) = write.as_mut() else {
        return Err(io::ErrorKind::NotConnected.into());
    };
    write.write_all(&line).await?;
    write.flush().await
}

impl<R, W> Transport<RoleServer> for Lines<R, W>
where
    R: AsyncRead + Unpin + Send,
    W: AsyncWrite + Unpin + Send + 'static,
{
    type Error = io::Error;

    fn send(
        &mut self,
        item: TxJsonRpcMessage<RoleServer>,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send + 'static {
        let write = Arc::clone(&self.write);
        async move {
            let mut line = serde_json::to_vec(&item)?;
            line.push(b'\n');
            send_line(&write, line).await
        }
    }

    async fn receive(&mut self) -> Option<RxJsonRpcMessage<RoleServer>> {
        loop {
            if let Some(answering) = &mut self.answering {
                // How it ended is logged where it ran.
                let _ended = answering.await;
                self.answering = None;
            }
            match self.read_line().await {
                Ok(true) => {}
                // What is left of a line without an end is no message.
                Ok(false) => return None,
                Err(error) => {
                    tracing::error!(%error, "stdin cannot be read");
                    return None;
                }
            }
            let line = std::mem::take(&mut self.line);
            if std::mem::take(&mut self.skipping) {
                let text = format!("Invalid Request: longer than {LONGEST_LINE} bytes");
                self.answer(&message::answer(&Value::Null, ErrorCode::INVALID_REQUEST, &text));
                continue;
            }
            let text = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&line).trim_ascii();
            if text.is_empty() {
                continue;
            }
            match serde_json::from_slice::<RxJsonRpcMessage<RoleServer>>(text) {
                Ok(JsonRpcMessage::Request(request)) => match message::misread(&request.request) {
                    Some(error) => {
                        let id = serde_json::to_value(&request.id).unwrap_or_default();
                        self.answer(&message::answer(&id, error.code, &error.message));
                    }
                    None => return Some(JsonRpcMessage::Request(request)),
                },
                Ok(read) => return Some(read),
                Err(error) => {
                    tracing::debug!(%error, "what came is no message");
                    if let Some(refusal) = message::refusal(text) {
                        self.answer(&refusal);
                    }
                }
            }
        }
    }

    async fn close(&mut self) -> Result<(), Self::Error> {
        self.write.lock().await.take();
        Ok(())
    }
}
