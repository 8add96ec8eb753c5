//! What is started for an attempt: program, arguments, environment, standard input.
//!
//! Owns the environment of actions and the three ways in which parameters reach a process. Parameters
//! are never put into a script or an argument. Called by `attempt`. Failure: an error with code
//! `start_failed` or `input_invalid` that says what to do.

use super::runner::Program;
use super::scratch::Scratch;
use attune_flow::run::WorkOrder;
use attune_pack::Delivery;
use attune_types::{ErrorInfo, JsonValue, code};
use std::ffi::OsString;
use std::path::Path;
use tokio::process::Command;

/// Prefix of the variables that carry parameters.
const PARAMETER_PREFIX: &str = "ATTUNE_PARAM_";

/// A process that is ready to be started.
pub(super) struct Launch {
    pub(super) command: Command,
    /// What it reads on standard input.
    pub(super) input: Vec<u8>,
    /// Bytes of its output that are kept as a result.
    pub(super) output_bytes: usize,
}

/// Puts the process together.
pub(super) fn prepare(
    order: &WorkOrder,
    program: &Program,
    folder: &Path,
    scratch: &Scratch,
    output_bytes: usize,
) -> Result<Launch, Box<ErrorInfo>> {
    let mut command = attune_process::command(&program.path, folder);
    command.args(&program.arguments);
    // The action's own variables first: they cannot replace ours.
    command.envs(&order.spec.env);
    command.envs(
        program
            .environment
            .iter()
            .map(|(name, value)| (name, value)),
    );
    command.envs(context(order, scratch));
    let parameters = serde_json::to_vec(&order.input)
        .map_err(|error| start_failed(format!("the parameters cannot be written: {error}")))?;
    let mut input = Vec::new();
    match order.spec.delivery {
        Delivery::Stdin => input = parameters,
        Delivery::File => {
            std::fs::write(&scratch.parameters, parameters)
                .map_err(|error| start_failed(format!("the parameters' file: {error}")))?;
            command.env("ATTUNE_PARAMETERS_FILE", &scratch.parameters);
        }
        Delivery::Env => {
            command.envs(variables(order)?);
        }
    }
    Ok(Launch {
        command,
        input,
        output_bytes,
    })
}

/// An error that kept the process from being started.
pub(super) fn start_failed(message: impl Into<String>) -> Box<ErrorInfo> {
    Box::new(ErrorInfo::new(code::START_FAILED, message))
}

fn context(order: &WorkOrder, scratch: &Scratch) -> Vec<(&'static str, OsString)> {
    let mut context: Vec<(&'static str, OsString)> = vec![
        ("HOME", scratch.home.clone().into()),
        ("TMPDIR", scratch.home.clone().into()),
        ("ATTUNE_EXECUTION_ID", order.execution.to_string().into()),
        ("ATTUNE_RUN_ID", order.run.to_string().into()),
        ("ATTUNE_ATTEMPT", order.number.to_string().into()),
        ("ATTUNE_ACTION", order.action.to_string().into()),
        ("ATTUNE_PACK", order.action.pack().into()),
        ("ATTUNE_IDEMPOTENCY_KEY", order.attempt.to_string().into()),
        ("ATTUNE_ARTIFACTS_DIR", scratch.artifacts.clone().into()),
        ("ATTUNE_EVENTS", scratch.events.clone().into()),
    ];
    if !order.api_url.is_empty() {
        context.push(("ATTUNE_API_URL", order.api_url.clone().into()));
    }
    if let Some(trace) = &order.trace {
        context.push(("TRACEPARENT", trace.into()));
    }
    context
}

/// One variable per parameter: text as it is, everything else as JSON.
fn variables(order: &WorkOrder) -> Result<Vec<(String, String)>, Box<ErrorInfo>> {
    order
        .input
        .iter()
        .map(|(name, value)| {
            let text = match value {
                JsonValue::String(text) => text.clone(),
                other => other.to_string(),
            };
            let fits = |text: &str| !text.contains('\0');
            if !fits(&text) || !fits(name) || name.contains('=') {
                let message = format!(
                    "the parameter `{name}` cannot be an environment variable (it has a NUL or \
                     `=` in it); deliver the parameters by stdin or file"
                );
                return Err(Box::new(ErrorInfo::new(code::INPUT_INVALID, message)));
            }
            Ok((format!("{PARAMETER_PREFIX}{}", name.to_uppercase()), text))
        })
        .collect()
}
