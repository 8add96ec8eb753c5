//! The packs that ship: their own tests pass, and cover their workflows. And every code has a page.

use crate::support::all_pass;
use attune_flow::check::compile_pack;
use attune_pack::{ActionDef, core_pack, load_folder};
use attune_tryout::Library;
use attune_types::Ref;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

fn here() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

#[test]
fn the_tests_of_the_packs_that_ship_pass() {
    let core = core_pack().unwrap().actions;
    let actions: BTreeMap<Ref, ActionDef> = core
        .iter()
        .map(|action| (action.reference.clone(), action.clone()))
        .collect();
    let mut tests = 0;
    for entry in std::fs::read_dir(here().join("../../packs")).unwrap() {
        let folder = entry.unwrap().path();
        if !folder.join("pack.yaml").is_file() {
            continue;
        }
        let source = load_folder(&folder).unwrap_or_else(|found| panic!("{found}"));
        let compiled = compile_pack(&source, &actions).unwrap_or_else(|found| panic!("{found}"));
        let mut library = Library::new();
        library.add_actions(core.clone());
        library.add_pack(&source, compiled);
        tests += all_pass(&library, &source);
    }
    assert!(tests > 3, "{tests}");
}

#[test]
fn every_code_has_a_page() {
    let text = std::fs::read_to_string(here().join("src/codes.rs")).unwrap();
    let codes: BTreeSet<&str> = text
        .split('"')
        .filter(|part| part.starts_with("TEST") && part.len() == 7)
        .collect();
    assert!(codes.len() > 6, "{codes:?}");
    for code in codes {
        let page = here().join(format!("../../docs/errors/{code}.md"));
        let page = std::fs::read_to_string(page).unwrap_or_else(|_| panic!("{code} has no page"));
        assert!(page.starts_with(&format!("# {code}: ")), "{code}");
    }
}
