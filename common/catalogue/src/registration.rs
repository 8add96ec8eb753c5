//! Preparing a pack for registration: its workflows checked against the catalogue and itself, its
//! plain actions wrapped, its files packed.
//!
//! Reads the pack's folder once; writes nothing. All errors of all files at once.

use crate::{Snapshot, packing};
use attune_flow::check::{ActionLookup, CheckedPack, CompiledPack, INLINE_PACK};
use attune_flow::program::{DefinitionLimits, Program};
use attune_pack::{
    ActionDef, Diagnostic, Diagnostics, Loaded, PackSource, Runner, Schema, TriggerDef,
};
use attune_port::{PackRegistration, RegisteredAction, WorkflowRecord};
use attune_rules::CompiledRule;
use attune_types::{JsonMap, Ref};
use bytes::Bytes;
use std::collections::HashMap;

impl ActionLookup for Snapshot {
    fn action(&self, reference: &Ref) -> Option<ActionDef> {
        Self::action(self, reference).map(|action| action.def.clone())
    }

    fn references(&self) -> Vec<Ref> {
        self.actions
            .values()
            .filter(|action| action.enabled)
            .map(|action| action.def.reference.clone())
            .collect()
    }

    fn pack_config(&self, pack: &str) -> Option<Schema> {
        self.packs.get(pack).map(|pack| pack.def.config.clone())
    }

    fn trigger(&self, reference: &Ref) -> Option<TriggerDef> {
        self.triggers.get(reference).cloned()
    }

    fn triggers(&self) -> Option<Vec<Ref>> {
        Some(self.triggers.keys().cloned().collect())
    }

    fn limits(&self) -> DefinitionLimits {
        self.limits.definition
    }
}

/// The catalogue without one pack: what the new version of that pack may call of the others.
struct Others<'a> {
    catalogue: &'a Snapshot,
    pack: &'a str,
}

impl ActionLookup for Others<'_> {
    fn action(&self, reference: &Ref) -> Option<ActionDef> {
        (reference.pack() != self.pack)
            .then(|| ActionLookup::action(self.catalogue, reference))
            .flatten()
    }

    fn references(&self) -> Vec<Ref> {
        let mut all = self.catalogue.references();
        all.retain(|reference| reference.pack() != self.pack);
        all
    }

    fn pack_config(&self, pack: &str) -> Option<Schema> {
        (pack != self.pack)
            .then(|| self.catalogue.pack_config(pack))
            .flatten()
    }

    fn trigger(&self, reference: &Ref) -> Option<TriggerDef> {
        let other = reference.pack() != self.pack;
        other.then(|| self.catalogue.trigger(reference)).flatten()
    }

    fn triggers(&self) -> Option<Vec<Ref>> {
        let mut all = ActionLookup::triggers(self.catalogue)?;
        all.retain(|reference| reference.pack() != self.pack);
        Some(all)
    }

    fn limits(&self) -> DefinitionLimits {
        self.catalogue.limits.definition
    }
}

/// Everything that is wrong with a pack, whether or not all of it could be read, and what is right in
/// it. `others` is the catalogue without this pack.
pub fn check_pack(loaded: &Loaded, others: &dyn ActionLookup) -> CheckedPack {
    let mut checked = attune_flow::check::check_pack(loaded, others);
    let criteria = attune_rules::check(loaded);
    if !criteria.is_empty() {
        // A wrong pattern was seen when the rule was read.
        let known = checked.found.clone();
        let is_new = |one: &Diagnostic| {
            !known
                .iter()
                .any(|other| other.file == one.file && other.span == one.span)
        };
        checked
            .found
            .0
            .extend(criteria.0.into_iter().filter(is_new));
        checked.found.sort();
    }
    checked
}

