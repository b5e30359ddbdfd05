//! Patterns with `*`, as roles use them for snippets and tests for calls.

/// Whether a pattern, in which `*` stands for any run of characters, covers a text.
pub(crate) fn covers(pattern: &str, text: &str) -> bool {
    let mut pieces = pattern.split('*');
    let Some(first) = pieces.next() else { return false };
    let Some(mut rest) = text.strip_prefix(first) else {
        return false;
    };
    let mut pieces = pieces.peekable();
    if pieces.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(piece) = pieces.next() {
        if pieces.peek().is_none() {
            return rest.ends_with(piece);
        }
        match rest.split_once(piece) {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_covers_any_run() {
        let cases = [
            ("backup:create", "backup:create", true),
            ("backup:create", "backups:create", false),
            ("backup:*", "backup:list", true),
            ("backup*", "backupSettings:get", true),
            ("*", "anything:at-all", true),
            ("*:list", "orders:list", true),
            ("*:list", "orders:listMeta", false),
            ("pm.*", "pm.backups.settings", true),
            ("pm.*", "pm", false),
            ("pm.backups.*", "pm.backups", false),
        ];
        for (pattern, text, expected) in cases {
            assert_eq!(covers(pattern, text), expected, "{pattern} over {text}");
        }
    }
}
