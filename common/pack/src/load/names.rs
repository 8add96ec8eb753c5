//! What the files of a pack are called and what they define.
//!
//! Owns: references match pack and file, nothing is defined twice, and what a file that cannot be read
//! was meant to define. Called by the checks beside it.

use super::Placed;
use super::check::value_span;
use crate::yaml::Node;
use attune_types::Ref;
use std::collections::{BTreeMap, BTreeSet};

/// What the files with errors define.
pub(super) fn broken<D>(all: &[Placed<D>], pack: &str) -> BTreeSet<Ref> {
    all.iter()
        .filter(|one| one.def.is_none() || one.sink.has_errors())
        .filter_map(|one| meant(one, pack))
        .collect()
}

/// What a file defines, by its `ref` or else by its name.
pub(super) fn meant<D>(one: &Placed<D>, pack: &str) -> Option<Ref> {
    ref_in(&one.node).or_else(|| reference(pack, stem(one.sink.file())))
}

pub(super) fn ref_in(node: &Node) -> Option<Ref> {
    ref_at(node, "ref")
}

pub(super) fn ref_at(node: &Node, key: &str) -> Option<Ref> {
    Ref::parse(node.get(key)?.as_str()?).ok()
}

/// `pack.name`, if that is a reference.
pub(super) fn reference(pack: &str, name: &str) -> Option<Ref> {
    Ref::parse(&format!("{pack}.{name}")).ok()
}

/// `workflows/name.workflow.yaml` is about `name`.
pub(super) fn stem(path: &str) -> &str {
    let file = path.rsplit('/').next().unwrap_or_default();
    let stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
    stem.strip_suffix(".workflow").unwrap_or(stem)
}

pub(super) fn all_named<D>(
    all: &mut [Placed<D>],
    reference: impl Fn(&D) -> Option<&Ref>,
    pack: Option<&str>,
) {
    for one in all {
        let named = one.def.as_ref().and_then(&reference).cloned();
        if let Some(named) = named {
            belongs(one, &named, pack);
            named_as_file(one, &named);
        }
    }
}

/// The pack that all of several references name, if it is another than `pack`.
pub(super) fn agreed(references: &[&Ref], pack: &str) -> Option<(String, usize)> {
    let first = references.first()?.pack();
    let agree =
        references.len() > 1 && first != pack && references.iter().all(|one| one.pack() == first);
    agree.then(|| (first.to_owned(), references.len()))
}

/// `pack.yaml` has another name than all of the pack's files.
pub(super) fn otherwise<D>(one: &mut Placed<D>, name: &str, agreed: &str, count: usize) {
    let span = value_span(&one.node, "ref");
    let message =
        format!("the pack is named `{name}`, and its {count} definitions belong to `{agreed}`");
    let help = format!("write `ref: {agreed}`, or `{name}.` in all of them");
    one.sink.error_with("PACK009", span, message, Some(help));
}

/// A definition's reference must begin with the pack's name.
pub(super) fn belongs<D>(one: &mut Placed<D>, reference: &Ref, pack: Option<&str>) {
    if let Some(pack) = pack.filter(|pack| *pack != reference.pack()) {
        let span = value_span(&one.node, "ref");
        let message = format!("`{reference}` does not belong to the pack `{pack}`");
        let help = format!("write `ref: {pack}.{}`", reference.name());
        one.sink.error_with("PACK009", span, message, Some(help));
    }
}

/// A definition's reference must end with the file's name.
fn named_as_file<D>(one: &mut Placed<D>, reference: &Ref) {
    let file = one.sink.file().rsplit('/').next().unwrap_or_default();
    let stem = file
        .rsplit_once('.')
        .map_or(file, |(stem, _)| stem)
        .to_owned();
    if stem != reference.name() {
        let span = value_span(&one.node, "ref");
        let message = format!("`{reference}` stands in a file named `{file}`");
        let help = format!(
            "rename the file to `{}.yaml`, or the reference",
            reference.name()
        );
        one.sink.error_with("PACK009", span, message, Some(help));
    }
}

pub(super) fn twice<D>(
    all: &mut [Placed<D>],
    reference: impl Fn(&D) -> Option<&Ref>,
    seen: &mut BTreeMap<Ref, String>,
) {
    for one in all {
        let Some(reference) = one.def.as_ref().and_then(&reference).cloned() else {
            continue;
        };
        let file = one.sink.file().to_owned();
        if let Some(first) = seen.get(&reference) {
            let span = value_span(&one.node, "ref");
            let message =
                format!("`{reference}` is defined a second time; the first is in `{first}`");
            one.sink.error("PACK012", span, message);
        } else {
            seen.insert(reference, file);
        }
    }
}
