//! One run at a time on each target, across processes: NocoBase itself keeps no lock, and two restores at once
//! destroy the data (NocoBase 2.2.15).
//!
//! The lock is the operating system's lock on a file named after the target's base URL, so it is free as soon
//! as its owner is dead. What is written into the file only tells who it is.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::time::Duration;

use jiff::Timestamp;
use sha2::{Digest, Sha256};

use crate::address::canonical_address;
use crate::error::EngineError;
use crate::home::{Home, make_private_folder};
use crate::ids::RunId;
use crate::plan::hex;

/// The lock of one target, held as long as this lives.
#[derive(Debug)]
pub(crate) struct TargetLock {
    _file: File,
}

impl TargetLock {
    /// Takes the lock, or says who has it.
    pub(crate) fn take(
        home: &Home,
        environment: &str,
        address: &str,
        run: &RunId,
    ) -> Result<Self, EngineError> {
        let local = |source| EngineError::local(format!("cannot take the lock of {environment}"), source);
        let mut file = lock_file(home, address)?;
        // Whoever looks whether the lock is free holds it for an instant, so one refusal says nothing.
        for attempt in 0.. {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) if attempt < 50 => {
                    std::thread::sleep(Duration::from_millis(10))
                }
                Err(TryLockError::WouldBlock) => return Err(held(environment, file)),
                Err(TryLockError::Error(source)) => return Err(local(source)),
            }
        }
        name_owner(&mut file, run, "").map_err(local)?;
        Ok(Self { _file: file })
    }

    /// Holds off whoever would overwrite an environment while a package is taken from it; others may take theirs.
    pub(crate) fn share(
        home: &Home,
        environment: &str,
        address: &str,
        run: &RunId,
    ) -> Result<Self, EngineError> {
        let mut file = lock_file(home, address)?;
        for attempt in 0.. {
            match file.try_lock_shared() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) if attempt < 50 => {
                    std::thread::sleep(Duration::from_millis(10))
                }
                Err(TryLockError::WouldBlock) => return Err(held(environment, file)),
                Err(TryLockError::Error(source)) => {
                    let what = format!("cannot take the lock of {environment}");
                    return Err(EngineError::local(what, source));
                }
            }
        }
        // Of several that take packages the newest is named; a name that cannot be written keeps nobody off.
        if let Err(error) = name_owner(&mut file, run, ", which takes a package from it") {
            tracing::debug!(%error, "the lock does not say who has it");
        }
        Ok(Self { _file: file })
    }

    /// Whether nobody has it; the error says who does.
    pub(crate) fn check_free(home: &Home, environment: &str, address: &str) -> Result<(), EngineError> {
        let file = lock_file(home, address)?;
        match file.try_lock_shared() {
            Ok(()) => Ok(()),
            Err(TryLockError::WouldBlock) => Err(held(environment, file)),
            Err(TryLockError::Error(source)) => Err(EngineError::local(
                format!("cannot look at the lock of {environment}"),
                source,
            )),
        }
    }
}

/// Writes down who has the lock, for whoever finds it taken.
fn name_owner(file: &mut File, run: &RunId, what_for: &str) -> std::io::Result<()> {
    let owner = format!(
        "{run}{what_for}, process {}, since {}\n",
        std::process::id(),
        Timestamp::now().strftime("%Y-%m-%d %H:%M:%S UTC")
    );
    file.set_len(0)?;
    file.seek(SeekFrom::Start(0))?;
    file.write_all(owner.as_bytes())
}

fn lock_file(home: &Home, address: &str) -> Result<File, EngineError> {
    let folder = home.locks();
    make_private_folder(&folder)?;
    let digest = hex(&Sha256::digest(canonical_address(address).as_bytes()));
    let path = folder.join(format!("{}.lock", digest.get(..24).unwrap_or(&digest)));
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(&path)
        .map_err(|source| EngineError::local(format!("cannot open {}", path.display()), source))
}

fn held(environment: &str, file: File) -> EngineError {
    let mut owner = String::new();
    let taken = file
        .metadata()
        .and_then(|about| about.modified())
        .ok()
        .and_then(|at| at.elapsed().ok());
    if file.take(500).read_to_string(&mut owner).is_err() {
        owner = "an owner that cannot be read".into();
    }
    let age = taken.map_or_else(String::new, |age| format!(" ({} s ago)", age.as_secs()));
    EngineError::Locked {
        environment: environment.to_owned(),
        owner: format!("{}{age}", owner.trim()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_taker_learns_who_has_it_and_a_dead_owner_frees_it() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::new(folder.path());
        let first = RunId::parse("run-20261122-100000-aaaa").unwrap();
        let second = RunId::parse("run-20261122-100000-bbbb").unwrap();
        let held = TargetLock::take(&home, "test", "http://t/api", &first).unwrap();
        let refused = TargetLock::take(&home, "test", "http://t/api", &second).unwrap_err();
        assert!(
            matches!(&refused, EngineError::Locked { owner, .. } if owner.contains(first.as_str())),
            "{refused}"
        );
        TargetLock::take(&home, "prod", "http://p/api", &second).unwrap();
        drop(held);
        let shared = TargetLock::share(&home, "test", "http://t/api", &first).unwrap();
        let beside = TargetLock::share(&home, "test", "http://t/api", &second).unwrap();
        let refused = TargetLock::take(&home, "test", "http://t/api", &first).unwrap_err();
        assert!(
            matches!(&refused, EngineError::Locked { owner, .. } if owner.contains("takes a package")),
            "{refused}"
        );
        drop((shared, beside));
        TargetLock::take(&home, "test", "http://t/api", &second).unwrap();
    }
}
