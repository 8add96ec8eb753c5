//! Doing a run again, or a part of it, as a new run that points back to the first.
//!
//! Owns what the new run knows of that ([`Rerun`], in its header), how an edited input is put over the
//! one that a task renders, and how the header is made from that of the first run. What is taken over
//! of the first run's history: [`carry`]. Pure; called by whoever opens such a run. The first run is
//! read and never changed. Failure: a [`RerunRefused`] that says what was asked for wrongly.

mod carry;
mod check;
mod cut;

pub use carry::{Carried, carry};
pub use check::check_input;

use super::{Execution, Origin, RunHeader, RunState, Secrets};
use attune_pack::FieldError;
use attune_types::{JsonMap, JsonValue, RunId};
use serde::{Deserialize, Serialize};

/// What a run knows of the run that it does again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rerun {
    /// That run.
    pub run: RunId,
    /// From where on; none: all of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Activation>,
    /// Inputs that somebody edited.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub edits: Vec<Edit>,
}

/// An activation of a task by its name and number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Activation {
    /// Name of the task.
    pub task: String,
    /// Number of the activation, from 1.
    pub activation: u32,
}

/// An edited input.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Edit {
    /// Of which activation: of all its attempts and items.
    #[serde(flatten)]
    pub of: Activation,
    /// A JSON merge patch (RFC 7396) over what the task's templates render. Tokens stand for secrets.
    pub input: JsonMap,
}

/// Why a run cannot be done again as asked.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum RerunRefused {
    /// What is stored is not the history of a run.
    #[error("the history of the run cannot be read")]
    NoHistory,
    /// The workflow has no such task.
    #[error("the workflow has no task `{task}`{}", .near.as_ref().map(|name| format!("; did you mean `{name}`?")).unwrap_or_default())]
    UnknownTask {
        /// What was asked for.
        task: String,
        /// The nearest name that exists.
        near: Option<String>,
    },
    /// A child of a parallel task starts with it alone.
    #[error(
        "`{task}` is a child of the parallel task `{parallel}` and starts with it alone: rerun from `{parallel}`"
    )]
    Branch {
        /// What was asked for.
        task: String,
        /// The outermost task that it is in.
        parallel: String,
    },
    /// The run did not come to the task.
    #[error(
        "the run never reached task `{task}`: rerun from one that it reached, or from the beginning"
    )]
    NotReached {
        /// What was asked for.
        task: String,
    },
    /// The run came to the task, but not so often.
    #[error("the run reached task `{task}` {count} times: there is no activation {activation}")]
    NoActivation {
        /// What was asked for.
        task: String,
        /// Its number as asked for.
        activation: u32,
        /// How often the run reached it.
        count: u32,
    },
    /// A parallel task has no input.
    #[error("`{task}` starts other tasks and has no input of its own that could be edited")]
    NoInput {
        /// The task.
        task: String,
    },
    /// The edited input does not fit the action.
    #[error("the edited input does not fit `{action}`: {}", list(.errors))]
    Input {
        /// The action.
        action: String,
        /// All that is wrong, each with its place in the edited input.
        errors: Vec<FieldError>,
    },
}

fn list(errors: &[FieldError]) -> String {
    let all: Vec<String> = errors.iter().map(ToString::to_string).collect();
    all.join("; ")
}

impl RunHeader {
    /// The header of a run that does this one again: of the same Program, with the same parameters,
    /// configuration and event; standing on its own, and knowing the secrets that this one knew. Who
    /// starts it, its trace and its bounds are for the caller to say.
    #[must_use]
    pub fn again(&self, run: RunId, from: Option<Activation>) -> Self {
        Self {
            run,
            secrets: Secrets::at_opening(self),
            parent: None,
            depth: 0,
            origin: match &self.origin {
                Origin::Parent => Origin::Request,
                other => other.clone(),
            },
            rerun: Some(Box::new(Rerun {
                run: self.run,
                from,
                edits: Vec::new(),
            })),
            ..self.clone()
        }
    }
}

