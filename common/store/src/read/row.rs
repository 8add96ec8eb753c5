//! A row of the read model out of the database.

use crate::columns::kind_text;
use crate::error::Failure as _;
use crate::json;
use crate::time::{time, time_or_none};
use attune_flow::run::{ExecutionKind, ExecutionRow};
use attune_port::StoreError;
use attune_types::{ExecutionId, ExecutionStatus, JsonValue, RunId};
use sqlx::Row as _;
use sqlx::postgres::PgRow;
use uuid::Uuid;

/// The columns that [`execution_row`] reads, of a table named `e`.
pub(crate) const COLUMNS: &str = "e.id, e.run_id, e.parent, e.kind, e.task, e.action, \
     e.activation, e.item_index, e.attempt, e.status, e.input, e.result, e.error, e.created_at, \
     e.started_at, e.ended_at, e.labels, e.cost_usd, e.trace_tag, e.compensates, \
     e.position";

fn number(row: &PgRow, column: &str) -> Result<u32, StoreError> {
    let number: i64 = row.try_get(column).store()?;
    u32::try_from(number).map_err(|_| StoreError::Corrupt(format!("`{column}` is {number}")))
}

fn kind(row: &PgRow) -> Result<ExecutionKind, StoreError> {
    let text: String = row.try_get("kind").store()?;
    [
        ExecutionKind::Workflow,
        ExecutionKind::Action,
        ExecutionKind::Task,
        ExecutionKind::Item,
    ]
    .into_iter()
    .find(|kind| kind_text(*kind) == text)
    .ok_or_else(|| StoreError::Corrupt(format!("`{text}` is no kind of execution")))
}

fn value(row: &PgRow, column: &str) -> Result<JsonValue, StoreError> {
    let value: Option<JsonValue> = row.try_get(column).store()?;
    Ok(value.unwrap_or(JsonValue::Null))
}

/// Reads a row.
pub(crate) fn execution_row(row: &PgRow) -> Result<ExecutionRow, StoreError> {
    let parent: Option<Uuid> = row.try_get("parent").store()?;
    let action: Option<String> = row.try_get("action").store()?;
    let status: String = row.try_get("status").store()?;
    let item: Option<i64> = row.try_get("item_index").store()?;
    let error: Option<JsonValue> = row.try_get("error").store()?;
    Ok(ExecutionRow {
        id: ExecutionId(row.try_get("id").store()?),
        run: RunId(row.try_get("run_id").store()?),
        parent: parent.map(ExecutionId),
        kind: kind(row)?,
        task: row.try_get("task").store()?,
        action: action
            .map(|text| json::parse("a reference", &text))
            .transpose()?,
        activation: number(row, "activation")?,
        item_index: item.map(|item| u32::try_from(item).unwrap_or(u32::MAX)),
        attempt: number(row, "attempt")?,
        status: json::parse::<ExecutionStatus>("a status", &status)?,
        input: value(row, "input")?,
        result: value(row, "result")?,
        error: error
            .map(|error| json::decode("an error", error))
            .transpose()?,
        created_at: time(row, "created_at")?,
        started_at: time_or_none(row, "started_at")?,
        ended_at: time_or_none(row, "ended_at")?,
        labels: json::decode("labels", value(row, "labels")?)?,
        cost_usd: row.try_get("cost_usd").store()?,
        trace_tag: row.try_get("trace_tag").store()?,
        compensates: row.try_get("compensates").store()?,
    })
}
