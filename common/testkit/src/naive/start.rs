//! Reaching tasks and starting what was reached.

use super::act::{Act, At, Kind, Open};
use super::{Job, Naive};
use attune_flow::program::{InlineAction, Performer, Work};
use attune_template::Template;
use attune_types::{Duration, ErrorInfo, ExecutionStatus, JsonMap, JsonValue, Timestamp, code};
use serde_json::json;

impl Naive {
    /// A task is reached: a new activation, unless the run has had too many.
    pub(super) fn reach(&mut self, task: usize, parent: Option<usize>) -> Option<usize> {
        if self.is_closing() {
            return None;
        }
        let tasks = self.acts.iter().filter(|act| act.item.is_none()).count();
        if tasks >= self.program.limits.activations as usize {
            self.fail_run(code::ACTIVATION_LIMIT, "too many activations");
            return None;
        }
        let before = self
            .acts
            .iter()
            .filter(|act| act.task == task && act.item.is_none())
            .count();
        let mut act = Act::new(task, before as u32 + 1);
        act.parent = parent;
        self.acts.push(act);
        let n = self.acts.len() - 1;
        self.jobs.push_back(Job::Start(n));
        Some(n)
    }

    /// Starts what was reached: its condition, its delay, then its work.
    pub(super) fn start(&mut self, n: usize) {
        if !matches!(self.acts[n].at, At::Ready) {
            return;
        }
        if self.is_closing() {
            return self.end(n, ExecutionStatus::Cancelled);
        }
        if !self.may_start() {
            return;
        }
        let task = self.program.tasks[self.acts[n].task].clone();
        if let Some(when) = &task.when {
            match when.test(&self.scope(Some(n), None)) {
                Ok(true) => {}
                Ok(false) => return self.end(n, ExecutionStatus::Skipped),
                Err(error) => return self.broken(n, code::TEMPLATE, &error.to_string()),
            }
        }
        if let Some(tag) = &task.trace_tag
            && let Err(error) = tag.evaluate(&self.scope(Some(n), None))
        {
            return self.broken(n, code::TEMPLATE, &error.to_string());
        }
        if let Some(delay) = &task.delay {
            match self.duration(delay, Some(n)) {
                Ok(wait) if wait > Duration::ZERO => {
                    let due = self.now.checked_add(wait).unwrap_or(self.now);
                    self.acts[n].at = At::Delayed(due);
                    return;
                }
                Ok(_) => {}
                Err(error) => return self.broken(n, code::TEMPLATE, &error),
            }
        }
        self.launch(n);
    }

    /// The definition cannot be carried out: the task fails, and trying again would not help.
    pub(super) fn broken(&mut self, n: usize, code: &str, message: &str) {
        self.acts[n].error = Some(ErrorInfo::new(code, message));
        self.end(n, ExecutionStatus::Failed);
    }

    /// After condition and delay.
    pub(super) fn launch(&mut self, n: usize) {
        if self.program.tasks[self.acts[n].task].items.is_some() {
            self.plan_items(n);
        } else {
            self.work(n);
        }
    }

    /// The work itself, once: branches or an attempt.
    pub(super) fn work(&mut self, n: usize) {
        match &self.program.tasks[self.acts[n].task].work {
            Work::Parallel { .. } => self.plan_branches(n),
            Work::Action(_) => self.attempt(n),
        }
    }

    fn attempt(&mut self, n: usize) {
        let task = self.program.tasks[self.acts[n].task].clone();
        let Work::Action(call) = &task.work else {
            return;
        };
        let input = match task.input.evaluate(&self.scope(Some(n), None)) {
            Ok(JsonValue::Object(input)) => input,
            Ok(_) => JsonMap::new(),
            Err(error) => return self.broken(n, code::TEMPLATE, &error.to_string()),
        };
        let limit = match &task.timeout {
            Some(timeout) => match self.duration(timeout, Some(n)) {
                Ok(limit) => Some(limit),
                Err(error) => return self.broken(n, code::TEMPLATE, &error),
            },
            None => None,
        };
        self.acts[n].input = Some(input.clone());
        let kind = match &call.performer {
            Performer::Inline(InlineAction::Sleep) => match self.sleep(&input) {
                Some((until, seconds)) => Kind::Timer { until, seconds },
                None => return self.broken(n, code::INPUT_INVALID, "no time to sleep"),
            },
            Performer::Inline(what) => {
                self.acts[n].attempts += 1;
                return self.inline(n, *what, input);
            }
            Performer::Worker { .. } => Kind::Worker,
            Performer::Native(_) => Kind::Native,
            Performer::Child => Kind::Child,
            Performer::Unavailable { reason } => {
                return self.broken(n, code::UNAVAILABLE, reason);
            }
        };
        self.acts[n].attempts += 1;
        // A worker's time counts from when it takes the attempt on.
        let since = (kind != Kind::Worker).then_some(self.now);
        self.acts[n].at = At::Open(Open {
            kind,
            since,
            limit,
            stopping: None,
        });
        if matches!(kind, Kind::Timer { until, .. } if until <= self.now) {
            self.timer(n);
        }
    }

    fn inline(&mut self, n: usize, what: InlineAction, input: JsonMap) {
        let result = match what {
            InlineAction::Noop | InlineAction::Sleep => JsonValue::Null,
            InlineAction::Set => JsonValue::Object(input),
            InlineAction::Fail => {
                let text = |name: &str| input.get(name).and_then(JsonValue::as_str);
                let error = ErrorInfo::new(
                    text("code").unwrap_or(code::FAILED),
                    text("message").unwrap_or_default(),
                );
                return self.failed(n, ExecutionStatus::Failed, error);
            }
        };
        self.acts[n].error = None;
        self.acts[n].result = result;
        self.end(n, ExecutionStatus::Succeeded);
    }

    fn sleep(&self, input: &JsonMap) -> Option<(Timestamp, f64)> {
        let seconds = input.get("seconds").and_then(JsonValue::as_f64)?;
        let until = self
            .now
            .checked_add(Duration::try_from_secs_f64(seconds).ok()?);
        Some((until.ok()?, seconds))
    }

    /// A length of time: seconds, or text like `1h`.
    pub(super) fn duration(
        &self,
        template: &Template,
        of: Option<usize>,
    ) -> Result<Duration, String> {
        let value = template
            .evaluate(&self.scope(of, None))
            .map_err(|error| error.to_string())?;
        let time = match &value {
            JsonValue::Number(seconds) => seconds
                .as_f64()
                .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()),
            JsonValue::String(text) => attune_types::parse_duration(text).ok(),
            _ => None,
        };
        time.ok_or_else(|| json!({"no time": value}).to_string())
    }
}
