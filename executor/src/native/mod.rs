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
use attune_flow::program::NativeAction;
use attune_flow::run::{NativeOrder, Outcome};
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
pub(crate) async fn perform(deps: &NativeDeps, order: NativeOrder) -> Outcome {
    let Ok(_slot) = deps.slots.acquire().await else {
        return failed(ErrorInfo::new(code::INTERNAL, "the executor is stopping"));
    };
    let timeout = order.timeout;
    let work = async {
        match order.action {
            NativeAction::Http => http::perform(&deps.http, &order).await,
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
        Ok(result) => Outcome::Succeeded {
            result,
            process: None,
        },
        Err(error) => failed(error),
    }
}

fn failed(error: ErrorInfo) -> Outcome {
    Outcome::Failed {
        error,
        result: JsonValue::Null,
        process: None,
    }
}
