//! The group commit: many runs' steps in one statement.
//!
//! Called by the executor's committer through the port. What cannot be stored (NUL) is refused here
//! before anything is sent, for its own run only. If the reply is lost the commit may have happened:
//! every run of the batch is told `Unavailable`, and its actor loads again what the log says. Nothing
//! is tried again then: a second try would meet the first one's events and call them a conflict. Only
//! when the database refused a batch for what is in it, so that nothing of it was written, is each run
//! written by itself: what is wrong with one is no matter of the others.

use crate::columns::{EventColumns, InboxColumns, RowColumns, TriggerColumns, int, ord};
use crate::error::{Failure as _, repeat};
use crate::json;
use crate::pool::PgStore;
use crate::time::{SqlTime, sql};
use attune_port::{Append, AppendError, StoreError};
use sqlx::Row as _;
use std::collections::BTreeSet;
use uuid::Uuid;

/// Bytes of one statement, roughly; more is written by several.
const MOST_BYTES: usize = 32 << 20;

#[derive(Default)]
struct RunColumns {
    ord: Vec<i32>,
    run: Vec<Uuid>,
    shard: Vec<String>,
    epoch: Vec<i64>,
    executor: Vec<Uuid>,
    after_seq: Vec<i64>,
    last_seq: Vec<i64>,
    status: Vec<&'static str>,
    active: Vec<bool>,
    wake_at: Vec<Option<SqlTime>>,
}

#[derive(Default)]
struct Batch {
    runs: RunColumns,
    events: EventColumns,
    rows: RowColumns,
    closed: (Vec<i32>, Vec<Uuid>),
    answered: (Vec<i32>, Vec<Uuid>),
    sent: InboxColumns,
    emitted: TriggerColumns,
}

/// Position of the `index`-th new row of a step that begins after event `after`: rows come in the
/// order of the log, and in the writer's order within a step.
fn position(after: u64, index: usize) -> i64 {
    let index = i64::try_from(index).unwrap_or(i64::MAX).min((1 << 20) - 1);
    int(after).saturating_mul(1 << 20).saturating_add(index)
}

fn check(append: &Append) -> Result<Vec<String>, StoreError> {
    let mut expected = append.after_seq;
    for event in &append.events {
        expected = expected.saturating_add(1);
        if event.seq != expected {
            return Err(StoreError::Invalid(format!(
                "event {} stands where event {expected} belongs",
                event.seq
            )));
        }
        EventColumns::check(event)?;
    }
    append.rows.iter().try_for_each(RowColumns::check)?;
    append
        .emitted
        .iter()
        .try_for_each(|emitted| TriggerColumns::check(&emitted.event))?;
    append
        .inbox
        .iter()
        .map(|command| json::encode(&command.command))
        .collect()
}

impl Batch {
    fn push(&mut self, n: i32, append: &Append, commands: Vec<String>) {
        let runs = &mut self.runs;
        runs.ord.push(n);
        runs.run.push(append.run.uuid());
        runs.shard.push(append.shard.to_string());
        runs.epoch.push(int(append.epoch));
        runs.executor.push(append.executor.uuid());
        runs.after_seq.push(int(append.after_seq));
        runs.last_seq.push(int(append
            .events
            .last()
            .map_or(append.after_seq, |last| last.seq)));
        runs.status.push(append.update.status.as_str());
        runs.active.push(append.update.active);
        runs.wake_at.push(append.update.wake_at.map(sql));
        for event in &append.events {
            self.events.push(n, event);
        }
        // The same row twice in one step: the later one counts.
        let mut seen = BTreeSet::new();
        for (index, row) in append.rows.iter().enumerate().rev() {
            if seen.insert(row.id) {
                self.rows.push(n, position(append.after_seq, index), row);
            }
        }
        let closed: BTreeSet<_> = append.closed.iter().collect();
        for attempt in closed {
            self.closed.0.push(n);
            self.closed.1.push(attempt.uuid());
        }
        let answered: BTreeSet<_> = append.inbox_done.iter().collect();
        for id in answered {
            self.answered.0.push(n);
            self.answered.1.push(*id);
        }
        for (command, text) in append.inbox.iter().zip(commands) {
            self.sent.push(n, command, text);
        }
        for emitted in &append.emitted {
            self.emitted.push(n, &emitted.event);
        }
    }

