//! `attune run`: starts a run; waits for it or follows it where that is asked for.

use super::execution::{ended, shown_result};
use super::workflow::registered::in_file;
use crate::args::{Run, What};
use crate::client::Client;
use crate::error::{Attempt as _, CliError, Result};
use crate::input;
use crate::output::{self, Output};
use crate::watch::{self, View};
use attune_pack::{Schema, yaml};
use attune_rest::{ActionView, ExecutionView, StartExecution, StartInline, StartRun};
use attune_types::{JsonValue, RunId};
use std::path::Path;
use std::time::Duration;

/// Starts it.
///
/// # Errors
/// What the API refuses; with `--wait` or `--follow` also how the run ended.
pub(super) async fn run(client: &Client, args: &Run, output: Output) -> Result<()> {
    let body = body(client, args).await?;
    // A key of our own, so that a request that is sent again starts nothing twice.
    let own = uuid::Uuid::new_v4().to_string();
    let key = args.idempotency_key.as_ref().unwrap_or(&own);
    let started = client.post_once("/executions", &body, key).await;
    let started: ExecutionView = started.map_err(|error| match &args.file {
        Some(file) => in_file(error, &file.display().to_string()),
        None => error,
    })?;
    let patience = Patience {
        follow: args.follow,
        wait: args.wait,
        timeout: args.timeout,
    };
    accompany(client, &started, patience, output).await
}

/// How long a command stays with the run that it started.
pub(super) struct Patience {
    pub(super) follow: bool,
    pub(super) wait: bool,
    pub(super) timeout: Option<Duration>,
}

/// Says which run was started; follows it or waits for it where that is asked for.
///
/// # Errors
/// How the run ended, if it was waited for.
pub(super) async fn accompany(
    client: &Client,
    started: &ExecutionView,
    patience: Patience,
    output: Output,
) -> Result<()> {
    let run = RunId(started.id.uuid());
    if !patience.follow && !patience.wait {
        return output.one(started, |started| {
            format!(
                "{run}  {}\nfollow it with `attune execution watch {run}`",
                started.status
            )
        });
    }
    let follow = patience.follow && output.is_table();
    let view = if follow {
        output::note(&format!("run {run}"));
        View::for_people()
    } else {
        View::Silent
    };
    let tree = watch::follow(client, run, view, patience.timeout).await?;
    output.one(&tree.run, |run| shown_result(run, !follow))?;
    ended(&tree.run.execution)
}

/// What to start, with the parameters read as what it wants.
async fn body(client: &Client, args: &Run) -> Result<StartRun> {
    let labels = input::texts(&args.label)?;
    let mut pairs = args.parameters.clone();
    match (&args.what, &args.file) {
        (what, Some(file)) => {
            match what {
                Some(What::Parameter(pair)) => pairs.insert(0, pair.clone()),
                Some(What::Action(action)) => {
                    return Err(CliError::Usage(format!(
                        "run either `{action}` or the file, not both"
                    )));
                }
                None => {}
            }
            let text = read(file)?;
            let schema = schema_in(&text);
            Ok(StartRun::Inline(StartInline {
                definition: JsonValue::from(text),
                parameters: input::object(args.input.as_deref(), &pairs, &schema)?,
                labels,
            }))
        }
        (Some(What::Action(action)), None) => {
            // Only single values need the schema: it says what a text is to become.
            let schema = if pairs.is_empty() {
                JsonValue::Null
            } else {
                let path = format!("/actions/{action}");
                client.get::<ActionView>(&path).await?.parameters
            };
            Ok(StartRun::Registered(StartExecution {
                action: action.clone(),
                parameters: input::object(args.input.as_deref(), &pairs, &schema)?,
                labels,
            }))
        }
        (Some(What::Parameter(text)), None) => Err(CliError::Usage(format!(
            "`{text}` is not a reference: write `pack.name` before the parameters"
        ))),
        (None, None) => Err(CliError::Usage("say what to run".to_owned())),
    }
}

fn read(file: &Path) -> Result<String> {
    let reading = || format!("reading {}", file.display());
    if file == Path::new("-") {
        return std::io::read_to_string(std::io::stdin()).attempt(reading);
    }
    std::fs::read_to_string(file).attempt(reading)
}

/// The schema of the parameters that a definition declares; what is wrong with it is the API's to say.
fn schema_in(text: &str) -> JsonValue {
    let root = yaml::parse("definition", text).ok();
    root.and_then(|root| Schema::from_json(root.get("parameters")?.to_json()).ok())
        .map_or(JsonValue::Null, |schema| schema.json_schema().clone())
}
