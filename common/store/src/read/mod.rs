//! Executions, history and logs for people, on PostgreSQL. Never writes.
//!
//! Lists go by key, never by offset, so that a page costs its own size however deep it lies. Filters
//! are conditions from a fixed set with bound values; no text of a caller becomes part of a statement.

mod row;

use crate::columns::{int, uint};
use crate::cursor;
use crate::error::Failure as _;
use crate::json;
use crate::pool::PgStore;
use crate::time::{sql, time, time_or_none};
use async_trait::async_trait;
use attune_flow::run::{ExecutionKind, ExecutionRow};
use attune_port::{
    ExecutionFilter, ExecutionReader, HistoryEvent, LogLine, LogPage, Page, PageRequest, RunDetail,
    StoreError,
};
use attune_types::{ExecutionId, RunId};
use row::execution_row;
use sqlx::{Postgres, QueryBuilder, Row as _};
use uuid::Uuid;

/// Pushes the conditions of a filter.
fn conditions(
    query: &mut QueryBuilder<Postgres>,
    filter: &ExecutionFilter,
) -> Result<(), StoreError> {
    match (filter.parent, &filter.trace_tag) {
        (Some(parent), _) => query.push(" AND r.parent_run = ").push_bind(parent.uuid()),
        (None, None) => query.push(" AND r.parent_run IS NULL"),
        (None, Some(_)) => query,
    };
    if let Some(tag) = &filter.trace_tag {
        json::check_text(tag)?;
        query
            .push(" AND r.id IN (SELECT run_id FROM execution WHERE trace_tag = ")
            .push_bind(tag.clone())
            .push(")");
    }
    if !filter.status.is_empty() {
        let texts: Vec<&'static str> = filter.status.iter().map(|status| status.as_str()).collect();
        query
            .push(" AND r.status = ANY(")
            .push_bind(texts)
            .push(")");
    }
    if let Some(action) = &filter.action {
        query
            .push(" AND r.action = ")
            .push_bind(action.as_str().to_owned());
    }
    if let Some(pack) = &filter.pack {
        json::check_text(pack)?;
        query.push(" AND r.pack = ").push_bind(pack.clone());
    }
    if let Some(rule) = &filter.rule {
        query
            .push(" AND r.rule = ")
            .push_bind(rule.as_str().to_owned());
    }
    if let Some(event) = filter.event {
        query.push(" AND r.event_id = ").push_bind(event.uuid());
    }
    if let Some(login) = &filter.started_by {
        json::check_text(login)?;
        query.push(" AND r.started_by = ").push_bind(login.clone());
    }
    if !filter.labels.is_empty() {
        // The second condition is what the partial index asks for.
        let labels = json::encode(&filter.labels)?;
        query.push(" AND e.labels @> ").push_bind(labels);
        query.push("::jsonb AND e.labels <> '{}'::jsonb");
    }
    if let Some(since) = filter.since {
        query.push(" AND r.created_at >= ").push_bind(sql(since));
    }
    if let Some(until) = filter.until {
        query.push(" AND r.created_at < ").push_bind(sql(until));
    }
    Ok(())
}

#[async_trait]
impl ExecutionReader for PgStore {
    async fn list(
        &self,
        filter: &ExecutionFilter,
        page: &PageRequest,
    ) -> Result<Page<ExecutionRow>, StoreError> {
        let mut query = QueryBuilder::<Postgres>::new("SELECT ");
        query.push(row::COLUMNS).push(
            " FROM run r JOIN execution e ON e.id = r.id AND e.opened_on = r.opened_on WHERE true",
        );
        conditions(&mut query, filter)?;
        let (comparison, order) = if filter.ascending {
            (
                " AND (r.created_at, r.id) > (",
                " ORDER BY r.created_at, r.id LIMIT ",
            )
        } else {
            (
                " AND (r.created_at, r.id) < (",
                " ORDER BY r.created_at DESC, r.id DESC LIMIT ",
            )
        };
        if let Some((micros, id)) = cursor::read::<(i64, Uuid)>(page)? {
            query.push(comparison).push_bind(sql(cursor::time(micros)?));
            query.push(", ").push_bind(id).push(")");
        }
        query.push(order).push_bind(cursor::fetch(page));
        let rows = query.build().fetch_all(&self.people).await.store()?;
        let items = rows
            .iter()
            .map(execution_row)
            .collect::<Result<Vec<_>, _>>()?;
        Ok(cursor::page(items, page, |row| {
            (row.created_at.as_microsecond(), row.id.uuid())
        }))
    }

