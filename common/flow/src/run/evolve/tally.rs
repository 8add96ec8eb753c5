//! Counting an item or a branch that ended at what stands above it.

use crate::run::RunState;
use crate::run::state::execution::Parts;
use attune_types::{ExecutionId, ExecutionStatus, JsonValue};

/// Takes the end of a part into account.
pub(super) fn tally(
    state: &mut RunState,
    parent: ExecutionId,
    item: Option<u32>,
    status: ExecutionStatus,
    handled: bool,
) {
    state.executions.update(parent.0.as_u128(), |above| {
        let (tally, size) = match &mut above.parts {
            Parts::None => return,
            Parts::Branches { tally, .. } => (tally, 1),
            Parts::Items {
                items,
                batched,
                tally,
                ..
            } => {
                let size = match item.and_then(|index| items.get(index as usize)) {
                    Some(JsonValue::Array(batch)) if *batched => batch.len(),
                    _ => 1,
                };
                (tally, u32::try_from(size).unwrap_or(u32::MAX))
            }
        };
        tally.live = tally.live.saturating_sub(1);
        match status {
            ExecutionStatus::Cancelled => tally.cancelled = tally.cancelled.saturating_add(1),
            ExecutionStatus::Failed | ExecutionStatus::TimedOut | ExecutionStatus::Abandoned
                if !handled =>
            {
                tally.failed = tally.failed.saturating_add(1);
                tally.failed_items = tally.failed_items.saturating_add(size);
            }
            _ => tally.good = tally.good.saturating_add(1),
        }
    });
}
