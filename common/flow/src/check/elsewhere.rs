//! Expressions outside of workflows: in rules, in policies, in the retries of actions.
//!
//! Owns which names each of them sees, and what a rule hands to its action. The same mistakes have the
//! same codes as in workflows. Conditions that are spelled as criteria belong to the rules crate.

use super::fields::ERROR_FIELDS;
use super::input;
use super::lookup::ActionLookup;
use super::place;
use super::scopes::near_or_list;
use super::template::{At, Templates, Use};
use crate::syntax::codes;
use attune_pack::yaml::{Node, NodeKind};
use attune_pack::{
    ActionDef, Diagnostics, Loaded, PathType, Placed, PolicyDef, RuleDef, Schema, Sink, Span,
    TriggerDef,
};
use attune_template::{Reference, Root, Target};
use attune_types::Ref;

/// Members of `event` that a rule sees.
const EVENT: [&str; 6] = ["payload", "trigger", "id", "time", "source", "dedupe"];

/// A rule names something of another pack that is not there.
const UNKNOWN_ELSEWHERE: &str = "PACK031";

/// Checks the rules, policies and actions of a pack.
pub(super) fn check(loaded: &Loaded, actions: &dyn ActionLookup, found: &mut Diagnostics) {
    let pack = &loaded.source.def.reference;
    let config = actions.pack_config(pack);
    for rule in &loaded.rules {
        found.extend(of_rule(rule, pack, loaded, actions, config.as_ref()));
    }
    for policy in &loaded.policies {
        found.extend(of_policy(policy));
    }
    for action in &loaded.actions {
        found.extend(of_action(action));
    }
}

/// The expressions of a rule, its input, and its references into other packs.
fn of_rule(
    rule: &Placed<RuleDef>,
    pack: &str,
    loaded: &Loaded,
    actions: &dyn ActionLookup,
    config: Option<&Schema>,
) -> Diagnostics {
    let mut sink = rule.sink.clone().with_codes(codes::READ);
    let text = sink.text().to_owned();
    let node = &rule.node;
    let foreign = |reference: &Ref| reference.pack() != pack && reference.pack() != "core";
    let trigger = reference_at(node, "trigger").and_then(|(named, span)| {
        let trigger = actions.trigger(&named);
        let known = trigger.is_some() || loaded.broken_triggers.contains(&named);
        if let Some(all) = actions.triggers().filter(|_| !known && foreign(&named)) {
            unknown(&named, "trigger", span, &all, &mut sink);
        }
        trigger
    });
    if let Some((named, span)) = reference_at(node, "action") {
        match actions.action(&named) {
            Some(action) => input::check(node.get("input"), span, &action, &mut sink),
            None if actions.is_broken(&named) || !foreign(&named) => {}
            None => unknown(&named, "action", span, &actions.references(), &mut sink),
        }
    }
    let mut templates = Templates {
        text: &text,
        sink: &mut sink,
        uses: Vec::new(),
    };
    // A condition of another type was reported when the rule was read.
    if let Some(when) = node.get("when").filter(|when| is_condition(when)) {
        templates.condition(when, At::End);
    }
    let keys = [
        node.get("input"),
        node.get("dedupe"),
        node.get("throttle")
            .and_then(|throttle| throttle.get("key")),
        node.get("concurrency").and_then(|found| found.get("key")),
        node.get("criteria"),
    ];
    for value in keys.into_iter().flatten() {
        templates.value(value, At::End);
    }
    let uses = std::mem::take(&mut templates.uses);
    let sees = Sees {
        text: &text,
        trigger: trigger.as_ref(),
        config,
    };
    for used in &uses {
        for reference in used.template.references() {
            sees.check(used, &reference, &mut sink);
        }
    }
    if let Some(criteria) = node.get("criteria") {
        sees.criteria(criteria, &mut sink);
    }
    sink.take()
}

/// The conditions of a policy's rules.
fn of_policy(policy: &Placed<PolicyDef>) -> Diagnostics {
    let rules = policy.node.get("rules").and_then(Node::as_seq);
    let conditions = rules
        .into_iter()
        .flatten()
        .filter_map(|rule| rule.get("when"));
    conditions_of(&policy.sink, conditions, "subject", &[])
}

