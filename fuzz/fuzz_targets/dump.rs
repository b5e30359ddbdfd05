//! Any bytes as the `data` of an otherwise good package: PostgreSQL archives, SQL text, SQLite files and what looks like
//! one of them. The first byte says which database the package claims.

#![no_main]

use std::io::Write as _;

use libfuzzer_sys::fuzz_target;
use release_engine::package::{Limits, inspect};
use zip::write::SimpleFileOptions;

fuzz_target!(|input: &[u8]| {
    let Some((kind, bytes)) = input.split_first() else {
        return;
    };
    let dialect = ["postgres", "mysql", "sqlite", "mariadb"][usize::from(kind % 4)];
    let metadata = format!(
        r#"{{"metadataVersion":2,"version":"2.2.15","database":{{"dialect":"{dialect}","underscored":false}},"plugins":[]}}"#
    );
    let stored = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    let mut package = zip::ZipWriter::new(tempfile::tempfile().expect("a file"));
    for (name, content) in [("_metadata.json", metadata.as_bytes()), ("data", bytes)] {
        package.start_file(name, stored).expect("an entry");
        package.write_all(content).expect("its content");
    }
    let mut written = package.finish().expect("a zip file");
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::io::Seek::rewind(&mut written).expect("its beginning");
    std::io::copy(&mut written, &mut file.as_file()).expect("its content");
    let inspection = inspect(file.path(), None, &Limits::default()).expect("a file that can be read");
    let rows: u64 = inspection
        .content
        .tables
        .iter()
        .filter_map(|table| table.rows)
        .sum();
    assert!(
        rows <= 64 * bytes.len() as u64 * 1_100,
        "more rows than bytes could hold"
    );
});
