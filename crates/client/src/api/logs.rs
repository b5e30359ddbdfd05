//! The server's log files.
//!
//! NocoBase 2.2.15 hands them out as a tar archive, compressed. It is read as a stream and only the lines asked
//! for are kept, within limits. What a line means is for the engine to say; its text is data of the server.

use std::collections::VecDeque;
use std::io::{self, BufRead, BufReader, Read};
use std::sync::{Arc, Mutex};

use flate2::read::MultiGzDecoder;
use serde_json::{Value, json};
use tokio_util::io::{StreamReader, SyncIoBridge};

use crate::client::{Client, lock};
use crate::error::{Call, Error};
use crate::transport::{Request, failure};

/// Longest part of a line that is looked at and kept.
const LINE_LIMIT: usize = 64 * 1024;
/// Most lines kept; the newest win.
const LINES_LIMIT: usize = 10_000;
/// Most bytes of lines kept; the newest win.
const KEPT_LIMIT: usize = 16 * 1024 * 1024;
/// Most bytes unpacked.
const INFLATED_LIMIT: u64 = 4 * 1024 * 1024 * 1024;
/// Most files listed.
const FILES_LIMIT: usize = 10_000;

/// A line of a log file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// The file's name, as [`Client::log_files`] gives it.
    pub file: String,
    /// The line, without its end.
    pub text: String,
}

impl Client {
    /// The names of the log files, such as `/system_2026-11-22.log` (`logger:list`).
    pub async fn log_files(&self) -> Result<Vec<String>, Error> {
        let request = Request::get("logger:list");
        let tree: Value = self.read(&request).await?.data(&self.call(&request.name))?;
        let mut files = Vec::new();
        flatten(&tree, "", 0, &mut files);
        Ok(files)
    }

    /// The lines of the files that `keep` wants, in the files' order (`logger:download`).
    ///
    /// At most 64 KiB of a line and the newest 10 000 lines; an archive that unpacks to more than 4 GiB is an
    /// error.
    pub async fn search_logs(
        &self,
        files: &[String],
        keep: impl Fn(&str) -> bool + Send + 'static,
    ) -> Result<Vec<LogLine>, Error> {
        let request = Request::post("logger:download").body(json!({ "files": files }));
        let keep = Arc::new(Mutex::new(keep));
        self.retrying(&request.name, || self.search_once(&request, Arc::clone(&keep)))
            .await
    }

    async fn search_once(
        &self,
        request: &Request,
        keep: Arc<Mutex<impl Fn(&str) -> bool + Send + 'static>>,
    ) -> Result<Vec<LogLine>, Error> {
        let at = self.call(&request.name);
        let response = self.open_file(request, &["application/gzip"]).await?;
        let idle = self.options().read_timeout;
        // what went wrong with the connection: the readers in between would only call it a broken archive
        let fault = Arc::new(Mutex::new(None));
        let stream = futures_util::stream::try_unfold(response, {
            let (at, fault) = (at.clone(), Arc::clone(&fault));
            move |mut response| {
                let (at, fault) = (at.clone(), Arc::clone(&fault));
                async move {
                    let error = match tokio::time::timeout(idle, response.chunk()).await {
                        Ok(Ok(chunk)) => return Ok(chunk.map(|chunk| (chunk, response))),
                        Ok(Err(error)) => failure(&at, error),
                        Err(_) => Error::TimedOut { at },
                    };
                    *lock(&fault) = Some(error);
                    Err(io::Error::from(io::ErrorKind::ConnectionAborted))
                }
            }
        });
        let reader = SyncIoBridge::new(StreamReader::new(Box::pin(stream)));
        let search = tokio::task::spawn_blocking(move || search(reader, |line| lock(&keep)(line)));
        let error = match search.await {
            Ok(Ok(lines)) => return Ok(lines),
            Ok(Err(error)) => error,
            Err(_) => io::Error::other("the search was stopped"),
        };
        if let Some(fault) = lock(&fault).take() {
            return Err(fault);
        }
        Err(match error.kind() {
            io::ErrorKind::FileTooLarge => Error::AnswerTooLarge {
                at,
                limit: INFLATED_LIMIT,
            },
            _ => unreadable(&at, &error),
        })
    }
}

fn unreadable(at: &Call, error: &io::Error) -> Error {
    Error::Unexpected {
        at: at.clone(),
        status: 200,
        excerpt: crate::error::clean(&format!("not a readable archive of logs: {error}")),
    }
}

/// The names of a tree of files: a string is a file, an object a folder.
fn flatten(tree: &Value, folder: &str, depth: usize, files: &mut Vec<String>) {
    for entry in tree.as_array().into_iter().flatten() {
        if files.len() >= FILES_LIMIT || depth > 8 {
            return;
        }
        if let Some(name) = entry.as_str() {
            files.push(format!("{folder}/{name}"));
        } else if let (Some(name), Some(inner)) =
            (entry.get("name").and_then(Value::as_str), entry.get("files"))
        {
            flatten(inner, &format!("{folder}/{name}"), depth + 1, files);
        }
    }
}

