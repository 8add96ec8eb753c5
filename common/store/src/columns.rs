//! Many rows as few arrays: what `UNNEST` takes.
//!
//! Owns the layout that `append.sql`, `open.sql` and the event statements read; the order of `bind`
//! here is the order of the placeholders there. `ord` is the entry's place in its batch, so that the
//! statement can leave out what belongs to an entry that it refuses.

use crate::json;
use crate::time::{SqlTime, sql};
use attune_flow::run::{ExecutionKind, ExecutionRow};
use attune_port::{NewInboxCommand, StoreError, StoredEvent};
use attune_rules::TriggerEvent;
use sqlx::postgres::{PgArguments, Postgres};
use uuid::Uuid;

/// Longest dedupe text of an event in bytes: an index entry holds no more.
const MOST_DEDUPE: usize = 2_000;

/// A statement being given its parameters.
pub(crate) type Query<'q> = sqlx::query::Query<'q, Postgres, PgArguments>;

/// Place of an entry in its batch.
pub(crate) fn ord(n: usize) -> i32 {
    i32::try_from(n).unwrap_or(i32::MAX)
}

/// An unsigned number as the database holds it.
pub(crate) fn int(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

/// A number of the database as an unsigned one.
pub(crate) fn uint(n: i64) -> u64 {
    u64::try_from(n).unwrap_or(0)
}

/// Run events.
#[derive(Default)]
pub(crate) struct EventColumns {
    ord: Vec<i32>,
    seq: Vec<i64>,
    at: Vec<SqlTime>,
    kind: Vec<String>,
    version: Vec<i32>,
    data: Vec<String>,
    /// Bytes of data held.
    pub(crate) bytes: usize,
}

impl EventColumns {
    pub(crate) fn check(event: &StoredEvent) -> Result<(), StoreError> {
        json::check_text(&event.kind)?;
        json::check(&event.data)
    }

    pub(crate) fn push(&mut self, ord: i32, event: &StoredEvent) {
        self.ord.push(ord);
        self.seq.push(int(event.seq));
        self.at.push(sql(event.at));
        self.kind.push(event.kind.clone());
        self.version.push(i32::from(event.version));
        let data = json::text(&event.data);
        self.bytes += data.len();
        self.data.push(data);
    }

    pub(crate) fn bind(self, query: Query<'_>) -> Query<'_> {
        query
            .bind(self.ord)
            .bind(self.seq)
            .bind(self.at)
            .bind(self.kind)
            .bind(self.version)
            .bind(self.data)
    }
}

/// Rows of the read model.
#[derive(Default)]
pub(crate) struct RowColumns {
    ord: Vec<i32>,
    id: Vec<Uuid>,
    position: Vec<i64>,
    parent: Vec<Option<Uuid>>,
    kind: Vec<&'static str>,
    task: Vec<Option<String>>,
    action: Vec<Option<String>>,
    activation: Vec<i64>,
    item_index: Vec<Option<i64>>,
    attempt: Vec<i64>,
    status: Vec<&'static str>,
    input: Vec<Option<String>>,
    result: Vec<Option<String>>,
    error: Vec<Option<String>>,
    created_at: Vec<SqlTime>,
    started_at: Vec<Option<SqlTime>>,
    ended_at: Vec<Option<SqlTime>>,
    labels: Vec<String>,
    cost_usd: Vec<f64>,
    trace_tag: Vec<Option<String>>,
    compensates: Vec<Option<String>>,
    /// Bytes of inputs and results held.
    pub(crate) bytes: usize,
}

/// Name of a kind of execution in the database.
pub(crate) const fn kind_text(kind: ExecutionKind) -> &'static str {
    match kind {
        ExecutionKind::Workflow => "workflow",
        ExecutionKind::Action => "action",
        ExecutionKind::Task => "task",
        ExecutionKind::Item => "item",
    }
}

impl RowColumns {
    pub(crate) fn check(row: &ExecutionRow) -> Result<(), StoreError> {
        json::check(&row.input)?;
        json::check(&row.result)?;
        for text in [&row.task, &row.trace_tag, &row.compensates]
            .into_iter()
            .flatten()
        {
            json::check_text(text)?;
        }
        if let Some(error) = &row.error {
            json::encode(error)?;
        }
        for (key, value) in &row.labels {
            json::check_text(key)?;
            json::check_text(value)?;
        }
        Ok(())
    }

    /// Adds a row that [`check`](Self::check) let pass. `position` orders the executions of a run.
    pub(crate) fn push(&mut self, ord: i32, position: i64, row: &ExecutionRow) {
        self.ord.push(ord);
        self.id.push(row.id.uuid());
        self.position.push(position);
        self.parent.push(row.parent.map(|parent| parent.uuid()));
        self.kind.push(kind_text(row.kind));
        self.task.push(row.task.clone());
        self.action
            .push(row.action.as_ref().map(|action| action.as_str().to_owned()));
        self.activation.push(i64::from(row.activation));
        self.item_index.push(row.item_index.map(i64::from));
        self.attempt.push(i64::from(row.attempt));
        self.status.push(row.status.as_str());
        let (input, result) = (
            json::text_or_none(&row.input),
            json::text_or_none(&row.result),
        );
        self.bytes += [&input, &result]
            .into_iter()
            .flatten()
            .map(String::len)
            .sum::<usize>();
        self.input.push(input);
        self.result.push(result);
        self.error.push(
            row.error
                .as_ref()
                .and_then(|error| json::encode(error).ok()),
        );
        self.created_at.push(sql(row.created_at));
        self.started_at.push(row.started_at.map(sql));
        self.ended_at.push(row.ended_at.map(sql));
        self.labels
            .push(json::encode(&row.labels).unwrap_or_else(|_| "{}".to_owned()));
        self.cost_usd.push(row.cost_usd);
        self.trace_tag.push(row.trace_tag.clone());
        self.compensates.push(row.compensates.clone());
    }

    pub(crate) fn bind(self, query: Query<'_>) -> Query<'_> {
        query
            .bind(self.ord)
            .bind(self.id)
            .bind(self.position)
            .bind(self.parent)
            .bind(self.kind)
            .bind(self.task)
            .bind(self.action)
            .bind(self.activation)
            .bind(self.item_index)
            .bind(self.attempt)
            .bind(self.status)
            .bind(self.input)
            .bind(self.result)
            .bind(self.error)
            .bind(self.created_at)
            .bind(self.started_at)
            .bind(self.ended_at)
            .bind(self.labels)
            .bind(self.cost_usd)
            .bind(self.trace_tag)
            .bind(self.compensates)
    }
}

/// Commands for inboxes.
#[derive(Default)]
pub(crate) struct InboxColumns {
    ord: Vec<i32>,
    id: Vec<Uuid>,
    run: Vec<Uuid>,
    command: Vec<String>,
}

impl InboxColumns {
    /// Adds a command whose text was made by [`json::encode`].
    pub(crate) fn push(&mut self, ord: i32, command: &NewInboxCommand, text: String) {
        self.ord.push(ord);
        self.id.push(command.id);
        self.run.push(command.run.uuid());
        self.command.push(text);
    }

    pub(crate) fn bind(self, query: Query<'_>) -> Query<'_> {
        query
            .bind(self.ord)
            .bind(self.id)
            .bind(self.run)
            .bind(self.command)
    }
}

/// Trigger events.
#[derive(Default)]
pub(crate) struct TriggerColumns {
    ord: Vec<i32>,
    id: Vec<Uuid>,
    at: Vec<SqlTime>,
    trigger: Vec<String>,
    payload: Vec<String>,
    source: Vec<Option<String>>,
    dedupe: Vec<Option<String>>,
    parameters: Vec<Option<String>>,
}

impl TriggerColumns {
    pub(crate) fn check(event: &TriggerEvent) -> Result<(), StoreError> {
        json::check(&event.payload)?;
        for text in [&event.source, &event.dedupe].into_iter().flatten() {
            json::check_text(text)?;
        }
        if event
            .dedupe
            .as_ref()
            .is_some_and(|text| text.len() > MOST_DEDUPE)
        {
            return Err(StoreError::Invalid(format!(
                "its dedupe text is longer than {MOST_DEDUPE} bytes"
            )));
        }
        if let Some(parameters) = &event.trigger_parameters {
            json::encode(parameters)?;
        }
        Ok(())
    }

    /// Adds an event that [`check`](Self::check) let pass.
    pub(crate) fn push(&mut self, ord: i32, event: &TriggerEvent) {
        self.ord.push(ord);
        self.id.push(event.id.uuid());
        self.at.push(sql(event.at));
        self.trigger.push(event.trigger.as_str().to_owned());
        self.payload.push(json::text(&event.payload));
        self.source.push(event.source.clone());
        self.dedupe.push(event.dedupe.clone());
        self.parameters.push(
            event
                .trigger_parameters
                .as_ref()
                .and_then(|parameters| json::encode(parameters).ok()),
        );
    }

    pub(crate) fn bind(self, query: Query<'_>) -> Query<'_> {
        query
            .bind(self.ord)
            .bind(self.id)
            .bind(self.at)
            .bind(self.trigger)
            .bind(self.payload)
            .bind(self.source)
            .bind(self.dedupe)
            .bind(self.parameters)
    }
}
