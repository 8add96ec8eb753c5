//! The guide's examples: they are a pack, its workflows are right, its tests pass and cover all of them,
//! and the errors that it shows are those that come.

use crate::support::all_pass;
use attune_flow::check::{CompiledPack, compile_pack};
use attune_pack::{ActionDef, Diagnostics, PackSource, core_pack, from_files};
use attune_tryout::Library;
use attune_types::Ref;
use std::collections::BTreeMap;
use std::path::Path;

/// A block of the guide: what stands behind the fence, and its text.
struct Block {
    kind: String,
    text: String,
}

fn blocks() -> Vec<Block> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/guide/workflows.md");
    let page = std::fs::read_to_string(page).unwrap();
    let mut found = Vec::new();
    let mut open: Option<Block> = None;
    for line in page.lines() {
        match (open.take(), line.strip_prefix("```")) {
            (None, Some(kind)) => {
                let (kind, text) = (kind.to_owned(), String::new());
                open = Some(Block { kind, text });
            }
            (Some(block), Some(_)) => found.push(block),
            (Some(mut block), None) => {
                block.text.push_str(line);
                block.text.push('\n');
                open = Some(block);
            }
            (None, None) => {}
        }
    }
    found
}

/// The file that a block shows: its first line names it.
fn file(block: &Block) -> (String, String) {
    let (first, _) = block.text.split_once('\n').unwrap();
    let path = first
        .strip_prefix("# ")
        .unwrap_or_else(|| panic!("no file name: {first}"));
    (path.to_owned(), block.text.clone())
}

fn files() -> Vec<(String, String)> {
    let mut files: Vec<(String, String)> = blocks()
        .iter()
        .filter(|block| block.kind == "yaml")
        .map(file)
        .collect();
    files.push(("deploy.sh".to_owned(), "true\n".to_owned()));
    files
}

fn known() -> BTreeMap<Ref, ActionDef> {
    core_pack()
        .unwrap()
        .actions
        .into_iter()
        .map(|action| (action.reference.clone(), action))
        .collect()
}

fn checked(files: Vec<(String, String)>) -> Result<(PackSource, CompiledPack), Diagnostics> {
    let source = from_files(files)?;
    let compiled = compile_pack(&source, &known())?;
    Ok((source, compiled))
}

#[test]
fn the_files_of_the_guide_are_right_and_its_tests_pass() {
    let (source, compiled) = checked(files()).unwrap_or_else(|found| panic!("{found}"));
    assert!(compiled.warnings.is_empty(), "{:#?}", compiled.warnings);
    let mut library = Library::new();
    library.add_actions(known().into_values());
    library.add_pack(&source, compiled);
    let passed = all_pass(&library, &source);
    assert!(passed >= 15, "{passed}");
}

#[test]
fn the_errors_that_the_guide_shows_are_those_that_come() {
    let blocks = blocks();
    let mut shown = 0;
    for pair in blocks
        .windows(2)
        .filter(|pair| pair[0].kind == "yaml broken")
    {
        let mut all = files();
        all.push(file(&pair[0]));
        let found = checked(all).err().unwrap();
        assert_eq!(pair[1].kind, "text");
        assert_eq!(
            found.to_string().trim_end(),
            pair[1].text.trim_end(),
            "the guide shows other errors:\n{found}"
        );
        shown += 1;
    }
    assert!(shown > 0);
}
