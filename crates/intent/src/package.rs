//! Recognises package files in a normalised text: file names and paths of every system.
//!
//! Only shapes are judged, no word of any language; whether the file exists is left to the plan.

use crate::script::{is_unspaced, is_word};

/// Endings that make a name a file.
const ENDINGS: &[&str] = &[
    ".nbdata", ".nbdump", ".zip", ".tar.gz", ".tgz", ".tar", ".gz", ".sql", ".dump", ".bak", ".7z",
];

/// How far a file name may reach, in bytes.
const FURTHEST: usize = 512;

/// The length of the path that begins `text`, if one does: `/x/y`, `./x`, `~/x`, `c:\x`, `\\host\x`.
pub(crate) fn path_at(text: &str) -> Option<usize> {
    let window = window(text);
    let bytes = window.as_bytes();
    let rooted = match bytes {
        [b'.', b'/' | b'\\', ..] | [b'~', b'/' | b'\\', ..] | [b'.', b'.', b'/' | b'\\', ..] => true,
        [b'\\', b'\\', next, ..] => next.is_ascii_alphanumeric(),
        [drive, b':', b'\\' | b'/', ..] => drive.is_ascii_alphabetic(),
        [b'/', next, ..] => *next != b'/' && !next.is_ascii_whitespace(),
        _ => false,
    };
    if !rooted {
        return None;
    }
    let line = window
        .find(['\n', '"'])
        .and_then(|end| window.get(..end))
        .unwrap_or(window);
    let word = line.find(' ').and_then(|end| line.get(..end)).unwrap_or(line);
    if let Some(end) = package_end(word) {
        return Some(end);
    }
    // "c:\my backups\x.nbdata": the file's own piece has a separator too, and no other root.
    if let Some(end) = package_end(line) {
        let last_word = line
            .get(..end)
            .and_then(|path| path.rsplit(' ').next())
            .unwrap_or("");
        let inner = line.get(word.len()..end).unwrap_or("");
        // "/tmp/my backups/dev 1.nbdata": a piece behind the first blank goes on with the path.
        let goes_on = inner
            .split(' ')
            .any(|piece| piece.contains(['/', '\\']) && path_root(piece).is_none());
        if last_word.contains(['/', '\\']) && path_root(last_word).is_none()
            || goes_on && !inner.split(' ').any(|piece| path_root(piece).is_some())
        {
            return Some(end);
        }
    }
    let end = word
        .find([',', ';', '!', '?', '。', '、', '(', ')', '\''])
        .unwrap_or(word.len());
    let path = word.get(..end)?.trim_end_matches(['.', ':']);
    // "/restore" is a command, "/tmp/x" a path.
    let inner = path.get(1..)?;
    (inner.contains(['/', '\\', '.']) && path.len() > 2).then_some(path.len())
}

fn path_root(word: &str) -> Option<()> {
    let bytes = word.as_bytes();
    matches!(
        bytes,
        [b'/', ..] | [b'.', b'/' | b'\\', ..] | [b'~', ..] | [_, b':', b'\\' | b'/', ..]
    )
    .then_some(())
}

/// The length of the file name that begins `text`, if one does: `x.nbdata`, `backups/x.nbdata`.
pub(crate) fn file_at(text: &str) -> Option<usize> {
    const STOPS: &[char] = &[
        ' ', '\n', '"', '\'', ',', ';', '!', '?', '。', '、', '(', ')', '「', '」', '『', '』', '《', '》',
        '<', '>', ':', '=', '`',
    ];
    let window = window(text);
    let run = window
        .find(STOPS)
        .and_then(|stop| window.get(..stop))
        .unwrap_or(window);
    // "dev的x.nbdata": a name that begins with spaced script does not go on behind an unspaced one.
    let spaced = run.chars().next().is_some_and(|first| !is_unspaced(first));
    let run = run
        .find(is_unspaced)
        .filter(|_| spaced)
        .and_then(|end| run.get(..end))
        .filter(|name| !name.ends_with(['_', '-']))
        .unwrap_or(run);
    file_in(run)
}

