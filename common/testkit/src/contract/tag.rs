//! Finding runs by their trace tags.

use super::Harness;
use super::fixture::*;
use super::read::ids;
use anyhow::{Context as _, Result};
use attune_port::ExecutionFilter;
use attune_types::ExecutionId;
use uuid::Uuid;

/// A run is found by its own trace tag and by those of its tasks, also one that has a parent.
pub async fn trace_tags_find_runs(harness: &dyn Harness) -> Result<()> {
    let stores = harness.stores();
    let owner = owner(harness, LONG).await?;
    let (a, b) = (run_id(), run_id());
    let mut own = new_run(harness, a)?;
    own.row.trace_tag = Some("order-17".to_owned());
    stores.runs.open(vec![own]).await?;
    stores.runs.open(vec![child_run(harness, b, a)?]).await?;
    let tagged = |run, tag: &str| {
        let mut task = row(run, ExecutionId(Uuid::new_v4()), harness.now());
        task.trace_tag = Some(tag.to_owned());
        task.compensates = Some("greet".to_owned());
        task
    };
    let mut step = owner.step(harness, a, 1, 1)?;
    let task = tagged(a, "batch");
    step.rows = vec![task.clone(), tagged(a, "batch")];
    commit(harness, step).await?;
    let long = "x".repeat(9_000);
    let mut step = owner.step(harness, b, 1, 1)?;
    step.rows = vec![tagged(b, &long), tagged(b, "child")];
    commit(harness, step).await?;
    for (tag, found) in [
        ("order-17", vec![a]),
        ("batch", vec![a]),
        ("child", vec![b]),
        (long.as_str(), vec![b]),
        ("order", vec![]),
        ("'; drop table run; --", vec![]),
    ] {
        let filter = ExecutionFilter {
            trace_tag: Some(tag.to_owned()),
            ..ExecutionFilter::default()
        };
        assert_eq!(ids(harness, &filter).await?, found, "{tag}");
    }
    let kept = stores.reads.execution(task.id).await?.context("no row")?;
    assert_eq!(
        (kept.trace_tag, kept.compensates),
        (task.trace_tag, task.compensates)
    );
    Ok(())
}
