//! Rendering and checking an attempt's input.

use super::duration;
use super::step::{Step, template_error};
use crate::program::{ActionCall, ProgramKind, Task};
use crate::run::rerun::merge;
use crate::run::state::execution::Execution;
use attune_pack::ValueType;
use attune_types::{Duration, ErrorInfo, JsonMap, JsonValue, code};
use serde_json::json;

impl Step<'_> {
    /// The input of the next attempt, checked against the action's schema.
    pub(super) fn render_input(
        &self,
        execution: &Execution,
        task: &Task,
        call: &ActionCall,
    ) -> Result<JsonMap, ErrorInfo> {
        let edit = self.state.edit_of(execution);
        let mut map = match (self.program.kind, edit) {
            // The Program of one action: the run's parameters are the input, and are checked already.
            (ProgramKind::Action, None) => return Ok(self.state.header().parameters.clone()),
            (ProgramKind::Action, Some(_)) => self.state.header().parameters.clone(),
            (ProgramKind::Workflow, _) => self.rendered(execution, task)?,
        };
        if let Some(edit) = edit {
            merge(&mut map, edit);
            self.check_size(&JsonValue::Object(map.clone()), "the input")?;
        }
        let hidden = |text: &str| self.hidden_type(text);
        let checked = call.parameters.validate_around(&map, &hidden);
        checked.map_err(|errors| {
            let list: Vec<String> = errors.iter().map(ToString::to_string).collect();
            ErrorInfo::new(
                code::INPUT_INVALID,
                format!(
                    "the input does not fit `{}`: {}",
                    call.reference,
                    list.join("; ")
                ),
            )
            .with_details(json!({ "errors": errors }))
        })
    }

    /// What the task's own templates give.
    fn rendered(&self, execution: &Execution, task: &Task) -> Result<JsonMap, ErrorInfo> {
        let rendered = task
            .input
            .evaluate(&self.scope(Some(execution)))
            .map_err(|error| template_error(&error, "input"))?;
        self.check_size(&rendered, "the input")?;
        match rendered {
            JsonValue::Object(map) => Ok(map),
            JsonValue::Null => Ok(JsonMap::new()),
            other => Err(ErrorInfo::new(
                code::INPUT_INVALID,
                format!("the input is a map of names and values, not `{other}`"),
            )),
        }
    }

    /// Whether a text stands for a secret, and of which type that is.
    pub(super) fn hidden_type(&self, text: &str) -> Option<ValueType> {
        let secrets = self.state.about.secrets.as_deref()?;
        secrets.hidden_type(text)
    }

    /// The time limit of the next attempt.
    pub(super) fn render_timeout(
        &self,
        execution: &Execution,
        task: &Task,
    ) -> Result<Option<Duration>, ErrorInfo> {
        let Some(template) = &task.timeout else {
            return Ok(None);
        };
        let value = template
            .evaluate(&self.scope(Some(execution)))
            .map_err(|error| template_error(&error, "timeout"))?;
        if value.is_null() {
            return Ok(None);
        }
        duration::read(&value)
            .map(Some)
            .map_err(|wrong| ErrorInfo::new(code::TEMPLATE, format!("timeout: {wrong}")))
    }
}
