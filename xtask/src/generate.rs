//! `cargo xtask generate`: the files in the repository that are made from the code.
//!
//! Owns which file comes from what. Writes only files that differ; `--check` writes none and fails if
//! any would be. The tests of the crates that the files come from hold the same.

use crate::repo;
use anyhow::{Context, Result};
use attune_authoring::{reference, schema};
use std::path::PathBuf;
use std::process::ExitCode;

/// Writes, or with `check` compares, every generated file.
pub(crate) fn run(check: bool) -> Result<ExitCode> {
    let root = repo::root()?;
    let mut stale = 0;
    for (file, text) in files()? {
        let path = root.join(&file);
        if std::fs::read_to_string(&path).is_ok_and(|kept| kept == text) {
            continue;
        }
        stale += 1;
        if check {
            eprintln!("{} is not what the code says", file.display());
            continue;
        }
        let folder = path.parent().context("a file has a folder")?;
        std::fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
        std::fs::write(&path, text).with_context(|| format!("writing {}", path.display()))?;
        println!("wrote {}", file.display());
    }
    if check && stale > 0 {
        eprintln!("generate: {stale} files are stale; run `cargo xtask generate`");
        return Ok(ExitCode::FAILURE);
    }
    println!("generate: the generated files are what the code says");
    Ok(ExitCode::SUCCESS)
}

/// Every generated file with its text.
fn files() -> Result<Vec<(PathBuf, String)>> {
    let mut files = Vec::new();
    for kind in schema::Kind::ALL {
        let word = kind.word();
        let mut text = serde_json::to_string_pretty(&schema::schema(kind))?;
        text.push('\n');
        files.push((
            PathBuf::from(format!("docs/schemas/{word}.schema.json")),
            text,
        ));
    }
    for (name, text) in reference::pages() {
        files.push((PathBuf::from("docs/reference").join(name), text));
    }
    Ok(files)
}
