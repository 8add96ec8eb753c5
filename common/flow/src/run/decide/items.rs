//! Iterations: the list is known once, items get their turns, and the whole ends with its parts.

use super::close::Done;
use super::step::{Step, Todo, template_error};
use crate::program::{Items, Tolerate};
use crate::run::Event;
use crate::run::event::StopReason;
use crate::run::state::execution::{Execution, Parts, Phase, Tally};
use attune_template::Template;
use attune_types::{ErrorInfo, ExecutionId, ExecutionStatus, JsonValue, code};
use serde_json::json;
use std::sync::Arc;

/// What an iteration is about to do.
struct Plan {
    items: Vec<JsonValue>,
    total: u32,
    batched: bool,
    concurrency: u32,
    tolerated: u32,
}

impl Step<'_> {
    /// Evaluates the list and starts the first items.
    pub(super) fn plan_items(&mut self, id: ExecutionId) {
        let Some((execution, task)) = self.of(id) else {
            return;
        };
        let Some(items) = &task.items else { return };
        match self.plan(execution, items) {
            Ok(plan) => {
                self.push(Event::ItemsPlanned {
                    at: self.at(),
                    execution: id,
                    items: Arc::new(plan.items),
                    total: plan.total,
                    batched: plan.batched,
                    concurrency: plan.concurrency,
                    tolerated: plan.tolerated,
                    fail_fast: items.fail_fast,
                });
                self.todo.push_back(Todo::Gather {
                    above: id,
                    failed: false,
                });
            }
            Err(error) => self.end_failed(id, error),
        }
    }

    fn plan(&self, execution: &Execution, items: &Items) -> Result<Plan, ErrorInfo> {
        let over = items
            .over
            .evaluate(&self.scope(Some(execution)))
            .map_err(|error| template_error(&error, "with_items"))?;
        let limit = self.limits().items;
        let list = list_of(over, limit)?;
        let total = u32::try_from(list.len()).unwrap_or(u32::MAX);
        if total > limit {
            return Err(too_many(u64::from(total), limit));
        }
        let batch = self.count(execution, items.batch_size.as_ref(), "batch_size")?;
        let concurrency = self.count(execution, items.concurrency.as_ref(), "concurrency")?;
        let tolerated = match items.tolerate {
            Tolerate::Count(count) => count,
            Tolerate::Percent(share) => (f64::from(total) * share / 100.0).floor() as u32,
        };
        let (list, batched) = match batch {
            Some(size) => (batches(list, size as usize), true),
            None => (list, false),
        };
        Ok(Plan {
            items: list,
            total,
            batched,
            concurrency: concurrency.unwrap_or(u32::MAX),
            tolerated,
        })
    }

    /// A number of at least one; null is as if it were not there.
    fn count(
        &self,
        execution: &Execution,
        template: Option<&Template>,
        of: &str,
    ) -> Result<Option<u32>, ErrorInfo> {
        let Some(template) = template else {
            return Ok(None);
        };
        let value = template
            .evaluate(&self.scope(Some(execution)))
            .map_err(|error| template_error(&error, of))?;
        if value.is_null() {
            return Ok(None);
        }
        whole(&value)
            .filter(|count| *count > 0)
            .map(|count| Some(u32::try_from(count).unwrap_or(u32::MAX)))
            .ok_or_else(|| {
                ErrorInfo::new(
                    code::TEMPLATE,
                    format!("{of}: `{value}` is not a number of at least one"),
                )
            })
    }

    /// Gives items their turn as far as they may go on, and ends the iteration with its last one.
    pub(super) fn gather_items(&mut self, id: ExecutionId, mut failed: bool) {
        loop {
            let Some(execution) = self.state.execution(id) else {
                return;
            };
            let Some(standing) = Standing::of(execution) else {
                return;
            };
            let too_large = self.are_too_large(&standing.tally);
            let over = standing.is_spoilt()
                || self.state.is_closing()
                || self.is_stopped_from_above(execution)
                || too_large;
            if over || !standing.has_more() {
                let stop = too_large || (failed && standing.is_spoilt());
                if stop && standing.tally.live > 0 {
                    self.stop_parts(id, StopReason::FailFast);
                }
                if standing.tally.live == 0 {
                    self.end_items(id, &standing);
                }
                return;
            }
            if standing.tally.live >= standing.concurrency || !self.state.may_start() {
                return;
            }
            let item = match self.next_redo(execution) {
                Some(item) => {
                    self.reopen(item);
                    item
                }
                None if standing.begun < standing.count => self.begin_item(id, standing.begun),
                None => return,
            };
            // An item that ended at once is looked at before the next one begins, so that the list
            // of things to do does not grow with the number of items.
            if let Some(execution) = self.state.execution(item)
                && execution.is_ended()
            {
                failed |= execution.status() != ExecutionStatus::Succeeded;
                self.todo.pop_front();
            }
        }
    }

    fn begin_item(&mut self, above: ExecutionId, index: u32) -> ExecutionId {
        let item = crate::run::RunState::item_id(above, index);
        self.push(Event::ItemActivated {
            at: self.at(),
            execution: item,
            parent: above,
            index,
        });
        self.work(item);
        item
    }

    fn end_items(&mut self, id: ExecutionId, standing: &Standing) {
        let Some(execution) = self.state.execution(id) else {
            return;
        };
        let tally = standing.tally;
        let done = if self.are_too_large(&tally) {
            Done::bad(self.too_large(&tally, "items"))
        } else if tally.failed_items > standing.tolerated {
            let message = format!(
                "{} of {} items failed{}",
                tally.failed_items,
                standing.total,
                self.first_failure(execution)
            );
            let details = json!({
                "failed_count": tally.failed_items,
                "total_count": standing.total,
            });
            Done::bad(ErrorInfo::new(code::ITEMS_FAILED, message).with_details(details))
        } else if tally.cancelled > 0 || standing.has_more() {
            Done::cancelled()
        } else {
            Done::good(JsonValue::Null)
        };
        let attempts = execution.attempts.max(1);
        self.end(id, attempts, None, done);
    }

    /// The first of the parts that failed and what it said, for people.
    fn first_failure(&self, execution: &Execution) -> String {
        let Parts::Items { begun, .. } = &execution.parts else {
            return String::new();
        };
        let item = (0..*begun)
            .filter_map(|n| {
                self.state
                    .execution(crate::run::RunState::item_id(execution.id, n))
            })
            .find(|item| {
                matches!(
                    item.status(),
                    ExecutionStatus::Failed | ExecutionStatus::TimedOut
                )
            });
        let said = item.and_then(|item| Some((item.item?, item.error.as_deref()?)));
        said.map_or_else(String::new, |(index, error)| {
            format!("; item {index}: {}", error.message)
        })
    }
}

