//! Folders on disk: what the files are, what is refused, and the content hash.

use attune_pack::{Diagnostics, PackSource, load_folder};
use std::fs;
use std::path::Path;
use tempfile::TempDir;

fn write(root: &Path, path: &str, text: &str) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn good() -> TempDir {
    let folder = TempDir::new().unwrap();
    let root = folder.path();
    write(root, "pack.yaml", "ref: a\nversion: 1.0.0\n");
    write(root, "README.md", "# a\n");
    write(
        root,
        "actions/x.yaml",
        "ref: a.x\nrunner: shell\nentry_point: x.sh\n",
    );
    write(root, "actions/x.sh", "echo\n");
    write(
        root,
        "actions/y.yaml",
        "ref: a.y\nrunner: python\nentry_point: lib/y.py\n",
    );
    write(root, "lib/y.py", "print()\n");
    write(
        root,
        "actions/apart.yaml",
        "ref: a.apart\nrunner: workflow\nworkflow_file: workflows/apart.workflow.yaml\n",
    );
    write(root, "workflows/apart.workflow.yaml", "tasks: []\n");
    write(root, "workflows/whole.yaml", "ref: a.whole\ntasks: []\n");
    write(root, "tests/whole.yaml", "workflow: a.whole\n");
    folder
}

fn load(folder: &TempDir) -> Result<PackSource, Diagnostics> {
    load_folder(folder.path())
}

fn codes(folder: &TempDir) -> Vec<(String, String)> {
    let errors = load(folder).unwrap_err();
    errors
        .iter()
        .map(|found| (found.file.clone(), found.code.clone()))
        .collect()
}

#[test]
fn a_whole_pack_loads() {
    let folder = good();
    let pack = load(&folder).unwrap_or_else(|errors| panic!("{errors}"));
    let entries: Vec<_> = pack
        .actions
        .iter()
        .map(|action| (action.reference.name(), action.entry_point.as_deref()))
        .collect();
    assert_eq!(
        entries,
        [
            ("apart", None),
            ("x", Some("actions/x.sh")),
            ("y", Some("lib/y.py"))
        ]
    );
    let workflows: Vec<_> = pack
        .workflows
        .iter()
        .map(|file| {
            (
                file.path.as_str(),
                file.action.as_ref().map(ToString::to_string),
            )
        })
        .collect();
    assert_eq!(
        workflows,
        [
            ("workflows/apart.workflow.yaml", Some("a.apart".to_owned())),
            ("workflows/whole.yaml", None)
        ]
    );
    assert_eq!(pack.tests.len(), 1);
    assert_eq!(pack.readme.as_deref(), Some("# a\n"));
    assert_eq!(pack.root, folder.path().canonicalize().unwrap());
}

#[test]
fn the_hash_follows_every_file_and_nothing_else() {
    let folder = good();
    let first = load(&folder).unwrap().content_hash;
    assert_eq!(load(&good()).unwrap().content_hash, first);
    write(folder.path(), ".git/index", "x");
    write(folder.path(), "lib/__pycache__/y.pyc", "x");
    assert_eq!(load(&folder).unwrap().content_hash, first);
    write(folder.path(), "actions/x.sh", "echo changed\n");
    assert_ne!(load(&folder).unwrap().content_hash, first);
}

#[test]
fn a_folder_without_a_pack_says_so() {
    let folder = TempDir::new().unwrap();
    assert_eq!(
        codes(&folder),
        [("pack.yaml".to_owned(), "PACK016".to_owned())]
    );
    let errors = load_folder(&folder.path().join("nowhere")).unwrap_err();
    assert_eq!(errors.0[0].code, "PACK016");
}

#[cfg(unix)]
#[test]
fn links_out_of_the_folder_are_refused() {
    let folder = good();
    let outside = TempDir::new().unwrap();
    write(outside.path(), "secret.sh", "echo\n");
    fs::remove_file(folder.path().join("actions/x.sh")).unwrap();
    std::os::unix::fs::symlink(
        outside.path().join("secret.sh"),
        folder.path().join("actions/x.sh"),
    )
    .unwrap();
    assert_eq!(
        codes(&folder),
        [
            ("actions/x.sh".to_owned(), "PACK011".to_owned()),
            ("actions/x.yaml".to_owned(), "PACK011".to_owned()),
        ]
    );
}

#[cfg(unix)]
#[test]
fn links_inside_of_the_folder_are_fine() {
    let folder = good();
    fs::remove_file(folder.path().join("actions/x.sh")).unwrap();
    write(folder.path(), "lib/x.sh", "echo\n");
    std::os::unix::fs::symlink("../lib/x.sh", folder.path().join("actions/x.sh")).unwrap();
    assert!(load(&folder).is_ok());
}

#[test]
fn files_that_cannot_be_read_are_named() {
    let folder = good();
    fs::write(folder.path().join("rules.yaml"), [0xff]).unwrap();
    assert!(
        load(&folder).is_ok(),
        "a file at no known place is no definition"
    );
    fs::create_dir(folder.path().join("rules")).unwrap();
    fs::write(folder.path().join("rules/r.yaml"), [0xff, 0xfe]).unwrap();
    assert_eq!(
        codes(&folder),
        [("rules/r.yaml".to_owned(), "PACK001".to_owned())]
    );
    fs::write(folder.path().join("rules/r.yaml"), "x: y\n".repeat(60_000)).unwrap();
    assert_eq!(
        codes(&folder),
        [("rules/r.yaml".to_owned(), "PACK015".to_owned())]
    );
}

#[test]
fn a_nul_character_is_refused_where_it_stands() {
    let folder = good();
    for (text, place) in [("ref: a.r\nlabel: \"x\\0y\"\n", 2), ("\"a\\0b\": 1\n", 1)] {
        write(folder.path(), "rules/r.yaml", text);
        let found = load(&folder).unwrap_err();
        let nul = found
            .iter()
            .find(|one| one.message.contains("NUL"))
            .unwrap();
        assert_eq!(nul.code, "PACK002", "{found}");
        assert_eq!(nul.span.map(|span| span.line), Some(place));
    }
}

#[test]
fn what_is_packed_is_hashed() {
    let folder = good();
    let hash = || load(&folder).unwrap().content_hash;
    let before = hash();
    write(folder.path(), "target/x", "1");
    assert_eq!(hash(), before);
    write(folder.path(), "node_modules/x/index.js", "1");
    assert_ne!(hash(), before);
}

#[test]
fn folders_that_go_on_for_ever_are_refused() {
    let folder = good();
    write(folder.path(), &format!("{}x", "d/".repeat(20)), "1");
    let found = codes(&folder);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].1, "PACK015");
}

#[cfg(target_os = "linux")]
#[test]
fn the_files_of_the_kernel_are_no_pack() {
    assert!(load_folder(Path::new("/proc/self")).is_err());
}
