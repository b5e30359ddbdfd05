//! Names of zip entries: which of them a package may carry; pure.
//!
//! NocoBase 2.2.15 refuses names that leave the directory it unpacks into. The other rules keep a package
//! from meaning different things to different readers.

/// Why a name is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Refused {
    /// A `..` step.
    Traversal,
    /// Begins at the root.
    Absolute,
    /// A drive letter, as on Windows.
    Drive,
    /// A backslash, which some readers take for a slash.
    Backslash,
    /// Empty, an empty step, `.`, a control character, not UTF-8, or too long for a file system.
    Malformed,
}

/// The part of a package that an entry belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Member {
    /// `_metadata.json`
    Metadata,
    /// `data`
    Data,
    /// `aes_key.dat`
    Key,
    /// A file under `uploads/`.
    Upload,
    /// A directory that a package may have.
    Directory,
    /// A directory in the place of `data`.
    DataDirectory,
    /// A file in the place of `uploads/`.
    UploadsFile,
    /// Something else.
    Foreign,
}

const LONGEST_NAME: usize = 4096;
const LONGEST_STEP: usize = 255;

/// Why this name is refused, if it is.
pub(super) fn refused(name: &[u8]) -> Option<Refused> {
    let Ok(text) = std::str::from_utf8(name) else {
        return Some(Refused::Malformed);
    };
    // what some tools write for the packed directory itself; the server takes it
    if text == "./" {
        return None;
    }
    if text.contains('\\') {
        // what the server sees after it has made slashes of them
        let steps_up = text.split(['/', '\\']).any(|step| step == "..");
        return Some(if steps_up {
            Refused::Traversal
        } else {
            Refused::Backslash
        });
    }
    if text.starts_with('/') {
        return Some(Refused::Absolute);
    }
    if text.split('/').any(|step| step == "..") {
        return Some(Refused::Traversal);
    }
    let mut characters = text.chars();
    if characters.next().is_some_and(|first| first.is_ascii_alphabetic()) && characters.next() == Some(':') {
        return Some(Refused::Drive);
    }
    let steps = text.strip_suffix('/').unwrap_or(text).split('/');
    let is_malformed = text.len() > LONGEST_NAME
        || text.chars().any(char::is_control)
        || steps
            .into_iter()
            .any(|step| step.is_empty() || step == "." || step.len() > LONGEST_STEP);
    is_malformed.then_some(Refused::Malformed)
}

/// What an entry of that name is to NocoBase.
pub(super) fn member(name: &[u8], is_directory: bool) -> Member {
    match name {
        b"_metadata.json" => Member::Metadata,
        b"data" if !is_directory => Member::Data,
        b"aes_key.dat" => Member::Key,
        b"data/" => Member::DataDirectory,
        b"uploads" => Member::UploadsFile,
        b"uploads/" | b"./" => Member::Directory,
        _ if name.starts_with(b"data/") => Member::DataDirectory,
        _ if name.starts_with(b"uploads/") && is_directory => Member::Directory,
        _ if name.starts_with(b"uploads/") => Member::Upload,
        _ => Member::Foreign,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_refused_for_what_they_are() {
        for (name, reason) in [
            ("../evil", Some(Refused::Traversal)),
            ("uploads/../../x", Some(Refused::Traversal)),
            ("..\\x", Some(Refused::Traversal)),
            ("uploads\\x", Some(Refused::Backslash)),
            ("/etc/passwd", Some(Refused::Absolute)),
            ("C:/x", Some(Refused::Drive)),
            ("", Some(Refused::Malformed)),
            ("uploads//x", Some(Refused::Malformed)),
            ("./data", Some(Refused::Malformed)),
            ("a\0b", Some(Refused::Malformed)),
            ("./", None),
            ("uploads/", None),
            ("uploads/年度 报告..pdf", None),
            ("uploads/ab:c", None),
            ("data", None),
        ] {
            assert_eq!(refused(name.as_bytes()), reason, "{name:?}");
        }
        assert_eq!(refused(b"uploads/\xff"), Some(Refused::Malformed));
        assert_eq!(refused("x".repeat(300).as_bytes()), Some(Refused::Malformed));
    }

    #[test]
    fn members_are_told_by_their_exact_name() {
        assert_eq!(member(b"data", false), Member::Data);
        assert_eq!(member(b"data/toc.dat", false), Member::DataDirectory);
        assert_eq!(member(b"Data", false), Member::Foreign);
        assert_eq!(member(b"x/data", false), Member::Foreign);
        assert_eq!(member(b"uploads/a", false), Member::Upload);
        assert_eq!(member(b"uploads/a/", true), Member::Directory);
    }
}
