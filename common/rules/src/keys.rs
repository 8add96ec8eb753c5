//! The keys that a rule reads: named by literal texts, so that they are known before it is evaluated,
//! and plain, since what a rule passes on is stored with the run.

use attune_template::{ErrorKind, KeyRef, Root, Target, Template, TemplateError};
use std::collections::BTreeSet;

/// Adds the keys that a template reads.
pub(crate) fn read_keys(
    template: &Template,
    pack: &str,
    keys: &mut BTreeSet<KeyRef>,
) -> Result<(), TemplateError> {
    for reference in template.references() {
        let refused = |message: &str, help: &str| TemplateError {
            kind: ErrorKind::Secret,
            message: message.to_owned(),
            expression: String::new(),
            pointer: reference.pointer.clone(),
            line: 1,
            column: 1,
            help: Some(help.to_owned()),
        };
        match (reference.target, &reference.key) {
            (Target::Secret, _) => {
                return Err(refused(
                    "a rule cannot read a secret: what it passes on is stored with the run",
                    "read it with `kv.get_secret` in the workflow that the rule starts",
                ));
            }
            (Target::Scope(Root::Kv), None) => {
                return Err(refused(
                    "a rule names its keys by literal texts",
                    "write `kv.get(\"name\")`; a workflow may make the names of keys",
                ));
            }
            (_, Some(used)) => {
                keys.insert(KeyRef::new(
                    used.pack.as_deref().unwrap_or(pack),
                    used.name.as_str(),
                ));
            }
            _ => {}
        }
    }
    Ok(())
}
