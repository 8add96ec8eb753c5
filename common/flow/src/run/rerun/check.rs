//! Whether an edited input can fit the action at all, said before anything is started.
//!
//! What the task's templates will render is not known yet, so that only what the edit itself holds is
//! judged, put over the input that the first run had rendered where it had come so far. The whole is
//! checked when it is rendered, as ever.

use super::carry::Carried;
use super::{Activation, RerunRefused, merge};
use crate::program::{Program, ProgramKind, Work};
use crate::run::{Event, RunState};
use attune_pack::{FieldError, Schema};
use attune_types::{ExecutionId, JsonMap, JsonValue, pointer_escape};
use std::collections::HashSet;
use std::sync::Arc;

/// Checks an edited input for the activation from which on a run is done again, and gives the schema
/// that it was checked against.
///
/// # Errors
/// [`RerunRefused`] if the task takes none, or with all that is wrong in it.
pub fn check_input<'p>(
    program: &'p Program,
    history: &[Event],
    carried: &Carried,
    input: &JsonMap,
) -> Result<&'p Schema, RerunRefused> {
    let from = &carried.from;
    let task = program
        .graph
        .named(&from.task)
        .and_then(|ix| program.task(ix));
    let Some(Work::Action(call)) = task.map(|task| &task.work) else {
        return Err(RerunRefused::NoInput {
            task: from.task.clone(),
        });
    };
    let mut whole = rendered(program, history, from);
    merge(&mut whole, input);
    let secrets = carried.secrets.as_ref();
    let hidden = |text: &str| secrets?.hidden_type(text);
    let Err(errors) = call.parameters.validate_around(&whole, &hidden) else {
        return Ok(&call.parameters);
    };
    let mut edited = Edited::default();
    edited.look(input, &mut String::new());
    let errors: Vec<FieldError> = errors
        .into_iter()
        .filter(|error| edited.holds(&error.pointer))
        .collect();
    if errors.is_empty() {
        return Ok(&call.parameters);
    }
    Err(RerunRefused::Input {
        action: call.reference.to_string(),
        errors,
    })
}

/// The input that the first run had rendered there, or for the first item; empty if it had not.
fn rendered(program: &Program, history: &[Event], from: &Activation) -> JsonMap {
    let Some(Event::RunOpened { header, .. }) = history.first() else {
        return JsonMap::new();
    };
    if program.kind == ProgramKind::Action {
        return header.parameters.clone();
    }
    let whole = RunState::activation_in(header.run, &from.task, from.activation);
    let of = |id: ExecutionId| id == whole || id == RunState::item_id(whole, 0);
    let found = history.iter().rev().find_map(|event| match event {
        Event::AttemptScheduled {
            execution, input, ..
        }
        | Event::AttemptFailed {
            execution, input, ..
        }
        | Event::ExecutionEnded {
            execution, input, ..
        } if of(*execution) => input.as_ref(),
        _ => None,
    });
    found.map_or_else(JsonMap::new, |input| JsonMap::clone(Arc::as_ref(input)))
}

/// Which places of an input an edit says something about.
#[derive(Default)]
struct Edited {
    /// Maps that are gone into.
    within: HashSet<String>,
    /// Values that are set or taken away.
    set: HashSet<String>,
}

impl Edited {
    fn look(&mut self, patch: &JsonMap, at: &mut String) {
        for (name, value) in patch {
            let length = at.len();
            at.push('/');
            at.push_str(&pointer_escape(name));
            match value {
                JsonValue::Object(inner) => {
                    self.within.insert(at.clone());
                    self.look(inner, at);
                }
                _ => {
                    self.set.insert(at.clone());
                }
            }
            at.truncate(length);
        }
    }

    /// Whether what is wrong there is the edit's doing: it is a place that the edit sets, or one within
    /// such a place, or a map of the edit that belongs nowhere.
    fn holds(&self, pointer: &str) -> bool {
        let ends = pointer.match_indices('/').map(|(at, _)| at).skip(1);
        self.within.contains(pointer)
            || ends
                .chain([pointer.len()])
                .any(|end| self.set.contains(&pointer[..end]))
    }
}
