//! Starting an activation: its condition, its delay, then its work.

use super::duration;
use super::limits::tag_text;
use super::step::{Step, template_error};
use crate::program::Work;
use crate::run::Event;
use crate::run::state::execution::Phase;
use attune_types::{Duration, ErrorInfo, ExecutionId, ExecutionStatus, code};

impl Step<'_> {
    /// Starts an activation that was reached. While the run is paused it stays reached.
    pub(super) fn start(&mut self, id: ExecutionId) {
        let Some((execution, task)) = self.of(id) else {
            return;
        };
        if execution.phase != Phase::Ready {
            return;
        }
        if self.state.is_closing() {
            self.end_plain(id, ExecutionStatus::Cancelled);
            return;
        }
        if !self.state.may_start() {
            return;
        }
        if let Some(when) = &task.when {
            let held = when.test(&self.scope(Some(execution)));
            match held {
                Ok(true) => {}
                Ok(false) => {
                    self.end_plain(id, ExecutionStatus::Skipped);
                    return;
                }
                Err(error) => {
                    self.end_failed(id, template_error(&error, "when"));
                    return;
                }
            }
        }
        if let Err(error) = self.tag(id) {
            self.end_failed(id, error);
            return;
        }
        match self.delay(id) {
            Ok(None) => self.launch(id),
            Ok(Some(delay)) => {
                let until = duration::after(self.at(), delay).unwrap_or(self.at());
                self.push(Event::Delayed {
                    at: self.at(),
                    execution: id,
                    until,
                });
            }
            Err(error) => self.end_failed(id, error),
        }
    }

    /// Records the text to find the activation by, if its task has one.
    fn tag(&mut self, id: ExecutionId) -> Result<(), ErrorInfo> {
        let Some((execution, task)) = self.of(id) else {
            return Ok(());
        };
        let Some(template) = &task.trace_tag else {
            return Ok(());
        };
        let value = template
            .evaluate(&self.scope(Some(execution)))
            .map_err(|error| template_error(&error, "trace_tag"))?;
        if value.is_null() {
            return Ok(());
        }
        let trace_tag = tag_text(value)?;
        self.push(Event::Tagged {
            at: self.at(),
            execution: id,
            trace_tag,
        });
        Ok(())
    }

    fn delay(&self, id: ExecutionId) -> Result<Option<Duration>, ErrorInfo> {
        let Some((execution, task)) = self.of(id) else {
            return Ok(None);
        };
        let Some(template) = &task.delay else {
            return Ok(None);
        };
        let value = template
            .evaluate(&self.scope(Some(execution)))
            .map_err(|error| template_error(&error, "delay"))?;
        let delay = duration::read(&value)
            .map_err(|wrong| ErrorInfo::new(code::TEMPLATE, format!("delay: {wrong}")))?;
        Ok((!delay.is_zero()).then_some(delay))
    }

    /// Goes on after condition and delay.
    pub(super) fn launch(&mut self, id: ExecutionId) {
        let Some((execution, task)) = self.of(id) else {
            return;
        };
        if !matches!(execution.phase, Phase::Ready | Phase::Delayed(_)) || !self.state.may_start() {
            return;
        }
        if task.items.is_some() && execution.item.is_none() {
            self.plan_items(id);
        } else {
            self.work(id);
        }
    }

    /// Tries again, if it still may.
    pub(super) fn again(&mut self, id: ExecutionId) {
        let waits = self
            .state
            .execution(id)
            .is_some_and(|execution| matches!(execution.phase, Phase::Retrying(_)));
        if waits && (self.state.may_start() || self.state.is_undoing()) {
            self.work(id);
        }
    }

    /// Does the task's work once: for the activation itself or for one item.
    pub(super) fn work(&mut self, id: ExecutionId) {
        if let Some(child) = self.child_to_undo(id) {
            return self.ask_child(id, child);
        }
        match self.of(id).map(|(_, task)| &task.work) {
            Some(Work::Parallel {
                children,
                fail_fast,
            }) => self.open_branches(id, children, *fail_fast),
            Some(Work::Action(call)) => self.attempt(id, call),
            None => {}
        }
    }
}
