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
    use attune_tryout::Library;
    use clap::ValueEnum as _;
    use std::collections::BTreeSet;

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

    /// The keys that the reader of test files names when it meets an unknown one in `what`.
    fn known(text: &str, what: &str) -> BTreeSet<String> {
        let found = match attune_tryout::parse_tests("t.yaml", text, &Library::new()) {
            Ok((_, found)) | Err(found) => found,
        };
        let said = format!("unknown key `zzqqzz` in {what}");
        let one = found.iter().find(|one| one.message == said);
        let one = one.unwrap_or_else(|| panic!("nothing said `{said}`: {found}"));
        let keys = one.help.as_deref().unwrap().strip_prefix("known keys: ");
        keys.unwrap().split(", ").map(str::to_owned).collect()
    }

    // The other kinds are held against their readers where the schemas are made.
    #[test]
    fn test_files_have_the_keys_that_their_reader_knows() {
        let schema = schema(Kind::Test);
        let keys = |definition: &str| -> BTreeSet<String> {
            let part = match definition {
                "" => &schema,
                name => &schema["definitions"][name],
            };
            let keys = part["properties"].as_object();
            let keys = keys.unwrap_or_else(|| panic!("{definition}")).keys();
            keys.cloned().collect()
        };
        let whole = "workflow: a.b\nzzqqzz: 1\n";
        let mut file = known(&format!("{whole}tests: []\n"), "a test file");
        file.extend(known(&format!("{whole}expect: {{}}\n"), "a test file"));
        assert_eq!(keys(""), file);
        let inner = [
            (
                "TestCase",
                "a test",
                "tests: [{name: t, expect: {}, zzqqzz: 1}]",
            ),
            ("TestEvent", "an event", "event: {zzqqzz: 1}"),
            ("Expect", "`expect`", "expect: {zzqqzz: 1}"),
            (
                "ExpectedError",
                "an expected error",
                "expect: {error: {zzqqzz: 1}}",
            ),
            (
                "Refusal",
                "a reason of a refusal",
                "expect: {errors: [{zzqqzz: 1}]}",
            ),
            ("Answer", "a mock", "mocks: {t: {result: 1, zzqqzz: 1}}"),
            (
                "MockedError",
                "an error",
                "mocks: {t: {error: {zzqqzz: 1}}}",
            ),
            (
                "ItemMocks",
                "a mock by items",
                "mocks: {t: {items: {}, zzqqzz: 1}}",
            ),
        ];
        for (definition, what, text) in inner {
            let found = known(&format!("workflow: a.b\n{text}\n"), what);
            assert_eq!(keys(definition), found, "{definition}");
        }
    }
}
