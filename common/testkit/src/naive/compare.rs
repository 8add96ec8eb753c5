//! Where a run of the core stands otherwise than the naive one.

use super::act::At;
use super::{Naive, scope};
use attune_flow::run::{Execution, Phase, RunState};
use attune_types::{ExecutionStatus, JsonValue, Timestamp};
use std::collections::BTreeMap;
use std::fmt::Debug;

/// What is compared of one execution.
#[derive(Debug, PartialEq)]
struct Seen {
    status: ExecutionStatus,
    attempts: u32,
    losses: u32,
    input: Option<JsonValue>,
    result: JsonValue,
    error: Option<String>,
    due: Option<Timestamp>,
    parent: Option<Key>,
}

type Key = (String, u32, Option<u32>);

impl Naive {
    /// The first difference, if there is one.
    ///
    /// # Errors
    /// What differs, for people.
    pub fn differs(&self, state: &RunState) -> Result<(), String> {
        if let Some(complaint) = &self.complaint {
            return Err(complaint.clone());
        }
        let ended = self.ended.as_ref().map(|(status, ..)| *status);
        let core_ended = state.is_terminal().then(|| state.status());
        same("the end", &ended, &core_ended)?;
        same(
            "the error",
            &self.error_code(),
            &state.error().map(|e| e.code.clone()),
        )?;
        for (name, value) in &self.vars {
            same(&format!("vars.{name}"), &Some(value), &state.var(name))?;
        }
        if let Some((_, output, _)) = &self.ended {
            same("the output", output, state.output())?;
        } else {
            same("paused", &self.paused, &state.is_paused())?;
        }
        let mine: BTreeMap<Key, Seen> = (0..self.acts.len())
            .map(|n| (self.key(n), self.seen(n)))
            .collect();
        let theirs: BTreeMap<Key, Seen> = state
            .in_order()
            .into_iter()
            .map(|execution| (key_of(execution), seen_of(state, execution)))
            .collect();
        let keys = |of: &BTreeMap<Key, Seen>| of.keys().cloned().collect::<Vec<_>>();
        same("what was reached", &keys(&mine), &keys(&theirs))?;
        for (key, seen) in &mine {
            if let Some(other) = theirs.get(key) {
                seen.same(other)
                    .map_err(|what| format!("{key:?}: {what}"))?;
            }
        }
        Ok(())
    }

    fn error_code(&self) -> Option<String> {
        match (&self.ended, &self.failing) {
            (Some((_, _, error)), _) => error.as_ref().map(|error| error.code.clone()),
            (None, Some((_, error))) => Some(error.code.clone()),
            (None, None) => None,
        }
    }

    fn key(&self, n: usize) -> Key {
        let act = &self.acts[n];
        (
            self.program.tasks[act.task].name.clone(),
            act.activation,
            act.item,
        )
    }

    fn seen(&self, n: usize) -> Seen {
        let act = &self.acts[n];
        Seen {
            status: scope::status(act),
            attempts: act.attempts,
            losses: act.losses,
            input: act.input.clone().map(JsonValue::Object),
            // Nobody sees what an attempt gave back before the last one.
            result: if act.is_ended() {
                self.result_of(n)
            } else {
                JsonValue::Null
            },
            error: act.error.as_ref().map(|error| error.code.clone()),
            due: match act.at {
                At::Delayed(due) | At::Retrying(due) => Some(due),
                _ => None,
            },
            parent: act.parent.map(|parent| self.key(parent)),
        }
    }
}

impl Seen {
    fn same(&self, core: &Self) -> Result<(), String> {
        same("status", &self.status, &core.status)?;
        same("due", &self.due, &core.due)?;
        same("error", &self.error, &core.error)?;
        same("parent", &self.parent, &core.parent)?;
        // Iterations and parallel tasks are tried once, which needs no counting.
        if self.input.is_some() || core.input.is_some() {
            same("attempts", &self.attempts, &core.attempts)?;
        }
        same("losses", &self.losses, &core.losses)?;
        same("input", &self.input, &core.input)?;
        same("result", &self.result, &core.result)
    }
}

fn key_of(execution: &Execution) -> Key {
    (
        execution.name.to_string(),
        execution.activation,
        execution.item,
    )
}

fn seen_of(state: &RunState, execution: &Execution) -> Seen {
    Seen {
        status: execution.status(),
        attempts: execution.attempts,
        losses: execution.losses,
        input: execution.input.as_deref().cloned().map(JsonValue::Object),
        result: if execution.is_ended() {
            state.result_of(execution)
        } else {
            JsonValue::Null
        },
        error: execution.error.as_ref().map(|error| error.code.clone()),
        due: match execution.phase {
            Phase::Delayed(due) | Phase::Retrying(due) => Some(due),
            _ => None,
        },
        parent: execution
            .parent
            .and_then(|parent| state.execution(parent))
            .map(key_of),
    }
}

fn same<T: PartialEq + Debug>(what: &str, naive: &T, core: &T) -> Result<(), String> {
    if naive == core {
        Ok(())
    } else {
        Err(format!(
            "{what}: by the language {naive:?}, in the run {core:?}"
        ))
    }
}