/// How an iteration stands.
struct Standing {
    count: u32,
    total: u32,
    begun: u32,
    /// Items that are still to be done again.
    redo: u32,
    concurrency: u32,
    tolerated: u32,
    fail_fast: bool,
    tally: Tally,
}

impl Standing {
    fn of(execution: &Execution) -> Option<Self> {
        match (&execution.phase, &execution.parts) {
            (
                Phase::Gathering,
                Parts::Items {
                    items,
                    total,
                    concurrency,
                    tolerated,
                    fail_fast,
                    begun,
                    redo,
                    tally,
                    ..
                },
            ) => Some(Self {
                count: u32::try_from(items.len()).unwrap_or(u32::MAX),
                total: *total,
                begun: *begun,
                redo: redo.left,
                concurrency: *concurrency,
                tolerated: *tolerated,
                fail_fast: *fail_fast,
                tally: *tally,
            }),
            _ => None,
        }
    }

    /// Whether some are still to be begun, or to be done again.
    const fn has_more(&self) -> bool {
        self.begun < self.count || self.redo > 0
    }

    /// Whether the rest is to be stopped because of a failure.
    const fn is_spoilt(&self) -> bool {
        self.fail_fast && self.tally.failed_items > self.tolerated
    }
}

/// The items of a list, a map (as `{key, value}`) or a number (from 0).
fn list_of(over: JsonValue, limit: u32) -> Result<Vec<JsonValue>, ErrorInfo> {
    match over {
        JsonValue::Array(items) => Ok(items),
        JsonValue::Object(map) => Ok(map
            .into_iter()
            .map(|(key, value)| json!({ "key": key, "value": value }))
            .collect()),
        other => match whole(&other) {
            Some(count) if count > u64::from(limit) => Err(too_many(count, limit)),
            Some(count) => Ok((0..count).map(JsonValue::from).collect()),
            None => Err(ErrorInfo::new(
                code::TEMPLATE,
                format!(
                    "with_items: a list, a map or a number is needed, not {}",
                    kind(&other)
                ),
            )),
        },
    }
}

fn whole(value: &JsonValue) -> Option<u64> {
    value.as_u64().or_else(|| {
        let number = value.as_f64()?;
        (number >= 0.0 && number.fract() == 0.0 && number < 9e15).then_some(number as u64)
    })
}

const fn kind(value: &JsonValue) -> &'static str {
    match value {
        JsonValue::Null => "null",
        JsonValue::Bool(_) => "a boolean",
        JsonValue::Number(_) => "a number below zero or with a fraction",
        JsonValue::String(_) => "a text",
        JsonValue::Array(_) => "a list",
        JsonValue::Object(_) => "a map",
    }
}

fn too_many(count: u64, limit: u32) -> ErrorInfo {
    ErrorInfo::new(
        code::ITEM_LIMIT,
        format!(
            "with_items: {count} items are more than the limit of {limit} (`limits.items`); spread them over several runs"
        ),
    )
}

fn batches(list: Vec<JsonValue>, size: usize) -> Vec<JsonValue> {
    let mut batches = Vec::with_capacity(list.len() / size + 1);
    let mut list = list.into_iter().peekable();
    while list.peek().is_some() {
        batches.push(JsonValue::Array(list.by_ref().take(size).collect()));
    }
    batches
}
