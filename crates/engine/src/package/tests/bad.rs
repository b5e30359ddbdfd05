//! Bad packages of every kind, each refused with the code it is known by.

use serde_json::Value;

use super::super::Limits;
use super::super::testing::{Package, blockers, inspect_within, patched};
use super::{bad_content, bad_zip};
use crate::finding::Severity;

pub(super) struct Bad {
    what: &'static str,
    bytes: Vec<u8>,
    password: Option<&'static str>,
    limits: Limits,
    code: &'static str,
}

pub(super) fn bad(what: &'static str, bytes: impl Into<Vec<u8>>, code: &'static str) -> Bad {
    Bad {
        what,
        bytes: bytes.into(),
        password: None,
        limits: Limits::default(),
        code,
    }
}

impl Bad {
    pub(super) fn password(mut self, password: &'static str) -> Self {
        self.password = Some(password);
        self
    }

    pub(super) fn limits(mut self, change: impl FnOnce(&mut Limits)) -> Self {
        change(&mut self.limits);
        self
    }
}

pub(super) fn data(bytes: impl Into<Vec<u8>>) -> Vec<u8> {
    Package::good().with("data", bytes).zip()
}

pub(super) fn metadata(pointer: &str, value: Value) -> Vec<u8> {
    Package::good().with_metadata(pointer, value).zip()
}

#[test]
fn every_bad_package_is_refused_with_its_own_code() {
    let cases: Vec<Bad> = [
        bad_zip::zip_file_cases(),
        bad_zip::entry_cases(),
        bad_content::metadata_cases(),
        bad_content::dump_cases(),
    ]
    .into_iter()
    .flatten()
    .collect();
    assert!(cases.len() >= 100, "{} cases", cases.len());
    let mut wrong = Vec::new();
    for case in &cases {
        let inspection = inspect_within(&case.bytes, case.password, &case.limits);
        let found = blockers(&inspection);
        if !found.contains(&case.code) {
            wrong.push(format!("{}: {} expected, {found:?} found", case.what, case.code));
        }
        for finding in &inspection.findings {
            assert!(
                !finding.text.contains('\n') && finding.text.len() < 2000,
                "{}",
                case.what
            );
            assert!(
                finding.severity < Severity::Warning || !finding.next_step.is_empty(),
                "{}: {} has no next step",
                case.what,
                finding.code
            );
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_is_only_cut_or_damaged_is_not_called_anything_else() {
    for case in bad_content::dump_cases()
        .iter()
        .filter(|case| case.code == "data_truncated" || case.code == "data_damaged")
    {
        let inspection = inspect_within(&case.bytes, case.password, &case.limits);
        assert_eq!(blockers(&inspection), [case.code], "{}", case.what);
    }
    let flipped = patched(&Package::good().stored().zip(), b"PGDMP", b"PGDMQ");
    assert_eq!(
        blockers(&inspect_within(&flipped, None, &Limits::default())),
        ["entry_damaged"]
    );
}
