//! What templates of a run see: the scopes of the workflow language over a [`RunState`].
//!
//! Lent to one evaluation; reads, never changes. A name that is not there is `None`: the template
//! crate says so to people.

use super::state::execution::{Execution, Parts};
use super::state::vars::Vars;
use super::view_of::error_value;
use super::{Now, Origin, RunState};
use crate::program::{Program, TaskIx};
use attune_template::{Ambient, Bounds, Keys, Outcome, Root, Scope};
use attune_types::{ErrorInfo, JsonValue};
use serde_json::json;
use std::borrow::Cow;

/// A view of a run for one evaluation.
pub(super) struct RunScope<'a> {
    pub(super) program: &'a Program,
    pub(super) state: &'a RunState,
    /// Whose template it is; none for the run's own.
    pub(super) execution: Option<&'a Execution>,
    /// The activation that is being undone: it is what its task's name stands for.
    pub(super) undone: Option<&'a Execution>,
    /// Whether conditions may ask how that execution ended.
    pub(super) ended: bool,
    /// The error of an attempt that is not recorded yet.
    pub(super) error: Option<&'a ErrorInfo>,
    /// Number of the attempt that is being prepared.
    pub(super) attempt: u32,
    /// Variables that are not recorded yet.
    pub(super) vars: Option<&'a Vars>,
    /// The moment.
    pub(super) now: Now,
    /// What `kv` reads.
    pub(super) keys: &'a Keys,
}

/// The list of all activations of a task. It is as long as the run, so that it is made only where it
/// is asked for.
const ACTIVATIONS: &str = "activations";

const SYSTEM: [&str; 9] = [
    "execution_id",
    "workflow",
    "timestamp",
    "identity",
    "parent_id",
    "attempt",
    "api_url",
    "labels",
    "trace_tag",
];

impl RunScope<'_> {
    fn task(&self, name: &str, field: Option<&str>) -> Option<Cow<'_, JsonValue>> {
        let task = self.program.graph.named(name)?;
        let latest = match self.undone {
            Some(undone) if undone.task == task => undone,
            _ => self.state.latest(task, name)?,
        };
        let view = self.state.task_view(latest);
        let asked = field.is_none_or(|field| field == ACTIVATIONS);
        if !asked || !self.program.graph.is_looked_back_at(task) {
            return Some(view);
        }
        let mut view = view.into_owned();
        if let JsonValue::Object(map) = &mut view {
            map.insert(ACTIVATIONS.to_owned(), self.activations(task, name));
        }
        Some(Cow::Owned(view))
    }

    fn activations(&self, task: TaskIx, name: &str) -> JsonValue {
        let count = self.state.task(task).map_or(0, |known| known.activations);
        (1..=count)
            .filter_map(|n| self.state.execution(self.state.activation_id(name, n)))
            .map(|execution| self.state.task_view(execution).into_owned())
            .collect()
    }

    fn system(&self, name: &str) -> Option<JsonValue> {
        let header = self.state.header();
        Some(match name {
            "execution_id" => json!(header.run),
            "workflow" => json!({"ref": header.action, "version": header.version}),
            "timestamp" => json!(self.state.begun_at().unwrap_or(self.now.at)),
            "identity" => json!({"login": header.started_by}),
            "parent_id" => json!(header.parent.as_ref().map(|parent| parent.run)),
            "attempt" => json!(self.attempt),
            "api_url" => json!(header.api_url),
            "labels" => json!(self.state.labels()),
            "trace_tag" => json!(self.state.trace_tag()),
            _ => return None,
        })
    }

    fn event(&self, name: &str) -> Option<Cow<'_, JsonValue>> {
        let Origin::Rule {
            event,
            trigger,
            payload,
            time,
            ..
        } = &self.state.header().origin
        else {
            return None;
        };
        Some(match name {
            "payload" => Cow::Borrowed(payload),
            "trigger" => Cow::Owned(json!(trigger)),
            "id" => Cow::Owned(json!(event)),
            "time" => Cow::Owned(json!(time)),
            _ => return None,
        })
    }

    /// `item`, the name given by `as`, and `index`: of this execution or of one above it.
    fn item(&self, name: &str) -> Option<Cow<'_, JsonValue>> {
        let mut inner = self.execution;
        while let Some(execution) = inner {
            let above = execution.parent.and_then(|id| self.state.execution(id));
            if let (Some(index), Some(above)) = (execution.item, above)
                && let Parts::Items { items, .. } = &above.parts
            {
                let called = self
                    .program
                    .task(above.task)
                    .and_then(|task| task.items.as_ref())
                    .map(|items| items.name.as_str());
                if name == "index" {
                    return Some(Cow::Owned(index.into()));
                }
                if name == "item" || Some(name) == called {
                    return items.get(index as usize).map(Cow::Borrowed);
                }
            }
            inner = above;
        }
        None
    }

    fn item_names(&self) -> Vec<String> {
        ["item", "index"]
            .into_iter()
            .filter(|name| self.item(name).is_some())
            .map(str::to_owned)
            .collect()
    }

    fn current_error(&self) -> Option<JsonValue> {
        match (self.error, self.execution) {
            (Some(error), _) => Some(error_value(error)),
            (None, Some(execution)) if self.ended => execution.error.as_deref().map(error_value),
            _ => None,
        }
    }
}

