//! A test file: what all its tests share, and the tests.

use super::{TestCase, expect, merged, mocks, names};
use crate::codes;
use crate::library::Library;
use crate::setup::{CancelSetup, EventSetup, PauseSetup, Setup};
use attune_pack::yaml::Node;
use attune_pack::{MapReader, Sink, did_you_mean};
use attune_types::{Duration, JsonMap, JsonValue, Ref, Timestamp};
use std::collections::BTreeSet;

/// All tests of a file.
pub(super) fn file(node: &Node, library: &Library, sink: &mut Sink) -> Vec<TestCase> {
    let Some(mut reader) = MapReader::new(node, "a test file", sink) else {
        return Vec::new();
    };
    let list = reader.node("tests");
    let (known, shared) = workflow(&mut reader, list.is_none());
    reader.opt_str("description");
    let base = setup(&mut reader, &Setup::default());
    let Some(list) = list else {
        let name = reader.opt_str("name");
        let found = single(reader, name, known, base, library);
        return found.into_iter().collect();
    };
    if reader.node("expect").is_some() {
        let message = "`expect` stands beside `tests`, and each test has its own";
        let span = reader.key_span("expect");
        let help = "write it below each test, or take `tests` away".to_owned();
        reader.bad_value(span, message.to_owned(), Some(help));
    }
    reader.finish();
    check_setup(node, shared.as_ref(), &base, library, sink);
    let Some(items) = list.as_seq() else {
        let message = format!("`tests` must be a list, not {}", list.type_name());
        sink.error(codes::READ.wrong_type, list.span, message);
        return Vec::new();
    };
    if items.is_empty() {
        sink.error(codes::READ.bad_value, list.span, "`tests` holds no test");
    }
    let mut names = BTreeSet::new();
    items
        .iter()
        .filter_map(|item| {
            let mut reader = MapReader::new(item, "a test", sink)?;
            let name = reader.required_str("name");
            let own = reader.node("workflow").is_some();
            let known = if own {
                workflow(&mut reader, true).0
            } else {
                shared.clone()
            };
            if known.is_none() && !own && node.get("workflow").is_none() {
                reader.required_node("workflow");
            }
            reader.opt_str("description");
            let setup = setup(&mut reader, &base);
            if let Some(name) = &name
                && !names.insert(name.clone())
            {
                let span = item.get("name").map_or(item.span, |node| node.span);
                reader.bad_value(span, format!("another test is named `{name}`"), None);
            }
            single(reader, name, known, setup, library)
        })
        .collect()
}

/// The rest of a test, once its workflow and setup are known.
fn single(
    mut reader: MapReader<'_, '_>,
    name: Option<String>,
    workflow: Option<Ref>,
    setup: Setup,
    library: &Library,
) -> Option<TestCase> {
    let node = reader.map();
    let wanted = reader.required_node("expect");
    let file = reader.sink().file().to_owned();
    let expected = wanted.and_then(|wanted| expect::expect(wanted, reader.sink()));
    if let (Some(wanted), Some(expected)) = (wanted, &expected)
        && let Some(program) = workflow.as_ref().and_then(|name| library.workflow(name))
    {
        names::expect(expected, wanted, &program, library, reader.sink());
    }
    check_setup(node, workflow.as_ref(), &setup, library, reader.sink());
    reader.finish();
    Some(TestCase {
        name: name.unwrap_or_else(|| stem(&file).to_owned()),
        file,
        span: node.span,
        workflow: workflow?,
        setup,
        expect: expected?,
    })
}

/// The workflow that is tried; an unknown one is reported.
fn workflow(reader: &mut MapReader<'_, '_>, required: bool) -> (Option<Ref>, Option<Ref>) {
    let reference = if required {
        reader.required_ref("workflow")
    } else {
        reader.opt_ref("workflow")
    };
    (reference.clone(), reference)
}

/// Checks what depends on the workflow: that it is known, its mocks and its configuration.
fn check_setup(
    node: &Node,
    workflow: Option<&Ref>,
    setup: &Setup,
    library: &Library,
    sink: &mut Sink,
) {
    let Some(reference) = workflow else {
        return;
    };
    let Some(program) = library.workflow(reference) else {
        if library.is_broken(reference) {
            // Its own files say what is wrong.
            return;
        }
        if let Some(place) = node.get("workflow") {
            let names: Vec<&str> = library
                .workflows()
                .map(|program| program.reference.as_str())
                .collect();
            let help = did_you_mean(reference.as_str(), names.iter().copied()).or_else(|| {
                let own = names
                    .iter()
                    .filter(|n| n.split('.').next() == Some(reference.pack()));
                let own: Vec<&str> = own.copied().collect();
                (!own.is_empty()).then(|| format!("the pack has: {}", own.join(", ")))
            });
            let message = format!("there is no workflow `{reference}`");
            sink.error_with(codes::UNKNOWN_WORKFLOW, place.span, message, help);
        }
        return;
    };
    if let Some(mocks) = node.get("mocks") {
        names::mocks(&setup.mocks, mocks, &program, library, sink);
    }
    if let (Some(config), Some(schema)) = (node.get("config"), library.config(reference.pack()))
        && let Err(errors) = schema.validate(&setup.config)
    {
        for error in errors.iter().filter(|error| error.code != "required") {
            let message = format!("the configuration of pack `{}`: {error}", reference.pack());
            let span = config.span_at(&error.pointer);
            sink.error(codes::READ.bad_value, span, message);
        }
    }
}

