//! What a condition looked at: the values of the names in it, for people who ask why it did not hold.
//!
//! Reads a run's state as it stands after the decision; never evaluates the condition itself.

use attune_flow::program::Program;
use attune_flow::run::{Execution, Now, RunState};
use attune_template::{Ambient, Outcome, Root, Scope, Target, Template};
use attune_types::JsonValue;
use serde_json::json;
use std::borrow::Cow;

/// A look at a run from a task that has ended.
pub(super) struct Look<'a> {
    program: &'a Program,
    state: &'a RunState,
    ended: &'a Execution,
    now: Now,
}

impl<'a> Look<'a> {
    pub(super) fn at(
        program: &'a Program,
        state: &'a RunState,
        ended: &'a Execution,
        now: Now,
    ) -> Self {
        Self {
            program,
            state,
            ended,
            now,
        }
    }

    /// The names in a condition with their values, each once. Names without a value are left out.
    pub(super) fn saw(&self, when: &Template) -> Vec<(String, JsonValue)> {
        let Some(text) = when.source().as_str() else {
            return Vec::new();
        };
        let mut saw: Vec<(String, JsonValue)> = Vec::new();
        for used in when.references() {
            if used.target == Target::Function && used.path.first().is_none_or(|f| f != "result") {
                continue;
            }
            let Some(name) = text.get(used.span.clone()).map(str::trim) else {
                continue;
            };
            if saw.iter().any(|(known, _)| known == name) {
                continue;
            }
            let value = Template::condition(&JsonValue::from(name))
                .ok()
                .and_then(|template| template.evaluate(self).ok());
            saw.extend(value.map(|value| (name.to_owned(), value)));
        }
        saw
    }

    fn task(&self, name: &str) -> Option<JsonValue> {
        let task = self.program.graph.named(name)?;
        let latest = self.state.latest(task, name)?;
        let result = self.state.result_of(latest);
        Some(json!({
            "status": latest.status(),
            "results": result,
            "result": result,
            "error": latest.error.as_deref(),
            "attempts": latest.attempts,
            "started_at": latest.started_at,
            "ended_at": latest.ended_at,
        }))
    }
}

impl Scope for Look<'_> {
    fn get(&self, root: Root, name: &str) -> Option<Cow<'_, JsonValue>> {
        let header = self.state.header();
        match root {
            Root::Task => self.task(name).map(Cow::Owned),
            Root::Vars => self.state.var(name).map(Cow::Borrowed),
            Root::Parameters => header.parameters.get(name).map(Cow::Borrowed),
            Root::PackConfig => header.pack_config.get(name).map(Cow::Borrowed),
            Root::Local if name == "error" => {
                let error = self.ended.error.as_deref();
                error.map(|error| Cow::Owned(json!(error)))
            }
            _ => None,
        }
    }

    fn names(&self, _root: Root) -> Vec<String> {
        Vec::new()
    }

    fn outcome(&self) -> Option<Outcome<'_>> {
        Some(Outcome {
            status: self.ended.status(),
            result: Cow::Owned(self.state.result_of(self.ended)),
            error: self
                .ended
                .error
                .as_deref()
                .map(|error| Cow::Owned(json!(error))),
        })
    }

    fn ambient(&self) -> Ambient {
        Ambient {
            now: self.now.at,
            entropy: self.now.entropy,
        }
    }
}
