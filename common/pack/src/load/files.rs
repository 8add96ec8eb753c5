//! The files of a pack's folder: which there are, the texts of definitions, and the hash of all.
//!
//! Owns the only IO of this crate. Never follows a link out of the folder, never reads more than
//! the limits allow. What cannot be read is a diagnostic; only a folder that is not there ends it.

use super::unread;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::yaml::MAX_BYTES;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

/// The most files of one pack; `node_modules` alone may have thousands.
const MAX_FILES: usize = 20_000;
/// The most entries that are looked at: files, folders, links.
const MAX_ENTRIES: usize = 40_000;
/// The most links that lead out of the folder which are told one by one.
const MAX_ESCAPES: usize = 20;
/// The most bytes of one pack.
const MAX_TOTAL: u64 = 64 * 1024 * 1024;
/// The deepest folder.
const MAX_DEPTH: usize = 16;
/// Folders that are made by tools and belong to no pack. Whoever packs the files leaves out the same,
/// so that the hash stands for all that is packed.
const SKIPPED: &[&str] = &["__pycache__", "target"];

/// Folders whose files are definitions.
pub(super) const FOLDERS: [&str; 7] = [
    "actions",
    "workflows",
    "triggers",
    "sensors",
    "rules",
    "policies",
    "tests",
];
/// How the names of definitions end.
pub(super) const ENDINGS: [&str; 3] = [".yaml", ".yml", ".json"];

/// What the folder holds.
pub(super) struct Files {
    /// The folder, absolute; empty when there is none.
    pub(super) root: PathBuf,
    /// Texts of definitions and of the README, by path relative to the folder.
    pub(super) texts: BTreeMap<String, String>,
    /// Warnings about definitions that lie where none is read.
    pub(super) unread: Diagnostics,
    /// All files, by path.
    pub(super) paths: BTreeSet<String>,
    /// Links that lead out of the folder, by path.
    pub(super) escapes: BTreeSet<String>,
    /// SHA-256 over all paths and contents.
    pub(super) hash: String,
}

impl Files {
    /// Files that are not on disk.
    pub(super) fn in_memory<P, T>(texts: impl IntoIterator<Item = (P, T)>) -> Self
    where
        P: Into<String>,
        T: Into<String>,
    {
        let texts: BTreeMap<String, String> = texts
            .into_iter()
            .map(|(path, text)| (path.into(), text.into()))
            .collect();
        let mut hasher = Sha256::new();
        for (path, text) in &texts {
            add(&mut hasher, path, text.as_bytes());
        }
        let unread = texts
            .iter()
            .filter(|(path, _)| unread::may_be(path))
            .filter_map(|(path, text)| unread::told(path, text))
            .collect();
        Self {
            root: PathBuf::new(),
            unread: Diagnostics(unread),
            paths: texts.keys().cloned().collect(),
            escapes: BTreeSet::new(),
            hash: hex::encode(hasher.finalize()),
            texts,
        }
    }

    /// Files of a folder.
    pub(super) fn read(folder: &Path, found: &mut Diagnostics) -> Result<Self, Diagnostics> {
        let shown = folder.display().to_string();
        let root = match folder.canonicalize() {
            Ok(root) if root.is_dir() => root,
            Ok(_) => return Err(Diagnostic::error("PACK016", &shown, "this is no folder").into()),
            Err(error) => {
                let message = format!("the pack's folder cannot be opened: {error}");
                return Err(Diagnostic::error("PACK016", &shown, message).into());
            }
        };
        let mut walk = Walk {
            root: &root,
            found,
            paths: BTreeMap::new(),
            escapes: BTreeSet::new(),
            entries: 0,
        };
        walk.folder(&root, "", 0);
        let Walk {
            paths,
            escapes,
            entries,
            ..
        } = walk;
        if paths.len() > MAX_FILES || entries > MAX_ENTRIES {
            let message = format!("the pack has more than {MAX_FILES} files");
            return Err(Diagnostic::error("PACK015", &shown, message).into());
        }
        let mut files = Self {
            root: root.clone(),
            texts: BTreeMap::new(),
            unread: Diagnostics::new(),
            paths: paths.keys().cloned().collect(),
            escapes,
            hash: String::new(),
        };
        files.contents(&paths, found);
        Ok(files)
    }

