//! `Begin`: variables, labels and time limit are evaluated once, then the entry tasks start, or the
//! run asks for its place among the runs of its workflow.

use super::duration;
use super::limits::tag_text;
use super::step::{Step, Todo, template_error};
use crate::program::{Program, TaskIx};
use crate::run::Event;
use crate::run::event::Values;
use crate::run::state::vars::Vars;
use attune_template::Template;
use attune_types::{ErrorInfo, ExecutionStatus, JsonValue, Timestamp, code};
use std::collections::BTreeMap;
use std::sync::Arc;

#[derive(Default)]
struct Opening {
    vars: Values,
    /// The same, as those behind see them.
    seen: Vars,
    labels: BTreeMap<String, String>,
    trace_tag: Option<String>,
    deadline: Option<Timestamp>,
}

impl Step<'_> {
    /// A run that has begun already is left as it is.
    pub(super) fn begin(&mut self) {
        if self.state.has_begun() || self.state.is_closing() {
            return;
        }
        let mut opening = Opening {
            labels: self.state.labels().clone(),
            trace_tag: self.state.trace_tag().map(str::to_owned),
            ..Opening::default()
        };
        let evaluated = if self.has_carried() {
            opening.seen = self.state.about.vars.clone();
            self.evaluate_deadline(&mut opening)
        } else {
            self.evaluate_opening(&mut opening)
        };
        self.push(Event::RunBegun {
            at: self.at(),
            vars: opening.vars,
            labels: opening.labels,
            trace_tag: opening.trace_tag,
            deadline: opening.deadline,
        });
        if let Err(error) = evaluated {
            self.fail_run(ExecutionStatus::Failed, error);
            return;
        }
        match &self.program.concurrency {
            Some(concurrency) => self.request_slot(concurrency),
            None => self.set_out(),
        }
    }

    /// Whether the run has activations already: taken over from the run that it does again, or its own
    /// of before it was retried.
    const fn has_carried(&self) -> bool {
        self.state.about.activations > 0
    }

    /// Starts the first tasks of the run, or of what it does again: of another one, or of itself.
    pub(super) fn set_out(&mut self) {
        if !self.has_carried() {
            return self.start_entries();
        }
        let live = self.state.live();
        self.todo
            .extend(live.into_iter().map(|live| Todo::Start(live.id)));
        if self.state.retry_rounds() > 0 {
            self.take_up();
        }
    }

    /// Starts the tasks that nothing leads to.
    fn start_entries(&mut self) {
        let program: &Program = self.program;
        let entries: &[TaskIx] = program.graph.entries();
        for task in entries {
            self.activate(*task, None, None);
        }
    }

    fn evaluate_opening(&self, opening: &mut Opening) -> Result<(), ErrorInfo> {
        let program = self.program;
        for (name, template) in &program.vars {
            let value = self.opening_value(template, opening, &format!("vars.{name}"))?;
            self.check_size(&value, &format!("the variable `{name}`"))?;
            let value = Arc::new(value);
            opening.seen.insert(name, value.clone());
            opening.vars.insert(name.clone(), value);
        }
        for (name, template) in &program.labels {
            let value = self.opening_value(template, opening, &format!("labels.{name}"))?;
            opening.labels.insert(name.clone(), text(value));
        }
        if let Some(template) = &program.trace_tag {
            let value = self.opening_value(template, opening, "trace_tag")?;
            if !value.is_null() {
                opening.trace_tag = Some(tag_text(value)?);
            }
        }
        self.evaluate_deadline(opening)
    }

    fn evaluate_deadline(&self, opening: &mut Opening) -> Result<(), ErrorInfo> {
        if let Some(template) = &self.program.timeout {
            let value = self.opening_value(template, opening, "timeout")?;
            let limit = duration::read(&value)
                .map_err(|wrong| ErrorInfo::new(code::TEMPLATE, format!("timeout: {wrong}")))?;
            opening.deadline = duration::after(self.at(), limit);
        }
        Ok(())
    }

    fn opening_value(
        &self,
        template: &Template,
        opening: &Opening,
        of: &str,
    ) -> Result<JsonValue, ErrorInfo> {
        let mut scope = self.scope(None);
        scope.vars = Some(&opening.seen);
        template
            .evaluate(&scope)
            .map_err(|error| template_error(&error, of))
    }
}

/// A value as text.
pub(super) fn text(value: JsonValue) -> String {
    match value {
        JsonValue::String(text) => text,
        other => other.to_string(),
    }
}
