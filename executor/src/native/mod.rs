//! Native actions: built-in ones with an effect outside, performed in the executor without a worker.
//!
//! Owns what `core.http`, `core.notify` and `core.emit_event` do. Called after the commit that owes
//! them, perhaps twice: each call carries the attempt's id as its idempotency key. Failure is an
//! outcome, never a panic.

mod channel;
mod emit_event;
mod http;
mod notify;

use crate::config::{Deps, ExecutorConfig};
use attune_catalogue::{MASK, Mask, SecretValues};
use attune_flow::program::NativeAction;
use attune_flow::run::{NativeOrder, Outcome};
use attune_template::mask_tokens;
use attune_types::{ErrorInfo, JsonValue, code, format_duration};
use std::sync::Arc;
use tokio::sync::Semaphore;

/// Native actions performed at the same time in one process.
const AT_ONCE: usize = 256;

/// What native actions work with.
#[derive(Clone)]
pub(crate) struct NativeDeps {
    deps: Deps,
    http: Result<reqwest::Client, String>,
    channels: channel::Channels,
    slots: Arc<Semaphore>,
}

impl NativeDeps {
    /// Largest answer that is read.
    fn payload_bytes(&self) -> usize {
        self.deps.directory.current().limits.run.payload_bytes as usize
    }

    /// Within a runtime: the channels of notifications are served in the background.
    pub(crate) fn new(deps: &Deps, config: &ExecutorConfig) -> Self {
        let http = http::client();
        Self {
            deps: deps.clone(),
            channels: channel::Channels::start(&config.channels, &http, &deps.metrics),
            http,
            slots: Arc::new(Semaphore::new(AT_ONCE)),
        }
    }
}

/// Performs one native attempt to its end.
pub(crate) async fn perform(deps: &NativeDeps, mut order: NativeOrder) -> Outcome {
    let Ok(_slot) = deps.slots.acquire().await else {
        return failed(ErrorInfo::new(code::INTERNAL, "the executor is stopping"));
    };
    let mask = match secrets(deps, &mut order).await {
        Ok(mask) => mask,
        Err(error) => return failed(error),
    };
    let timeout = order.timeout;
    let work = async {
        match order.action {
            NativeAction::Http => http::perform(&deps.http, &order, deps.payload_bytes()).await,
            NativeAction::Notify => notify::perform(deps, &order).await,
            NativeAction::EmitEvent => emit_event::perform(&deps.deps, &order).await,
        }
    };
    let done = match timeout {
        None => work.await,
        Some(limit) => match tokio::time::timeout(limit, work).await {
            Ok(done) => done,
            Err(_) => {
                let message = format!("it took longer than {}", format_duration(limit));
                return Outcome::TimedOut {
                    error: ErrorInfo::new(code::TIMEOUT, message),
                    process: None,
                };
            }
        },
    };
    match done {
        Ok(mut result) => {
            mask.value(&mut result);
            Outcome::Succeeded {
                result,
                process: None,
            }
        }
        Err(error) => failed(mask.error(error)),
    }
}

/// Puts the values of secrets where they may go: into a request, and nowhere where they would be
/// stored or logged. Gives what hides them again.
async fn secrets(deps: &NativeDeps, order: &mut NativeOrder) -> Result<Mask, ErrorInfo> {
    if order.secrets.is_none() {
        return Ok(Mask::default());
    }
    match order.action {
        NativeAction::Http => {
            let store = &*deps.deps.stores.keys;
            let values = SecretValues::read(store, order.secrets.as_ref())
                .await
                .map_err(|error| ErrorInfo::new(code::START_FAILED, error.to_string()))?;
            values.fill(&mut order.input);
            Ok(values.mask())
        }
        NativeAction::Notify => {
            for value in order.input.values_mut() {
                hide_tokens(value);
            }
            Ok(Mask::default())
        }
        NativeAction::EmitEvent => Err(ErrorInfo::new(
            code::INPUT_INVALID,
            "a secret cannot go into an event: events are stored and shown; read it with `kv.get_secret` in the workflow that needs it",
        )),
    }
}

/// A message for people shows no token.
fn hide_tokens(value: &mut JsonValue) {
    match value {
        JsonValue::String(text) => {
            if let Some(masked) = mask_tokens(text, MASK) {
                *text = masked;
            }
        }
        JsonValue::Array(items) => items.iter_mut().for_each(hide_tokens),
        JsonValue::Object(map) => map.values_mut().for_each(hide_tokens),
        _ => {}
    }
}

fn failed(error: ErrorInfo) -> Outcome {
    Outcome::Failed {
        error,
        result: JsonValue::Null,
        process: None,
    }
}
