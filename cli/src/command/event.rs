//! `attune event`.

use crate::args::EventCommand;
use crate::client::Client;
use crate::error::Result;
use crate::input;
use crate::output::{Columns, Output, paint_for_stdout};
use attune_rest::{EmitEvent, EventAccepted, EventView, EventWhy, TriggerView};
use attune_types::JsonValue;

/// Does what the command says.
///
/// # Errors
/// What the API refuses.
pub(super) async fn run(client: &Client, command: EventCommand, output: Output) -> Result<()> {
    match command {
        EventCommand::Emit {
            trigger,
            payload,
            input: whole,
            dedupe,
        } => {
            let schema = if payload.is_empty() {
                JsonValue::Null
            } else {
                let path = format!("/triggers/{trigger}");
                client.get::<TriggerView>(&path).await?.payload
            };
            let body = EmitEvent {
                trigger,
                payload: input::object(whole.as_deref(), &payload, &schema)?,
                dedupe,
            };
            let key = uuid::Uuid::new_v4().to_string();
            let accepted: EventAccepted = client.post_once("/events", &body, &key).await?;
            output.one(&accepted, |accepted| {
                let what = if accepted.duplicate {
                    "was there already and does nothing"
                } else {
                    "is stored; `attune event get` tells what rules made of it"
                };
                format!("{}  {what}", accepted.id)
            })
        }
        EventCommand::List { trigger, most } => {
            let mut query = Vec::new();
            super::filter(&mut query, "trigger", trigger);
            let events: Vec<EventView> = client.list("/events", &query, most).await?;
            let columns = Columns::<EventView>::new()
                .with("ID", |event| event.id.to_string())
                .with("TRIGGER", |event| event.trigger.to_string())
                .with("AT", |event| super::time(event.at))
                .with("SOURCE", |event| super::or_dash(event.source.as_ref()))
                .with("PAYLOAD", |event| {
                    super::short(&event.payload.to_string(), 60)
                });
            output.list(&events, &columns)
        }
        EventCommand::Get { id } => {
            let why: EventWhy = client.get(&format!("/events/{id}/why")).await?;
            output.one(&why, shown)
        }
    }
}

fn shown(why: &EventWhy) -> String {
    let paint = paint_for_stdout();
    let event = &why.event;
    let mut text = super::facts(&[
        ("event", event.id.to_string()),
        ("trigger", event.trigger.to_string()),
        ("at", super::time(event.at)),
        ("source", super::or_dash(event.source.as_ref())),
        ("payload", super::value(&event.payload)),
    ]);
    if event.processed_at.is_none() {
        text.push_str("\nrules have not seen it yet\n");
    } else if why.enforcements.is_empty() {
        text.push_str("\nno rule listens to it\n");
    }
    for line in &why.enforcements {
        let run = line
            .execution_id
            .map(|run| format!(", run {run}"))
            .unwrap_or_default();
        let message = line.explanation["message"].as_str().unwrap_or(&line.reason);
        let verdict = if line.fired {
            paint.green(message)
        } else {
            format!("{}: {message}", paint.yellow("did not fire"))
        };
        text.push_str(&format!("\n{}  {verdict}{run}\n", line.rule));
        text.push_str(&conditions(&line.explanation));
    }
    text
}

/// Each condition of an explanation, a line each.
pub(super) fn conditions(explanation: &JsonValue) -> String {
    let paint = paint_for_stdout();
    let mut text = String::new();
    for condition in explanation["conditions"].as_array().into_iter().flatten() {
        let held = condition["held"] == true;
        let mark = if held {
            paint.green("✓")
        } else {
            paint.red("✗")
        };
        let part = |name: &str| match &condition[name] {
            JsonValue::Null => None,
            JsonValue::String(text) => Some(text.clone()),
            other => Some(other.to_string()),
        };
        let field = part("field").unwrap_or_default();
        let operator = part("operator").unwrap_or_default();
        let expected = part("expected").unwrap_or_default();
        let mut line = format!("  {mark} {field} {operator} {expected}");
        if let Some(actual) = part("actual").filter(|_| !held) {
            line.push_str(&format!(" (it is {actual})"));
        }
        if let Some(error) = part("error") {
            line.push_str(&format!(" ({error})"));
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}