/// The condition of an action's retry.
fn of_action(action: &Placed<ActionDef>) -> Diagnostics {
    let retry = action.node.get("retry");
    conditions_of(
        &action.sink,
        retry.and_then(|retry| retry.get("on_error")).into_iter(),
        "error",
        &ERROR_FIELDS,
    )
}

/// Whether conditions can be read, and name only what they see: `sees`, with these fields if it has any
/// that are known.
fn conditions_of<'n>(
    sink: &Sink,
    nodes: impl Iterator<Item = &'n Node>,
    sees: &str,
    fields: &[&str],
) -> Diagnostics {
    let mut sink = sink.clone().with_codes(codes::READ);
    let text = sink.text().to_owned();
    let mut templates = Templates {
        text: &text,
        sink: &mut sink,
        uses: Vec::new(),
    };
    for node in nodes.filter(|node| is_condition(node)) {
        templates.condition(node, At::End);
    }
    let uses = std::mem::take(&mut templates.uses);
    for used in &uses {
        for reference in used.template.references() {
            let named = matches!(reference.target, Target::Bare | Target::Scope(Root::Local));
            let (Some(first), true) = (reference.path.first(), named && !reference.optional) else {
                continue;
            };
            let second = reference.path.get(1).filter(|_| !fields.is_empty());
            let (code, message, help) = match second {
                _ if first != sees => (
                    codes::UNKNOWN_NAME,
                    format!("no scope has the name `{first}`"),
                    attune_pack::did_you_mean(first, [sees])
                        .unwrap_or_else(|| format!("this condition sees `{sees}`")),
                ),
                Some(field) if !fields.contains(&field.as_str()) => (
                    codes::UNKNOWN_FIELD,
                    format!("`{sees}` has no field `{field}`"),
                    near_or_list(field, fields.iter().copied(), "field").unwrap_or_default(),
                ),
                _ => continue,
            };
            let span = place::of_range(
                &text,
                &used.node,
                &reference.pointer,
                reference.span.clone(),
            );
            sink.error_with(code, span, message, Some(help));
        }
    }
    sink.take()
}

fn is_condition(node: &Node) -> bool {
    matches!(node.kind, NodeKind::Str(_) | NodeKind::Bool(_))
}

fn reference_at(node: &Node, key: &str) -> Option<(Ref, Span)> {
    let value = node.get(key)?;
    Some((Ref::parse(value.as_str()?).ok()?, value.span))
}

fn unknown(named: &Ref, kind: &str, span: Span, all: &[Ref], sink: &mut Sink) {
    let near = attune_pack::did_you_mean(named.as_str(), all.iter().map(Ref::as_str));
    let help = near.or_else(|| {
        let known = all.iter().any(|one| one.pack() == named.pack());
        (!known).then(|| format!("no pack `{}` is known", named.pack()))
    });
    sink.error_with(
        UNKNOWN_ELSEWHERE,
        span,
        format!("there is no {kind} `{named}`"),
        help,
    );
}

/// What the templates of a rule see.
struct Sees<'a> {
    text: &'a str,
    trigger: Option<&'a TriggerDef>,
    config: Option<&'a Schema>,
}

