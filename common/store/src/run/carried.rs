//! What runs take over of others when they are opened: events and rows, in statements of bounded size.
//!
//! Called by [`open`](super::open) in its transaction, for runs that it has just made. Fails as a whole.

use crate::columns::{EventColumns, RowColumns, ord};
use crate::error::Failure as _;
use attune_port::{CarriedHistory, NewRun, StoreError};
use sqlx::postgres::PgConnection;
use uuid::Uuid;

/// Events and rows in one statement.
const MOST: usize = 5_000;
/// Bytes of them in one statement, but for the last one.
const MOST_BYTES: usize = 8 << 20;

/// Refuses what cannot be stored.
pub(super) fn check(carried: &CarriedHistory) -> Result<(), StoreError> {
    for (expected, event) in (2u64..).zip(&carried.events) {
        if event.seq != expected {
            return Err(StoreError::Invalid(format!(
                "event {} stands where event {expected} belongs",
                event.seq
            )));
        }
        EventColumns::check(event)?;
    }
    carried.rows.iter().try_for_each(RowColumns::check)
}

#[derive(Default)]
struct Part {
    count: usize,
    events: EventColumns,
    rows: RowColumns,
}

impl Part {
    const fn is_full(&self) -> bool {
        self.count >= MOST || self.events.bytes + self.rows.bytes >= MOST_BYTES
    }
}

/// Stores what these runs take over.
pub(super) async fn put<'a>(
    connection: &mut PgConnection,
    runs: impl Iterator<Item = &'a NewRun>,
) -> Result<(), StoreError> {
    let runs: Vec<&NewRun> = runs.filter(|run| !run.carried.events.is_empty()).collect();
    let ids: Vec<Uuid> = runs.iter().map(|run| run.header.run.uuid()).collect();
    let mut part = Part::default();
    for (n, run) in runs.into_iter().enumerate() {
        for event in &run.carried.events {
            part.events.push(ord(n), event);
            part.count += 1;
            if part.is_full() {
                send(connection, &ids, std::mem::take(&mut part)).await?;
            }
        }
        // The run's own row stands first; what it adds itself later stands behind all of these.
        for (position, row) in (1i64..).zip(&run.carried.rows) {
            part.rows.push(ord(n), position, row);
            part.count += 1;
            if part.is_full() {
                send(connection, &ids, std::mem::take(&mut part)).await?;
            }
        }
    }
    if part.count > 0 {
        send(connection, &ids, part).await?;
    }
    Ok(())
}

async fn send(connection: &mut PgConnection, runs: &[Uuid], part: Part) -> Result<(), StoreError> {
    let ords: Vec<i32> = (0..runs.len()).map(ord).collect();
    let query = sqlx::query(include_str!("carried.sql"))
        .bind(ords)
        .bind(runs);
    part.rows
        .bind(part.events.bind(query))
        .execute(connection)
        .await
        .store()?;
    Ok(())
}
