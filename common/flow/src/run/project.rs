//! The read model: the rows of a run's executions, and the news of an event.
//!
//! Pure projections; rebuilding them from the events gives the same rows.

use super::event::CompensationEnded;
use super::state::execution::Execution;
use super::{Event, ExecutionKind, ExecutionRow, Notice, RunHeader, RunState};
use crate::program::ProgramKind;
use attune_types::{ExecutionId, JsonValue};
use std::collections::BTreeMap;

/// Stands for a secret value.
const HIDDEN: &str = "********";

/// What the outside is told because of an event.
pub fn announce(state: &RunState, event: &Event) -> Option<Notice> {
    let run = state.run();
    Some(match event {
        Event::RunEnded { status, .. }
        | Event::CompensationEnded(CompensationEnded { status, .. }) => Notice::RunFinished {
            run,
            status: *status,
        },
        _ => Notice::RunChanged { run },
    })
}

/// The parameters as people may see them.
fn shown(header: &RunHeader) -> JsonValue {
    let mut input = JsonValue::Object(header.parameters.clone());
    for pointer in &header.hidden {
        if let Some(value) = input.pointer_mut(pointer)
            && !value.is_null()
        {
            *value = JsonValue::from(HIDDEN);
        }
    }
    input
}

impl RunState {
    /// The run's own row.
    pub fn run_row(&self) -> ExecutionRow {
        let header = self.header();
        ExecutionRow {
            id: ExecutionId::from(header.run),
            run: header.run,
            parent: header.parent.as_ref().map(|parent| parent.execution),
            kind: match header.kind {
                ProgramKind::Workflow => ExecutionKind::Workflow,
                ProgramKind::Action => ExecutionKind::Action,
            },
            task: None,
            action: Some(header.action.clone()),
            activation: 1,
            item_index: None,
            attempt: header.parent.as_ref().map_or(1, |parent| parent.attempt),
            status: self.status(),
            input: shown(header),
            result: self.output().clone(),
            error: self.error().cloned(),
            created_at: self.opened_at(),
            started_at: self.started_at(),
            ended_at: self.ended_at(),
            labels: self.labels().clone(),
            cost_usd: self.cost_usd(),
            trace_tag: self.trace_tag().map(str::to_owned),
            compensates: None,
        }
    }

    /// The row of a task activation or an item.
    pub fn row_of(&self, execution: &Execution) -> ExecutionRow {
        let undone = execution
            .undoes
            .and_then(|undoes| self.execution(undoes.execution));
        ExecutionRow {
            id: execution.id,
            run: self.run(),
            parent: Some(
                execution
                    .parent
                    .unwrap_or_else(|| ExecutionId::from(self.run())),
            ),
            kind: match execution.item {
                Some(_) => ExecutionKind::Item,
                None => ExecutionKind::Task,
            },
            task: Some(execution.name.to_string()),
            action: execution.action.clone(),
            activation: execution.activation,
            item_index: execution.item.or(undone.and_then(|undone| undone.item)),
            attempt: execution.attempts,
            status: execution.status(),
            input: execution
                .input
                .as_deref()
                .map_or(JsonValue::Null, |input| JsonValue::Object(input.clone())),
            result: if execution.is_ended() {
                self.result_of(execution)
            } else {
                JsonValue::Null
            },
            error: execution.error.as_deref().cloned(),
            created_at: execution.created_at,
            started_at: execution.started_at,
            ended_at: execution.ended_at,
            labels: BTreeMap::new(),
            cost_usd: 0.0,
            trace_tag: execution.trace_tag.as_deref().map(str::to_owned),
            compensates: undone.map(|undone| undone.name.to_string()),
        }
    }

    /// The rows of the run and of everything in it, in the order in which they came to be.
    pub fn executions(&self) -> impl Iterator<Item = ExecutionRow> + '_ {
        std::iter::once(self.run_row()).chain(
            self.in_order()
                .into_iter()
                .map(|execution| self.row_of(execution)),
        )
    }
}
