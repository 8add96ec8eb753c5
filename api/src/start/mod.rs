//! Starting runs: checked, stored in one transaction with whatever else is being started, hinted.
//!
//! Owns the way from a request to a durable run. A start that is answered with success is in the
//! database. The hint to the shard's owner may be lost: the sweep finds the run.

mod batch;
mod hint;
mod inline;
mod key;
mod rerun;

pub(crate) use hint::{hint_command, hint_event};
pub(crate) use inline::start_inline;
pub(crate) use key::IdempotencyKey;
pub(crate) use rerun::rerun;

use crate::access::Caller;
use crate::app::App;
use crate::body::check_size;
use crate::code;
use crate::ids::new_id;
use crate::refusal::{Answer, Refusal};
use crate::trace::Trace;
use attune_catalogue::{Opening, Snapshot, StartRequest, prepare};
use attune_flow::run::{ExecutionRow, Origin};
use attune_port::{NewRun, OpenOutcome, RunKey};
use attune_rest::StartExecution;
use attune_types::{JsonMap, Ref, RunId};
pub(crate) use batch::Starter;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Labels of one run.
const MOST_LABELS: usize = 64;
/// Length of a label's name or value.
const LONGEST_LABEL: usize = 256;

/// A run that there is now.
pub(crate) struct Started {
    pub(crate) run: RunId,
    /// Its row as it was opened; none if it had been opened before.
    pub(crate) opened: Option<ExecutionRow>,
}

/// Starts one run.
pub(crate) async fn start(
    app: &App,
    caller: &Caller,
    trace: &Trace,
    request: StartExecution,
    key: Option<&IdempotencyKey>,
) -> Answer<Started> {
    let catalogue = catalogue_for(app, [&request.action]).await;
    let new = checked(app, &catalogue, caller, trace, request, key)?;
    open(app, trace, new).await
}

/// Opens a run that was checked, and tells who has to know.
async fn open(app: &App, trace: &Trace, new: NewRun) -> Answer<Started> {
    let (run, row) = (new.header.run, new.row.clone());
    let outcome = app.starter.open(new).await?;
    let started = judged(run, row, outcome)?;
    if started.opened.is_some() {
        hint::hint_runs(app, trace, &[run]);
    }
    Ok(started)
}

/// Starts many, each accepted or refused on its own.
pub(crate) async fn start_many(
    app: &App,
    caller: &Caller,
    trace: &Trace,
    requests: Vec<Answer<StartExecution>>,
    key: Option<&IdempotencyKey>,
) -> Vec<Answer<Started>> {
    let named = requests.iter().flatten().map(|request| &request.action);
    let catalogue = catalogue_for(app, named).await;
    let mut good = Vec::new();
    let mut answers: Vec<Answer<usize>> = Vec::with_capacity(requests.len());
    for (number, request) in requests.into_iter().enumerate() {
        let key = key.map(|key| key.numbered(number));
        let checked =
            request.and_then(|one| checked(app, &catalogue, caller, trace, one, key.as_ref()));
        answers.push(checked.map(|new| {
            good.push(new);
            good.len() - 1
        }));
    }
    let rows: Vec<_> = good
        .iter()
        .map(|new| (new.header.run, new.row.clone()))
        .collect();
    let outcomes = app.starter.open_many(good).await;
    let mut opened: Vec<Option<Answer<Started>>> = rows
        .into_iter()
        .zip(outcomes)
        .map(|((run, row), outcome)| Some(outcome.and_then(|outcome| judged(run, row, outcome))))
        .collect();
    let answers: Vec<Answer<Started>> = answers
        .into_iter()
        .map(|answer| {
            let place = opened.get_mut(answer?).and_then(Option::take);
            place.unwrap_or_else(|| Err(Refusal::new(&code::INTERNAL, "the start got lost")))
        })
        .collect();
    let new: Vec<RunId> = answers
        .iter()
        .flatten()
        .filter(|started| started.opened.is_some())
        .map(|started| started.run)
        .collect();
    hint::hint_runs(app, trace, &new);
    answers
}

/// The catalogue in memory; looked at anew when it lacks one of these actions, which another replica
/// may have registered a moment ago.
async fn catalogue_for(app: &App, actions: impl IntoIterator<Item = &Ref>) -> Arc<Snapshot> {
    let current = app.deps.directory.current();
    let known = actions
        .into_iter()
        .all(|action| current.action(action).is_some());
    if known {
        return current;
    }
    app.deps.directory.refresh().await.unwrap_or(current)
}

fn checked(
    app: &App,
    catalogue: &Snapshot,
    caller: &Caller,
    trace: &Trace,
    request: StartExecution,
    key: Option<&IdempotencyKey>,
) -> Answer<NewRun> {
    check_size(
        "the parameters of a run",
        &request.parameters,
        catalogue.limits.run.payload_bytes,
    )?;
    check_labels(&request.labels)?;
    let key = key.map(|key| (key, key.for_body(&request)));
    let given = (request.parameters, request.labels);
    let request = request_for(app, caller, trace, request.action, given, key);
    Ok(prepare(catalogue, request, &opening(app))?)
}

/// What opening a run takes here.
fn opening(app: &App) -> Opening<'_> {
    Opening {
        at: app.deps.clock.now(),
        entropy: app.deps.clock.entropy(),
        keys: &*app.deps.stores.keys,
    }
}

/// A start by a request. The key, with what it claims, names the run.
fn request_for(
    app: &App,
    caller: &Caller,
    trace: &Trace,
    action: Ref,
    (parameters, labels): (JsonMap, Labels),
    key: Option<(&IdempotencyKey, RunKey)>,
) -> StartRequest {
    let run = match &key {
        Some((key, _)) => RunId::of_key(caller.id, key.as_str()),
        None => RunId(new_id(&*app.deps.clock)),
    };
    StartRequest {
        run,
        action,
        parameters,
        origin: Origin::Request,
        parent: None,
        depth: 0,
        started_by: caller.login.clone(),
        labels,
        trace: Some(trace.parent()),
        api_url: app.deps.config.public_url.clone(),
        key: key.map(|(_, claim)| claim),
    }
}

type Labels = BTreeMap<String, String>;

fn check_labels(labels: &Labels) -> Answer<()> {
    if labels.len() > MOST_LABELS {
        return Err(Refusal::field(
            "/labels",
            "length",
            format!("a run has at most {MOST_LABELS} labels"),
        ));
    }
    for (name, value) in labels {
        let fits = !name.is_empty() && name.len() <= LONGEST_LABEL && value.len() <= LONGEST_LABEL;
        if !fits || name.contains(':') {
            return Err(Refusal::field(
                &format!("/labels/{}", attune_types::pointer_escape(name)),
                "pattern",
                format!(
                    "a label's name and value have at most {LONGEST_LABEL} bytes, and its name is not empty and has no `:`"
                ),
            ));
        }
    }
    Ok(())
}

fn judged(run: RunId, row: ExecutionRow, outcome: OpenOutcome) -> Answer<Started> {
    match outcome {
        OpenOutcome::Created => Ok(Started {
            run,
            opened: Some(row),
        }),
        OpenOutcome::Exists => Ok(Started { run, opened: None }),
        OpenOutcome::KeyMismatch => Err(Refusal::new(
            &code::IDEMPOTENCY_KEY_REUSED,
            "this idempotency key was given with another request before",
        )),
    }
}
