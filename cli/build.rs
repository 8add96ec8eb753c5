//! Puts the pages of `docs/errors` into the binary: the reports of `attune workflow validate` carry the
//! explanation of each code with them.
//!
//! Writes one list, code by code. A page that cannot be read ends the build with its name.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let here = PathBuf::from(variable("CARGO_MANIFEST_DIR")?);
    let pages = here.join("../docs/errors");
    println!("cargo::rerun-if-changed={}", pages.display());
    let list = list(&pages)?;
    fs::write(Path::new(&variable("OUT_DIR")?).join("pages.rs"), list)
}

fn variable(name: &str) -> io::Result<String> {
    env::var(name).map_err(io::Error::other)
}

/// `&[("FLOW001", "# FLOW001: ..."), ...]`
fn list(folder: &Path) -> io::Result<String> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        files.push(entry?.path());
    }
    files.sort();
    let mut list = String::from("&[\n");
    for file in files {
        let stem = file.file_stem().unwrap_or_default().to_string_lossy();
        if file.extension().is_none_or(|kind| kind != "md") || stem == "README" {
            continue;
        }
        let text = fs::read_to_string(&file)?;
        // Text cannot fail to be written into text.
        let _ = writeln!(list, "    ({stem:?}, {text:?}),");
    }
    list.push_str("]\n");
    Ok(list)
}
