//! What an answer becomes: an outcome, with the process that a real worker would have reported.
//!
//! Pure. Called when a mocked attempt is performed.

use crate::mock::{Answer, Ending};
use attune_flow::program::{ActionCall, Performer, Task, Work};
use attune_flow::run::{Outcome, ProcessInfo};
use attune_pack::Schema;
use attune_types::{Duration, ErrorInfo, JsonValue, Ref, code, format_duration};

/// What is known of the action that is called.
pub(super) struct Called {
    pub(super) output: Option<Schema>,
    pub(super) performer: Option<Performer>,
}

/// How an attempt with that ending ends.
pub(super) fn outcome(
    ending: Ending,
    error: Option<ErrorInfo>,
    result: JsonValue,
    process: Option<ProcessInfo>,
    limit: Option<Duration>,
) -> Outcome {
    match ending {
        Ending::Succeeded => Outcome::Succeeded { result, process },
        Ending::TimedOut => {
            let after = limit.map(format_duration).unwrap_or_default();
            let message = format!("it took longer than {after}");
            Outcome::TimedOut {
                error: error.unwrap_or_else(|| ErrorInfo::new(code::TIMEOUT, message)),
                process,
            }
        }
        Ending::Failed | Ending::Lost => Outcome::Failed {
            error: error.unwrap_or_else(|| ErrorInfo::new(code::FAILED, "mocked to fail")),
            result,
            process,
        },
    }
}

impl Called {
    /// The result in the standard output that a mock gives: as a worker reads it, by the format that the
    /// action names. A process that ended well and wrote something else has failed.
    pub(super) fn parsed(&self, answer: &mut Answer) -> JsonValue {
        let (Some(Performer::Worker { spec, .. }), Some(stdout)) =
            (&self.performer, &answer.stdout)
        else {
            return JsonValue::Null;
        };
        let format = spec.output_format;
        format.read(stdout.as_bytes()).unwrap_or_else(|reason| {
            if answer.ending == Ending::Succeeded {
                let message =
                    format!("the output is not {format}: {reason}. The output was: {stdout}");
                let mut error = ErrorInfo::new(code::OUTPUT_INVALID, message);
                error.exit_code = Some(answer.exit_code.unwrap_or_default());
                answer.exit_code = error.exit_code;
                answer.error = Some(error);
                answer.ending = Ending::Failed;
            }
            JsonValue::Null
        })
    }

    /// The process that a real worker would have reported; none where no process runs.
    pub(super) fn process(
        &self,
        answer: &Answer,
        ending: Ending,
        result: &JsonValue,
        took: Duration,
    ) -> Option<ProcessInfo> {
        let told = answer.exit_code.is_some() || answer.stdout.is_some() || answer.stderr.is_some();
        let runs = matches!(self.performer, Some(Performer::Worker { .. }));
        if !runs && !told {
            return None;
        }
        let of_error = answer.error.as_ref().and_then(|error| error.exit_code);
        let exit_code = match ending {
            Ending::TimedOut | Ending::Lost => answer.exit_code,
            Ending::Succeeded => answer.exit_code.or(Some(0)),
            Ending::Failed => answer.exit_code.or(of_error).or(Some(1)),
        };
        let written = || match result {
            JsonValue::Null => String::new(),
            JsonValue::String(text) => text.clone(),
            other => other.to_string(),
        };
        Some(ProcessInfo {
            exit_code,
            stdout: answer.stdout.clone().unwrap_or_else(written),
            stderr: answer.stderr.clone().unwrap_or_default(),
            duration_ms: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
        })
    }
}

/// What the Program, or else the library, says of the action that a task calls.
pub(super) fn called(
    task: Option<&Task>,
    action: &Ref,
    elsewhere: impl FnOnce() -> Option<Schema>,
) -> Called {
    let own = task.and_then(|task| match &task.work {
        Work::Action(call) if call.reference == *action => Some(&**call),
        _ => None,
    });
    match own {
        Some(ActionCall {
            output, performer, ..
        }) => Called {
            output: output.clone(),
            performer: Some(performer.clone()),
        },
        None => Called {
            output: elsewhere(),
            performer: None,
        },
    }
}