impl Scope for RunScope<'_> {
    fn get(&self, root: Root, name: &str) -> Option<Cow<'_, JsonValue>> {
        self.get_for(root, name, None)
    }

    fn length(&self, root: Root, name: &str, field: &str) -> Option<usize> {
        if root != Root::Task || field != ACTIVATIONS {
            return None;
        }
        let task = self.program.graph.named(name)?;
        let count = self.state.task(task)?.activations;
        usize::try_from(count).ok().filter(|count| *count > 0)
    }

    fn get_for(&self, root: Root, name: &str, field: Option<&str>) -> Option<Cow<'_, JsonValue>> {
        let header = self.state.header();
        match root {
            Root::Task => self.task(name, field),
            Root::Vars => match self.vars {
                Some(vars) => vars.get(name).map(Cow::Borrowed),
                None => self.state.var(name).map(Cow::Borrowed),
            },
            Root::Parameters => header.parameters.get(name).map(Cow::Borrowed),
            Root::PackConfig => header.pack_config.get(name).map(Cow::Borrowed),
            Root::System => self.system(name).map(Cow::Owned),
            Root::Event => self.event(name),
            Root::Local if name == "error" => self.current_error().map(Cow::Owned),
            Root::Local => self.item(name),
            Root::Kv | Root::Inquiry => None,
        }
    }

    fn names(&self, root: Root) -> Vec<String> {
        let header = self.state.header();
        match root {
            Root::Task => self
                .program
                .tasks
                .iter()
                .zip(0u32..)
                .filter(|(_, n)| {
                    self.state
                        .task(TaskIx(*n))
                        .is_some_and(|known| known.activations > 0)
                })
                .map(|(task, _)| task.name.clone())
                .collect(),
            Root::Vars => self.vars.unwrap_or(&self.state.about.vars).names(),
            Root::Parameters => header.parameters.keys().cloned().collect(),
            Root::PackConfig => header.pack_config.keys().cloned().collect(),
            Root::System => SYSTEM.map(str::to_owned).to_vec(),
            Root::Event => match header.origin {
                Origin::Rule { .. } => ["payload", "trigger", "id", "time"]
                    .map(str::to_owned)
                    .to_vec(),
                Origin::Request | Origin::Parent => Vec::new(),
            },
            Root::Local => self.item_names(),
            Root::Kv | Root::Inquiry => Vec::new(),
        }
    }

    fn outcome(&self) -> Option<Outcome<'_>> {
        let execution = self.execution.filter(|_| self.ended)?;
        let view = self.state.task_view(execution);
        let result = match view {
            Cow::Borrowed(view) => Cow::Borrowed(view.get("result").unwrap_or(&JsonValue::Null)),
            Cow::Owned(_) => Cow::Owned(self.state.result_of(execution)),
        };
        Some(Outcome {
            status: execution.status(),
            result,
            error: execution
                .error
                .as_deref()
                .map(|error| Cow::Owned(error_value(error))),
        })
    }

    fn bounds(&self) -> Bounds {
        self.state
            .header()
            .limits
            .unwrap_or(self.program.limits)
            .expression()
    }

    fn ambient(&self) -> Ambient {
        Ambient {
            now: self.now.at,
            entropy: self.now.entropy,
        }
    }

    fn keys(&self) -> Option<&Keys> {
        Some(self.keys)
    }
}