    async fn run(&self, run: RunId) -> Result<Option<RunDetail>, StoreError> {
        sqlx::query(include_str!("run.sql"))
            .bind(run.uuid())
            .fetch_optional(&self.people)
            .await
            .store()?
            .map(|row| {
                Ok(RunDetail {
                    row: execution_row(&row)?,
                    header: json::decode("a run's header", row.try_get("header").store()?)?,
                    last_seq: uint(row.try_get("last_seq").store()?),
                    wake_at: time_or_none(&row, "wake_at")?,
                })
            })
            .transpose()
    }

    async fn execution(&self, id: ExecutionId) -> Result<Option<ExecutionRow>, StoreError> {
        sqlx::query(include_str!("execution.sql"))
            .bind(id.uuid())
            .fetch_optional(&self.people)
            .await
            .store()?
            .map(|row| execution_row(&row))
            .transpose()
    }

    async fn tasks(
        &self,
        run: RunId,
        page: &PageRequest,
    ) -> Result<Page<ExecutionRow>, StoreError> {
        let (part, key, id) =
            cursor::read::<(i32, i64, Uuid)>(page)?.unwrap_or((0, -1, Uuid::nil()));
        let rows = sqlx::query(include_str!("tasks.sql"))
            .bind(run.uuid())
            .bind(part)
            .bind(key)
            .bind(id)
            .bind(cursor::fetch(page))
            .fetch_all(&self.people)
            .await
            .store()?;
        let items = rows
            .iter()
            .map(|row| Ok((execution_row(row)?, row.try_get::<i64, _>("key").store()?)))
            .collect::<Result<Vec<_>, StoreError>>()?;
        let page = cursor::page(items, page, |(row, key)| {
            let child = matches!(row.kind, ExecutionKind::Workflow | ExecutionKind::Action);
            (i32::from(child), *key, row.id.uuid())
        });
        Ok(Page {
            items: page.items.into_iter().map(|(row, _)| row).collect(),
            next: page.next,
        })
    }

    async fn history(
        &self,
        run: RunId,
        after: u64,
        limit: u32,
    ) -> Result<Vec<HistoryEvent>, StoreError> {
        let rows = sqlx::query(include_str!("history.sql"))
            .bind(run.uuid())
            .bind(int(after))
            .bind(i64::from(limit))
            .fetch_all(&self.people)
            .await
            .store()?;
        rows.iter()
            .map(|row| {
                let event = crate::run::stored_event(row)?;
                Ok(HistoryEvent {
                    seq: event.seq,
                    at: event.at,
                    kind: event.kind,
                    data: event.data,
                })
            })
            .collect()
    }

    async fn logs(
        &self,
        run: RunId,
        execution: Option<ExecutionId>,
        after: u64,
        limit: u32,
    ) -> Result<LogPage, StoreError> {
        let rows = sqlx::query(include_str!("logs.sql"))
            .bind(run.uuid())
            .bind(execution.map(|execution| execution.uuid()))
            .bind(int(after))
            .bind(i64::from(limit))
            .fetch_all(&self.people)
            .await
            .store()?;
        let lines = rows
            .iter()
            .map(|row| {
                let attempt: i64 = row.try_get("attempt").store()?;
                Ok(LogLine {
                    position: uint(row.try_get("position").store()?),
                    execution: ExecutionId(row.try_get("execution").store()?),
                    task: row.try_get("task").store()?,
                    attempt: u32::try_from(attempt).unwrap_or(u32::MAX),
                    stream: row.try_get("stream").store()?,
                    at: time(row, "at")?,
                    text: row.try_get("text").store()?,
                })
            })
            .collect::<Result<Vec<_>, StoreError>>()?;
        Ok(LogPage {
            next: lines.last().map_or(after, |line| line.position),
            lines,
        })
    }

    async fn ping(&self) -> Result<(), StoreError> {
        sqlx::query("SELECT 1")
            .execute(&self.people)
            .await
            .store()?;
        Ok(())
    }
}