/// Checks a loaded pack against the catalogue and prepares its registration. Gives the warnings
/// beside it.
///
/// # Errors
/// [`Diagnostics`] with every error of every file of the pack.
pub fn registration(
    pack: impl Into<Loaded>,
    catalogue: &Snapshot,
    by: &str,
) -> Result<(PackRegistration, Vec<Diagnostic>), Diagnostics> {
    let loaded = pack.into();
    let others = Others {
        catalogue,
        pack: &loaded.source.def.reference,
    };
    let checked = check_pack(&loaded, &others);
    let mut found = checked.found.clone();
    let CompiledPack {
        actions: all,
        programs: compiled,
        warnings,
    } = checked.whole()?;
    let source = loaded.source;
    let mut programs: HashMap<&Ref, &Program> = compiled
        .iter()
        .map(|program| (&program.reference, program))
        .collect();
    let wrapped: Vec<Program> = all
        .iter()
        .filter(|action| action.runner != Runner::Workflow)
        .map(|action| Program::of_action(action, &source.def.version))
        .collect();
    programs.extend(wrapped.iter().map(|program| (&program.reference, program)));
    let actions: Vec<RegisteredAction> = all
        .iter()
        .filter_map(|def| Some(registered(&source, def, programs.get(&def.reference)?)))
        .collect();
    let text = |reference: &Ref| {
        source
            .workflows
            .iter()
            .find(|file| names(file, reference))
            .map(|file| file.text.clone())
    };
    let workflows = compiled
        .iter()
        .map(|program| record(program, text(&program.reference)))
        .chain(wrapped.iter().map(|program| record(program, None)))
        .collect();
    if source.def.reference == INLINE_PACK {
        found.push(reserved());
    }
    for rule in &source.rules {
        if let Err(error) = CompiledRule::compile(rule.clone(), JsonMap::new()) {
            found.push(Diagnostic::error(
                "PACK035",
                &format!("rules/{}.yaml", rule.reference.name()),
                error.to_string(),
            ));
        }
    }
    let archive = archive(&source).unwrap_or_else(|error| {
        found.push(packing_failed(&error));
        Bytes::new()
    });
    found.or_ok(())?;
    let on_disk = !source.root.as_os_str().is_empty();
    let path = on_disk.then(|| source.root.display().to_string());
    Ok((
        PackRegistration {
            def: source.def,
            content_hash: source.content_hash,
            archive,
            path,
            actions,
            workflows,
            triggers: source.triggers,
            sensors: source.sensors,
            rules: source.rules,
            policies: source.policies,
            by: by.to_owned(),
        },
        warnings,
    ))
}

/// Whether a workflow's file is the source of that action.
fn names(file: &attune_pack::SourceFile, reference: &Ref) -> bool {
    match &file.action {
        Some(action) => action == reference,
        None => std::path::Path::new(&file.path)
            .file_stem()
            .is_some_and(|stem| stem.to_string_lossy() == reference.name()),
    }
}

/// The built-in pack has no folder and nothing to execute.
fn archive(source: &PackSource) -> std::io::Result<Bytes> {
    if source.root.as_os_str().is_empty() {
        return Ok(Bytes::new());
    }
    packing::pack(&source.root)
}

fn registered(source: &PackSource, def: &ActionDef, program: &Program) -> RegisteredAction {
    RegisteredAction {
        def: def.clone(),
        program: program.hash.clone(),
        version: program.version.clone(),
        pack_hash: source.content_hash.clone(),
        enabled: true,
    }
}

/// A Program as it is stored, with the text that it came from.
pub fn record(program: &Program, source: Option<String>) -> WorkflowRecord {
    let tags = source.as_deref().map(tags).unwrap_or_default();
    WorkflowRecord {
        tags,
        hash: program.hash.clone(),
        reference: program.reference.clone(),
        version: program.version.clone(),
        program: program.to_json(),
        source,
    }
}

/// The tags that a definition names. They are for people, so the Program does not hold them.
fn tags(source: &str) -> Vec<String> {
    let root = attune_pack::yaml::parse("definition", source).ok();
    let tags = root.as_ref().and_then(|root| root.get("tags")?.as_seq());
    let texts = tags.unwrap_or_default().iter();
    texts
        .filter_map(|tag| tag.as_str().map(ToOwned::to_owned))
        .collect()
}

/// Runs of definitions that came in requests are named as if they were of this pack.
fn reserved() -> Diagnostic {
    Diagnostic::error(
        "PACK034",
        "pack.yaml",
        format!("no pack can be named `{INLINE_PACK}`"),
    )
    .help("the name stands for definitions that come in requests; use another one")
}

fn packing_failed(error: &std::io::Error) -> Diagnostic {
    Diagnostic::error(
        "PACK032",
        "pack.yaml",
        format!("the pack's files could not be read: {error}"),
    )
}
