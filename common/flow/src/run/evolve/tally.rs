//! Counting an item or a branch that ended at what stands above it.

use crate::run::RunState;
use crate::run::state::execution::{Execution, Parts, Tally};
use attune_types::{ExecutionId, ExecutionStatus, JsonValue};

/// Bytes of what an execution that ended gave back, its parts included.
pub(super) fn result_bytes(execution: &Execution) -> u64 {
    let own = match execution.result.as_ref() {
        JsonValue::Null => 0,
        value => {
            let mut counter = Counter(0);
            // Counting cannot fail.
            drop(serde_json::to_writer(&mut counter, value));
            counter.0
        }
    };
    let process = execution.process.as_deref().map_or(0, |process| {
        process.stdout.len() as u64 + process.stderr.len() as u64
    });
    let parts = execution.tally().map_or(0, |tally| tally.result_bytes);
    own.saturating_add(process).saturating_add(parts)
}

struct Counter(u64);

impl std::io::Write for Counter {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 = self.0.saturating_add(bytes.len() as u64);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Takes the end of a part into account.
pub(super) fn tally(
    state: &mut RunState,
    parent: ExecutionId,
    item: Option<u32>,
    status: ExecutionStatus,
    handled: bool,
    bytes: u64,
) {
    state.executions.update(parent.0.as_u128(), |above| {
        let Some(mut tally) = above.tally().copied() else {
            return;
        };
        tally.live = tally.live.saturating_sub(1);
        count(&above.parts, &mut tally, item, status, handled, bytes);
        if let Parts::Items { tally: known, .. } | Parts::Branches { tally: known, .. } =
            &mut above.parts
        {
            *known = tally;
        }
    });
}

/// Counts a part that ended.
pub(super) fn count(
    parts: &Parts,
    tally: &mut Tally,
    item: Option<u32>,
    status: ExecutionStatus,
    handled: bool,
    bytes: u64,
) {
    let size = match parts {
        Parts::Items { items, batched, .. } => {
            match item.and_then(|index| items.get(index as usize)) {
                Some(JsonValue::Array(batch)) if *batched => batch.len(),
                _ => 1,
            }
        }
        Parts::None | Parts::Branches { .. } => 1,
    };
    let size = u32::try_from(size).unwrap_or(u32::MAX);
    tally.result_bytes = tally.result_bytes.saturating_add(bytes);
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
}
