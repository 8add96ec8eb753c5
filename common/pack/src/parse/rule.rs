//! `rules/*.yaml`.
//!
//! Owns the keys of a rule, both forms of `criteria`, and `concurrency`, which workflows use too.

use crate::catalogue::{
    ConcurrencyDef, Criterion, Keyword, MatchMode, OnLimit, Operator, RuleDef, ThrottleDef,
};
use crate::diagnostic::Span;
use crate::read::{MapReader, duration};
use crate::sink::{Sink, did_you_mean};
use crate::yaml::{Key, Node, NodeKind};
use attune_types::JsonValue;

/// A rule.
pub fn rule(node: &Node, sink: &mut Sink) -> Option<RuleDef> {
    let mut r = MapReader::new(node, "a rule", sink)?;
    let reference = r.required_ref("ref");
    let label = r.opt_str("label");
    let description = r.opt_str("description");
    let trigger = r.required_ref("trigger");
    let trigger_parameters = r.opt_json_map("trigger_parameters").unwrap_or_default();
    let when = r.node("when").and_then(|node| when(node, r.sink()));
    let criteria = r
        .node("criteria")
        .map(|node| criteria(node, r.sink()))
        .unwrap_or_default();
    let match_mode = r.opt_keyword("match").unwrap_or(MatchMode::All);
    let action = r.required_ref("action");
    let input = r.opt_json_map("input").unwrap_or_default();
    let throttle = r.node("throttle").and_then(|node| throttle(node, r.sink()));
    let dedupe = r.opt_str("dedupe");
    let concurrency = r
        .node("concurrency")
        .and_then(|node| concurrency(node, r.sink()));
    let enabled = r.opt_bool("enabled").unwrap_or(true);
    r.finish();
    let reference = reference?;
    Some(RuleDef {
        label: label.unwrap_or_else(|| reference.to_string()),
        reference,
        description,
        trigger: trigger?,
        trigger_parameters,
        when,
        criteria,
        match_mode,
        action: action?,
        input,
        throttle,
        dedupe,
        concurrency,
        enabled,
    })
}

/// A condition: text (an expression) or a plain boolean.
fn when(node: &Node, sink: &mut Sink) -> Option<JsonValue> {
    match &node.kind {
        NodeKind::Str(_) | NodeKind::Bool(_) => Some(node.to_json()),
        _ => {
            let code = sink.codes().wrong_type;
            sink.error(
                code,
                node.span,
                format!("`when` must be an expression, not {}", node.type_name()),
            )
            .help = Some("quote it: `when: \"{{ event.payload.count > 3 }}\"`".to_owned());
            None
        }
    }
}

/// A list of `{field, operator, value}`, or a map of field to value or to `{operator: value}`.
fn criteria(node: &Node, sink: &mut Sink) -> Vec<Criterion> {
    match &node.kind {
        NodeKind::Seq(items) => items
            .iter()
            .filter_map(|item| criterion(item, sink))
            .collect(),
        NodeKind::Map(entries) => entries
            .iter()
            .flat_map(|(field, value)| of_field(field, value, sink))
            .collect(),
        _ => {
            let code = sink.codes().wrong_type;
            sink.error(
                code,
                node.span,
                format!(
                    "`criteria` must be a list or a map, not {}",
                    node.type_name()
                ),
            );
            Vec::new()
        }
    }
}

fn criterion(node: &Node, sink: &mut Sink) -> Option<Criterion> {
    let mut r = MapReader::new(node, "a criterion", sink)?;
    let field = r.required_str("field");
    let operator = r.required_keyword::<Operator>("operator");
    let value = r.raw("value");
    if let Some(operator) = operator.filter(|operator| value.is_none() && !operator.is_unary()) {
        let span = r.key_span("operator");
        let message = format!("the operator `{operator}` needs a `value`");
        let code = r.sink().codes().missing_key;
        r.sink().error(code, span, message);
    }
    r.finish();
    let (operator, value) = (operator?, value.map_or(JsonValue::Null, Node::to_json));
    if let Some(found) = node.get("value").or(Some(node)) {
        check_value(operator, &value, found.span, sink);
    }
    Some(Criterion {
        field: field?,
        operator,
        value,
    })
}

