//! The zip file: entries judged by name and read to their last byte.
//!
//! Every entry is inflated, since NocoBase 2.2.15 never looks at a CRC and restores a flipped bit. Reading the
//! format is the `zip` crate's work; what a package may look like is decided here.

use std::collections::BTreeMap;
use std::io::{self, Read, Seek};

use zip::read::{ArchiveOffset, Config};
use zip::{CompressionMethod, ZipArchive};

use super::dump::{self, Dump};
use super::end_record::{self, End};
use super::limits::{Budget, Limits};
use super::names::{self, Member, Refused};
use super::text::{clean, clean_bytes, listing};
use super::{Metadata, Uploads, metadata};
use crate::finding::Finding;

const AGAIN: &str = "Download or make the package again.";
const DISTRUST: &str = "Do not use this package; make it again with NocoBase's Backup Manager.";

/// Names of one kind that are kept for a message.
const KEPT_NAMES: usize = 16;

/// What the zip file holds.
#[derive(Debug, Default)]
pub(super) struct Contents {
    pub(super) metadata: Option<Metadata>,
    pub(super) dump: Option<Dump>,
    pub(super) uploads: Uploads,
    pub(super) holds_key: bool,
    pub(super) findings: Vec<Finding>,
}

/// Reads a zip file of `bytes` bytes that travels in a package of `package_bytes`. Errors of the disk end the
/// reading; whoever owns the source must look for them.
pub(super) fn read(
    mut source: impl Read + Seek,
    bytes: u64,
    package_bytes: u64,
    limits: &Limits,
) -> Contents {
    let mut contents = Contents::default();
    match end_record::read(&mut source, bytes, limits) {
        Ok(End::Sound) => {}
        Ok(end) => {
            contents.findings.extend(explain_end(end));
            return contents;
        }
        Err(_) => return contents,
    }
    let config = Config {
        archive_offset: ArchiveOffset::Known(0),
    };
    let mut zip = match ZipArchive::with_config(config, source) {
        Ok(zip) => zip,
        Err(error) => {
            contents.findings.push(malformed(&error.to_string()));
            return contents;
        }
    };
    if zip.is_empty() {
        contents.findings.push(Finding::blocker(
            "zip_empty",
            "The package is an empty zip file.",
            AGAIN,
        ));
        return contents;
    }
    let plan = look_at_names(&mut zip, &mut contents.findings);
    let mut budgets = Budgets {
        zip: Budget::new(limits, package_bytes),
        dump: Budget::new(limits, package_bytes),
    };
    let mut troubles = Troubles::default();
    for (index, member) in plan {
        if !read_entry(
            &mut zip,
            index,
            member,
            &mut contents,
            &mut budgets,
            limits,
            &mut troubles,
        ) {
            break;
        }
    }
    contents.findings.extend(troubles.explain());
    contents
}

struct Budgets {
    zip: Budget,
    dump: Budget,
}

/// Judges all names and tells which entries are to be read.
fn look_at_names<R: Read + Seek>(
    zip: &mut ZipArchive<R>,
    findings: &mut Vec<Finding>,
) -> Vec<(usize, Member)> {
    if zip.has_duplicate_names() {
        findings.push(Finding::blocker(
            "entry_duplicate",
            "Several entries of the package have the same name, so that two readers may see two packages.",
            DISTRUST,
        ));
    }
    match zip.has_overlapping_files() {
        Ok(false) => {}
        Ok(true) => findings.push(Finding::blocker(
            "entries_overlap",
            "Entries of the package share the same bytes, which no packing tool does.",
            DISTRUST,
        )),
        Err(error) => findings.push(malformed(&error.to_string())),
    }
    let mut plan = Vec::with_capacity(zip.len());
    let mut troubles = Troubles::default();
    let (mut has_metadata, mut has_data, mut has_data_directory, mut nested) = (false, false, false, None);
    for index in 0..zip.len() {
        let Ok(entry) = zip.by_index_data(index) else {
            continue;
        };
        let name = entry.name_raw();
        if let Some(reason) = names::refused(name) {
            troubles.add(Trouble::Name(reason), name);
        }
        if entry.is_symlink() {
            troubles.add(Trouble::Symlink, name);
        }
        if entry.encrypted() {
            troubles.add(Trouble::Encrypted, name);
            continue;
        }
        if !matches!(
            entry.compression(),
            CompressionMethod::Stored | CompressionMethod::Deflated
        ) {
            troubles.add(Trouble::Unsupported, name);
            continue;
        }
        let member = names::member(name, name.ends_with(b"/"));
        match member {
            Member::Metadata => has_metadata = true,
            Member::Data => has_data = true,
            Member::DataDirectory => has_data_directory = true,
            Member::UploadsFile => troubles.add(Trouble::UploadsFile, name),
            Member::Foreign if name.ends_with(b"/_metadata.json") => nested = Some(clean_bytes(name)),
            Member::Foreign => troubles.add(Trouble::Foreign, name),
            Member::Key | Member::Upload | Member::Directory => {}
        }
        plan.push((index, member));
    }
    findings.extend(troubles.explain());
    if let Some(name) = nested.filter(|_| !has_metadata) {
        findings.push(Finding::blocker(
            "nested_in_folder",
            format!("The package's content lies in a folder ({name}); NocoBase looks for it at the top."),
            "Pack the folder's content, not the folder; or use the package as it was downloaded.",
        ));
        return plan;
    }
    if !has_metadata {
        findings.push(Finding::blocker(
            "metadata_missing",
            "The package has no _metadata.json.",
            AGAIN,
        ));
    }
    if has_data_directory {
        findings.push(Finding::blocker(
            "data_is_a_directory",
            "The package's database dump is a directory; only a single file can be restored.",
            DISTRUST,
        ));
    } else if !has_data {
        findings.push(Finding::blocker(
            "data_missing",
            "The package has no database dump (`data`).",
            AGAIN,
        ));
    }
    plan
}

