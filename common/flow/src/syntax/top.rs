//! The top level of a definition.
//!
//! Owns which keys there are and which must be there in which form.

use super::ast::Workflow;
use super::entries::{entries_at, kept, reference_at};
use super::{Form, codes, concurrency, foreign, retry, slips, task, words};
use crate::program::{Cancellation, OnFailure};
use attune_pack::yaml::Node;
use attune_pack::{MapReader, Schema, Sink};
use std::collections::HashMap;

/// Reads the whole definition; none when it is no map.
pub(super) fn workflow(root: &Node, form: Form, sink: &mut Sink) -> Option<Workflow> {
    let mut reader = MapReader::new(root, "a workflow", sink)?;
    reader.foreign(&foreign::WORKFLOW);
    reader.slips(slips::WORKFLOW, slips::in_workflow);
    words::empty(&mut reader, words::NOT_EMPTY_IN_WORKFLOW);
    if form == Form::Whole {
        for key in ["ref", "label", "version"] {
            reader.required_node(key);
        }
    }
    let reference = reference_at(&mut reader, "ref");
    let label = reader.opt_str("label");
    let description = reader.opt_str("description");
    let version = version(&mut reader);
    tags(&mut reader);
    let parameters = schema(&mut reader, "parameters");
    let output = schema(&mut reader, "output");
    let vars = entries_at(&mut reader, "vars").unwrap_or_default();
    let tasks = task::tasks(&mut reader, &mut HashMap::new());
    let output_map = entries_at(&mut reader, "output_map");
    let timeout = kept(&mut reader, "timeout");
    let retry = retry::retry_at(&mut reader);
    let on_failure = word(
        &mut reader,
        "on_failure",
        &[
            ("finish_running", OnFailure::FinishRunning),
            ("cancel_running", OnFailure::CancelRunning),
        ],
    );
    let cancellation = word(
        &mut reader,
        "cancellation_policy",
        &[
            ("allow_finish", Cancellation::AllowFinish),
            ("cancel_running", Cancellation::CancelRunning),
        ],
    );
    let concurrency = concurrency::concurrency_at(&mut reader);
    let labels = entries_at(&mut reader, "labels").unwrap_or_default();
    let trace_tag = kept(&mut reader, "trace_tag");
    // For people and editors: kept out of the Program on purpose.
    reader.node("ui");
    reader.finish();
    Some(Workflow {
        span: root.span,
        reference,
        label,
        description,
        version,
        parameters,
        output,
        vars,
        tasks,
        output_map,
        timeout,
        retry,
        on_failure: on_failure.unwrap_or_default(),
        cancellation: cancellation.unwrap_or_default(),
        concurrency,
        labels,
        trace_tag,
    })
}

/// Text of the form `1.2.3`, with an optional suffix.
fn version(reader: &mut MapReader<'_, '_>) -> Option<String> {
    let text = reader.opt_str("version")?;
    let core = text.split(['-', '+']).next().unwrap_or_default();
    let parts: Vec<&str> = core.split('.').collect();
    let numeric = |part: &&str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    if parts.len() != 3 || !parts.iter().all(numeric) {
        let span = reader
            .map()
            .get("version")
            .map_or(reader.map().span, |node| node.span);
        let message = format!("`{text}` is no version");
        reader.bad_value(
            span,
            message,
            Some("write three numbers, such as `1.0.0`".to_owned()),
        );
    }
    Some(text)
}

/// One word of a few.
pub(super) fn word<T: Copy>(
    reader: &mut MapReader<'_, '_>,
    key: &'static str,
    words: &[(&str, T)],
) -> Option<T> {
    let span = reader.node(key)?.span;
    let text = reader.opt_str(key)?;
    let found = words.iter().find(|(word, _)| *word == text);
    if found.is_none() {
        let names: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        let help = attune_pack::suggest(&text, names.iter().copied()).map_or_else(
            || format!("use one of: {}", names.join(", ")),
            |near| format!("did you mean `{near}`?"),
        );
        reader.bad_value(span, format!("`{key}` cannot be `{text}`"), Some(help));
    }
    found.map(|(_, value)| *value)
}

/// They are for people, so that only their form is looked at. Words that other readers of YAML take for
/// yes and no are text in it.
fn tags(reader: &mut MapReader<'_, '_>) {
    const WORDS: [&str; 4] = ["yes", "no", "on", "off"];
    let node = reader.node("tags");
    if let Some((node, word)) = node.and_then(|node| Some((node, node.as_str()?)))
        && WORDS.contains(&word.to_lowercase().as_str())
    {
        let message = format!("`{word}` is text here, and becomes a tag of that name");
        let help = "leave `tags` out where there are none; several are written `[a, b]`";
        reader
            .sink()
            .warning(codes::READ.bad_value, node.span, message)
            .help = Some(help.to_owned());
    }
    reader.opt_strs("tags");
}

/// A schema in either form; each of its problems at its own place. One that is wrong takes anything.
fn schema(reader: &mut MapReader<'_, '_>, key: &'static str) -> Option<Schema> {
    let node = reader.node(key)?;
    let schema = attune_pack::parse::schema(node, codes::READ.into(), reader.sink());
    Some(schema.unwrap_or_else(Schema::any))
}
