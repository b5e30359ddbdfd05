//! Files that are no sound zip file, and entries that no package may have.

use super::super::testing::{GZIP, PLAIN, Package, encrypt, noise, patched};
use super::bad::{Bad, bad};

/// The offset of the last central directory's signature and of the end record.
fn directory_and_end(zip: &[u8]) -> (usize, usize) {
    let directory = zip.windows(4).position(|window| window == b"PK\x01\x02").unwrap();
    let end = zip
        .windows(4)
        .rposition(|window| window == b"PK\x05\x06")
        .unwrap();
    (directory, end)
}

fn with_inserted_bytes() -> Vec<u8> {
    let mut zip = Package::good().zip();
    let (directory, _) = directory_and_end(&zip);
    zip.splice(directory..directory, *b"inserted");
    zip
}

fn with_end_record(field: usize, bytes: &[u8]) -> Vec<u8> {
    let mut zip = Package::good().zip();
    let (_, end) = directory_and_end(&zip);
    zip[end + field..end + field + bytes.len()].copy_from_slice(bytes);
    zip
}

/// A 64-bit end record that says something else than the short one, which leaves nothing open.
fn with_two_ends() -> Vec<u8> {
    let mut zip = Package::good().zip();
    let (directory, end) = directory_and_end(&zip);
    let size = (end - directory) as u64;
    let mut long = b"PK\x06\x06\x2c\0\0\0\0\0\0\0\x2d\0\x2d\0\0\0\0\0\0\0\0\0".to_vec();
    for value in [3, 3, size, directory as u64] {
        long.extend(value.to_le_bytes());
    }
    long.extend(b"PK\x06\x07\0\0\0\0");
    long.extend((end as u64).to_le_bytes());
    long.extend([1, 0, 0, 0]);
    zip.splice(end..end, long);
    zip
}

/// Every header's field at these offsets of local and central records set to these bytes.
fn with_headers(local: usize, central: usize, bytes: &[u8]) -> Vec<u8> {
    let mut zip = Package::good().zip();
    for at in 0..zip.len() - 4 {
        let field = match &zip[at..at + 4] {
            b"PK\x03\x04" => at + local,
            b"PK\x01\x02" => at + central,
            _ => continue,
        };
        zip[field..field + bytes.len()].copy_from_slice(bytes);
    }
    zip
}

/// Two records of the directory that point to the same content.
fn with_overlap() -> Vec<u8> {
    let mut zip = Package::good()
        .with("uploads/a.txt", "hello\n")
        .with("uploads/b.txt", "hello\n")
        .zip();
    let record = |zip: &[u8], name: &[u8]| {
        zip.windows(name.len())
            .rposition(|window| window == name)
            .unwrap()
            - 46
    };
    let (first, second) = (record(&zip, b"uploads/a.txt"), record(&zip, b"uploads/b.txt"));
    let offset: [u8; 4] = zip[first + 42..first + 46].try_into().unwrap();
    zip[second + 42..second + 46].copy_from_slice(&offset);
    zip
}

