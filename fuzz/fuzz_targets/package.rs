//! Any bytes as a package file: inspected without panic, within bounds, and nothing that is no zip file is called good.

#![no_main]

use std::io::Write as _;

use libfuzzer_sys::fuzz_target;
use release_engine::package::{Limits, inspect};

fuzz_target!(|bytes: &[u8]| {
    let mut file = tempfile::NamedTempFile::new().expect("a file");
    file.write_all(bytes).expect("its content");
    let inspection = inspect(file.path(), None, &Limits::default()).expect("a file that can be read");
    assert_eq!(inspection.bytes, bytes.len() as u64);
    if !bytes.starts_with(b"PK") {
        assert!(
            inspection.is_blocked(),
            "no package, and nothing stands against it"
        );
    }
    for finding in &inspection.findings {
        assert!(
            finding.text.len() < 4096 && !finding.text.contains('\n'),
            "{finding:?}"
        );
    }
});
