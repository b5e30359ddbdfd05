//! The server's log files.

use crate::client::Client;
use crate::error::Error;

/// A line of a log file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// The file's name, as [`Client::log_files`] gives it.
    pub file: String,
    /// The line.
    pub text: String,
}

impl Client {
    /// The names of the log files, such as `/system_2026-11-22.log`.
    pub async fn log_files(&self) -> Result<Vec<String>, Error> {
        todo!()
    }

    /// The lines of the files that `keep` wants.
    pub async fn search_logs(
        &self,
        _files: &[String],
        _keep: impl Fn(&str) -> bool + Send + 'static,
    ) -> Result<Vec<LogLine>, Error> {
        todo!()
    }
}
