//! Encrypted packages, and files that only look like them.

use nocobase_client::Secret;

use super::super::testing::{Package, blockers, encrypt, fixture, inspect_bytes, noise};
use super::super::{Limits, PackageError, inspect};

const PASSWORD: &str = "s3cret pässwörd";

#[test]
fn a_package_encrypted_by_node_is_opened() {
    let plain = inspect_bytes(fixture!("plain.nbdata"), None);
    let encrypted = inspect_bytes(fixture!("encrypted.nbdata"), Some(PASSWORD));
    assert!(encrypted.encrypted);
    assert_eq!(encrypted.findings, Vec::new());
    assert_eq!(encrypted.content, plain.content);
    assert_eq!(encrypted.metadata, plain.metadata);
    assert_ne!(encrypted.sha256, plain.sha256);
}

#[test]
fn every_length_of_padding_is_opened() {
    for length in 0..17 {
        let zip = Package::good().with("uploads/a.txt", noise(length)).zip();
        let inspection = inspect_bytes(&encrypt(&zip, PASSWORD), Some(PASSWORD));
        assert_eq!(blockers(&inspection), Vec::<&str>::new(), "{length}");
    }
}

#[test]
fn password_missing_wrong_and_cut_are_told_apart() {
    let package = encrypt(&Package::good().zip(), PASSWORD);
    let cut = &package[..package.len() - 16];
    let odd = &package[..package.len() - 10];
    for (bytes, password, expected) in [
        (package.as_slice(), None, "password_missing"),
        (&package, Some(""), "password_missing"),
        (&package, Some("wrong"), "password_wrong"),
        (cut, Some(PASSWORD), "package_truncated"),
        (odd, Some(PASSWORD), "package_truncated"),
        (odd, None, "package_truncated"),
        (odd, Some("wrong"), "password_wrong"),
        (&package[..32], Some(PASSWORD), "not_a_package"),
    ] {
        let inspection = inspect_bytes(bytes, password);
        assert_eq!(
            blockers(&inspection),
            [expected],
            "{password:?}, {} bytes",
            bytes.len()
        );
    }
}

#[test]
fn an_encrypted_package_is_judged_inside() {
    let package = encrypt(&Package::good().without("data").zip(), PASSWORD);
    assert_eq!(
        blockers(&inspect_bytes(&package, Some(PASSWORD))),
        ["data_missing"]
    );
}

#[test]
fn no_trace_of_password_or_plain_text_stays() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("p.nbdata");
    std::fs::write(&path, fixture!("encrypted.nbdata")).unwrap();
    let inspection = inspect(&path, Some(&Secret::new(PASSWORD)), &Limits::default()).unwrap();
    let text = format!("{inspection:?}{}", serde_json::to_string(&inspection).unwrap());
    assert!(!text.contains(PASSWORD));
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1);
}

#[test]
fn a_missing_temporary_directory_is_an_error_of_the_inspection() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("p.nbdata");
    std::fs::write(&path, fixture!("encrypted.nbdata")).unwrap();
    let limits = Limits {
        temporary_directory: Some(directory.path().join("none")),
        ..Limits::default()
    };
    let error = inspect(&path, Some(&Secret::new(PASSWORD)), &limits).unwrap_err();
    assert!(matches!(error, PackageError::Temporary { .. }), "{error}");
    let error = inspect(directory.path(), None, &limits).unwrap_err();
    assert_eq!(error.code(), "package_not_a_file");
    let error = inspect(&directory.path().join("none"), None, &limits).unwrap_err();
    assert_eq!(error.code(), "package_not_opened");
}
