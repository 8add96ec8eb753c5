//! The files of pack versions on this machine's disk, by content hash, for whoever runs them.
//!
//! Fetched once from the store and unpacked beside the final place, then renamed into it: a folder
//! that stands is whole, also when several processes share it. Unpacks only plain files and folders
//! below the target: links, devices, absolute paths and `..` are refused.

use attune_port::{CatalogueStore, StoreError};
use bytes::Bytes;
use std::collections::HashMap;
use std::io::Read;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use tokio::sync::Mutex;

/// Bytes that one pack may unpack to.
const MOST_BYTES: u64 = 256 << 20;
/// Files in one pack.
const MOST_FILES: usize = 20_000;

/// Why a pack's files are not to be had.
#[derive(Debug, thiserror::Error)]
pub enum FilesError {
    /// The store failed; later it may answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// No pack version has that hash.
    #[error("no pack version has the content hash {0}")]
    Unknown(String),
    /// The archive holds something that is not accepted.
    #[error("the pack's archive is refused: {0}")]
    Refused(String),
    /// The disk failed.
    #[error("the pack's files could not be unpacked: {0}")]
    Disk(#[from] std::io::Error),
}

/// Unpacked pack versions below one folder.
pub struct PackFiles {
    store: Arc<dyn CatalogueStore>,
    root: PathBuf,
    /// One lock per hash, so that a version is fetched once however many ask.
    loading: Mutex<HashMap<String, Arc<Mutex<()>>>>,
}

impl PackFiles {
    /// Keeps unpacked versions below `root`.
    pub fn new(store: Arc<dyn CatalogueStore>, root: PathBuf) -> Self {
        Self {
            store,
            root,
            loading: Mutex::default(),
        }
    }

    /// The folder of the pack version with that content hash.
    ///
    /// # Errors
    /// [`FilesError`] says whether it is unknown, refused, or could not be had now.
    pub async fn folder(&self, content_hash: &str) -> Result<PathBuf, FilesError> {
        if content_hash.is_empty() || !content_hash.bytes().all(|b| b.is_ascii_alphanumeric()) {
            return Err(FilesError::Unknown(content_hash.to_owned()));
        }
        let target = self.root.join(content_hash);
        if tokio::fs::try_exists(&target).await? {
            return Ok(target);
        }
        let lock = {
            let mut loading = self.loading.lock().await;
            Arc::clone(loading.entry(content_hash.to_owned()).or_default())
        };
        let _one_at_a_time = lock.lock().await;
        if tokio::fs::try_exists(&target).await? {
            return Ok(target);
        }
        let archive = self
            .store
            .archive(content_hash)
            .await?
            .ok_or_else(|| FilesError::Unknown(content_hash.to_owned()))?;
        let beside = self
            .root
            .join(format!(".{content_hash}.{}", uuid::Uuid::new_v4()));
        let folder = target.clone();
        tokio::task::spawn_blocking(move || place(&archive, &beside, &folder))
            .await
            .map_err(|error| FilesError::Disk(std::io::Error::other(error)))??;
        Ok(target)
    }
}

fn place(archive: &Bytes, beside: &Path, target: &Path) -> Result<(), FilesError> {
    std::fs::create_dir_all(beside)?;
    let unpacked = unpack(archive, beside);
    let placed = unpacked.and_then(|()| match std::fs::rename(beside, target) {
        // Another process was quicker; its folder is the same.
        Err(_) if target.exists() => Ok(()),
        other => other.map_err(FilesError::from),
    });
    // Gone after the rename; a leftover otherwise.
    drop(std::fs::remove_dir_all(beside));
    placed
}

fn unpack(archive: &Bytes, folder: &Path) -> Result<(), FilesError> {
    let mut archive = tar::Archive::new(archive.as_ref());
    let mut left = MOST_BYTES;
    for (number, entry) in archive.entries()?.enumerate() {
        let entry = entry?;
        if number >= MOST_FILES {
            return Err(FilesError::Refused(format!("more than {MOST_FILES} files")));
        }
        let path = entry.path()?.into_owned();
        let plain = path
            .components()
            .all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
        if !plain {
            return Err(FilesError::Refused(format!("the path {}", path.display())));
        }
        let kind = entry.header().entry_type();
        let target = folder.join(&path);
        if kind.is_dir() {
            std::fs::create_dir_all(&target)?;
            continue;
        }
        if !kind.is_file() {
            return Err(FilesError::Refused(format!(
                "{} is neither a file nor a folder",
                path.display()
            )));
        }
        if let Some(parent) = target.parent() {
            std::fs::create_dir_all(parent)?;
        }
        let executable = entry.header().mode().unwrap_or(0o644) & 0o111 != 0;
        // Counted by what is read, not by what the header says.
        let mut limited = entry.take(left + 1);
        let mut file = std::fs::File::create(&target)?;
        let written = std::io::copy(&mut limited, &mut file)?;
        left = left.checked_sub(written).ok_or_else(|| {
            FilesError::Refused(format!("it unpacks to more than {} MiB", MOST_BYTES >> 20))
        })?;
        set_mode(&target, executable)?;
    }
    Ok(())
}

#[cfg(unix)]
fn set_mode(path: &Path, executable: bool) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let mode = if executable { 0o755 } else { 0o644 };
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tar_with(path: &str, kind: tar::EntryType, content: &[u8]) -> Bytes {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o755);
        header.set_entry_type(kind);
        // Written raw: the builder itself refuses some of the paths that an attacker would use.
        header.as_old_mut().name[..path.len()].copy_from_slice(path.as_bytes());
        header.set_cksum();
        let mut builder = tar::Builder::new(Vec::new());
        builder.append(&header, content).unwrap();
        Bytes::from(builder.into_inner().unwrap())
    }

    #[test]
    fn unpacks_plain_files_with_their_mode() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("hash");
        let archive = tar_with("actions/run.sh", tar::EntryType::Regular, b"echo hi");
        place(&archive, &folder.path().join(".new"), &target).unwrap();
        let file = target.join("actions/run.sh");
        assert_eq!(std::fs::read(&file).unwrap(), b"echo hi");
        assert!(crate::packing::executable(
            &std::fs::metadata(file).unwrap()
        ));
        assert!(!folder.path().join(".new").exists());
    }

    #[test]
    fn refuses_what_leads_out_of_the_folder() {
        let cases = [
            ("../out", tar::EntryType::Regular),
            ("/etc/out", tar::EntryType::Regular),
            ("a/../../out", tar::EntryType::Regular),
            ("link", tar::EntryType::Symlink),
            ("hard", tar::EntryType::Link),
            ("device", tar::EntryType::Char),
        ];
        for (path, kind) in cases {
            let folder = tempfile::tempdir().unwrap();
            let target = folder.path().join("hash");
            let refused = place(
                &tar_with(path, kind, b""),
                &folder.path().join(".new"),
                &target,
            );
            assert!(matches!(refused, Err(FilesError::Refused(_))), "{path}");
            assert!(!target.exists());
        }
    }
}
