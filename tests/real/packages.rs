//! Packages made out of a genuine one, wrong in one thing and right in all others, checksums included.

use std::io::{Cursor, Read as _, Write as _};

use serde_json::Value;

use crate::servers::Real;

/// A package, member by member.
#[derive(Clone)]
pub(crate) struct Package(Vec<(String, Vec<u8>)>);

impl Package {
    /// A new backup of an environment, made and fetched by the tool.
    #[track_caller]
    pub(crate) fn made_of(real: &Real, environment: &str) -> Self {
        let made = real.report(&["backup", environment], 0);
        Self::open(&std::fs::read(made["package"]["path"].as_str().unwrap()).unwrap())
    }

    pub(crate) fn open(file: &[u8]) -> Self {
        let mut archive = zip::ZipArchive::new(Cursor::new(file)).unwrap();
        let mut members = Vec::new();
        for place in 0..archive.len() {
            let mut member = archive.by_index(place).unwrap();
            let mut content = Vec::new();
            member.read_to_end(&mut content).unwrap();
            members.push((member.name().unwrap().into_owned(), content));
        }
        Self(members)
    }

    pub(crate) fn get(&self, name: &str) -> &[u8] {
        &self.0.iter().find(|(known, _)| known == name).unwrap().1
    }

    /// The same with another member, or one more.
    pub(crate) fn with(&self, name: &str, content: impl Into<Vec<u8>>) -> Self {
        let mut other = self.without(name);
        other.0.push((name.to_owned(), content.into()));
        other
    }

    pub(crate) fn without(&self, name: &str) -> Self {
        let others = self.0.iter().filter(|(known, _)| known != name);
        Self(others.cloned().collect())
    }

    /// The same with something else in `_metadata.json`.
    pub(crate) fn with_metadata(&self, change: impl FnOnce(&mut Value)) -> Self {
        let mut metadata: Value = serde_json::from_slice(self.get("_metadata.json")).unwrap();
        change(&mut metadata);
        self.with("_metadata.json", metadata.to_string())
    }

    /// As a file; members are stored as they are, so that they can be found in it.
    pub(crate) fn file(&self) -> Vec<u8> {
        let mut file = zip::ZipWriter::new(Cursor::new(Vec::new()));
        let stored =
            zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
        for (name, content) in &self.0 {
            file.start_file(name.as_str(), stored).unwrap();
            file.write_all(content).unwrap();
        }
        file.finish().unwrap().into_inner()
    }

    /// Writes it into the tool's home and gives the path.
    pub(crate) fn save(&self, real: &Real, name: &str) -> String {
        save(real, name, &self.file())
    }
}

/// Writes a file into the tool's home and gives its path.
pub(crate) fn save(real: &Real, name: &str, file: &[u8]) -> String {
    let path = real.home().join(name);
    std::fs::write(&path, file).unwrap();
    path.to_str().unwrap().to_owned()
}
