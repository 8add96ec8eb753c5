//! `attune action`.

use crate::args::ActionCommand;
use crate::client::Client;
use crate::error::Result;
use crate::output::{Columns, Output};
use attune_rest::ActionView;
use attune_types::JsonValue;

/// Does what the command says.
///
/// # Errors
/// What the API refuses.
pub(super) async fn run(client: &Client, command: ActionCommand, output: Output) -> Result<()> {
    match command {
        ActionCommand::List { pack, most } => {
            let mut query = Vec::new();
            super::filter(&mut query, "pack", pack);
            let actions: Vec<ActionView> = client.list("/actions", &query, most).await?;
            let columns = Columns::<ActionView>::new()
                .with("ACTION", |action| action.reference.to_string())
                .with("RUNNER", |action| action.runner.clone())
                .with("VERSION", |action| action.version.clone())
                .with("LABEL", |action| super::short(&action.label, 60));
            output.list(&actions, &columns)
        }
        ActionCommand::Get { action } => {
            let action: ActionView = client.get(&format!("/actions/{action}")).await?;
            output.one(&action, shown)
        }
    }
}

fn shown(action: &ActionView) -> String {
    let mut text = super::facts(&[
        ("action", action.reference.to_string()),
        ("label", action.label.clone()),
        ("description", super::or_dash(action.description.as_ref())),
        ("runner", action.runner.clone()),
        ("version", action.version.clone()),
        ("enabled", action.enabled.to_string()),
        ("idempotent", action.idempotent.to_string()),
        (
            "timeout",
            super::or_dash(action.timeout_seconds.map(|seconds| format!("{seconds} s"))),
        ),
        ("pool", super::or_dash(action.pool.as_ref())),
    ]);
    text.push_str("\nparameters\n");
    text.push_str(&parameters(&action.parameters));
    if let Some(output) = &action.output {
        text.push_str("\noutput\n");
        text.push_str(&parameters(output));
    }
    text
}

/// The fields of a schema, a line each.
fn parameters(schema: &JsonValue) -> String {
    let required: Vec<&str> = schema["required"]
        .as_array()
        .map(|names| names.iter().filter_map(JsonValue::as_str).collect())
        .unwrap_or_default();
    let Some(fields) = schema["properties"]
        .as_object()
        .filter(|map| !map.is_empty())
    else {
        return "  none\n".to_owned();
    };
    let widest = fields.keys().map(String::len).max().unwrap_or(0);
    let mut text = String::new();
    for (name, field) in fields {
        let kind = match &field["type"] {
            JsonValue::String(kind) => kind.clone(),
            JsonValue::Array(kinds) => {
                let kinds: Vec<&str> = kinds.iter().filter_map(JsonValue::as_str).collect();
                kinds.join(" or ")
            }
            _ => "anything".to_owned(),
        };
        let need = if required.contains(&name.as_str()) {
            ", required".to_owned()
        } else if field["default"].is_null() {
            String::new()
        } else {
            format!(", {} if left out", field["default"])
        };
        let about = field["description"].as_str().unwrap_or_default();
        let line = format!("  {name:<widest$}  {kind}{need}  {about}");
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn parameters_read_well() {
        let schema = json!({"type": "object", "required": ["name"], "properties": {
            "name": {"type": "string", "description": "Whom to greet"},
            "n": {"type": ["integer", "null"], "default": 2},
        }});
        assert_eq!(
            parameters(&schema),
            "  name  string, required  Whom to greet\n  n     integer or null, 2 if left out\n"
        );
        assert_eq!(parameters(&json!({})), "  none\n");
    }
}
