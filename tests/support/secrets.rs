//! What no token and no password may get into: everything that is said, and every file that is written.

use std::path::Path;

/// The first of these that a text holds, as it is or encoded.
pub fn first_secret<'a>(text: &str, secrets: impl IntoIterator<Item = &'a String>) -> Option<String> {
    secrets
        .into_iter()
        .filter(|secret| !secret.is_empty())
        .flat_map(|secret| [secret.clone(), in_base64(secret), in_percents(secret)])
        .find(|form| text.contains(form.as_str()))
}

/// Every text file that the tool wrote under its home: plans, journals, locks, logs and reports. Packages hold data, not
/// our words, and what a test put into the home itself is the test's.
pub fn written(home: &Path) -> String {
    let mut text = String::new();
    let mut folders = vec![home.join("release-state"), home.join("release")];
    for file in std::fs::read_dir(home).into_iter().flatten().flatten() {
        if file
            .path()
            .extension()
            .is_some_and(|extension| extension == "json")
        {
            text.push_str(&std::fs::read_to_string(file.path()).unwrap_or_default());
        }
    }
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_none_or(|extension| extension != "nbdata") {
                text.push_str(&String::from_utf8_lossy(&std::fs::read(path).unwrap_or_default()));
            }
        }
    }
    text
}

/// The part of a text's base64 form that does not hang on what stands around it.
fn in_base64(text: &str) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    text.as_bytes()
        .chunks_exact(3)
        .flat_map(|three| {
            let bits = u32::from(three[0]) << 16 | u32::from(three[1]) << 8 | u32::from(three[2]);
            [18, 12, 6, 0].map(|shift| LETTERS[(bits >> shift & 63) as usize] as char)
        })
        .collect()
}

/// A text as in a URL or a form.
fn in_percents(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => (byte as char).to_string(),
            other => format!("%{other:02X}"),
        })
        .collect()
}
