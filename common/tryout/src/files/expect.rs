//! The key `expect`: what must come of a test.

use super::{Expect, ExpectedError, Named, Placed, Refusal};
use crate::codes;
use attune_pack::yaml::Node;
use attune_pack::{MapReader, Sink, did_you_mean};
use attune_types::{ExecutionStatus, JsonValue};

/// Reads what is expected.
pub(super) fn expect(node: &Node, sink: &mut Sink) -> Option<Expect> {
    let mut reader = MapReader::new(node, "`expect`", sink)?;
    let status = reader.node("status").and_then(|node| {
        let value = status(node, false, reader.sink())??;
        Some(Placed {
            value,
            span: node.span,
        })
    });
    let mut refused = reader.node("refused").map(|node| {
        let is_422 = node.as_i64() == Some(422);
        if node.as_bool() != Some(true) && !is_422 {
            let message = "`refused` is `true`, or `422` as the API would answer";
            reader
                .sink()
                .error(codes::READ.bad_value, node.span, message);
        }
        Placed {
            value: Vec::new(),
            span: node.span,
        }
    });
    let errors = reader.node("errors").map(|node| {
        let value = refusals(node, reader.sink());
        Placed {
            value,
            span: node.span,
        }
    });
    if let Some(errors) = errors {
        refused = Some(errors);
    }
    let mut activations = counts(&mut reader, "activations");
    if let Some(names) = reader.opt_strs("started_once") {
        activations.extend(
            names
                .into_iter()
                .map(|(name, span)| (name, Placed { value: 1, span })),
        );
    }
    let cost = reader.opt_f64("cost_usd");
    let expect = Expect {
        span: node.span,
        written: Some(node.clone()),
        status,
        output: placed(&mut reader, "output"),
        tasks: tasks(&mut reader),
        order: texts(&mut reader, "order"),
        path: texts(&mut reader, "path"),
        undone: texts(&mut reader, "undone"),
        inputs: values(&mut reader, "inputs"),
        results: values(&mut reader, "results"),
        error: reader
            .node("error")
            .and_then(|node| error(node, reader.sink())),
        activations,
        attempts: counts(&mut reader, "attempts"),
        vars: values(&mut reader, "vars"),
        labels: values(&mut reader, "labels"),
        cost_usd: cost.map(|value| Placed {
            value,
            span: node.get("cost_usd").map_or(node.span, |node| node.span),
        }),
        refused,
    };
    reader.finish();
    Some(expect)
}

fn placed(reader: &mut MapReader<'_, '_>, key: &'static str) -> Option<Placed<JsonValue>> {
    let node = reader.raw(key)?;
    Some(Placed {
        value: node.to_json(),
        span: node.span,
    })
}

fn values(reader: &mut MapReader<'_, '_>, key: &'static str) -> Named<JsonValue> {
    let entries = reader.opt_map(key).unwrap_or_default();
    entries
        .iter()
        .map(|(name, node)| {
            let value = Placed {
                value: node.to_json(),
                span: name.span,
            };
            (name.text.clone(), value)
        })
        .collect()
}

fn counts(reader: &mut MapReader<'_, '_>, key: &'static str) -> Named<u64> {
    let mut counts = Vec::new();
    for (name, node) in reader.opt_map(key).unwrap_or_default() {
        match node.as_i64().and_then(|count| u64::try_from(count).ok()) {
            Some(value) => {
                let span = node.span;
                counts.push((name.text.clone(), Placed { value, span }));
            }
            None => {
                let message = format!("`{key}.{}` must be a count: 0, 1, 2 ...", name.text);
                reader.bad_value(node.span, message, None);
            }
        }
    }
    counts
}

fn texts(reader: &mut MapReader<'_, '_>, key: &'static str) -> Option<Placed<Vec<String>>> {
    let list = reader.opt_strs(key)?;
    let map = reader.map();
    Some(Placed {
        value: list.into_iter().map(|(name, _)| name).collect(),
        span: map.get(key).map_or(map.span, |node| node.span),
    })
}

/// `{name: status}`; `absent` for a task that was never reached.
fn tasks(reader: &mut MapReader<'_, '_>) -> Named<Option<ExecutionStatus>> {
    let entries = reader.opt_map("tasks").unwrap_or_default();
    entries
        .iter()
        .filter_map(|(name, node)| {
            let value = status(node, true, reader.sink())?;
            let span = node.span;
            Some((name.text.clone(), Placed { value, span }))
        })
        .collect()
}

/// A status; `absent`, where that may stand, is none.
fn status(node: &Node, or_absent: bool, sink: &mut Sink) -> Option<Option<ExecutionStatus>> {
    let word = node.as_str().unwrap_or_default();
    if or_absent && word == "absent" {
        return Some(None);
    }
    match word.parse::<ExecutionStatus>() {
        Ok(status) if status.is_terminal() && (or_absent || status != ExecutionStatus::Skipped) => {
            return Some(Some(status));
        }
        _ => {}
    }
    let ends = ExecutionStatus::ALL.into_iter().filter(|status| {
        status.is_terminal() && (or_absent || *status != ExecutionStatus::Skipped)
    });
    let mut words: Vec<&str> = ends.map(ExecutionStatus::as_str).collect();
    if or_absent {
        words.push("absent");
    }
    let help = did_you_mean(word, words.iter().copied())
        .unwrap_or_else(|| format!("use one of: {}", words.join(", ")));
    let message = format!("`{}` is no status that something ends with", node.to_json());
    sink.error(codes::READ.bad_value, node.span, message).help = Some(help);
    None
}

/// `{task, code, says}`, or text for `says`.
fn error(node: &Node, sink: &mut Sink) -> Option<Placed<ExpectedError>> {
    let span = node.span;
    if let Some(text) = node.as_str() {
        let says = Some(text.to_owned());
        return Some(Placed {
            value: ExpectedError {
                says,
                ..ExpectedError::default()
            },
            span,
        });
    }
    let mut reader = MapReader::new(node, "an expected error", sink)?;
    let value = ExpectedError {
        task: reader.opt_str("task"),
        code: reader.opt_str("code"),
        says: reader.opt_str("says"),
    };
    reader.finish();
    Some(Placed { value, span })
}

fn refusals(node: &Node, sink: &mut Sink) -> Vec<Refusal> {
    let Some(items) = node.as_seq() else {
        let message = "`errors` must be a list of `{pointer, says}`";
        sink.error(codes::READ.wrong_type, node.span, message);
        return Vec::new();
    };
    items
        .iter()
        .filter_map(|item| {
            let mut reader = MapReader::new(item, "a reason of a refusal", sink)?;
            let pointer = reader.required_str("pointer");
            let says = reader.opt_str("says");
            reader.finish();
            Some(Refusal {
                pointer: pointer?,
                says,
            })
        })
        .collect()
}
