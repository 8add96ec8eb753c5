//! The end of a run.

use super::Naive;
use attune_types::{ErrorInfo, ExecutionStatus, JsonMap, JsonValue, code};

impl Naive {
    pub(super) fn finish(&mut self) {
        // What went wrong first is what the run ends with.
        let (mut status, mut error) = match (&self.failing, self.canceling) {
            (Some((status, error)), _) => (*status, Some(error.clone())),
            (None, true) => {
                let error = ErrorInfo::new(code::CANCELLED, "somebody asked for it");
                (ExecutionStatus::Cancelled, Some(error))
            }
            (None, false) => (ExecutionStatus::Succeeded, None),
        };
        let mut output = JsonValue::Null;
        if let Some(map) = &self.program.output_map {
            let mut values = JsonMap::new();
            for (name, template) in map {
                match template.evaluate(&self.scope(None, None)) {
                    Ok(value) => {
                        values.insert(name.clone(), value);
                    }
                    Err(problem) => {
                        if status == ExecutionStatus::Succeeded {
                            status = ExecutionStatus::Failed;
                            let text = format!("{name}: {problem}");
                            error = Some(ErrorInfo::new(code::TEMPLATE, text));
                        }
                    }
                }
            }
            output = JsonValue::Object(values);
        } else if let Some(last) = self.last
            && status == ExecutionStatus::Succeeded
        {
            output = self.result_of(last);
        }
        self.ended = Some((status, output, error));
    }
}
