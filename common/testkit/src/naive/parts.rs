//! Items and branches.

use super::act::{Act, At, Plan};
use super::{Job, Naive};
use attune_flow::program::{Tolerate, Work};
use attune_types::{ErrorInfo, ExecutionStatus, JsonValue, code};
use serde_json::json;

impl Naive {
    pub(super) fn plan_items(&mut self, n: usize) {
        match self.plan(n) {
            Ok(plan) => {
                self.acts[n].plan = Some(plan);
                self.acts[n].at = At::Gathering;
                self.jobs.push_back(Job::Gather(n, false));
            }
            Err(error) => {
                self.acts[n].error = Some(error);
                self.end(n, ExecutionStatus::Failed);
            }
        }
    }

    fn plan(&self, n: usize) -> Result<Plan, ErrorInfo> {
        let bad = |text: String| ErrorInfo::new(code::TEMPLATE, text);
        let task = &self.program.tasks[self.acts[n].task];
        let Some(items) = &task.items else {
            return Err(bad("no items".to_owned()));
        };
        let scope = self.scope(Some(n), None);
        let over = items
            .over
            .evaluate(&scope)
            .map_err(|e| bad(e.to_string()))?;
        let list: Vec<JsonValue> = match over {
            JsonValue::Array(list) => list,
            JsonValue::Object(map) => map
                .into_iter()
                .map(|(key, value)| json!({"key": key, "value": value}))
                .collect(),
            JsonValue::Number(count) => match count.as_u64() {
                Some(count) if count > u64::from(self.program.limits.items) => {
                    return Err(ErrorInfo::new(code::ITEM_LIMIT, "too many items"));
                }
                Some(count) => (0..count).map(JsonValue::from).collect(),
                None => return Err(bad("not a count".to_owned())),
            },
            other => return Err(bad(format!("{other} is no list"))),
        };
        if list.len() > self.program.limits.items as usize {
            return Err(ErrorInfo::new(code::ITEM_LIMIT, "too many items"));
        }
        let number = |template: &Option<attune_template::Template>| match template {
            None => Ok(None),
            Some(template) => match template.evaluate(&scope) {
                Ok(value) => match value.as_u64() {
                    Some(count) if count > 0 => Ok(Some(count as usize)),
                    _ => Err(bad(format!("{value} is no count"))),
                },
                Err(error) => Err(bad(error.to_string())),
            },
        };
        let concurrency = number(&items.concurrency)?;
        let batch = number(&items.batch_size)?;
        let total = list.len() as u32;
        let tolerated = match items.tolerate {
            Tolerate::Count(count) => count,
            Tolerate::Percent(percent) => (f64::from(total) * percent / 100.0).floor() as u32,
        };
        let list: Vec<JsonValue> = match batch {
            Some(size) => list.chunks(size).map(|batch| json!(batch)).collect(),
            None => list,
        };
        Ok(Plan {
            concurrency: concurrency.unwrap_or(usize::MAX),
            items: list,
            total,
            batched: batch.is_some(),
            tolerated,
            fail_fast: items.fail_fast,
        })
    }

    /// Begins items while there is room. True if one failed at once.
    fn next_items(&mut self, n: usize) -> bool {
        let Some(plan) = self.acts[n].plan.clone() else {
            return false;
        };
        let mut failed = false;
        loop {
            let begun = self.parts_of(n);
            let live = begun
                .iter()
                .filter(|part| !self.acts[**part].is_ended())
                .count();
            let again = begun.iter().copied().find(|part| self.acts[*part].again);
            if (again.is_none() && begun.len() == plan.items.len())
                || live >= plan.concurrency
                || self.is_spoilt(n)
                || self.is_spoilt_above(n)
                || !self.may_start()
            {
                return failed;
            }
            if let Some(item) = again {
                self.redo(item);
                failed |= is_bad(self.acts[item].ended_as());
                continue;
            }
            let mut item = Act::new(self.acts[n].task, self.acts[n].activation);
            item.parent = Some(n);
            item.item = Some(begun.len() as u32);
            self.acts.push(item);
            let item = self.acts.len() - 1;
            self.work(item);
            failed |= is_bad(self.acts[item].ended_as());
        }
    }

    pub(super) fn plan_branches(&mut self, n: usize) {
        let Work::Parallel { children, .. } = self.program.tasks[self.acts[n].task].work.clone()
        else {
            return;
        };
        let task = self.program.tasks[self.acts[n].task].clone();
        let limit = match &task.timeout {
            Some(timeout) => match self.duration(timeout, Some(n)) {
                Ok(limit) => Some(limit),
                Err(error) => return self.broken(n, code::TEMPLATE, &error),
            },
            None => None,
        };
        self.acts[n].attempts += 1;
        self.acts[n].at = At::Gathering;
        self.acts[n].branches = Some(Vec::new());
        self.acts[n].branches_limit = limit;
        self.acts[n].branches_due = limit.and_then(|limit| self.now.checked_add(limit).ok());
        self.acts[n].branches_late = false;
        for child in children {
            self.branch(child.0 as usize, n);
        }
        self.jobs.push_back(Job::Gather(n, false));
    }

