//! `attune execution rerun`: does a run again, all of it or from a task on, as a new run.
//!
//! Owns how values on the command line become an edited input. What of them fits is the API's to say.

use super::run::{Patience, accompany};
use crate::args::{Most, Rerun};
use crate::client::{Client, Query};
use crate::error::Result;
use crate::input;
use crate::output::Output;
use attune_rest::{ActionView, ExecutionView, RerunExecution};
use attune_types::JsonValue;

/// Starts it.
///
/// # Errors
/// What the API refuses; with `--wait` or `--follow` also how the new run ended.
pub(super) async fn run(client: &Client, args: &Rerun, output: Output) -> Result<()> {
    let schema = if args.values.is_empty() {
        JsonValue::Null
    } else {
        schema(client, args).await?
    };
    let edits = args.input.is_some() || !args.values.is_empty();
    let input = edits
        .then(|| input::object(args.input.as_deref(), &args.values, &schema))
        .transpose()?;
    let body = RerunExecution {
        from: args.from.clone(),
        activation: args.activation,
        input,
    };
    // A key of our own, so that a request that is sent again starts nothing twice.
    let own = uuid::Uuid::new_v4().to_string();
    let key = args.idempotency_key.as_ref().unwrap_or(&own);
    let path = format!("/executions/{}/rerun", args.id);
    let started: ExecutionView = client.post_once(&path, &body, key).await?;
    let patience = Patience {
        follow: args.follow,
        wait: args.wait,
        timeout: args.timeout,
    };
    accompany(client, &started, patience, output).await
}

/// The schema of the parameters of the task's action, which says what a text is to become; nothing
/// where it is not known. Whether there is such a task is the API's to say.
async fn schema(client: &Client, args: &Rerun) -> Result<JsonValue> {
    let all = Most {
        limit: 0,
        all: true,
    };
    let path = format!("/executions/{}/tasks", args.id);
    let tasks: Vec<ExecutionView> = client.list(&path, &Query::new(), all).await?;
    let task = tasks
        .into_iter()
        .find(|row| row.task == args.from || (args.from.is_none() && row.task.is_some()));
    let Some(action) = task.and_then(|row| row.action) else {
        return Ok(JsonValue::Null);
    };
    let known = client
        .get::<ActionView>(&format!("/actions/{action}"))
        .await;
    Ok(known.map_or(JsonValue::Null, |action| action.parameters))
}