/// Reads one entry to its end; `false` once nothing more may be inflated.
fn read_entry<R: Read + Seek>(
    zip: &mut ZipArchive<R>,
    index: usize,
    member: Member,
    contents: &mut Contents,
    budgets: &mut Budgets,
    limits: &Limits,
    troubles: &mut Troubles,
) -> bool {
    let most = budgets.zip.most();
    let Ok(entry) = zip.by_index(index) else {
        let name = zip.by_index_data(index).map(|entry| entry.name_raw().to_vec());
        troubles.add(Trouble::Damaged, name.as_deref().unwrap_or_default());
        return true;
    };
    let name = entry.name_raw().to_vec();
    let expected = entry.size();
    let mut reader = Metered {
        inner: entry,
        budget: &mut budgets.zip,
        read: 0,
        fault: None,
    };
    let mut text = Vec::new();
    let mut found = None;
    match member {
        Member::Metadata => {
            let mut bounded = (&mut reader).take(limits.metadata_bytes.saturating_add(1));
            // an error is kept as the reader's fault
            drop(bounded.read_to_end(&mut text));
        }
        Member::Data => found = Some(dump::read(&mut reader, limits, &mut budgets.dump)),
        _ => {}
    }
    reader.drain();
    let (read, fault) = (reader.read, reader.fault);
    match fault {
        Some(Fault::OverBudget) => {
            contents.findings.push(Finding::blocker(
                "inflates_too_much",
                format!(
                    "The package inflates to more than {most} bytes, which no real package of its size does."
                ),
                "Make sure where the package comes from; raise the limits if it is real.",
            ));
            return false;
        }
        Some(Fault::Damaged) => troubles.add(Trouble::Damaged, &name),
        None if read != expected => troubles.add(Trouble::Damaged, &name),
        None => {}
    }
    let is_whole = fault.is_none() && read == expected;
    match member {
        Member::Metadata if is_whole && read > limits.metadata_bytes => {
            contents.findings.push(Finding::blocker(
                "metadata_too_large",
                format!("_metadata.json is larger than {} bytes.", limits.metadata_bytes),
                DISTRUST,
            ))
        }
        Member::Metadata if is_whole => match metadata::parse(&text) {
            Ok(metadata) => contents.metadata = Some(metadata),
            Err(finding) => contents.findings.push(finding),
        },
        Member::Data => {
            if let Some(mut dump) = found {
                if !is_whole {
                    // the damage explains whatever else was met
                    dump.findings.clear();
                    dump.is_damaged = true;
                }
                contents.findings.extend(dump.findings.iter().cloned());
                contents.dump = Some(dump);
            }
        }
        Member::Key => {
            contents.holds_key = true;
            if read != 32 {
                troubles.add(Trouble::OddKey, &name);
            }
        }
        Member::Upload => {
            contents.uploads.files += 1;
            contents.uploads.bytes = contents.uploads.bytes.saturating_add(read);
        }
        _ => {}
    }
    true
}

/// What an entry can suffer from; the order is that of the findings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Trouble {
    Damaged,
    Name(Refused),
    Symlink,
    Encrypted,
    Unsupported,
    UploadsFile,
    OddKey,
    Foreign,
}

/// Names by trouble, bounded.
#[derive(Debug, Default)]
struct Troubles(BTreeMap<Trouble, (u64, Vec<String>)>);

