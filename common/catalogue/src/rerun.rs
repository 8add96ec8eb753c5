//! Preparing a run that does another one again: from that run's history to what opens the new one.
//!
//! The counterpart of [`start`](crate::start): here the header is put together from the first run's, so
//! that Program, parameters, configuration and packs are those of then. What is taken over of the
//! history is the core's to say. Secret values of an edited input are sealed before there is an event
//! that could hold them. Does no IO.

use crate::Opening;
use crate::start::new_run;
use attune_flow::program::{Program, RunLimits};
use attune_flow::run::{Event, RerunRefused, RunHeader, RunState, Withheld, carry, check_input};
use attune_port::{CarriedHistory, NewRun, RunKey, StoreError, StoredEvent};
use attune_types::{JsonMap, NulByte, RunId, find_nul, pointer_escape};
use attune_wire::WireError;

/// What is asked for.
#[derive(Clone, Debug)]
pub struct RerunRequest {
    /// Id of the new run.
    pub run: RunId,
    /// The task from which on, and which activation of it (the first, if none is named); none: all.
    pub from: Option<(String, Option<u32>)>,
    /// Put over the input that this task renders.
    pub input: Option<JsonMap>,
    /// Login of who asks.
    pub started_by: String,
    /// W3C `traceparent`.
    pub trace: Option<String>,
    /// Address of the API as actions see it.
    pub api_url: String,
    /// The bounds of runs in this installation.
    pub limits: RunLimits,
    /// The idempotency key that names the new run.
    pub key: Option<RunKey>,
}

/// Why a run cannot be done again.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum RerunError {
    /// It was asked for wrongly.
    #[error(transparent)]
    Refused(#[from] RerunRefused),
    /// An input is edited, but no task is named whose input that is.
    #[error("an edited input belongs to a task: say from which task on")]
    NoTask,
    /// The first run's history cannot be read.
    #[error("the history of the run cannot be read: {0}")]
    Unreadable(#[from] WireError),
    /// Secret values cannot be sealed, so nothing may be stored.
    #[error("the edited input holds secret values, and they cannot be sealed: {0}")]
    NotSealed(String),
    /// A value holds a character that cannot be stored.
    #[error("{0}")]
    Nul(#[from] NulByte),
}

/// Puts together what opens a run that does the one with that history again.
///
/// # Errors
/// [`RerunError`]; of an edited input with all that is wrong in it.
pub fn prepare_rerun(
    program: &Program,
    history: Vec<StoredEvent>,
    request: RerunRequest,
    opening: &Opening<'_>,
) -> Result<NewRun, RerunError> {
    let history: Vec<Event> = history
        .into_iter()
        .map(|stored| attune_wire::decode_event(&stored.kind, stored.version, stored.data))
        .collect::<Result<_, _>>()?;
    let Some(Event::RunOpened { header: first, .. }) = history.first() else {
        return Err(RerunRefused::NoHistory.into());
    };
    let input = request.input.filter(|input| !input.is_empty());
    if let Some(input) = &input {
        no_nul(input)?;
    }
    let from = match (request.from, program.kind, &input) {
        // A run of one action has one task, and nobody has to know its name.
        (None, attune_flow::program::ProgramKind::Action, Some(_)) => {
            program.tasks.first().map(|task| (task.name.clone(), None))
        }
        (None, _, Some(_)) => return Err(RerunError::NoTask),
        (from, _, _) => from,
    };
    let mut header = first.again(request.run, None);
    header.started_by = request.started_by;
    header.trace = request.trace;
    header.api_url = request.api_url;
    header.limits = (request.limits != RunLimits::default()).then_some(request.limits);
    let mut key = request.key;
    let Some((task, activation)) = from else {
        return Ok(new_run(header, key, opening.at));
    };
    let carried = carry(program, &history, &task, activation, header.run, opening.at)?;
    let mut own = None;
    if let Some(mut input) = input {
        let schema = check_input(program, &history, &carried, &input)?;
        let withheld = Withheld::from_edit(
            header.run,
            carried.secrets.as_ref(),
            &mut input,
            schema.secrets(),
            opening.entropy,
        );
        if let Some(withheld) = withheld {
            seal(&mut header, withheld, key.as_mut(), opening).map_err(not_sealed)?;
        }
        own = Some(input);
    }
    if let Some(rerun) = &mut header.rerun {
        rerun.edits = carried.edits(first, own);
        rerun.from = Some(carried.from);
    }
    Ok(with_history(header, key, carried.events, opening))
}

fn no_nul(input: &JsonMap) -> Result<(), NulByte> {
    for (name, value) in input {
        if let Some(nul) = find_nul(value) {
            let pointer = format!("/{}{}", pointer_escape(name), nul.pointer);
            return Err(NulByte { pointer });
        }
    }
    Ok(())
}

/// Seals what was taken out of an edited input. The hash of a request with a secret in it would let
/// values be tried out.
fn seal(
    header: &mut RunHeader,
    withheld: Withheld,
    key: Option<&mut RunKey>,
    opening: &Opening<'_>,
) -> Result<(), StoreError> {
    let sealed = opening.keys.seal(&withheld.name(), &withheld.values())?;
    header.add_secrets(withheld.into_secrets(sealed));
    if let Some(key) = key {
        key.body_hash = opening.keys.fingerprint(key.body_hash.as_bytes())?;
    }
    Ok(())
}

fn not_sealed(error: StoreError) -> RerunError {
    RerunError::NotSealed(match error {
        StoreError::Invalid(reason) => reason,
        other => other.to_string(),
    })
}

/// The new run with the events that it takes over, and the rows that they give.
fn with_history(
    header: RunHeader,
    key: Option<RunKey>,
    events: Vec<Event>,
    opening: &Opening<'_>,
) -> NewRun {
    let mut state = RunState::opened(header.clone(), opening.at);
    let mut stored = Vec::with_capacity(events.len());
    for (seq, event) in (2u64..).zip(events) {
        state = attune_flow::run::evolve(state, &event);
        let (kind, version, data) = attune_wire::encode_event(&event);
        stored.push(StoredEvent {
            seq,
            at: event.at(),
            kind: kind.to_owned(),
            version,
            data,
        });
    }
    let mut rows = state.executions();
    let own = rows.next();
    let new = new_run(header, key, opening.at);
    NewRun {
        row: own.unwrap_or(new.row),
        carried: CarriedHistory {
            events: stored,
            rows: rows.collect(),
        },
        ..new
    }
}
