//! `attune run`: starts a run; waits for it or follows it where that is asked for.

use super::execution::{ended, shown_result};
use crate::args::Run;
use crate::client::Client;
use crate::error::Result;
use crate::input;
use crate::output::{self, Output};
use crate::watch::{self, View};
use attune_rest::{ActionView, ExecutionView, StartExecution};
use attune_types::{JsonValue, RunId};

/// Starts it.
///
/// # Errors
/// What the API refuses; with `--wait` or `--follow` also how the run ended.
pub(super) async fn run(client: &Client, args: &Run, output: Output) -> Result<()> {
    // Only single values need the schema: it says what a text is to become.
    let schema = if args.parameters.is_empty() {
        JsonValue::Null
    } else {
        let path = format!("/actions/{}", args.action);
        client.get::<ActionView>(&path).await?.parameters
    };
    let body = StartExecution {
        action: args.action.clone(),
        parameters: input::object(args.input.as_deref(), &args.parameters, &schema)?,
        labels: input::texts(&args.label)?,
    };
    let started: ExecutionView = match &args.idempotency_key {
        Some(key) => client.post_once("/executions", &body, key).await?,
        // A key of our own, so that a request that is sent again starts nothing twice.
        None => {
            let key = uuid::Uuid::new_v4().to_string();
            client.post_once("/executions", &body, &key).await?
        }
    };
    let run = RunId(started.id.uuid());
    if !args.follow && !args.wait {
        return output.one(&started, |started| {
            format!(
                "{run}  {}\nfollow it with `attune execution watch {run}`",
                started.status
            )
        });
    }
    let follow = args.follow && output.is_table();
    let view = if follow {
        output::note(&format!("run {run}"));
        View::for_people()
    } else {
        View::Silent
    };
    let tree = watch::follow(client, run, view, args.timeout).await?;
    output.one(&tree.run, |run| shown_result(run, !follow))?;
    ended(&tree.run.execution)
}