impl Troubles {
    fn add(&mut self, trouble: Trouble, name: &[u8]) {
        let (count, names) = self.0.entry(trouble).or_default();
        *count += 1;
        if names.len() < KEPT_NAMES {
            names.push(clean_bytes(name));
        }
    }

    fn explain(&self) -> impl Iterator<Item = Finding> {
        self.0.iter().map(|(trouble, (count, names))| {
            let mut named = listing(names.iter().map(String::as_str));
            if *count > names.len() as u64 {
                named = format!("{named} ({count} in all)");
            }
            explain_trouble(*trouble, &named)
        })
    }
}

fn explain_trouble(trouble: Trouble, named: &str) -> Finding {
    let refused = |code, what: &str| Finding::blocker(code, format!("{what}: {named}."), DISTRUST);
    match trouble {
        Trouble::Damaged => Finding::blocker(
            "entry_damaged",
            format!(
                "These entries are not what was packed (checksum or length): {named}. A server would not notice."
            ),
            AGAIN,
        ),
        Trouble::Name(Refused::Traversal) => {
            refused("entry_traversal", "Entries lead out of the package by `..`")
        }
        Trouble::Name(Refused::Absolute) => refused("entry_absolute", "Entries have absolute names"),
        Trouble::Name(Refused::Drive) => {
            refused("entry_drive_letter", "Entries have names with a drive letter")
        }
        Trouble::Name(Refused::Backslash) => {
            refused("entry_backslash", "Entries have names with a backslash")
        }
        Trouble::Name(Refused::Malformed) => {
            refused("entry_name_malformed", "Entries have names that no file has")
        }
        Trouble::Symlink => refused("entry_symlink", "Entries are symbolic links"),
        Trouble::Encrypted => refused("entry_encrypted", "Entries are encrypted by zip's own means"),
        Trouble::Unsupported => refused(
            "entry_unsupported",
            "Entries are compressed in a way NocoBase cannot read",
        ),
        Trouble::UploadsFile => refused("uploads_not_a_directory", "A file stands where uploads should be"),
        Trouble::OddKey => Finding::warning(
            "key_odd",
            "aes_key.dat is not 32 bytes long; the target could not read its own secrets afterwards.",
            "Make the package again on its source.",
        ),
        Trouble::Foreign => Finding::note(
            "entry_foreign",
            format!("Entries that NocoBase does not use: {named}."),
        ),
    }
}

fn explain_end(end: End) -> Option<Finding> {
    Some(match end {
        End::Sound => return None,
        End::Missing => Finding::blocker(
            "package_truncated",
            "The package has no end: the file was cut off, or is still being written.",
            AGAIN,
        ),
        End::TrailingBytes(bytes) => Finding::blocker(
            "zip_trailing_bytes",
            format!("{bytes} bytes follow the end of the package."),
            AGAIN,
        ),
        End::ForeignBytes(bytes) => Finding::blocker(
            "zip_foreign_bytes",
            format!("{bytes} bytes stand before or within the package where none belong."),
            AGAIN,
        ),
        End::Malformed => malformed("its end record points nowhere"),
        End::TooManyEntries(entries) => Finding::blocker(
            "too_many_entries",
            format!("The package claims {entries} entries."),
            "Make sure where the package comes from; raise the limits if it is real.",
        ),
        End::DirectoryTooLarge(bytes) => Finding::blocker(
            "too_many_entries",
            format!("The package claims a directory of {bytes} bytes."),
            "Make sure where the package comes from; raise the limits if it is real.",
        ),
    })
}

fn malformed(reason: &str) -> Finding {
    Finding::blocker(
        "zip_malformed",
        format!("The package's zip structure is broken: {}.", clean(reason)),
        AGAIN,
    )
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    Damaged,
    OverBudget,
}

/// A reader that counts against the budget and remembers what went wrong.
struct Metered<'budget, R> {
    inner: R,
    budget: &'budget mut Budget,
    read: u64,
    fault: Option<Fault>,
}

impl<R: Read> Read for Metered<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let failed = || io::Error::other("the entry cannot be read on");
        if self.fault.is_some() {
            return Err(failed());
        }
        match self.inner.read(buffer) {
            Ok(read) => {
                self.read += read as u64;
                if self.budget.spend(read as u64) {
                    return Ok(read);
                }
                self.fault = Some(Fault::OverBudget);
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Err(error),
            Err(_) => self.fault = Some(Fault::Damaged),
        }
        Err(failed())
    }
}

impl<R: Read> Metered<'_, R> {
    /// Reads on to the end, for the checksum's sake.
    fn drain(&mut self) {
        // an error is kept as the fault
        drop(io::copy(self, &mut io::sink()));
    }
}