fn search(archive: impl Read, keep: impl Fn(&str) -> bool) -> io::Result<Vec<LogLine>> {
    let mut archive = tar::Archive::new(Bounded {
        inner: MultiGzDecoder::new(archive),
        left: INFLATED_LIMIT,
    });
    let mut found: VecDeque<LogLine> = VecDeque::new();
    let mut kept = 0;
    let mut line = Vec::new();
    // raw: a long name is an entry of its own, of any size, which would be read into memory whole
    for entry in archive.entries()?.raw(true) {
        let entry = entry?;
        if !entry.header().entry_type().is_file() {
            continue;
        }
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let file = format!("/{}", name.trim_start_matches("./").trim_start_matches('/'));
        let mut entry = BufReader::with_capacity(64 * 1024, entry);
        while read_line(&mut entry, &mut line)? {
            let text = String::from_utf8_lossy(&line);
            if keep(&text) {
                kept += text.len();
                while found.len() >= LINES_LIMIT || kept > KEPT_LIMIT {
                    let Some(oldest) = found.pop_front() else { break };
                    kept -= oldest.text.len();
                }
                found.push_back(LogLine {
                    file: file.clone(),
                    text: text.into_owned(),
                });
            }
        }
    }
    Ok(found.into())
}

/// Reads a line up to its end, keeping only its beginning if it is too long; false at the end of the file.
fn read_line(reader: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<bool> {
    line.clear();
    let mut any = false;
    loop {
        let buffer = reader.fill_buf()?;
        if buffer.is_empty() {
            return Ok(any);
        }
        any = true;
        let end = buffer.iter().position(|byte| *byte == b'\n');
        let part = buffer.get(..end.unwrap_or(buffer.len())).unwrap_or_default();
        let room = LINE_LIMIT.saturating_sub(line.len());
        line.extend_from_slice(part.get(..room.min(part.len())).unwrap_or_default());
        let used = part.len() + usize::from(end.is_some());
        reader.consume(used);
        if end.is_some() {
            if line.last() == Some(&b'\r') {
                line.pop();
            }
            return Ok(true);
        }
    }
}

/// A reader that fails, rather than ends, at its limit.
struct Bounded<R> {
    inner: R,
    left: u64,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.left = self
            .left
            .checked_sub(count as u64)
            .ok_or(io::ErrorKind::FileTooLarge)?;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_much_is_an_error_and_not_an_end() {
        let mut text = Vec::new();
        let read = |left| Bounded {
            inner: &b"12345"[..],
            left,
        };
        assert_eq!(read(5).read_to_end(&mut text).unwrap(), 5);
        let error = read(4).read_to_end(&mut text).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::FileTooLarge);
    }
    fn archive(entries: &[(tar::EntryType, &str, &[u8])]) -> Vec<u8> {
        let compressor = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        let mut archive = tar::Builder::new(compressor);
        for (kind, name, content) in entries {
            let mut header = tar::Header::new_gnu();
            header.set_entry_type(*kind);
            header.set_path(name).unwrap();
            header.set_size(content.len() as u64);
            header.set_cksum();
            archive.append(&header, *content).unwrap();
        }
        archive.into_inner().unwrap().finish().unwrap()
    }

    #[test]
    fn entries_that_describe_others_are_passed_over_without_being_kept() {
        let vast = vec![b'n'; 3 * 1024 * 1024];
        let archive = archive(&[
            (tar::EntryType::GNULongName, "././@LongLink", &vast),
            (tar::EntryType::Regular, "a.log", b"wanted 1\n"),
            (tar::EntryType::XHeader, "pax", &vast),
            (tar::EntryType::Regular, "b.log", b"wanted 2\n"),
        ]);
        let lines = search(archive.as_slice(), |line| line.contains("wanted")).unwrap();
        let files: Vec<&str> = lines.iter().map(|line| line.file.as_str()).collect();
        assert_eq!(files, ["/a.log", "/b.log"]);
    }

    #[test]
    fn the_lines_that_are_kept_are_bounded_by_their_bytes_and_the_newest_win() {
        let mut text = Vec::new();
        for number in 0..400 {
            text.extend(format!("{number} {}\n", "x".repeat(60_000)).bytes());
        }
        let archive = archive(&[(tar::EntryType::Regular, "a.log", &text)]);
        let lines = search(archive.as_slice(), |_| true).unwrap();
        let bytes: usize = lines.iter().map(|line| line.text.len()).sum();
        assert!(bytes <= KEPT_LIMIT && bytes > KEPT_LIMIT / 2, "{bytes}");
        assert!(lines.last().unwrap().text.starts_with("399 "));
    }
}
