//! Files that are broken, one for every check, and word for word what their author is told; and right
//! ones, of which nothing is said.
//!
//! A fixture is a workflow, or a folder that is a pack. It is named by the code that it must bring up.
//! `INSTA_UPDATE=always` writes the snapshots anew.

use crate::check_support::fixtures;
use attune_flow::check::{check_pack, compile};
use attune_pack::{Diagnostics, read_folder};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures")
        .join(name)
}

/// The fixtures of a folder, in order.
fn all(name: &str) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = fs::read_dir(folder(name))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_none_or(|ending| ending != "snap"))
        .collect();
    paths.sort();
    paths
}

fn stem(path: &Path) -> String {
    path.file_stem().unwrap().to_string_lossy().into_owned()
}

/// Everything that is said of a fixture.
fn found(path: &Path) -> Diagnostics {
    let known = fixtures();
    if path.is_dir() {
        return match read_folder(path) {
            Ok(loaded) => check_pack(&loaded, &known).found,
            Err(found) => found,
        };
    }
    let text = fs::read_to_string(path).unwrap();
    let name = path.file_name().unwrap().to_string_lossy().into_owned();
    match compile(&name, &text, &known) {
        Ok(compiled) => Diagnostics(compiled.warnings),
        Err(found) => found,
    }
}

#[test]
fn broken_files_are_told_what_is_wrong() {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(folder("broken"));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    let mut wrong = Vec::new();
    settings.bind(|| {
        for path in all("broken") {
            let name = stem(&path);
            let found = found(&path);
            let code = name.split('_').next().unwrap();
            if !found.iter().any(|one| one.code == code) {
                wrong.push(format!("{name} does not bring up {code}:\n{found}"));
            }
            insta::assert_snapshot!(name, found.to_string());
        }
    });
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// From PACK032 on it is registration that speaks.
fn is_elsewhere(code: &str) -> bool {
    code >= "PACK032" && code.starts_with("PACK")
}

#[test]
fn every_code_has_a_fixture() {
    let pages = fs::read_dir(folder("../../../../docs/errors")).unwrap();
    let codes: BTreeSet<String> = pages
        .map(|entry| stem(&entry.unwrap().path()))
        .filter(|name| name.starts_with("FLOW") || name.starts_with("PACK"))
        .filter(|name| !is_elsewhere(name))
        .collect();
    let covered: BTreeSet<String> = all("broken")
        .iter()
        .map(|path| stem(path).split('_').next().unwrap().to_owned())
        .collect();
    let without: Vec<&String> = codes.difference(&covered).collect();
    assert!(without.is_empty(), "no fixture: {without:?}");
}

#[test]
fn right_files_are_left_in_peace() {
    let mut said = Vec::new();
    for path in all("right") {
        // What this version cannot carry out yet is said, and is no false alarm.
        let found = found(&path).into_iter().filter(|one| one.code != "FLOW006");
        said.extend(found.map(|one| one.to_string()));
    }
    assert!(said.is_empty(), "{}", said.join("\n"));
}
