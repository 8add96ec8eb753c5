//! The end of the run: its output, and how it ended.

use super::step::{Step, template_error};
use crate::program::ProgramKind;
use crate::run::Event;
use attune_types::{ErrorInfo, ExecutionStatus, JsonMap, JsonValue, code};
use serde_json::json;
use std::sync::Arc;

impl Step<'_> {
    /// Ends the run if nothing of it is left to do.
    pub(super) fn end_run(&mut self) {
        let about = &self.state.about;
        let started = about.begun_at.is_some() || about.canceling.is_some();
        let waits = self.state.is_slot_wanted() || self.state.live_count() > 0;
        if about.end.is_some() || !started || waits {
            return;
        }
        if !self.state.is_closing()
            && let Some(planned) = about.planned.first()
        {
            let error = (*planned.error).clone();
            self.fail_run(ExecutionStatus::Failed, error);
        }
        let (status, error, output) = match self.verdict() {
            Some((status, error)) => (status, Some(error), self.output_as_far_as_it_goes()),
            None => match self.whole_output() {
                Ok(output) => (ExecutionStatus::Succeeded, None, output),
                Err((error, output)) => (ExecutionStatus::Failed, Some(error), output),
            },
        };
        self.push(Event::RunEnded {
            at: self.at(),
            status,
            output: Arc::new(output),
            error: error.map(Arc::new),
        });
    }

    /// How the run ends if not well.
    fn verdict(&self) -> Option<(ExecutionStatus, ErrorInfo)> {
        let about = &self.state.about;
        if let Some(failing) = &about.failing {
            return Some((failing.status, (*failing.error).clone()));
        }
        let canceling = about.canceling.as_ref()?;
        let message = match &canceling.reason {
            Some(reason) => format!("cancelled by {}: {reason}", canceling.by),
            None => format!("cancelled by {}", canceling.by),
        };
        Some((
            ExecutionStatus::Cancelled,
            ErrorInfo::new(code::CANCELLED, message),
        ))
    }

    /// The output of a run that went well; with what there is of it where it cannot be had.
    fn whole_output(&self) -> Result<JsonValue, (ErrorInfo, JsonValue)> {
        let output = match &self.program.output_map {
            None => self.last_result(),
            Some(entries) => {
                let mut map = JsonMap::new();
                for (name, template) in entries {
                    match template.evaluate(&self.scope(None)) {
                        Ok(value) => map.insert(name.clone(), value),
                        Err(error) => {
                            let error = template_error(&error, &format!("output_map.{name}"));
                            return Err((error, self.output_as_far_as_it_goes()));
                        }
                    };
                }
                JsonValue::Object(map)
            }
        };
        if let Err(error) = self.check_size(&output, "the output of the run")
            && self.program.output_map.is_some()
        {
            return Err((error, JsonValue::Null));
        }
        let Some(schema) = &self.program.output else {
            return Ok(output);
        };
        let hidden = |text: &str| self.hidden_type(text);
        let checked = schema.validate_open_around(&output, &hidden);
        checked.map_err(|errors| {
            let list: Vec<String> = errors.iter().map(ToString::to_string).collect();
            let error = ErrorInfo::new(
                code::OUTPUT_INVALID,
                format!(
                    "the output is not what the workflow's output schema says: {}",
                    list.join("; ")
                ),
            )
            .with_details(json!({ "errors": errors }));
            (error, output.clone())
        })
    }

    /// What can be said of the output of a run that did not go well.
    fn output_as_far_as_it_goes(&self) -> JsonValue {
        let output = match &self.program.output_map {
            None => match self.program.kind {
                ProgramKind::Action => self.last_result(),
                ProgramKind::Workflow => JsonValue::Null,
            },
            Some(entries) => entries
                .iter()
                .filter_map(|(name, template)| {
                    let value = template.evaluate(&self.scope(None)).ok()?;
                    Some((name.clone(), value))
                })
                .collect::<JsonMap>()
                .into(),
        };
        match self.check_size(&output, "the output of the run") {
            Ok(()) => output,
            Err(_) => JsonValue::Null,
        }
    }

    fn last_result(&self) -> JsonValue {
        self.state
            .about
            .last
            .and_then(|id| self.state.execution(id))
            .map_or(JsonValue::Null, |last| self.state.result_of(last))
    }
}
