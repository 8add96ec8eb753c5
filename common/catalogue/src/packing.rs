//! The files of a pack as one tar archive, for workers on other machines.
//!
//! Only regular files, in order of path, without times or owners: the same files give the same
//! bytes. A link to a file of the same pack is packed as that file; no other link is followed.

use bytes::Bytes;
use std::path::{Path, PathBuf};

/// Largest archive that is accepted.
const MAX_BYTES: u64 = 64 << 20;

/// Packs a folder.
///
/// # Errors
/// `std::io::Error` if a file cannot be read or all of them are more than 64 MiB.
pub(crate) fn pack(root: &Path) -> std::io::Result<Bytes> {
    let root = &root.canonicalize()?;
    let mut files = Vec::new();
    collect(root, root, &mut files)?;
    files.sort();
    let mut total = 0;
    let mut archive = tar::Builder::new(Vec::new());
    for path in files {
        let metadata = std::fs::metadata(&path)?;
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

/// The files below a folder, but those that the loader leaves out of the pack's hash too.
fn collect(root: &Path, folder: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        let hidden = entry.file_name().to_string_lossy().starts_with('.');
        if hidden {
            continue;
        }
        if kind.is_dir() {
            if entry.file_name() != "__pycache__" && entry.file_name() != "target" {
                collect(root, &entry.path(), files)?;
            }
        } else if kind.is_file() || (kind.is_symlink() && is_file_of(root, &entry.path())) {
            files.push(entry.path());
        }
    }
    Ok(())
}

fn is_file_of(root: &Path, link: &Path) -> bool {
    link.canonicalize()
        .is_ok_and(|target| target.starts_with(root) && target.is_file())
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn packs_links_within_the_pack_as_files_and_no_others() {
        let outside = tempfile::tempdir().unwrap();
        std::fs::write(outside.path().join("secret"), "s").unwrap();
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        std::fs::create_dir_all(root.join("target")).unwrap();
        std::fs::write(root.join("target/big"), "t").unwrap();
        std::fs::write(root.join("real.sh"), "echo hi").unwrap();
        symlink("real.sh", root.join("inner.sh")).unwrap();
        symlink(outside.path().join("secret"), root.join("outer")).unwrap();
        let packed = pack(root).unwrap();
        let mut archive = tar::Archive::new(packed.as_ref());
        let mut found = Vec::new();
        for entry in archive.entries().unwrap() {
            let mut entry = entry.unwrap();
            assert!(entry.header().entry_type().is_file());
            let path = entry.path().unwrap().display().to_string();
            let mut text = String::new();
            std::io::Read::read_to_string(&mut entry, &mut text).unwrap();
            found.push((path, text));
        }
        let hi = || "echo hi".to_owned();
        assert_eq!(
            found,
            [("inner.sh".to_owned(), hi()), ("real.sh".to_owned(), hi())]
        );
    }
}
