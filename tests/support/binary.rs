//! The binary under test, and what one call of it came to.

use std::path::PathBuf;
use std::process::Output;

use serde_json::Value;

/// The workspace's root.
pub fn workspace() -> PathBuf {
    let tests = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    tests.parent().map(PathBuf::from).unwrap_or(tests)
}

/// The binary beside this test: `target/<profile>/nocobase-release`. Cargo builds it before any test runs, because
/// `crates/cli` has an integration test.
pub fn binary() -> PathBuf {
    let test = std::env::current_exe().unwrap_or_default();
    let profile = test
        .parent()
        .and_then(|deps| deps.parent())
        .map(PathBuf::from)
        .unwrap_or_default();
    let binary = profile.join(format!("nocobase-release{}", std::env::consts::EXE_SUFFIX));
    assert!(
        binary.is_file(),
        "{} is not built: run `cargo build -p nocobase-release`",
        binary.display()
    );
    binary
}

/// What one call came to.
#[derive(Debug)]
pub struct Done {
    /// The exit code; -1 when a signal ended it.
    pub code: i32,
    /// Its data.
    pub stdout: String,
    /// Its talk.
    pub stderr: String,
}

impl Done {
    /// Of a finished process.
    pub fn new(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Asserts the exit code, with everything that was said when it is another one.
    #[track_caller]
    pub fn expect(self, code: i32) -> Self {
        assert_eq!(
            self.code, code,
            "stdout:\n{}\nstderr:\n{}",
            self.stdout, self.stderr
        );
        self
    }

    /// stdout as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        match serde_json::from_str(&self.stdout) {
            Ok(value) => value,
            Err(error) => panic!(
                "stdout is no JSON ({error}):\n{}\nstderr:\n{}",
                self.stdout, self.stderr
            ),
        }
    }
}
