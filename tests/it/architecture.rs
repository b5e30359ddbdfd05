//! The arrows between the crates, and what every module owes its reader.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use cargo_metadata::{DependencyKind, MetadataCommand};
use release_tests::workspace;

#[test]
fn the_crates_depend_on_each_other_as_designed() {
    let metadata = MetadataCommand::new()
        .manifest_path(workspace().join("Cargo.toml"))
        .no_deps()
        .exec()
        .unwrap();
    let members: BTreeSet<String> = metadata
        .packages
        .iter()
        .map(|package| package.name.to_string())
        .collect();
    let arrows: BTreeMap<String, BTreeSet<String>> = metadata
        .packages
        .iter()
        .map(|package| {
            let on = package
                .dependencies
                .iter()
                .filter(|dependency| {
                    dependency.kind == DependencyKind::Normal && members.contains(&dependency.name)
                })
                .map(|dependency| dependency.name.clone());
            (package.name.to_string(), on.collect())
        })
        .collect();
    let designed = [
        ("release-intent", vec![]),
        ("nocobase-client", vec![]),
        ("nocobase-sim", vec![]),
        ("release-engine", vec!["nocobase-client", "release-intent"]),
        ("release-mcp", vec!["release-engine", "release-intent"]),
        (
            "nocobase-release",
            vec![
                "nocobase-client",
                "nocobase-sim",
                "release-engine",
                "release-intent",
                "release-mcp",
            ],
        ),
        (
            "release-tests",
            vec!["nocobase-client", "nocobase-sim", "release-engine"],
        ),
    ];
    let designed: BTreeMap<String, BTreeSet<String>> = designed
        .into_iter()
        .map(|(name, on)| (name.to_owned(), on.into_iter().map(str::to_owned).collect()))
        .collect();
    assert_eq!(arrows, designed);
}

#[test]
fn only_the_client_talks_http_and_only_the_mcp_crate_knows_rmcp() {
    let metadata = MetadataCommand::new()
        .manifest_path(workspace().join("Cargo.toml"))
        .no_deps()
        .exec()
        .unwrap();
    let users = |library: &str| -> Vec<String> {
        let mut users: Vec<String> = metadata
            .packages
            .iter()
            .filter(|package| {
                package
                    .dependencies
                    .iter()
                    .any(|used| used.name == library && used.kind == DependencyKind::Normal)
            })
            .map(|package| package.name.to_string())
            .collect();
        users.sort();
        users
    };
    assert_eq!(users("reqwest"), ["nocobase-client"]);
    assert_eq!(users("rmcp"), ["release-mcp"]);
    assert_eq!(users("clap"), ["nocobase-release"]);
}

#[test]
fn every_source_file_opens_with_what_it_is_for() {
    let silent: Vec<PathBuf> = sources()
        .into_iter()
        .filter(|path| !fs::read_to_string(path).unwrap().trim_start().starts_with("//!"))
        .collect();
    assert_eq!(silent, Vec::<PathBuf>::new());
}

#[test]
fn source_files_can_be_held_in_the_head() {
    let long: Vec<(PathBuf, usize)> = sources()
        .into_iter()
        .map(|path| (path.clone(), fs::read_to_string(path).unwrap().lines().count()))
        .filter(|(_, lines)| *lines > 700)
        .collect();
    assert_eq!(long, Vec::<(PathBuf, usize)>::new());
}

fn sources() -> Vec<PathBuf> {
    let mut found = Vec::new();
    for folder in ["crates", "tests"] {
        walk(&workspace().join(folder), &mut found);
    }
    assert!(found.len() > 50, "the sources were not found");
    found
}

fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("target") && !path.ends_with("node_modules") {
            walk(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}