pub(super) fn zip_file_cases() -> Vec<Bad> {
    let good = Package::good().zip();
    let half = good.len() / 2;
    vec![
        bad("an empty file", "", "package_empty"),
        bad("text", "hello, this is no package\n".repeat(40), "not_a_package"),
        bad("zeros", vec![0; 4096], "not_a_package"),
        bad("a dump by itself", GZIP, "not_a_package"),
        bad(
            "a gzip file",
            [b"\x1f\x8b\x08".as_slice(), &noise(1021)].concat(),
            "not_a_package",
        ),
        bad(
            "an error page",
            "<!DOCTYPE html><html>not found</html>",
            "not_a_package",
        ),
        bad(
            "bytes before the package",
            [b"garbage!".repeat(64), good.clone()].concat(),
            "not_a_package",
        ),
        bad("noise of whole blocks", noise(4096), "password_missing"),
        bad("noise of any length", noise(4099), "package_truncated"),
        bad("noise and a password", noise(4096), "password_wrong").password("x"),
        bad("cut by 10 bytes", &good[..good.len() - 10], "package_truncated"),
        bad("cut by 1 byte", &good[..good.len() - 1], "package_truncated"),
        bad("cut in half", &good[..half], "package_truncated"),
        bad(
            "trailing bytes",
            [good.as_slice(), b"\0\0\0"].concat(),
            "zip_trailing_bytes",
        ),
        bad(
            "packed twice in a row",
            [good.as_slice(), &good].concat(),
            "zip_foreign_bytes",
        ),
        bad("bytes in the middle", with_inserted_bytes(), "zip_foreign_bytes"),
        bad(
            "a directory beyond the file",
            with_end_record(16, &[0xfe; 4]),
            "zip_malformed",
        ),
        bad(
            "more entries than its directory holds",
            with_end_record(8, &[9, 0, 9, 0]),
            "zip_malformed",
        ),
        bad("two ends that disagree", with_two_ends(), "zip_malformed"),
        bad("a disk of many", with_end_record(4, &[1, 0]), "zip_malformed"),
        bad("many entries", good.clone(), "too_many_entries").limits(|limits| limits.entries = 3),
        bad("a large directory", good.clone(), "too_many_entries")
            .limits(|limits| limits.central_directory_bytes = 9),
        bad(
            "an empty zip file",
            Package {
                entries: vec![],
                ..Package::good()
            }
            .zip(),
            "zip_empty",
        ),
        bad("entries that overlap", with_overlap(), "entries_overlap"),
        bad(
            "entries encrypted by zip",
            with_headers(6, 8, &[1, 0]),
            "entry_encrypted",
        ),
        bad(
            "an unknown compression",
            with_headers(8, 10, &[12, 0]),
            "entry_unsupported",
        ),
        bad(
            "other checksums",
            with_headers(14, 16, &[1, 2, 3, 4]),
            "entry_damaged",
        ),
        bad(
            "other lengths",
            with_headers(22, 24, &[99, 99, 0, 0]),
            "entry_damaged",
        ),
        bad(
            "a password for a plain package",
            good.clone(),
            "password_not_needed",
        )
        .password("x"),
        bad("a wrong password", encrypt(&good, "right"), "password_wrong").password("wrong"),
        bad("no password", encrypt(&good, "right"), "password_missing"),
        bad(
            "encrypted, then cut",
            &encrypt(&good, "right")[..half / 16 * 16],
            "package_truncated",
        )
        .password("right"),
        bad(
            "inflates beyond all bounds",
            Package::good().with("uploads/zeros", vec![0; 3_000_000]).zip(),
            "inflates_too_much",
        )
        .limits(|limits| limits.ratio_floor_bytes = 1_000_000)
        .limits(|limits| limits.ratio = 10),
    ]
}

pub(super) fn entry_cases() -> Vec<Bad> {
    let with = |name: &str| Package::good().with(name, "x").zip();
    let nested = Package {
        entries: Package::good()
            .entries
            .into_iter()
            .map(|(name, bytes)| (format!("backup/{name}"), bytes))
            .collect(),
        ..Package::good()
    };
    let stored = Package::good().stored().zip();
    vec![
        bad("a folder around it", nested.zip(), "nested_in_folder"),
        bad(
            "no metadata",
            Package::good().without("_metadata.json").zip(),
            "metadata_missing",
        ),
        bad("no data", Package::good().without("data").zip(), "data_missing"),
        bad(
            "data of another case",
            Package::good().without("data").with("Data", GZIP).zip(),
            "data_missing",
        ),
        bad(
            "data as a directory",
            Package::good()
                .without("data")
                .with("data/toc.dat", "PGDMP")
                .zip(),
            "data_is_a_directory",
        ),
        bad(
            "an empty directory as data",
            Package::good().without("data").with("data/", "").zip(),
            "data_is_a_directory",
        ),
        bad("a way up", with("../../evil.txt"), "entry_traversal"),
        bad(
            "a way up within",
            with("uploads/../../evil.txt"),
            "entry_traversal",
        ),
        bad(
            "a way up with backslashes",
            patched(&with("up!!x"), b"up!!x", b"..\\xx"),
            "entry_traversal",
        ),
        bad("an absolute name", with("/abs"), "entry_absolute"),
        bad("a drive letter", with("C:/evil"), "entry_drive_letter"),
        bad(
            "a backslash",
            patched(&with("uploads!x"), b"uploads!x", b"uploads\\x"),
            "entry_backslash",
        ),
        bad(
            "a name that no file has",
            patched(&with("uploads/nul"), b"uploads/nul", b"uploads/n\0l"),
            "entry_name_malformed",
        ),
        bad(
            "a name twice",
            patched(&with("uploads/b.txt"), b"uploads/b.txt", b"uploads/a.txt"),
            "entry_duplicate",
        ),
        bad(
            "data twice",
            patched(&Package::good().with("dat_", PLAIN).zip(), b"dat_", b"data"),
            "entry_duplicate",
        ),
        bad(
            "a symbolic link",
            Package::good().with("uploads/link", "-> /etc/passwd").zip(),
            "entry_symlink",
        ),
        bad("a file for uploads", with("uploads"), "uploads_not_a_directory"),
        bad(
            "a flipped bit in the metadata",
            patched(&stored, b"\"version\":\"2.2.15\"", b"\"version\":\"2.2.05\""),
            "entry_damaged",
        ),
        bad(
            "a flipped bit in the data",
            patched(&stored, b"PGDMP", b"PGDMQ"),
            "entry_damaged",
        ),
        bad(
            "a flipped bit in a file",
            patched(&stored, b"hello\n", b"hellp\n"),
            "entry_damaged",
        ),
    ]
}
