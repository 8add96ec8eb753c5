//! A run's place among the runs of its workflow: asked for here, given by the store.
//!
//! Owns the asking, many runs by one transaction. The answer comes back to the run as a command; a
//! place that is given later, by another run's end, comes through the inbox. Called by the
//! performance of effects. Failure: a question without an answer is asked again, which changes nothing
//! about one that was answered.

use super::actor::RunCell;
use super::registry::Registry;
use crate::config::Deps;
use attune_batch::Batcher;
use attune_flow::run::{Command, RunState, SlotOrder};
use attune_port::{SlotAnswer, SlotLine, SlotRequest};
use attune_types::RunId;
use std::sync::Arc;

/// Questions in one transaction.
const MOST: usize = 256;

/// The answer to one question, and the other runs that were told something by it.
#[derive(Clone)]
pub(super) struct Answered {
    answer: Result<SlotAnswer, String>,
    told: Vec<RunId>,
}

/// Asks for places in batches.
pub(super) type Slots = Batcher<SlotRequest, Answered>;

pub(super) fn start(deps: &Deps) -> Slots {
    let slots = Arc::clone(&deps.stores.slots);
    Batcher::start(1, MOST, move |requests: Vec<SlotRequest>| {
        let slots = Arc::clone(&slots);
        async move {
            let many = requests.len();
            match slots.acquire(requests).await {
                Ok(found) => {
                    let mut told = found.told;
                    found
                        .answers
                        .into_iter()
                        .map(|answer| Answered {
                            answer: Ok(answer),
                            told: std::mem::take(&mut told),
                        })
                        .collect()
                }
                Err(error) => vec![
                    Answered {
                        answer: Err(error.to_string()),
                        told: Vec::new(),
                    };
                    many
                ],
            }
        }
    })
}

/// The line in which a run stands or holds a place.
pub(super) fn line_of(state: &RunState) -> Option<SlotLine> {
    let slot = state.slot()?;
    Some(SlotLine {
        workflow: state.header().action.clone(),
        key: slot.key.clone(),
    })
}

impl RunCell {
    /// Asks for the run's place and has the run told.
    pub(super) fn acquire_slot(&self, order: SlotOrder) {
        let registry = Arc::clone(&self.registry);
        let run = order.run;
        let request = SlotRequest {
            run,
            line: SlotLine {
                workflow: order.workflow,
                key: order.key,
            },
            limit: order.limit,
            on_limit: order.on_limit,
        };
        tokio::spawn(async move {
            let answer = registry.shared.performer.slots.call(request).await;
            if let Some(answered) = answer {
                settle(&registry, run, answered);
            }
        });
    }
}

fn settle(registry: &Registry, run: RunId, answered: Answered) {
    let command = match answered.answer {
        Ok(SlotAnswer::Granted) => Some(Command::SlotGranted),
        Ok(SlotAnswer::Queued { holders }) => Some(Command::SlotQueued { holders }),
        Ok(SlotAnswer::Refused { holders }) => Some(Command::SlotRefused { holders }),
        // Its row says that it has ended: whoever owns it now knows.
        Ok(SlotAnswer::Over) => None,
        Err(error) => {
            tracing::warn!(%run, error, "a place could not be asked for now; it is tried again");
            None
        }
    };
    if let Some(command) = command {
        registry.command(run, command, None, None);
    }
    if !answered.told.is_empty() {
        let performer = &registry.shared.performer;
        performer.hint_runs(registry, answered.told);
    }
}