    /// A branch is reached, for the first time or by `retry`.
    pub(super) fn branch(&mut self, task: usize, above: usize) -> Option<usize> {
        let branch = self.reach(task, Some(above))?;
        if let Some(branches) = &mut self.acts[above].branches {
            branches.push(branch);
        }
        Some(branch)
    }

    /// The items or branches of an activation, in order.
    pub(super) fn parts_of(&self, n: usize) -> Vec<usize> {
        if let Some(branches) = &self.acts[n].branches {
            return branches.clone();
        }
        (0..self.acts.len())
            .filter(|part| self.acts[*part].parent == Some(n))
            .collect()
    }

    /// Items in the executions that failed.
    fn failed_items(&self, n: usize) -> u32 {
        let mut count = 0;
        for part in self.parts_of(n) {
            if is_bad(self.acts[part].ended_as()) && !self.acts[part].again {
                count += self.items_in(n, part);
            }
        }
        count
    }

    /// How many items an item's execution stands for.
    pub(super) fn items_in(&self, n: usize, part: usize) -> u32 {
        let (Some(plan), Some(item)) = (&self.acts[n].plan, self.acts[part].item) else {
            return 1;
        };
        match plan.items.get(item as usize) {
            Some(JsonValue::Array(batch)) if plan.batched => batch.len() as u32,
            _ => 1,
        }
    }

    /// Looks at an iteration or a parallel task: goes on with it, stops the rest of it, ends it.
    pub(super) fn gather(&mut self, n: usize, failed: bool) {
        if !matches!(self.acts[n].at, At::Gathering) {
            return;
        }
        let failed = self.next_items(n) || failed;
        if failed && self.is_spoilt(n) {
            self.stop_parts(n);
        }
        self.gathered(n);
    }

    fn stop_parts(&mut self, n: usize) {
        for part in 0..self.acts.len() {
            if self.stands_below(part, n) && !self.acts[part].is_ended() {
                self.jobs.push_back(Job::Close(part, true));
            }
        }
    }

    /// The time of the branches may be over.
    pub(super) fn branches_clock(&mut self, n: usize) {
        let over = self.acts[n].branches_due.is_some_and(|due| due <= self.now);
        if over && !self.acts[n].branches_late {
            self.acts[n].branches_late = true;
            self.stop_parts(n);
        }
    }

    fn stands_below(&self, part: usize, above: usize) -> bool {
        let mut next = self.acts[part].parent;
        while let Some(n) = next {
            if n == above {
                return true;
            }
            next = self.acts[n].parent;
        }
        false
    }

    /// Whether a failure stops what is left of it.
    fn is_spoilt(&self, n: usize) -> bool {
        match (
            &self.acts[n].plan,
            &self.program.tasks[self.acts[n].task].work,
        ) {
            (Some(plan), _) => plan.fail_fast && self.failed_items(n) > plan.tolerated,
            (None, Work::Parallel { fail_fast, .. }) => {
                self.acts[n].branches_late || (*fail_fast && self.has_failed_branch(n))
            }
            (None, Work::Action(_)) => false,
        }
    }

    /// Whether something above it is being stopped because of a failure.
    pub(super) fn is_spoilt_above(&self, n: usize) -> bool {
        let mut next = self.acts[n].parent;
        while let Some(above) = next {
            if self.is_spoilt(above) {
                return true;
            }
            next = self.acts[above].parent;
        }
        false
    }

    fn has_failed_branch(&self, n: usize) -> bool {
        self.parts_of(n)
            .iter()
            .any(|part| !self.acts[*part].handled && is_bad(self.acts[*part].ended_as()))
    }

    /// Ends an iteration or a parallel task all of whose parts have ended.
    fn gathered(&mut self, n: usize) {
        let parts = self.parts_of(n);
        if parts.iter().any(|part| !self.acts[*part].is_ended()) {
            return;
        }
        let cancelled = parts
            .iter()
            .any(|part| self.acts[*part].ended_as() == Some(ExecutionStatus::Cancelled));
        let (whole, bad, code) = match &self.acts[n].plan {
            Some(plan) => (
                parts.len() == plan.items.len() && parts.iter().all(|part| !self.acts[*part].again),
                self.failed_items(n) > plan.tolerated,
                code::ITEMS_FAILED,
            ),
            None => (true, self.has_failed_branch(n), code::BRANCH_FAILED),
        };
        if !whole && !self.is_closing() && !self.is_spoilt(n) && !self.is_spoilt_above(n) {
            return;
        }
        if self.acts[n].branches_late {
            let error = ErrorInfo::new(code::TIMEOUT, "it took too long");
            return self.failed(n, ExecutionStatus::TimedOut, error);
        }
        if bad {
            let error = ErrorInfo::new(code, "parts of it failed");
            if self.acts[n].plan.is_some() {
                self.acts[n].error = Some(error);
                self.end(n, ExecutionStatus::Failed);
            } else {
                self.failed(n, ExecutionStatus::Failed, error);
            }
        } else if cancelled || !whole {
            self.acts[n].error = None;
            self.end(n, ExecutionStatus::Cancelled);
        } else {
            self.end(n, ExecutionStatus::Succeeded);
        }
    }
}

fn is_bad(status: Option<ExecutionStatus>) -> bool {
    matches!(
        status,
        Some(ExecutionStatus::Failed | ExecutionStatus::TimedOut)
    )
}