impl Sees<'_> {
    fn check(&self, used: &Use, reference: &Reference, sink: &mut Sink) {
        let path: Vec<&str> = reference.path.iter().map(String::as_str).collect();
        let Some((first, rest)) = path.split_first() else {
            return;
        };
        let span = || {
            let range = reference.span.clone();
            place::of_range(self.text, &used.node, &reference.pointer, range)
        };
        let problem = match reference.target {
            Target::Function if is_of_outcome(first) => Some(no_task(&format!("{first}()"))),
            Target::Function => None,
            Target::Scope(Root::Event) if reference.optional => None,
            Target::Scope(Root::Event) if *first == "payload" => self.payload(rest),
            Target::Scope(Root::Event) => member("event", first, &EVENT),
            Target::Scope(Root::PackConfig) if reference.optional => None,
            Target::Scope(Root::PackConfig) => self.config(&path),
            Target::Scope(Root::Local) | Target::Bare => self.bare(first, reference.optional),
            Target::Scope(Root::Kv) | Target::Secret => None,
            Target::Scope(root) => Some(no_task(root.as_str())),
        };
        if let Some((code, message, help)) = problem {
            sink.error_with(code, span(), message, help);
        }
    }

    /// The fields of criteria, in either form. One that asks whether a field is there may name any.
    fn criteria(&self, criteria: &Node, sink: &mut Sink) {
        let listed = criteria.as_seq().unwrap_or_default().iter();
        let listed = listed.filter_map(|one| {
            let operator = one.get("operator").and_then(Node::as_str);
            let asks = operator.is_some_and(|operator| operator.ends_with("exists"));
            let field = one.get("field").filter(|_| !asks)?;
            Some((field.as_str()?, field.span))
        });
        let mapped = criteria.as_map().unwrap_or_default().iter();
        let mapped = mapped.filter(|(_, value)| {
            let operators = value.as_map().unwrap_or_default();
            !operators
                .iter()
                .any(|(key, _)| key.text.ends_with("exists"))
        });
        let mapped = mapped.map(|(key, _)| (key.text.as_str(), key.span));
        for (field, span) in listed.chain(mapped) {
            let Some(path) = field.strip_prefix("event.payload.") else {
                continue;
            };
            if path.contains(['[', '{', '"', '*']) {
                continue;
            }
            let path: Vec<&str> = path.split('.').collect();
            if let Some((code, message, help)) = self.payload(&path) {
                sink.error_with(code, span, message, help);
            }
        }
    }

    fn payload(&self, path: &[&str]) -> Option<Problem> {
        let trigger = self.trigger?;
        let PathType::Missing { at, known } = trigger.payload.type_of(path) else {
            return None;
        };
        let name = path.get(at).copied().unwrap_or_default();
        let message = format!(
            "an event of `{}` has no field `{}`",
            trigger.reference,
            path[..=at].join(".")
        );
        let help = near_or_list(name, known.iter().map(String::as_str), "field");
        Some((codes::UNKNOWN_FIELD, message, help))
    }

    fn config(&self, path: &[&str]) -> Option<Problem> {
        let PathType::Missing { at, known } = self.config?.type_of(path) else {
            return None;
        };
        let name = path.get(at).copied().unwrap_or_default();
        let message = format!(
            "there is no configuration value `{}`",
            path[..=at].join(".")
        );
        let help = near_or_list(name, known.iter().map(String::as_str), "name");
        Some((codes::UNKNOWN_NAME, message, help))
    }

    fn bare(&self, name: &str, optional: bool) -> Option<Problem> {
        let config = self.config.map(Schema::names).unwrap_or_default();
        if optional || config.contains(&name) || self.config.is_none_or(is_open) {
            return None;
        }
        let payload = self.trigger.map(|trigger| trigger.payload.names());
        let payload = payload.unwrap_or_default();
        let help = if payload.contains(&name) {
            format!("write `event.payload.{name}`")
        } else {
            let near = attune_pack::suggest(name, config.into_iter().chain(["event", "pack"]));
            near.map_or_else(
                || "a rule sees `event` and `pack.config`".to_owned(),
                |near| format!("did you mean `{near}`?"),
            )
        };
        let message = format!("no scope has the name `{name}`");
        Some((codes::UNKNOWN_NAME, message, Some(help)))
    }
}

/// Code, message and help.
type Problem = (&'static str, String, Option<String>);

/// Whether the schema names no fields and takes any.
pub(super) fn is_open(schema: &Schema) -> bool {
    schema.names().is_empty() && !schema.is_closed()
}

fn is_of_outcome(function: &str) -> bool {
    matches!(
        function,
        "succeeded" | "failed" | "timed_out" | "skipped" | "completed" | "result"
    )
}

fn no_task(what: &str) -> Problem {
    (
        codes::NOT_HERE,
        format!("`{what}` belongs to a run, and a rule is asked before there is one"),
        Some("a rule sees `event` and `pack.config`".to_owned()),
    )
}

fn member(scope: &str, name: &str, known: &[&'static str]) -> Option<Problem> {
    (!known.contains(&name)).then(|| {
        (
            codes::UNKNOWN_NAME,
            format!("`{scope}` has no member `{name}`"),
            near_or_list(name, known.iter().copied(), "member"),
        )
    })
}
