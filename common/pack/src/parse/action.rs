//! `actions/*.yaml`.
//!
//! Owns the keys of an action and of `retry`, which workflows use too.

use super::pack::version_of;
use super::{env, schema_field};
use crate::catalogue::{ActionDef, Backoff, Delivery, LimitsDef, OutputFormat, RetryDef, Runner};
use crate::read::MapReader;
use crate::sink::Sink;
use crate::yaml::{Node, NodeKind};

/// An action. `entry_point` is as written; the loader resolves it.
pub fn action(node: &Node, sink: &mut Sink) -> Option<ActionDef> {
    let mut r = MapReader::new(node, "an action", sink)?;
    let reference = r.required_ref("ref");
    let label = r.opt_str("label");
    let description = r.opt_str("description");
    let is_workflow = node.get("workflow_file").is_some();
    let runner = match (is_workflow, r.node("runner")) {
        (true, None) => Some(Runner::Workflow),
        _ => r.required_keyword::<Runner>("runner"),
    };
    let entry_point = r.opt_str("entry_point");
    let workflow_file = r.opt_str("workflow_file");
    // What describes a workflow may stand with the rest of its metadata.
    let version = is_workflow.then(|| version_of(&mut r)).flatten();
    if is_workflow {
        r.opt_strs("tags");
    }
    let parameters = schema_field(&mut r, "parameters").unwrap_or_default();
    let output = schema_field(&mut r, "output");
    let output_format = r.opt_keyword("output_format").unwrap_or(OutputFormat::Text);
    let parameter_delivery = r
        .opt_keyword("parameter_delivery")
        .unwrap_or(Delivery::Stdin);
    let timeout = r.opt_duration("timeout");
    let retry = r.node("retry").and_then(|node| retry(node, r.sink()));
    let idempotent = r.opt_bool("idempotent").unwrap_or(false);
    let pool = r.opt_str("pool");
    let limits = r
        .node("limits")
        .map(|node| limits(node, r.sink()))
        .unwrap_or_default();
    let env = env(&mut r);
    if let Some(runner) = runner {
        let has_entry = node.get("entry_point").is_some();
        entry(&mut r, runner, has_entry, is_workflow);
    }
    r.finish();
    let reference = reference?;
    Some(ActionDef {
        label: label.unwrap_or_else(|| reference.to_string()),
        reference,
        description,
        runner: runner?,
        entry_point,
        workflow_file,
        version,
        parameters,
        output,
        output_format,
        parameter_delivery,
        timeout,
        retry,
        idempotent,
        pool,
        limits,
        env,
    })
}

/// Which of `entry_point` and `workflow_file` a runner needs.
fn entry(r: &mut MapReader<'_, '_>, runner: Runner, has_entry: bool, has_workflow: bool) {
    let (needed, other) = match runner {
        Runner::Workflow => (
            Some(("workflow_file", has_workflow)),
            ("entry_point", has_entry),
        ),
        Runner::Native => {
            if has_entry {
                let span = r.key_span("entry_point");
                let message = "a native action is built in and has no `entry_point`";
                r.sink().error_with("PACK018", span, message, None);
            }
            (None, ("workflow_file", has_workflow))
        }
        _ => (
            Some(("entry_point", has_entry)),
            ("workflow_file", has_workflow),
        ),
    };
    if let Some((key, false)) = needed {
        let span = r.key_span("runner");
        let message = format!("the runner `{runner}` needs the key `{key}`");
        r.sink().error_with("PACK018", span, message, None);
    }
    if let (key, true) = other {
        let span = r.key_span(key);
        let message = format!("`{key}` does not go with the runner `{runner}`");
        let help = (key == "workflow_file").then(|| "write `runner: workflow`".to_owned());
        r.sink().error_with("PACK018", span, message, help);
    }
}

/// `retry: {count, delay, backoff, max_delay, jitter, on_error}`, or a number alone.
pub fn retry(node: &Node, sink: &mut Sink) -> Option<RetryDef> {
    if let NodeKind::Int(count) = node.kind {
        let Ok(count) = u32::try_from(count) else {
            let code = sink.codes().bad_value;
            sink.error(code, node.span, "`retry` must be 0 or more");
            return None;
        };
        return Some(RetryDef {
            count,
            delay: attune_types::Duration::ZERO,
            backoff: Backoff::Constant,
            max_delay: None,
            jitter: 0.0,
            on_error: None,
        });
    }
    let mut r = MapReader::new(node, "a retry", sink)?;
    r.required_node("count");
    let count = r.opt_u32("count");
    let delay = r.opt_duration("delay").unwrap_or_default();
    let backoff = r.opt_keyword("backoff").unwrap_or(Backoff::Constant);
    let max_delay = r.opt_duration("max_delay");
    let jitter = jitter(&mut r);
    let on_error = r.opt_str("on_error");
    r.finish();
    Some(RetryDef {
        count: count?,
        delay,
        backoff,
        max_delay,
        jitter,
        on_error,
    })
}

/// The share of the delay that is left to chance: 0 to 1, or `true` for all of it.
fn jitter(r: &mut MapReader<'_, '_>) -> f64 {
    let Some(node) = r.node("jitter") else {
        return 0.0;
    };
    match node.as_bool() {
        Some(true) => return 1.0,
        Some(false) => return 0.0,
        None => {}
    }
    match node.as_f64() {
        Some(share) if (0.0..=1.0).contains(&share) => share,
        _ => {
            r.bad_value(
                node.span,
                "`jitter` must be a number from 0 to 1, or true".to_owned(),
                None,
            );
            0.0
        }
    }
}

fn limits(node: &Node, sink: &mut Sink) -> LimitsDef {
    let Some(mut r) = MapReader::new(node, "the limits of an action", sink) else {
        return LimitsDef::default();
    };
    let limits = LimitsDef {
        memory_mb: r.opt_u64("memory_mb"),
        cpu_seconds: r.opt_u64("cpu_seconds"),
        output_bytes: r.opt_u64("output_bytes"),
        open_files: r.opt_u64("open_files"),
        processes: r.opt_u64("processes"),
    };
    r.finish();
    limits
}