impl RunHeader {
    /// Adds secret values that this run is given itself. They are called as those that it knows.
    pub fn add_secrets(&mut self, own: Secrets) {
        match &mut self.secrets {
            Some(known) => known.sealed.extend(own.sealed),
            none => *none = Some(own),
        }
    }
}

impl Carried {
    /// What is edited in the new run: the input of the first task, if somebody gives one, and what had
    /// been edited in the first run of activations that begin anew.
    pub fn edits(&self, first: &RunHeader, input: Option<JsonMap>) -> Vec<Edit> {
        let before = first.rerun.iter().flat_map(|rerun| &rerun.edits);
        let still =
            before.filter(|edit| edit.of != self.from && self.begun_anew.contains(&edit.of));
        let own = input.map(|input| Edit {
            of: self.from.clone(),
            input,
        });
        own.into_iter().chain(still.cloned()).collect()
    }
}

impl RunState {
    /// What somebody edited of the input of an execution, or of the activation that it is an item of.
    pub(super) fn edit_of(&self, execution: &Execution) -> Option<&JsonMap> {
        let rerun = self.header().rerun.as_deref()?;
        if execution.undoes.is_some() {
            return None;
        }
        let edit = rerun.edits.iter().find(|edit| {
            edit.of.activation == execution.activation && edit.of.task == *execution.name
        })?;
        Some(&edit.input)
    }

    /// Whether an execution was taken over from the run that this one does again.
    pub fn is_carried(&self, execution: &Execution) -> bool {
        (1..=self.about.carried).contains(&execution.completed)
    }
}

/// Puts a merge patch over a map: null takes a name away, maps are gone into, anything else replaces.
pub(super) fn merge(map: &mut JsonMap, patch: &JsonMap) {
    for (name, value) in patch {
        match value {
            JsonValue::Null => {
                map.remove(name);
            }
            JsonValue::Object(inner) => {
                let below = map
                    .entry(name.clone())
                    .or_insert_with(|| JsonMap::new().into());
                if !below.is_object() {
                    *below = JsonMap::new().into();
                }
                if let JsonValue::Object(below) = below {
                    merge(below, inner);
                }
            }
            other => {
                map.insert(name.clone(), other.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_merge_patch_does_what_its_standard_says() {
        // The examples of RFC 7396 whose target and patch are maps.
        let cases = [
            (json!({"a": "b"}), json!({"a": "c"}), json!({"a": "c"})),
            (
                json!({"a": "b"}),
                json!({"b": "c"}),
                json!({"a": "b", "b": "c"}),
            ),
            (json!({"a": "b"}), json!({"a": null}), json!({})),
            (
                json!({"a": "b", "b": "c"}),
                json!({"a": null}),
                json!({"b": "c"}),
            ),
            (json!({"a": ["b"]}), json!({"a": "c"}), json!({"a": "c"})),
            (json!({"a": "c"}), json!({"a": ["b"]}), json!({"a": ["b"]})),
            (
                json!({"a": {"b": "c"}}),
                json!({"a": {"b": "d", "c": null}}),
                json!({"a": {"b": "d"}}),
            ),
            (
                json!({"a": [{"b": "c"}]}),
                json!({"a": [1]}),
                json!({"a": [1]}),
            ),
            (
                json!({"e": null}),
                json!({"a": 1}),
                json!({"e": null, "a": 1}),
            ),
            (
                json!({}),
                json!({"a": {"bb": {"ccc": null}}}),
                json!({"a": {"bb": {}}}),
            ),
            (
                json!({"a": "foo"}),
                json!({"a": {"b": 1}}),
                json!({"a": {"b": 1}}),
            ),
        ];
        for (target, patch, wanted) in cases {
            let mut map = target.as_object().unwrap().clone();
            merge(&mut map, patch.as_object().unwrap());
            assert_eq!(JsonValue::Object(map), wanted, "{target} with {patch}");
        }
    }
}
