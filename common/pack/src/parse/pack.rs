//! `pack.yaml` and `policies/*.yaml`.
//!
//! Owns the keys of both.

use super::schema_field;
use crate::catalogue::{Decision, Dependency, PackDef, PolicyDef, PolicyRule};
use crate::read::MapReader;
use crate::sink::Sink;
use crate::yaml::Node;
use attune_types::is_identifier;

/// A pack.
pub fn pack(node: &Node, sink: &mut Sink) -> Option<PackDef> {
    let mut r = MapReader::new(node, "a pack", sink)?;
    let reference = r.required_str("ref");
    if let Some(name) = reference.as_ref().filter(|name| !is_identifier(name)) {
        let span = r.map().get("ref").map_or(r.map().span, |node| node.span);
        let message = format!("`{name}` cannot be the name of a pack");
        let help = "use a letter, then letters, digits, `_` or `-`; no dot".to_owned();
        r.bad_value(span, message, Some(help));
    }
    let label = r.opt_str("label");
    let description = r.opt_str("description");
    r.required_node("version");
    let version = version_of(&mut r);
    let author = r.opt_str("author");
    let license = r.opt_str("license");
    let keywords = r.opt_strs("keywords").unwrap_or_default();
    let dependencies = dependencies(&mut r);
    let config = schema_field(&mut r, "config").unwrap_or_default();
    r.finish();
    let reference = reference.filter(|name| is_identifier(name))?;
    Some(PackDef {
        label: label.unwrap_or_else(|| reference.clone()),
        reference,
        description,
        version: version?,
        author,
        license,
        keywords: keywords.into_iter().map(|(text, _)| text).collect(),
        dependencies,
        config,
    })
}

/// The key `version`, where it is there.
pub(super) fn version_of(r: &mut MapReader<'_, '_>) -> Option<String> {
    let version = r.opt_str("version")?;
    if !is_version(&version) {
        let node = r.map();
        let span = node.get("version").map_or(node.span, |node| node.span);
        let message = format!("`{version}` is not a version");
        r.bad_value(
            span,
            message,
            Some("write three numbers: `1.0.0`".to_owned()),
        );
    }
    Some(version)
}

/// Three numbers, then perhaps `-pre` and `+build`.
fn is_version(text: &str) -> bool {
    let core = text.split(['-', '+']).next().unwrap_or_default();
    let parts: Vec<&str> = core.split('.').collect();
    let number = |part: &&str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    parts.len() == 3
        && parts.iter().all(number)
        && text[core.len()..]
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "-+.".contains(c))
}

/// A list of names, or a map of name to version.
fn dependencies(r: &mut MapReader<'_, '_>) -> Vec<Dependency> {
    let Some(node) = r.node("dependencies") else {
        return Vec::new();
    };
    let mut found = Vec::new();
    if let Some(entries) = node.as_map() {
        for (key, value) in entries {
            let version = value.as_str().map(str::to_owned);
            if version.is_none() && !value.is_null() {
                r.bad_value(
                    value.span,
                    format!("the version of `{}` must be text", key.text),
                    None,
                );
            }
            found.push((key.text.clone(), key.span, version));
        }
    } else {
        let names = r.opt_strs("dependencies").unwrap_or_default();
        found.extend(names.into_iter().map(|(name, span)| (name, span, None)));
    }
    for (name, span, _) in found.iter().filter(|(name, ..)| !is_identifier(name)) {
        r.bad_value(
            *span,
            format!("`{name}` cannot be the name of a pack"),
            None,
        );
    }
    found
        .into_iter()
        .map(|(pack, _, version)| Dependency { pack, version })
        .collect()
}

/// A policy.
pub fn policy(node: &Node, sink: &mut Sink) -> Option<PolicyDef> {
    let mut r = MapReader::new(node, "a policy", sink)?;
    let reference = r.required_ref("ref");
    let label = r.opt_str("label");
    let description = r.opt_str("description");
    let kind = r.opt_str("kind");
    r.required_node("rules");
    let items = r.opt_seq("rules").unwrap_or_default();
    let rules = items
        .iter()
        .filter_map(|item| policy_rule(item, r.sink()))
        .collect();
    let default = r.required_keyword::<Decision>("default");
    r.finish();
    let reference = reference?;
    Some(PolicyDef {
        label: label.unwrap_or_else(|| reference.to_string()),
        reference,
        description,
        kind,
        rules,
        default: default?,
    })
}

fn policy_rule(node: &Node, sink: &mut Sink) -> Option<PolicyRule> {
    let mut r = MapReader::new(node, "a rule of a policy", sink)?;
    let when = r.opt_json("when");
    let decision = r.required_keyword::<Decision>("decision");
    let reason = r.opt_str("reason");
    let approvers = r.opt_strs("approvers").unwrap_or_default();
    if decision == Some(Decision::RequireApproval) && approvers.is_empty() {
        let span = r.key_span("decision");
        let message = "`require_approval` needs `approvers`".to_owned();
        r.bad_value(
            span,
            message,
            Some("write `approvers: [\"role:admin\"]`".to_owned()),
        );
    }
    r.finish();
    let approvers = approvers.into_iter().map(|(text, _)| text).collect();
    Some(PolicyRule {
        when,
        decision: decision?,
        reason,
        approvers,
    })
}
