//! Executions, history and logs for people, in memory.

use super::{MemoryStore, page};
use async_trait::async_trait;
use attune_flow::run::{ExecutionRow, Origin};
use attune_port::{
    ExecutionFilter, ExecutionReader, HistoryEvent, LogLine, LogPage, Page, PageRequest, RunDetail,
    StoreError,
};
use attune_types::{ExecutionId, RunId};

fn has_tag(executions: &super::run::Runs, run: RunId, tag: &str) -> bool {
    executions
        .executions
        .values()
        .any(|(_, row)| row.run == run && row.trace_tag.as_deref() == Some(tag))
}

fn fits(filter: &ExecutionFilter, run: &super::run::Run, row: &ExecutionRow) -> bool {
    let header = &run.header;
    let (rule, event) = match &header.origin {
        Origin::Rule { rule, event, .. } => (Some(rule), Some(*event)),
        _ => (None, None),
    };
    let parent = header.parent.as_ref().map(|parent| parent.run);
    let any_level = filter.parent.is_none() && filter.trace_tag.is_some();
    (any_level || parent == filter.parent)
        && (filter.status.is_empty() || filter.status.contains(&run.status))
        && filter
            .action
            .as_ref()
            .is_none_or(|action| *action == header.action)
        && filter
            .pack
            .as_ref()
            .is_none_or(|pack| pack == header.action.pack())
        && (filter.rule.is_none() || filter.rule.as_ref() == rule)
        && (filter.event.is_none() || filter.event == event)
        && filter
            .started_by
            .as_ref()
            .is_none_or(|login| *login == header.started_by)
        && filter
            .labels
            .iter()
            .all(|(key, value)| row.labels.get(key) == Some(value))
        && filter.since.is_none_or(|since| row.created_at >= since)
        && filter.until.is_none_or(|until| row.created_at < until)
}

#[async_trait]
impl ExecutionReader for MemoryStore {
    async fn list(
        &self,
        filter: &ExecutionFilter,
        request: &PageRequest,
    ) -> Result<Page<ExecutionRow>, StoreError> {
        let state = self.lock();
        let rows = state
            .runs
            .runs
            .iter()
            .filter_map(|(id, run)| {
                let (_, row) = state.runs.executions.get(&ExecutionId::from(*id))?;
                let tagged = filter
                    .trace_tag
                    .as_deref()
                    .is_none_or(|tag| has_tag(&state.runs, *id, tag));
                (tagged && fits(filter, run, row)).then(|| row.clone())
            })
            .collect();
        page::page(rows, request, !filter.ascending, |row: &ExecutionRow| {
            (row.created_at.as_microsecond(), row.id.uuid().as_u128())
        })
    }

    async fn run(&self, run: RunId) -> Result<Option<RunDetail>, StoreError> {
        let state = self.lock();
        Ok(state.runs.runs.get(&run).and_then(|stored| {
            let (_, row) = state.runs.executions.get(&ExecutionId::from(run))?;
            Some(RunDetail {
                row: row.clone(),
                header: stored.header.clone(),
                last_seq: stored.last_seq(),
                wake_at: stored.wake_at,
            })
        }))
    }

    async fn execution(&self, id: ExecutionId) -> Result<Option<ExecutionRow>, StoreError> {
        let state = self.lock();
        Ok(state.runs.executions.get(&id).map(|(_, row)| row.clone()))
    }

    async fn tasks(
        &self,
        run: RunId,
        request: &PageRequest,
    ) -> Result<Page<ExecutionRow>, StoreError> {
        let state = self.lock();
        let own = state
            .runs
            .executions
            .values()
            .filter(|(_, row)| row.run == run && row.id != ExecutionId::from(run))
            .map(|(position, row)| ((0, *position), row));
        let children = state
            .runs
            .runs
            .iter()
            .filter(|(_, child)| child.header.parent.as_ref().is_some_and(|p| p.run == run))
            .filter_map(|(id, _)| state.runs.executions.get(&ExecutionId::from(*id)))
            .map(|(_, row)| ((1, row.created_at.as_microsecond()), row));
        let rows: Vec<_> = own
            .chain(children)
            .map(|(key, row)| (key, row.clone()))
            .collect();
        let page = page::page(rows, request, false, |((part, key), row)| {
            (*part, *key, row.id.uuid().as_u128())
        })?;
        Ok(Page {
            items: page.items.into_iter().map(|(_, row)| row).collect(),
            next: page.next,
        })
    }

    async fn history(
        &self,
        run: RunId,
        after: u64,
        limit: u32,
    ) -> Result<Vec<HistoryEvent>, StoreError> {
        let state = self.lock();
        let Some(run) = state.runs.runs.get(&run) else {
            return Ok(Vec::new());
        };
        Ok(run
            .events
            .iter()
            .filter(|event| event.seq > after)
            .take(limit as usize)
            .map(|event| HistoryEvent {
                seq: event.seq,
                at: event.at,
                kind: event.kind.clone(),
                data: event.data.clone(),
            })
            .collect())
    }

    async fn logs(
        &self,
        run: RunId,
        execution: Option<ExecutionId>,
        after: u64,
        limit: u32,
    ) -> Result<LogPage, StoreError> {
        let state = self.lock();
        let task = |line: &LogLine| {
            let (_, row) = state.runs.executions.get(&line.execution)?;
            row.task.clone()
        };
        let lines: Vec<LogLine> = state
            .work
            .logs
            .get(&run)
            .into_iter()
            .flatten()
            .filter(|line| line.position > after)
            .filter(|line| execution.is_none_or(|execution| execution == line.execution))
            .take(limit as usize)
            .map(|line| LogLine {
                task: task(line),
                ..line.clone()
            })
            .collect();
        Ok(LogPage {
            next: lines.last().map_or(after, |line| line.position),
            lines,
        })
    }

    async fn ping(&self) -> Result<(), StoreError> {
        Ok(())
    }
}