    fn bytes(&self) -> usize {
        self.events.bytes + self.rows.bytes
    }

    async fn write(self, store: &PgStore) -> Result<Vec<(usize, i32)>, StoreError> {
        let query = sqlx::query(include_str!("append.sql"))
            .bind(self.runs.ord)
            .bind(self.runs.run)
            .bind(self.runs.shard)
            .bind(self.runs.epoch)
            .bind(self.runs.executor)
            .bind(self.runs.after_seq)
            .bind(self.runs.last_seq)
            .bind(self.runs.status)
            .bind(self.runs.active)
            .bind(self.runs.wake_at);
        let query = self.events.bind(query);
        let query = self
            .rows
            .bind(query)
            .bind(self.closed.0)
            .bind(self.closed.1)
            .bind(self.answered.0)
            .bind(self.answered.1);
        let query = self.emitted.bind(self.sent.bind(query));
        let rows = query.fetch_all(&store.engine).await.store()?;
        rows.iter()
            .map(|row| {
                let n: i32 = row.try_get("ord").store()?;
                let code: i32 = row.try_get("code").store()?;
                Ok((usize::try_from(n).unwrap_or(usize::MAX), code))
            })
            .collect()
    }
}

/// Commits a batch; answers in order.
pub(crate) async fn append(store: &PgStore, batch: Vec<Append>) -> Vec<Result<(), AppendError>> {
    let mut answers: Vec<Option<AppendError>> = Vec::with_capacity(batch.len());
    let mut columns = Batch::default();
    let mut together = Vec::new();
    let mut runs = BTreeSet::new();
    for (n, append) in batch.iter().enumerate() {
        answers.push(match check(append) {
            Err(error) => Some(AppendError::Store(error)),
            Ok(_) if !runs.insert(append.run) => Some(moved(append)),
            Ok(commands) => {
                columns.push(ord(n), append, commands);
                together.push(n);
                None
            }
        });
        if columns.bytes() >= MOST_BYTES {
            let full = std::mem::take(&mut columns);
            write(store, &batch, full, &together, &mut answers).await;
            together.clear();
        }
    }
    if !together.is_empty() {
        write(store, &batch, columns, &together, &mut answers).await;
    }
    answers
        .into_iter()
        .map(|answer| answer.map_or(Ok(()), Err))
        .collect()
}

/// Writes the entries `together` of a batch and notes the answers.
async fn write(
    store: &PgStore,
    batch: &[Append],
    columns: Batch,
    together: &[usize],
    answers: &mut [Option<AppendError>],
) {
    let error = match columns.write(store).await {
        Ok(verdicts) => return note(batch, &verdicts, answers),
        Err(error) => error,
    };
    let alone = !error.is_transient() && together.len() > 1;
    for n in together {
        let (Some(append), Some(answer)) = (batch.get(*n), answers.get_mut(*n)) else {
            continue;
        };
        let commands = match check(append) {
            Ok(commands) if alone => commands,
            _ => {
                *answer = Some(AppendError::Store(repeat(&error)));
                continue;
            }
        };
        let mut single = Batch::default();
        single.push(ord(*n), append, commands);
        match single.write(store).await {
            Ok(verdicts) => note(batch, &verdicts, answers),
            Err(error) => *answer = Some(AppendError::Store(error)),
        }
    }
}

fn note(batch: &[Append], verdicts: &[(usize, i32)], answers: &mut [Option<AppendError>]) {
    for (n, code) in verdicts {
        if let (Some(answer), Some(append)) = (answers.get_mut(*n), batch.get(*n)) {
            *answer = match code {
                0 => None,
                1 => Some(AppendError::Fenced {
                    shard: append.shard,
                    epoch: append.epoch,
                }),
                _ => Some(moved(append)),
            };
        }
    }
}

fn moved(append: &Append) -> AppendError {
    AppendError::Moved {
        run: append.run,
        after_seq: append.after_seq,
    }
}
