//! The acceptance packs, when their folder is there: every workflow of every pack is accepted.

use crate::check_support::catalogue;
use attune_flow::check::compile_pack;
use attune_pack::load_folder;
use std::path::{Path, PathBuf};

/// The folder `shared/acceptance`, found by walking up from this crate.
fn acceptance() -> Option<PathBuf> {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .map(|folder| folder.join("shared/acceptance"))
        .find(|folder| folder.is_dir())
}

#[test]
fn every_acceptance_workflow_compiles() {
    let Some(folder) = acceptance() else {
        eprintln!("skipped: there is no folder `shared/acceptance` above this crate");
        return;
    };
    let mut programs = 0;
    for name in ["hello", "release", "incident", "outbound"] {
        let pack = load_folder(&folder.join(name)).unwrap();
        let compiled = compile_pack(&pack, &catalogue()).unwrap_or_else(|found| panic!("{found}"));
        // What this version cannot do yet is said; there is nothing else to say.
        let others: Vec<_> = compiled
            .warnings
            .iter()
            .filter(|warning| warning.code != "FLOW006")
            .collect();
        assert!(others.is_empty(), "{name}: {others:?}");
        programs += compiled.programs.len();
    }
    assert_eq!(programs, 5);
}
