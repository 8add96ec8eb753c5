//! What a path on the command line of an offline command means.
//!
//! Owns the step from a path to packs, parts of packs and single files. Reads names of files only.
//! Called by every `attune workflow` command that works on files; a path that means nothing is a usage
//! error.

use crate::error::{Attempt as _, CliError, Result};
use attune_pack::Diagnostics;
use std::path::{Path, PathBuf};

/// Folders of a pack that hold definitions.
const DEFINITIONS: [&str; 7] = [
    "actions",
    "policies",
    "rules",
    "sensors",
    "tests",
    "triggers",
    "workflows",
];

/// What a path stands for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// A pack's folder.
    Pack(PathBuf),
    /// A file or folder inside a pack: the pack is read, what concerns the part is meant.
    Part(PathBuf, String),
    /// A workflow that lies in no pack.
    File(PathBuf),
}

/// What a path means: a pack, a folder of packs, a part of a pack, a file, or a folder `workflows`.
///
/// # Errors
/// [`CliError::Usage`] if it is none of them.
pub(super) fn targets(path: &Path) -> Result<Vec<Target>> {
    if !path.exists() {
        let missing = format!("there is no file or folder `{}`", path.display());
        return Err(CliError::Usage(missing));
    }
    let path = path
        .canonicalize()
        .attempt(|| format!("finding {}", path.display()))?;
    if is_pack(&path) {
        return Ok(vec![Target::Pack(path)]);
    }
    if path.is_dir() {
        let packs = packs_of(&path)?;
        if !packs.is_empty() {
            return Ok(packs.into_iter().map(Target::Pack).collect());
        }
    }
    let pack = path.ancestors().skip(1).find(|folder| is_pack(folder));
    if let Some(pack) = pack {
        let inside = path.strip_prefix(pack).unwrap_or(&path);
        let part = inside.display().to_string();
        return Ok(vec![Target::Part(pack.to_owned(), part)]);
    }
    if path.is_dir() {
        let workflows = path.file_name().is_some_and(|name| name == "workflows");
        let files = if workflows {
            yaml_in(&path)?
        } else {
            Vec::new()
        };
        if files.is_empty() {
            return Err(CliError::Usage(format!(
                "{} is neither a pack nor a folder of packs: there is no `pack.yaml`",
                path.display()
            )));
        }
        return Ok(files.into_iter().map(Target::File).collect());
    }
    Ok(vec![Target::File(path)])
}

fn is_pack(folder: &Path) -> bool {
    folder.join("pack.yaml").is_file()
}

/// The packs in a folder, or in the folder `packs` in it.
fn packs_of(folder: &Path) -> Result<Vec<PathBuf>> {
    let packs = packs_in(folder)?;
    let below = folder.join("packs");
    if packs.is_empty() && below.is_dir() {
        return packs_in(&below);
    }
    Ok(packs)
}

/// The packs that lie in a folder.
///
/// # Errors
/// If the folder cannot be read.
pub(super) fn packs_in(folder: &Path) -> Result<Vec<PathBuf>> {
    let packs = entries(folder)?.into_iter();
    Ok(packs.filter(|path| is_pack(path)).collect())
}

/// The files of a folder that may hold definitions.
pub(super) fn yaml_in(folder: &Path) -> Result<Vec<PathBuf>> {
    let files = entries(folder)?.into_iter();
    Ok(files
        .filter(|path| path.is_file() && is_yaml(path))
        .collect())
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    let reading = || format!("reading {}", folder.display());
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).attempt(reading)? {
        found.push(entry.attempt(reading)?.path());
    }
    found.sort();
    Ok(found)
}

fn is_yaml(path: &Path) -> bool {
    let ending = path.extension().and_then(|ending| ending.to_str());
    matches!(ending, Some("yaml" | "yml" | "json"))
}

/// Whether a part of a pack is or holds that file.
pub(super) fn holds(part: &str, file: &str) -> bool {
    file.strip_prefix(part)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// What kind of definition a file of a pack is: the folder that it lies in. None: it is read as no
/// part of the pack.
pub(super) fn kind_of(file: &str) -> Option<&str> {
    if file == "pack.yaml" {
        return Some(file);
    }
    let (folder, name) = file.split_once('/')?;
    let read = DEFINITIONS.contains(&folder) && !name.contains('/') && is_yaml(Path::new(name));
    read.then_some(folder)
}

/// A path as it is written from here.
pub(super) fn shown(path: &Path) -> String {
    let here = std::env::current_dir().unwrap_or_default();
    let below = path.strip_prefix(&here).unwrap_or(path);
    if below.as_os_str().is_empty() {
        return ".".to_owned();
    }
    below.display().to_string()
}

/// The same with paths that a person can open from here.
pub(super) fn placed(folder: &Path, mut found: Diagnostics) -> Diagnostics {
    for one in &mut found.0 {
        one.file = shown(&folder.join(&one.file));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn write(root: &Path, files: &[&str]) {
        for file in files {
            let path = root.join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
    }

    #[test]
    fn paths_mean_packs_parts_and_files() {
        let temp = tempfile::tempdir().unwrap();
        let root = temp.path().canonicalize().unwrap();
        let files = [
            "repo/packs/p/pack.yaml",
            "repo/packs/p/workflows/w.yaml",
            "loose/workflows/x.yaml",
            "loose/workflows/y.json",
            "loose/workflows/notes.txt",
            "other/z.yaml",
        ];
        write(&root, &files);
        let pack = root.join("repo/packs/p");
        let of = |path: &str| targets(&root.join(path)).unwrap();
        for path in ["repo", "repo/packs", "repo/packs/p"] {
            assert_eq!(of(path), [Target::Pack(pack.clone())], "{path}");
        }
        let part = |inside: &str| [Target::Part(pack.clone(), inside.to_owned())];
        assert_eq!(of("repo/packs/p/workflows"), part("workflows"));
        assert_eq!(
            of("repo/packs/p/workflows/w.yaml"),
            part("workflows/w.yaml")
        );
        let loose = root.join("loose/workflows");
        let both = ["x.yaml", "y.json"].map(|name| Target::File(loose.join(name)));
        assert_eq!(of("loose/workflows"), both);
        let single = root.join("other/z.yaml");
        assert_eq!(of("other/z.yaml"), [Target::File(single)]);
        for nothing in ["other", "none", "none.yaml"] {
            let error = targets(&root.join(nothing)).unwrap_err();
            assert_eq!(error.exit_code(), 2, "{nothing}: {error}");
        }
    }

    #[test]
    fn parts_hold_files_by_whole_names() {
        assert!(holds("workflows", "workflows/a.yaml"));
        assert!(holds("workflows/a.yaml", "workflows/a.yaml"));
        assert!(!holds("work", "workflows/a.yaml"));
        assert_eq!(kind_of("workflows/a.yaml"), Some("workflows"));
        assert_eq!(kind_of("pack.yaml"), Some("pack.yaml"));
        for other in ["README.md", "drafts/a.yaml", "workflows/x/a.yaml"] {
            assert_eq!(kind_of(other), None);
        }
    }
}
