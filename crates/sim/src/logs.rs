//! The server's log files: JSON lines by day, error lines in a file of their own, served as one `tar.gz`.

use std::collections::BTreeMap;
use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::clock;
use crate::config::LogTransport;

/// How many lines are kept; the oldest go first.
const KEPT: usize = 20_000;

/// All lines of one environment.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Logs {
    lines: Vec<Line>,
}

/// One line.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Line {
    at: String,
    level: Level,
    module: String,
    message: String,
    request_id: String,
}

/// How grave a line is; errors go to their own file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Level {
    Info,
    Warn,
    Error,
    /// A request that met the gateway's 503: graver than a warning, but in the ordinary file.
    Refused,
}

impl Level {
    fn word(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error | Self::Refused => "error",
        }
    }
}

impl Logs {
    pub(crate) fn write(&mut self, level: Level, module: &str, message: impl Into<String>, request_id: &str) {
        self.lines.push(Line {
            at: clock::log_stamp(),
            level,
            module: module.to_owned(),
            message: message.into(),
            request_id: request_id.to_owned(),
        });
        let surplus = self.lines.len().saturating_sub(KEPT);
        self.lines.drain(..surplus);
    }

    /// The names of the files in the log folder.
    pub(crate) fn names(&self, transport: LogTransport) -> Vec<String> {
        match transport {
            LogTransport::DailyFiles | LogTransport::Console => {
                let mut days: Vec<&str> = self.lines.iter().filter_map(|line| line.at.get(..10)).collect();
                let today = clock::log_stamp();
                days.extend(today.get(..10));
                days.dedup();
                let mut names: Vec<String> = ["request", "sql", "system", "system_error"]
                    .iter()
                    .flat_map(|kind| days.iter().map(move |day| format!("{kind}_{day}.log")))
                    .collect();
                names.sort();
                names
            }
            LogTransport::PlainFiles => ["request.log", "sql.log", "system.log", "system_error.log"]
                .map(str::to_owned)
                .to_vec(),
        }
    }

    /// The content of one file, `None` when there is no such file.
    pub(crate) fn file(&self, name: &str, transport: LogTransport) -> Option<Vec<u8>> {
        if !self.names(transport).iter().any(|known| known == name) {
            return None;
        }
        let mut content = Vec::new();
        let wanted = if name.starts_with("system_error") {
            Some(true)
        } else {
            name.starts_with("system").then_some(false)
        };
        let Some(errors) = wanted.filter(|_| transport != LogTransport::Console) else {
            return Some(content);
        };
        let day = name
            .rsplit('_')
            .next()
            .and_then(|rest| rest.strip_suffix(".log"))
            .unwrap_or_default();
        for line in &self.lines {
            let same_day = transport == LogTransport::PlainFiles || line.at.starts_with(day);
            if same_day && (line.level == Level::Error) == errors {
                content.extend_from_slice(line.render().as_bytes());
                content.push(b'\n');
            }
        }
        Some(content)
    }

    /// Every message of one request, with its level; for tests.
    pub(crate) fn of_request(&self, request_id: &str) -> Vec<(&'static str, String)> {
        self.lines
            .iter()
            .filter(|line| line.request_id == request_id)
            .map(|line| (line.level.word(), line.message.clone()))
            .collect()
    }
}

impl Line {
    fn render(&self) -> String {
        json!({
            "level": self.level.word(),
            "message": self.message,
            "timestamp": self.at,
            "app": "main",
            "reqId": self.request_id,
            "dataSourceKey": "main",
            "module": self.module,
            "submodule": "",
            "method": "",
        })
        .to_string()
    }
}

/// These files as `tar.gz`.
pub(crate) fn tar_gz(files: &BTreeMap<String, Vec<u8>>) -> std::io::Result<Vec<u8>> {
    let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::default()));
    for (name, content) in files {
        let mut header = tar::Header::new_ustar();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        header.set_cksum();
        archive.append_data(&mut header, name, content.as_slice())?;
    }
    let mut compressed = archive.into_inner()?;
    compressed.flush()?;
    compressed.finish()
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    #[test]
    fn errors_have_a_file_of_their_own() {
        let mut logs = Logs::default();
        logs.write(Level::Info, "backups", "Database restored successfully", "r1");
        logs.write(Level::Error, "backups", "Error restoring backup: x", "r1");
        let names = logs.names(LogTransport::PlainFiles);
        let read = |name: &str| {
            String::from_utf8(logs.file(name, LogTransport::PlainFiles).expect("a file")).expect("text")
        };
        assert_eq!(
            names,
            ["request.log", "sql.log", "system.log", "system_error.log"]
        );
        assert!(read("system.log").contains("restored successfully"));
        assert!(!read("system.log").contains("Error restoring"));
        assert!(read("system_error.log").contains("\"reqId\":\"r1\""));
        assert_eq!(logs.file("nope.log", LogTransport::PlainFiles), None);
        assert_eq!(
            logs.file(&logs.names(LogTransport::Console)[2], LogTransport::Console),
            Some(Vec::new())
        );
    }

    #[test]
    fn the_archive_opens() {
        let files = BTreeMap::from([("system.log".to_owned(), b"one line\n".to_vec())]);
        let bytes = tar_gz(&files).expect("an archive");
        let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(bytes.as_slice()));
        let mut entry = archive
            .entries()
            .expect("entries")
            .next()
            .expect("one")
            .expect("readable");
        let mut text = String::new();
        entry.read_to_string(&mut text).expect("text");
        assert_eq!(text, "one line\n");
    }
}
