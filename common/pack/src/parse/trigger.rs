//! `triggers/*.yaml` and `sensors/*.yaml`.
//!
//! Owns the keys of both.

use super::{env, schema_field};
use crate::catalogue::{Runner, SensorDef, TriggerDef};
use crate::read::MapReader;
use crate::schema::Schema;
use crate::sink::Sink;
use crate::yaml::Node;
use attune_types::Ref;

/// A trigger. Without `payload` an event may carry any map.
pub fn trigger(node: &Node, sink: &mut Sink) -> Option<TriggerDef> {
    let mut r = MapReader::new(node, "a trigger", sink)?;
    let reference = r.required_ref("ref");
    let label = r.opt_str("label");
    let description = r.opt_str("description");
    let parameters = schema_field(&mut r, "parameters").unwrap_or_default();
    let payload = schema_field(&mut r, "payload").unwrap_or_else(Schema::any);
    r.finish();
    let reference = reference?;
    Some(TriggerDef {
        label: label.unwrap_or_else(|| reference.to_string()),
        reference,
        description,
        parameters,
        payload,
    })
}

/// A sensor. `entry_point` is as written; the loader resolves it.
pub fn sensor(node: &Node, sink: &mut Sink) -> Option<SensorDef> {
    let mut r = MapReader::new(node, "a sensor", sink)?;
    let reference = r.required_ref("ref");
    let label = r.opt_str("label");
    let description = r.opt_str("description");
    let runner = r.required_keyword::<Runner>("runner");
    if let Some(runner) = runner.filter(|runner| !runner.runs_a_file()) {
        let span = r.map().get("runner").map_or(r.map().span, |node| node.span);
        let message = format!("a sensor cannot use the runner `{runner}`");
        let help = "use shell, python, node or binary".to_owned();
        r.sink().error_with("PACK018", span, message, Some(help));
    }
    let entry_point = r.required_str("entry_point");
    r.required_node("triggers");
    let mut triggers = Vec::new();
    for (text, span) in r.opt_strs("triggers").unwrap_or_default() {
        match Ref::parse(&text) {
            Ok(reference) => triggers.push(reference),
            Err(error) => r.bad_value(span, error.to_string(), None),
        }
    }
    let config = r.opt_json_map("config").unwrap_or_default();
    let env = env(&mut r);
    let poll_interval = r.opt_duration("poll_interval");
    let enabled = r.opt_bool("enabled").unwrap_or(true);
    r.finish();
    let reference = reference?;
    Some(SensorDef {
        label: label.unwrap_or_else(|| reference.to_string()),
        reference,
        description,
        runner: runner?,
        entry_point: entry_point?,
        triggers,
        config,
        env,
        poll_interval,
        enabled,
    })
}
