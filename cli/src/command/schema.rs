//! `attune schema`: the JSON Schemas of the files of packs, for editors.
//!
//! The schemas are part of this program, so that they fit what it accepts.

use crate::args::SchemaKind;
use crate::error::{Attempt as _, CliError, Result};
use crate::output;
use attune_authoring::schema::{Kind, schema};
use std::path::Path;

/// Prints one, or writes all.
///
/// # Errors
/// If a file cannot be written.
pub(super) fn run(kind: Option<SchemaKind>, dir: Option<&Path>) -> Result<()> {
    if let Some(kind) = kind {
        output::line(text(of(kind))?.trim_end());
    }
    let Some(dir) = dir else { return Ok(()) };
    std::fs::create_dir_all(dir).attempt(|| format!("making {}", dir.display()))?;
    for kind in Kind::ALL {
        let file = dir.join(format!("{}.schema.json", kind.word()));
        std::fs::write(&file, text(kind)?).attempt(|| format!("writing {}", file.display()))?;
        output::line(&file.display().to_string());
    }
    Ok(())
}

fn text(kind: Kind) -> Result<String> {
    let text = serde_json::to_string_pretty(&schema(kind))
        .map_err(|error| CliError::Service(format!("the schema of a {}: {error}", kind.word())))?;
    Ok(text + "\n")
}

fn of(kind: SchemaKind) -> Kind {
    match kind {
        SchemaKind::Pack => Kind::Pack,
        SchemaKind::Action => Kind::Action,
        SchemaKind::Workflow => Kind::Workflow,
        SchemaKind::Trigger => Kind::Trigger,
        SchemaKind::Sensor => Kind::Sensor,
        SchemaKind::Rule => Kind::Rule,
        SchemaKind::Policy => Kind::Policy,
        SchemaKind::Test => Kind::Test,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::ValueEnum as _;

    #[test]
    fn every_kind_has_a_word_and_a_file() {
        assert_eq!(SchemaKind::value_variants().len(), Kind::ALL.len());
        let temp = tempfile::tempdir().unwrap();
        let dir = temp.path().join("schemas");
        run(None, Some(&dir)).unwrap();
        for kind in SchemaKind::value_variants() {
            let word = kind.to_possible_value().unwrap().get_name().to_owned();
            assert_eq!(of(*kind).word(), word);
            let text = std::fs::read_to_string(dir.join(format!("{word}.schema.json"))).unwrap();
            assert!(text.contains("draft-07"), "{text}");
        }
    }
}
