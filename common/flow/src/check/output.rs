//! `output_map` against `output`: what every run would find out at its end.
//!
//! Owns that comparison. What is certain to fail is an error, a slip of a name or a type that may not
//! fit a warning.

use super::names::World;
use super::template::At;
use super::types;
use crate::syntax::ast::Entry;
use crate::syntax::codes;
use attune_pack::{PathType, Schema, Sink, Span};
use attune_template::Template;
use attune_types::JsonMap;

/// Compares them, where both are written.
pub(super) fn check(world: &World<'_>, sink: &mut Sink) {
    let (Some(schema), Some(entries)) = (&world.workflow.output, &world.workflow.output_map) else {
        return;
    };
    let given: Vec<&str> = entries
        .iter()
        .map(|entry| entry.name.value.as_str())
        .collect();
    let known = schema.names();
    let free: Vec<&str> = known
        .iter()
        .copied()
        .filter(|name| !given.contains(name))
        .collect();
    let required = schema.required();
    let mut meant = Vec::new();
    for entry in entries
        .iter()
        .filter(|entry| !known.contains(&entry.name.value.as_str()))
    {
        let Some(near) = attune_pack::suggest(&entry.name.value, free.iter().copied()) else {
            continue;
        };
        meant.push(near);
        let message = format!("`output` has no field `{}`", entry.name.value);
        let diagnostic = if required.contains(&near) {
            sink.error(codes::OUTPUT, entry.name.span, message)
        } else {
            sink.warning(codes::OUTPUT, entry.name.span, message)
        };
        diagnostic.help = Some(format!("did you mean `{near}`?"));
    }
    let place = entries
        .first()
        .map_or(world.workflow.span, |entry| entry.name.span);
    for name in required
        .iter()
        .filter(|name| !given.contains(name) && !meant.contains(name))
    {
        let message = format!("`output` requires `{name}`, which `output_map` does not make");
        sink.error(codes::OUTPUT, place, message).help =
            Some(format!("add `{name}`, or take `required` out"));
    }
    literals(schema, entries, sink);
    for entry in entries {
        values(world, schema, entry, sink);
    }
}

/// Literals that the schema refuses.
fn literals(schema: &Schema, entries: &[Entry], sink: &mut Sink) {
    let literals: JsonMap = entries
        .iter()
        .map(|entry| (entry.name.value.clone(), entry.value.to_json()))
        .filter(|(_, value)| !super::template::any_template(value))
        .collect();
    let Err(errors) = schema.validate_open(&literals.into()) else {
        return;
    };
    for error in errors.iter().filter(|error| error.code != "required") {
        let mut parts = error.pointer.splitn(3, '/').skip(1);
        let name = parts.next().unwrap_or_default();
        let Some(entry) = entries.iter().find(|entry| entry.name.value == name) else {
            continue;
        };
        let inner = parts
            .next()
            .map_or_else(String::new, |rest| format!("/{rest}"));
        let span: Span = match inner.is_empty() {
            true => entry.value.span,
            false => entry.value.span_at(&inner),
        };
        let message = format!(
            "`output` does not take this for `{name}`: {}",
            error.message
        );
        sink.error(codes::OUTPUT, span, message);
    }
}

/// Values whose type is known and not taken.
fn values(world: &World<'_>, schema: &Schema, entry: &Entry, sink: &mut Sink) {
    let name = entry.name.value.as_str();
    let PathType::Known(wanted) = schema.type_of(&[name]) else {
        return;
    };
    let Ok(template) = Template::compile(&entry.value.to_json()) else {
        return;
    };
    if template.is_literal() {
        return;
    }
    let Some(given) = types::of_template(world, &template, At::End) else {
        return;
    };
    if !super::fields::may_fit(&wanted, &given) {
        let message = format!(
            "`output` says {} for `{name}`, this gives {}",
            super::fields::words(&wanted),
            super::fields::words(&given)
        );
        sink.warning(codes::TYPE_MISMATCH, entry.value.span, message);
    }
}
