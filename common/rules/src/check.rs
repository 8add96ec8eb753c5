//! The criteria of a pack's rules, before there is an event.
//!
//! Owns the place of what [`CompiledRule::compile`](crate::CompiledRule::compile) would refuse: a field
//! that is none, a value that its operator can never compare with. Templates are the flow checker's.
//! Called where packs are checked, beside it.

use crate::field::Field;
use crate::operator;
use attune_pack::yaml::Node;
use attune_pack::{Criterion, Diagnostics, Loaded, Span};
use attune_template::Template;

/// The code of a value that is not accepted.
const BAD_VALUE: &str = "PACK007";

/// What is wrong with the criteria of all rules that could be read.
pub fn check(loaded: &Loaded) -> Diagnostics {
    let mut found = Diagnostics::new();
    for rule in &loaded.rules {
        let Some(def) = &rule.def else { continue };
        let mut sink = rule.sink.clone();
        for criterion in &def.criteria {
            let (field, value) = places(&rule.node, criterion);
            if let Err(message) = Field::parse(&criterion.field) {
                sink.error(BAD_VALUE, field, message);
            }
            let literal =
                Template::compile(&criterion.value).is_ok_and(|template| template.is_literal());
            if literal && let Err(message) = operator::prepare(criterion.operator, &criterion.value)
            {
                let message = format!("`{}`: {message}", criterion.operator);
                sink.error(BAD_VALUE, value, message);
            }
        }
        found.extend(sink.take());
    }
    found
}

/// Where the field and the value of a criterion stand.
fn places(rule: &Node, criterion: &Criterion) -> (Span, Span) {
    let Some(criteria) = rule.get("criteria") else {
        return (rule.span, rule.span);
    };
    let is_meant = |item: &&Node| {
        let named = item.get("field").and_then(Node::as_str);
        named == Some(criterion.field.as_str())
            && item.get("operator").and_then(Node::as_str)
                == Some(criterion.operator.to_string().as_str())
    };
    if let Some((key, value)) = criteria.entry(&criterion.field) {
        let operand = ["value", "pattern", &criterion.operator.to_string()]
            .iter()
            .find_map(|key| value.get(key));
        return (key.span, operand.unwrap_or(value).span);
    }
    let items = criteria.as_seq().unwrap_or_default();
    match items.iter().find(is_meant) {
        Some(item) => {
            let at = |key: &str| item.get(key).map_or(item.span, |node| node.span);
            (at("field"), at("value"))
        }
        None => (criteria.span, criteria.span),
    }
}
