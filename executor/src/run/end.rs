//! What others are told when a run reaches an end: the run above, and the rules on finished runs.
//!
//! Written in the transaction of the end itself. The same end has the same id, however often it is
//! told. A run ends once by itself, and once more each time that it was undone.

use super::actor::RunCell;
use super::registry::Registry;
use attune_flow::run::{Command, Event, Outcome, Report, RunState};
use attune_port::{NewEvent, NewInboxCommand};
use attune_rules::TriggerEvent;
use attune_types::{AttemptId, EventId, Ref};
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
    let told = |attempt: AttemptId, outcome: Outcome, name: String| NewInboxCommand {
        id: run.derive(&name),
        run: parent.run,
        command: Command::AttemptFinished { attempt, outcome },
    };
    match end {
        Event::CompensationEnded { .. } => state
            .undo_answers()
            .into_iter()
            .map(|(attempt, outcome)| told(attempt, outcome, format!("undone for {attempt}")))
            .collect(),
        _ => cost_to_parent(state)
            .into_iter()
            .chain(
                state
                    .outcome()
                    .map(|outcome| told(AttemptId(run.uuid()), outcome, "to parent".to_owned())),
            )
            .collect(),
    }
}

/// What a child run has cost, which the run above counts as its own; told before its end.
fn cost_to_parent(state: &RunState) -> Option<NewInboxCommand> {
    let header = state.header();
    let parent = header.parent.as_ref()?;
    let cost = Some(state.cost_usd()).filter(|cost| *cost != 0.0)?;
    Some(NewInboxCommand {
        id: header.run.derive("cost to parent"),
        run: parent.run,
        command: Command::Reported {
            attempt: AttemptId(header.run.uuid()),
            number: 0,
            report: Report {
                cost_usd: Some(cost),
                meter: Some(header.action.to_string()),
                ..Report::default()
            },
        },
    })
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
        _ => "finished".to_owned(),
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
