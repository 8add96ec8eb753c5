//! `cargo xtask layers`: who may import whom, and which room an outside crate stays in.
//!
//! Owns the comparison of `cargo metadata` with the table in `layers/table.rs`. Reads manifests only, never source.
//! Called by `make check`. Every breach is printed with the crate, the import and what to do; one breach fails it.

use std::fmt;
use std::process::ExitCode;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::repo;

mod table;
#[cfg(test)]
mod tests;

use table::{LAYERS, PURE, ROOMS, TEST_ONLY};

/// One dependency of one crate of ours, as its manifest has it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Import {
    from: String,
    to: String,
    dev: bool,
}

/// An import that the table does not allow, or a crate that the table does not know.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Breach {
    /// A crate of the workspace without a row.
    NotInTable { name: String },
    /// A crate of ours imports another that it may not see.
    Layer {
        import: Import,
        may: &'static [&'static str],
    },
    /// A crate that is for tests is imported by the product.
    TestOnly { import: Import },
    /// An outside crate is imported outside of its room.
    Room {
        import: Import,
        rooms: &'static [&'static str],
        why: &'static str,
    },
    /// A pure crate imports something that acts on the world.
    Impure { import: Import },
}

impl fmt::Display for Breach {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotInTable { name } => write!(
                out,
                "{name} has no row in the table of layers; give it one in xtask/src/layers/table.rs and in docs/ARCHITECTURE.md"
            ),
            Self::Layer { import, may } => write!(
                out,
                "{} must not import {} (it may import: {}); move what is needed down into a crate that both may see, \
                 or pass it in as an argument or a port",
                import.from,
                import.to,
                if may.is_empty() {
                    "none of ours".to_owned()
                } else {
                    may.join(", ")
                }
            ),
            Self::TestOnly { import } => write!(
                out,
                "{} must not import {}, which is for tests; put it under [dev-dependencies]",
                import.from, import.to
            ),
            Self::Room { import, rooms, why } => write!(
                out,
                "{} must not import {}: {why}; it belongs in {} - use what that crate offers, or extend it there",
                import.from,
                import.to,
                rooms.join(", ")
            ),
            Self::Impure { import } => write!(
                out,
                "{} is pure and must not import {}; take the time, the id or the bytes as an argument instead",
                import.from, import.to
            ),
        }
    }
}

/// Checks the workspace on disk.
///
/// # Errors
/// When cargo cannot read the workspace.
pub(crate) fn run() -> Result<ExitCode> {
    let metadata = repo::metadata()?;
    let breaches = check(&metadata)?;
    for breach in &breaches {
        eprintln!("layers: {breach}");
    }
    if breaches.is_empty() {
        println!(
            "layers: {} crates keep to the table",
            names(&metadata)?.len()
        );
        return Ok(ExitCode::SUCCESS);
    }
    eprintln!("layers: {} breaches", breaches.len());
    Ok(ExitCode::FAILURE)
}

/// All breaches in what `cargo metadata --no-deps` says, in the order of the crates.
fn check(metadata: &Value) -> Result<Vec<Breach>> {
    let ours = names(metadata)?;
    let mut breaches: Vec<Breach> = ours
        .iter()
        .filter(|name| row(name).is_none())
        .map(|name| Breach::NotInTable { name: name.clone() })
        .collect();
    for import in imports(metadata)? {
        breaches.extend(if ours.contains(&import.to) {
            inside(import)
        } else {
            outside(import)
        });
    }
    Ok(breaches)
}

/// Judges an import of one crate of ours by another. A crate without a row is reported once, elsewhere.
fn inside(import: Import) -> Option<Breach> {
    let may = row(&import.from)?;
    if may.contains(&import.to.as_str()) {
        return None;
    }
    if TEST_ONLY.contains(&import.to.as_str()) {
        return (!import.dev).then_some(Breach::TestOnly { import });
    }
    Some(Breach::Layer { import, may })
}

/// Judges an import of an outside crate. Tests may use what they need.
fn outside(import: Import) -> Option<Breach> {
    if import.dev {
        return None;
    }
    if let Some(room) = ROOMS.iter().find(|room| room.holds == import.to)
        && !room.crates.contains(&import.from.as_str())
    {
        return Some(Breach::Room {
            import,
            rooms: room.crates,
            why: room.why,
        });
    }
    (PURE.crates.contains(&import.from.as_str()) && PURE.without.contains(&import.to.as_str()))
        .then_some(Breach::Impure { import })
}

/// What a crate may import of ours, if the table knows it.
fn row(name: &str) -> Option<&'static [&'static str]> {
    LAYERS
        .iter()
        .find(|layer| layer.name == name)
        .map(|layer| layer.may)
}

fn packages(metadata: &Value) -> Result<&Vec<Value>> {
    metadata["packages"]
        .as_array()
        .context("cargo metadata has no packages")
}

fn text(value: &Value, field: &str) -> Result<String> {
    Ok(value[field]
        .as_str()
        .with_context(|| format!("cargo metadata has a package or dependency without {field}"))?
        .to_owned())
}

fn names(metadata: &Value) -> Result<Vec<String>> {
    packages(metadata)?
        .iter()
        .map(|package| text(package, "name"))
        .collect()
}

fn imports(metadata: &Value) -> Result<Vec<Import>> {
    let mut all = Vec::new();
    for package in packages(metadata)? {
        let from = text(package, "name")?;
        for dependency in package["dependencies"]
            .as_array()
            .context("a package without dependencies")?
        {
            let dev = dependency["kind"].as_str() == Some("dev");
            all.push(Import {
                from: from.clone(),
                to: text(dependency, "name")?,
                dev,
            });
        }
    }
    Ok(all)
}
