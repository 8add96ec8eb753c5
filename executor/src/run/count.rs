//! What the metrics learn from a committed step.

use attune_flow::run::{ExecutionKind, ExecutionRow};
use attune_telemetry::Metrics;
use attune_types::{Duration, ExecutionStatus, Timestamp};

/// Counts what a step changed. `began` says whether the run left `requested` with it.
pub(super) fn step<'a>(
    metrics: &Metrics,
    rows: impl IntoIterator<Item = &'a ExecutionRow>,
    began: bool,
) {
    for row in rows {
        let kind = name(row.kind);
        let is_run = matches!(row.kind, ExecutionKind::Workflow | ExecutionKind::Action);
        if is_run && began {
            let queued = between(Some(row.created_at), row.started_at);
            metrics.runs.started(kind, queued);
        }
        if !row.status.is_terminal() || row.status == ExecutionStatus::Skipped {
            continue;
        }
        let took = between(row.started_at.or(Some(row.created_at)), row.ended_at);
        if is_run {
            metrics.runs.finished(kind, row.status, took);
        } else {
            metrics.runs.task_finished(kind, row.status, took);
        }
    }
}

fn name(kind: ExecutionKind) -> &'static str {
    match kind {
        ExecutionKind::Workflow => "workflow",
        ExecutionKind::Action => "action",
        ExecutionKind::Task => "task",
        ExecutionKind::Item => "item",
    }
}

fn between(from: Option<Timestamp>, to: Option<Timestamp>) -> Duration {
    match (from, to) {
        (Some(from), Some(to)) => Duration::try_from(to.duration_since(from)).unwrap_or_default(),
        _ => Duration::ZERO,
    }
}
