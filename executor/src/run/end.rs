//! What others are told when a run reaches an end: the run above, and the rules on finished runs.
//!
//! Written in the transaction of the end itself. The same end has the same id, however often it is
//! told. A run ends once by itself, and once more each time that it was retried or undone. A run that
//! refuses to be retried for the run above tells it so in the same way.

use super::actor::RunCell;
use super::registry::Registry;
use attune_flow::run::{Command, Event, Outcome, Rejection, Report, RunState};
use attune_port::{NewEvent, NewInboxCommand};
use attune_rules::TriggerEvent;
use attune_types::{AttemptId, ErrorInfo, EventId, JsonValue, Ref, RunId, code};
use serde_json::json;

impl RunCell {
    /// The run above has the end in its inbox already; this only makes it look sooner.
    pub(super) fn hint_parent(&self, told: Vec<NewInboxCommand>) {
        let cost = told
            .iter()
            .find(|told| matches!(told.command, Command::Reported { .. }));
        if let Some(cost) = cost {
            // Both in one look, in their order: the end may be the end of the run above too.
            let performer = &self.registry.shared.performer;
            performer.hint_runs(&self.registry, [cost.run]);
            return;
        }
        for command in told {
            self.registry.shared.performer.tell_run(
                &self.registry,
                command.run,
                command.command,
                Some(command.id),
            );
        }
    }
}

/// The commands to the run above that follow from an end.
pub(super) fn to_parent(state: &RunState, end: &Event) -> Vec<NewInboxCommand> {
    let header = state.header();
    let Some(parent) = &header.parent else {
        return Vec::new();
    };
    let run = header.run;
    match end {
        Event::CompensationEnded { .. } => state
            .undo_answers()
            .into_iter()
            .map(|(attempt, outcome)| NewInboxCommand {
                id: run.derive(&format!("undone for {attempt}")),
                run: parent.run,
                command: Command::AttemptFinished { attempt, outcome },
            })
            .collect(),
        _ => {
            // Once retried by somebody else, its end is nobody's news up there.
            let Some((attempt, outcome)) = state.answer() else {
                return Vec::new();
            };
            let told = NewInboxCommand::end(run, parent.run, attempt, outcome);
            cost_to_parent(state, parent.run, attempt)
                .into_iter()
                .chain([told])
                .collect()
        }
    }
}

/// What a child run has cost, which the run above counts as its own; told before its end.
fn cost_to_parent(state: &RunState, parent: RunId, attempt: AttemptId) -> Option<NewInboxCommand> {
    let header = state.header();
    let cost = Some(state.untold_cost_usd()).filter(|cost| *cost != 0.0)?;
    Some(NewInboxCommand {
        id: header.run.derive(&format!("cost to parent for {attempt}")),
        run: parent,
        command: Command::Reported {
            attempt,
            number: 0,
            report: Report {
                cost_usd: Some(cost),
                meter: Some(header.action.to_string()),
                ..Report::default()
            },
        },
    })
}

/// What the run above is told when the run refuses to go on for it: the attempt that asked has failed.
pub(super) fn retry_refused(
    state: &RunState,
    command: &Command,
    why: &Rejection,
) -> Option<NewInboxCommand> {
    let parent = state.header().parent.as_ref()?;
    let Command::Retry {
        attempt: Some(attempt),
        ..
    } = command
    else {
        return None;
    };
    let outcome = not_retried(state.run(), &why.to_string());
    Some(NewInboxCommand::end(
        state.run(),
        parent.run,
        *attempt,
        outcome,
    ))
}

/// How an attempt ends whose child run cannot go on.
pub(super) fn not_retried(child: RunId, why: &str) -> Outcome {
    Outcome::Failed {
        error: ErrorInfo::new(
            code::RETRY_REFUSED,
            format!("the child run {child} cannot be retried: {why}"),
        ),
        result: JsonValue::Null,
        process: None,
    }
}

/// The event that rules on finished executions see, if there are any such rules.
pub(super) fn finished_event(
    registry: &Registry,
    state: &RunState,
    end: &Event,
) -> Option<NewEvent> {
    let trigger = Ref::parse("core.execution_finished").ok()?;
    let catalogue = registry.shared.deps.directory.current();
    let wanted = catalogue
        .rules
        .iter()
        .any(|rule| rule.present && rule.def.enabled && rule.def.trigger == trigger);
    if !wanted {
        return None;
    }
    let header = state.header();
    let name = match end {
        Event::CompensationEnded { .. } => format!("undone {}", state.undo_rounds()),
        _ => match state.retry_rounds() {
            0 => "finished".to_owned(),
            round => format!("finished {round}"),
        },
    };
    Some(NewEvent {
        event: TriggerEvent {
            id: EventId(header.run.derive(&name)),
            trigger,
            payload: json!({
                "execution_id": header.run,
                "action": header.action,
                "status": state.status(),
                "output": state.output(),
                "error": state.error(),
                "started_by": header.started_by,
                "parent_id": header.parent.as_ref().map(|parent| parent.run),
            }),
            at: end.at(),
            source: Some("executor".to_owned()),
            dedupe: None,
            trigger_parameters: None,
        },
    })
}