/// One entry of the map form; several operators on one field make several criteria.
fn of_field(field: &Key, value: &Node, sink: &mut Sink) -> Vec<Criterion> {
    let one = |operator, value: &Node| Criterion {
        field: field.text.clone(),
        operator,
        value: value.to_json(),
    };
    let Some(entries) = value.as_map() else {
        return vec![one(Operator::Equals, value)];
    };
    // `{operator: equals, value: x}` and `{type: equals, pattern: x}`.
    let spelled = entries
        .iter()
        .all(|(key, _)| ["operator", "value", "type", "pattern"].contains(&key.text.as_str()));
    if spelled && !entries.is_empty() {
        let mut found = Vec::new();
        if let Some(word) = value.get("operator").or_else(|| value.get("type")) {
            let text = word.as_str().unwrap_or_default();
            if let Some(operator) = operator(text, word.span, sink) {
                let operand = value.get("value").or_else(|| value.get("pattern"));
                let operand = operand.map_or(JsonValue::Null, Node::to_json);
                check_value(operator, &operand, value.span, sink);
                found.push(Criterion {
                    field: field.text.clone(),
                    operator,
                    value: operand,
                });
            }
        } else {
            let code = sink.codes().missing_key;
            sink.error(
                code,
                field.span,
                format!("the criterion on `{}` needs the key `operator`", field.text),
            );
        }
        return found;
    }
    let mut found = Vec::new();
    for (key, operand) in entries {
        if let Some(operator) = operator(&key.text, key.span, sink) {
            check_value(operator, &operand.to_json(), operand.span, sink);
            found.push(one(operator, operand));
        }
    }
    found
}

fn operator(word: &str, span: Span, sink: &mut Sink) -> Option<Operator> {
    let found = Operator::from_word(word);
    if found.is_none() {
        let words = Operator::ALL.iter().map(|operator| operator.word());
        let help = did_you_mean(word, words.clone())
            .unwrap_or_else(|| format!("use one of: {}", words.collect::<Vec<_>>().join(", ")));
        let code = sink.codes().bad_value;
        sink.error_with(code, span, format!("unknown operator `{word}`"), Some(help));
    }
    found
}

/// What an operator can never compare with is found here, not at the first event.
fn check_value(operator: Operator, value: &JsonValue, span: Span, sink: &mut Sink) {
    let code = sink.codes().bad_value;
    match operator {
        Operator::In | Operator::Nin if !value.is_array() && !value.is_string() => {
            sink.error(
                code,
                span,
                format!("`{operator}` compares with a list or a text"),
            );
        }
        Operator::Matchregex | Operator::Iregex => {
            let Some(pattern) = value.as_str() else {
                // A template is text too; anything else cannot be a pattern.
                sink.error(
                    code,
                    span,
                    format!("`{operator}` compares with a pattern in quotes"),
                );
                return;
            };
            if !pattern.contains("{{")
                && let Err(error) = regex::Regex::new(pattern)
            {
                sink.error(
                    code,
                    span,
                    format!(
                        "not a regular expression: {}",
                        crate::schema::regex_error(&error)
                    ),
                );
            }
        }
        _ => {}
    }
}

/// `{limit, per, key}`, or a duration: once in that time.
fn throttle(node: &Node, sink: &mut Sink) -> Option<ThrottleDef> {
    if node.as_map().is_none() {
        return match duration(node) {
            Ok(per) => Some(ThrottleDef {
                limit: 1,
                per,
                key: None,
            }),
            Err(message) => {
                let code = sink.codes().bad_value;
                sink.error_with(
                    code,
                    node.span,
                    format!("`throttle`: {message}"),
                    Some("write `throttle: {limit: 5, per: 1m}` or `throttle: 30s`".to_owned()),
                );
                None
            }
        };
    }
    let mut r = MapReader::new(node, "a throttle", sink)?;
    let limit = r.opt_u32("limit").unwrap_or(1);
    r.required_node("per");
    let per = r.opt_duration("per");
    let key = r.opt_str("key");
    r.finish();
    Some(ThrottleDef {
        limit,
        per: per?,
        key,
    })
}

/// A number, or `{limit, key, on_limit}`.
pub fn concurrency(node: &Node, sink: &mut Sink) -> Option<ConcurrencyDef> {
    let at_least_one = |limit: u32, span, sink: &mut Sink| {
        if limit == 0 {
            let code = sink.codes().bad_value;
            sink.error(code, span, "a concurrency of 0 would never run anything");
        }
        (limit > 0).then_some(limit)
    };
    if let NodeKind::Int(limit) = node.kind {
        let limit = u32::try_from(limit).unwrap_or(0);
        let limit = at_least_one(limit, node.span, sink)?;
        return Some(ConcurrencyDef {
            limit,
            key: None,
            on_limit: OnLimit::Queue,
        });
    }
    let mut r = MapReader::new(node, "a concurrency", sink)?;
    r.required_node("limit");
    let limit = r.opt_u32("limit");
    let key = r.opt_str("key");
    let on_limit = r.opt_keyword("on_limit").unwrap_or(OnLimit::Queue);
    r.finish();
    let limit = at_least_one(limit?, node.span, sink)?;
    Some(ConcurrencyDef {
        limit,
        key,
        on_limit,
    })
}