fn file_in(run: &str) -> Option<usize> {
    package_end(run)
        .filter(|end| *end > ".nbdata".len() || run.get(..1) != Some("."))
        .or_else(|| stamped(run))
}

/// Where the first package name in `text` ends.
fn package_end(text: &str) -> Option<usize> {
    if !text.contains('.') {
        return None;
    }
    ENDINGS
        .iter()
        .filter_map(|ending| {
            let mut from = 0;
            while let Some(found) = text.get(from..).and_then(|rest| rest.find(ending)) {
                let end = from + found + ending.len();
                let next = text.get(end..).and_then(|rest| rest.chars().next());
                let another = text
                    .get(end..)
                    .is_some_and(|rest| ENDINGS.iter().any(|more| rest.starts_with(more)));
                if from + found > 0 && !another && next.is_none_or(|next| !is_word(next) && next != '-') {
                    return Some(end);
                }
                from = end;
            }
            None
        })
        .min()
}

/// `backup_20261122_180813_6029`: a name with the stamp NocoBase writes into it, without an ending.
fn stamped(run: &str) -> Option<usize> {
    let end = run.find(|character: char| !character.is_ascii_alphanumeric() && !"_-".contains(character));
    let name = run.get(..end.unwrap_or(run.len()))?;
    let digits = |piece: Option<&str>, count: usize| {
        piece.is_some_and(|piece| piece.len() == count && piece.bytes().all(|byte| byte.is_ascii_digit()))
    };
    let mut pieces = name.split(['_', '-']);
    let mut day = pieces.next();
    while day.is_some() {
        let time = pieces.next();
        if digits(day, "20261122".len()) && digits(time, "180813".len()) {
            return Some(name.len());
        }
        day = time;
    }
    None
}

/// Whether a whole quoted text is a package's name or path.
pub(crate) fn is_package(text: &str) -> bool {
    let text = text.trim();
    ENDINGS
        .iter()
        .any(|ending| text.ends_with(ending) && text.len() > ending.len())
        || path_at(text) == Some(text.len())
        || stamped(text) == Some(text.len())
}

fn window(text: &str) -> &str {
    let mut end = FURTHEST.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or("")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> Option<&str> {
        path_at(text).and_then(|end| text.get(..end))
    }

    fn file(text: &str) -> Option<&str> {
        file_at(text).and_then(|end| text.get(..end))
    }

    #[test]
    fn paths() {
        assert_eq!(path("./x.nbdata please"), Some("./x.nbdata"));
        assert_eq!(path("c:\\b\\x.nbdata."), Some("c:\\b\\x.nbdata"));
        assert_eq!(
            path("c:\\my backups\\x.nbdata to test"),
            Some("c:\\my backups\\x.nbdata")
        );
        assert_eq!(path("/tmp/x.nbdata恢复"), Some("/tmp/x.nbdata"));
        assert_eq!(path("\\\\nas\\share\\x.nbdata"), Some("\\\\nas\\share\\x.nbdata"));
        assert_eq!(path("~/x"), Some("~/x"));
        assert_eq!(path("/restore dev"), None);
        assert_eq!(path("dev/test"), None);
    }

    #[test]
    fn files() {
        assert_eq!(file("x.nbdata's"), Some("x.nbdata"));
        assert_eq!(file("x.nbdata恢复"), Some("x.nbdata"));
        assert_eq!(
            file("backup_20261122_180813_6029.nbdata"),
            Some("backup_20261122_180813_6029.nbdata")
        );
        assert_eq!(
            file("backup_20261122_180813_6029 to"),
            Some("backup_20261122_180813_6029")
        );
        assert_eq!(file("v1.2 to x.nbdata"), None);
        assert_eq!(file("x.nbdataset"), None);
        assert_eq!(file("test."), None);
        assert_eq!(file("dev的x.nbdata"), None);
        assert_eq!(file("备份_2026.nbdata"), Some("备份_2026.nbdata"));
    }
}