    /// Hashes every file and keeps the texts of those that are read.
    fn contents(&mut self, paths: &BTreeMap<String, PathBuf>, found: &mut Diagnostics) {
        let mut hasher = Sha256::new();
        let mut left = MAX_TOTAL;
        for (path, real) in paths {
            let bytes = match read(real, left) {
                Ok(Some(bytes)) => bytes,
                Ok(None) => {
                    let message = format!("the pack has more than {MAX_TOTAL} bytes of files");
                    found.push(Diagnostic::error("PACK015", path, message));
                    break;
                }
                Err(error) => {
                    found.push(Diagnostic::error(
                        "PACK001",
                        path,
                        format!("cannot be read: {error}"),
                    ));
                    continue;
                }
            };
            left -= bytes.len() as u64;
            add(&mut hasher, path, &bytes);
            if is_text(path) {
                match String::from_utf8(bytes) {
                    Ok(text) if path != "README.md" || text.len() <= MAX_BYTES => {
                        self.texts.insert(path.clone(), text);
                    }
                    Ok(_) => {}
                    Err(_) => found.push(Diagnostic::error(
                        "PACK001",
                        path,
                        "the file is not UTF-8 text",
                    )),
                }
            } else if unread::may_be(path) {
                let text = std::str::from_utf8(&bytes).unwrap_or_default();
                self.unread.0.extend(unread::told(path, text));
            }
        }
        self.hash = hex::encode(hasher.finalize());
    }

    /// Definitions directly in a folder: path and text, in the order of names.
    pub(super) fn under<'f>(&'f self, folder: &'f str) -> impl Iterator<Item = (&'f str, &'f str)> {
        self.texts
            .iter()
            .filter(move |(path, _)| is_definition(path) && path.split('/').next() == Some(folder))
            .map(|(path, text)| (path.as_str(), text.as_str()))
    }
}

/// A file of at most `most` bytes, nothing if it has more. What the system says of its size is not
/// trusted: files of the kernel claim to be empty and go on for ever.
fn read(path: &Path, most: u64) -> std::io::Result<Option<Vec<u8>>> {
    let file = fs::File::open(path)?;
    if file.metadata()?.len() > most {
        return Ok(None);
    }
    let mut bytes = Vec::new();
    file.take(most + 1).read_to_end(&mut bytes)?;
    Ok((bytes.len() as u64 <= most).then_some(bytes))
}

fn add(hasher: &mut Sha256, path: &str, bytes: &[u8]) {
    // Lengths keep one file's end from being read as the next one's beginning.
    hasher.update(format!("{path}\n{}\n", bytes.len()));
    hasher.update(bytes);
}

/// Files whose text is kept: definitions at their places, and the README.
fn is_text(path: &str) -> bool {
    path == "README.md"
        || path == "pack.yaml"
        || (is_definition(path) && FOLDERS.contains(&path.split('/').next().unwrap_or_default()))
}

/// `folder/name.yaml`, also `.yml` and `.json`.
pub(super) fn is_definition(path: &str) -> bool {
    let parts: Vec<&str> = path.split('/').collect();
    parts.len() == 2 && ENDINGS.iter().any(|end| path.ends_with(end))
}

struct Walk<'w> {
    root: &'w Path,
    found: &'w mut Diagnostics,
    paths: BTreeMap<String, PathBuf>,
    escapes: BTreeSet<String>,
    entries: usize,
}

impl Walk<'_> {
    fn folder(&mut self, folder: &Path, prefix: &str, depth: usize) {
        let entries = match fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) => {
                let message = format!("the folder cannot be read: {error}");
                self.found
                    .push(Diagnostic::error("PACK001", prefix, message));
                return;
            }
        };
        for entry in entries.flatten() {
            let Ok(name) = entry.file_name().into_string() else {
                continue;
            };
            if name.starts_with('.') {
                continue;
            }
            self.entries += 1;
            if self.paths.len() > MAX_FILES || self.entries > MAX_ENTRIES {
                return;
            }
            let path = if prefix.is_empty() {
                name.clone()
            } else {
                format!("{prefix}/{name}")
            };
            self.entry(&entry.path(), &name, path, depth);
        }
    }

    fn entry(&mut self, real: &Path, name: &str, path: String, depth: usize) {
        let Ok(meta) = fs::symlink_metadata(real) else {
            return;
        };
        if meta.is_dir() {
            if SKIPPED.contains(&name) {
                return;
            }
            if depth < MAX_DEPTH {
                self.folder(real, &path, depth + 1);
            } else {
                let message = format!("folders are nested deeper than {MAX_DEPTH} levels");
                self.found
                    .push(Diagnostic::error("PACK015", &path, message));
            }
        } else if meta.is_file() {
            self.paths.insert(path, real.to_owned());
        } else if meta.is_symlink() {
            match real.canonicalize() {
                Ok(target) if target.starts_with(self.root) && target.is_file() => {
                    self.paths.insert(path, target);
                }
                Ok(target) if target.starts_with(self.root) => {}
                _ => {
                    if self.escapes.len() < MAX_ESCAPES {
                        let message = "this link leads out of the pack's folder, or nowhere";
                        self.found.push(
                            Diagnostic::error("PACK011", &path, message)
                                .help("put the file itself into the pack"),
                        );
                    }
                    self.escapes.insert(path);
                }
            }
        }
    }
}