/// What is given to the run and what stands in for the world, over what the whole file says.
fn setup(reader: &mut MapReader<'_, '_>, base: &Setup) -> Setup {
    let own = reader
        .node("mocks")
        .map(|node| mocks::mocks(node, reader.sink()));
    let event = reader
        .node("event")
        .and_then(|node| event(node, reader.sink()));
    let at = reader.node("at").and_then(|node| time(node, reader.sink()));
    let parameters = merged(&base.parameters, reader.opt_json_map("parameters"));
    let labels = reader.opt_json_map("labels").unwrap_or_default();
    let mut all_labels = base.labels.clone();
    all_labels.extend(labels.into_iter().map(|(name, value)| match value {
        JsonValue::String(text) => (name, text),
        other => (name, other.to_string()),
    }));
    Setup {
        parameters,
        config: merged(&base.config, reader.opt_json_map("config")),
        keys: merged(&base.keys, reader.opt_json_map("keys")),
        secrets: secrets(reader, base),
        event: event.or_else(|| base.event.clone()),
        labels: all_labels,
        started_by: reader
            .opt_str("started_by")
            .unwrap_or_else(|| base.started_by.clone()),
        at: at.unwrap_or(base.at),
        mocks: base.mocks.clone().under(own.unwrap_or_default()),
        cancel: cancel(reader).or_else(|| base.cancel.clone()),
        pause: pause(reader).or(base.pause),
        retry: reader.opt_bool("retry").unwrap_or(base.retry),
        compensate: reader.opt_bool("compensate").unwrap_or(base.compensate),
        ..Setup::default()
    }
}

/// `5m`, or `{after: 5m, reason: text}`.
fn cancel(reader: &mut MapReader<'_, '_>) -> Option<CancelSetup> {
    let node = reader.node("cancel")?;
    if node.as_map().is_none() {
        let after = reader.opt_duration("cancel")?;
        let reason = None;
        return Some(CancelSetup { after, reason });
    }
    let mut reader = MapReader::new(node, "a cancel", reader.sink())?;
    let after = required_duration(&mut reader, "after");
    let reason = reader.opt_str("reason");
    reader.finish();
    Some(CancelSetup {
        after: after?,
        reason,
    })
}

/// `{after: 5m, for: 1h}`.
fn pause(reader: &mut MapReader<'_, '_>) -> Option<PauseSetup> {
    let node = reader.node("pause")?;
    let mut reader = MapReader::new(node, "a pause", reader.sink())?;
    let after = required_duration(&mut reader, "after");
    let lasts = required_duration(&mut reader, "for");
    reader.finish();
    Some(PauseSetup {
        after: after?,
        lasts: lasts?,
    })
}

fn required_duration(reader: &mut MapReader<'_, '_>, key: &'static str) -> Option<Duration> {
    reader.required_node(key)?;
    reader.opt_duration(key)
}

/// Names of secrets, with those of the whole file.
fn secrets(reader: &mut MapReader<'_, '_>, base: &Setup) -> Vec<String> {
    let own = reader.opt_strs("secrets").unwrap_or_default();
    let own = own.into_iter().map(|(name, _)| name);
    base.secrets.iter().cloned().chain(own).collect()
}

fn event(node: &Node, sink: &mut Sink) -> Option<EventSetup> {
    let mut reader = MapReader::new(node, "an event", sink)?;
    let trigger = reader.required_ref("trigger");
    let payload = reader.opt_json("payload");
    let at = reader
        .node("time")
        .and_then(|node| time(node, reader.sink()));
    reader.finish();
    Some(EventSetup {
        trigger: trigger?,
        payload: payload.unwrap_or_else(|| JsonMap::new().into()),
        time: at,
    })
}

fn time(node: &Node, sink: &mut Sink) -> Option<Timestamp> {
    let read = node.as_str().map(str::parse::<Timestamp>);
    if let Some(Ok(at)) = read {
        return Some(at);
    }
    let message = "a point in time is needed, such as `2026-03-01T08:00:00Z`";
    sink.error(codes::READ.bad_value, node.span, message);
    None
}

/// `tests/deploy.yaml` is about `deploy`.
fn stem(file: &str) -> &str {
    let name = file.rsplit(['/', '\\']).next().unwrap_or(file);
    name.split('.').next().unwrap_or(name)
}
