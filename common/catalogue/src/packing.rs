//! The files of a pack as one tar archive, for workers on other machines.
//!
//! Only regular files, in order of path, without times or owners: the same files give the same
//! bytes. Links are not followed and not packed.

use bytes::Bytes;
use std::path::{Path, PathBuf};

/// Largest archive that is accepted.
const MAX_BYTES: u64 = 64 << 20;

/// Packs a folder.
///
/// # Errors
/// `std::io::Error` if a file cannot be read or all of them are more than 64 MiB.
pub(crate) fn pack(root: &Path) -> std::io::Result<Bytes> {
    let mut files = Vec::new();
    collect(root, &mut files)?;
    files.sort();
    let mut total = 0;
    let mut archive = tar::Builder::new(Vec::new());
    for path in files {
        let metadata = std::fs::symlink_metadata(&path)?;
        total += metadata.len();
        if total > MAX_BYTES {
            return Err(std::io::Error::other(format!(
                "the pack's files are more than {} MiB",
                MAX_BYTES >> 20
            )));
        }
        let name = path.strip_prefix(root).map_err(std::io::Error::other)?;
        let mut header = tar::Header::new_gnu();
        header.set_size(metadata.len());
        header.set_mode(if executable(&metadata) { 0o755 } else { 0o644 });
        header.set_cksum();
        archive.append_data(&mut header, name, std::fs::File::open(&path)?)?;
    }
    Ok(Bytes::from(archive.into_inner()?))
}

#[cfg(unix)]
pub(crate) fn executable(metadata: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;
    metadata.permissions().mode() & 0o111 != 0
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        let hidden = entry.file_name().to_string_lossy().starts_with('.');
        if hidden || entry.file_name() == "__pycache__" {
            continue;
        }
        if kind.is_dir() {
            collect(&entry.path(), files)?;
        } else if kind.is_file() {
            files.push(entry.path());
        }
    }
    Ok(())
}
