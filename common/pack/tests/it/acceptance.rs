//! The acceptance packs load without a word, where their folder is there.

use attune_pack::{Runner, load_folder};
use std::path::{Path, PathBuf};

/// `shared/acceptance` beside one of the folders above this crate.
fn acceptance() -> Option<PathBuf> {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .map(|folder| folder.join("shared/acceptance"))
        .find(|folder| folder.is_dir())
}

#[test]
fn all_acceptance_packs_load() {
    let Some(folder) = acceptance() else {
        eprintln!("no acceptance packs here; nothing to look at");
        return;
    };
    let mut seen = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.join("pack.yaml").is_file() {
            let pack = load_folder(&path).unwrap_or_else(|errors| panic!("{errors}"));
            assert_eq!(
                path.file_name().and_then(|name| name.to_str()),
                Some(pack.def.reference.as_str())
            );
            assert!(!pack.workflows.is_empty());
            for action in pack
                .actions
                .iter()
                .filter(|action| action.runner.runs_a_file())
            {
                let entry = action.entry_point.as_ref().unwrap();
                assert!(pack.root.join(entry).is_file(), "{entry}");
                assert_ne!(action.runner, Runner::Workflow);
            }
            seen += 1;
        }
    }
    assert!(seen > 0);
}
