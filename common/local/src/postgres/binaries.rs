//! Where PostgreSQL's programs are.
//!
//! Owns the search: `ATTUNE_POSTGRES_BIN`, the versioned folders of Debian and Red Hat, `pg_config`,
//! `PATH`. The newest wins, unless there are data of an older version, which only that version reads.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use crate::{LocalError, Result};

const OLDEST: u32 = 15;

/// The programs of one installed version.
#[derive(Debug, Clone)]
pub(crate) struct Binaries {
    pub(crate) postgres: PathBuf,
    pub(crate) initdb: PathBuf,
    pub(crate) psql: PathBuf,
}

impl Binaries {
    /// The newest version, or exactly the one the data were made by.
    pub(crate) fn find(data_version: Option<&str>) -> Result<Self> {
        let wanted = data_version.and_then(|text| text.trim().parse::<u32>().ok());
        let mut found: Vec<(u32, PathBuf)> = candidates()
            .into_iter()
            .filter(|dir| {
                ["postgres", "initdb"]
                    .iter()
                    .all(|name| dir.join(name).is_file())
            })
            .filter_map(|dir| Some((version(&dir)?, dir)))
            .filter(|(version, _)| wanted.map_or(*version >= OLDEST, |wanted| *version == wanted))
            .collect();
        // Stable: among equals the first place searched wins.
        found.sort_by_key(|(version, _)| std::cmp::Reverse(*version));
        let Some((_, dir)) = found.into_iter().next() else {
            return Err(missing(wanted));
        };
        let psql = dir.join("psql");
        let psql = if psql.is_file() { psql } else { find_psql()? };
        Ok(Self {
            postgres: dir.join("postgres"),
            initdb: dir.join("initdb"),
            psql,
        })
    }
}

/// The client program alone, for a server that somebody else started.
pub(crate) fn find_psql() -> Result<PathBuf> {
    path_dirs()
        .into_iter()
        .chain(candidates())
        .map(|dir| dir.join("psql"))
        .find(|path| path.is_file())
        .ok_or_else(|| LocalError::NotInstalled {
            what: "psql".to_owned(),
            hint: "install the package postgresql-client".to_owned(),
        })
}

fn candidates() -> Vec<PathBuf> {
    let mut dirs: Vec<PathBuf> = std::env::var_os("ATTUNE_POSTGRES_BIN")
        .map(PathBuf::from)
        .into_iter()
        .collect();
    if let Ok(entries) = std::fs::read_dir("/usr/lib/postgresql") {
        dirs.extend(entries.flatten().map(|entry| entry.path().join("bin")));
    }
    if let Ok(entries) = std::fs::read_dir("/usr") {
        // Red Hat's packages: /usr/pgsql-17/bin.
        dirs.extend(
            entries
                .flatten()
                .filter(|entry| entry.file_name().to_string_lossy().starts_with("pgsql-"))
                .map(|entry| entry.path().join("bin")),
        );
    }
    if let Ok(output) = Command::new("pg_config").arg("--bindir").output() {
        dirs.push(PathBuf::from(
            String::from_utf8_lossy(&output.stdout).trim(),
        ));
    }
    dirs.extend(path_dirs());
    dirs
}

fn path_dirs() -> Vec<PathBuf> {
    std::env::var_os("PATH")
        .map(|path| std::env::split_paths(&path).collect())
        .unwrap_or_default()
}

/// The major version of the server in a folder.
fn version(dir: &Path) -> Option<u32> {
    // Debian names the folder after the version, which spares starting the program.
    if let Some(number) = dir
        .strip_prefix("/usr/lib/postgresql")
        .ok()
        .and_then(|rest| rest.iter().next()?.to_str()?.parse().ok())
    {
        return Some(number);
    }
    let output = Command::new(dir.join("postgres"))
        .arg("--version")
        .output()
        .ok()?;
    parse_version(&String::from_utf8_lossy(&output.stdout))
}

/// `postgres (PostgreSQL) 16.4 (Debian ...)` -> 16; betas say `17beta1`.
fn parse_version(text: &str) -> Option<u32> {
    let number = text.split_once(") ")?.1;
    let digits: String = number.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

fn missing(wanted: Option<u32>) -> LocalError {
    match wanted {
        Some(version) => LocalError::NotInstalled {
            what: format!("PostgreSQL {version}"),
            hint: format!(
                "the data in this directory were made by it; install postgresql-{version}, or \
                 remove the directory to start afresh"
            ),
        },
        None => LocalError::NotInstalled {
            what: format!("a PostgreSQL server, version {OLDEST} or later,"),
            hint: "install the package postgresql, or set ATTUNE_POSTGRES_BIN to its bin folder"
                .to_owned(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_versions() {
        assert_eq!(
            parse_version("postgres (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)"),
            Some(15)
        );
        assert_eq!(parse_version("postgres (PostgreSQL) 17beta1"), Some(17));
        assert_eq!(parse_version("something else"), None);
    }

    #[test]
    fn data_of_an_absent_version_are_refused() {
        let error = Binaries::find(Some("9\n")).unwrap_err().to_string();
        assert!(error.contains("PostgreSQL 9 is not installed"), "{error}");
    }
}
