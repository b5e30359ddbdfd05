//! pg_dump and pg_restore as a server calls them, made to wait, to do half of it, or to fail, once: the moments at
//! which a server is killed are then not a matter of luck. See `tests/real/servers`.

use std::fs;
use std::path::PathBuf;

use crate::tool::until;

/// What happens to the next call of a program whose arguments fit.
pub(crate) struct Hook {
    folder: PathBuf,
    program: &'static str,
}

impl Hook {
    /// `then` is shell text, in which `$program` is the real one; what follows it is the real call.
    pub(crate) fn set(folder: PathBuf, program: &'static str, fits: &str, then: &str) -> Self {
        let hook = Self { folder, program };
        for name in ["reached", "hold"] {
            fs::remove_file(hook.file(name)).ok();
        }
        fs::write(hook.file("hold"), "").unwrap();
        let (script, reached, hold) = (hook.script(), hook.file("reached"), hook.file("hold"));
        let text = format!(
            "case \"$*\" in {fits})\nrm -f '{}'\nreached() {{ touch '{}'; }}\nhold() {{ while [ -e '{}' ]; do sleep \
             0.02; done; }}\n{then}\n;; esac\n",
            script.display(),
            reached.display(),
            hold.display()
        );
        // Whole or not at all: a server may be about to read it.
        let arriving = hook.file("new");
        fs::write(&arriving, text).unwrap();
        fs::rename(arriving, script).unwrap();
        hook
    }

    fn script(&self) -> PathBuf {
        self.folder.join(self.program)
    }

    fn file(&self, what: &str) -> PathBuf {
        self.folder.join(format!("{}.{what}", self.program))
    }

    /// Waits until the call has come to its `reached`.
    pub(crate) async fn until_reached(&self) {
        let file = self.file("reached");
        until(&file.display().to_string(), || file.exists()).await;
    }

    /// Lets what waits in `hold` go on.
    pub(crate) fn release(&self) {
        fs::remove_file(self.file("hold")).unwrap();
    }
}
