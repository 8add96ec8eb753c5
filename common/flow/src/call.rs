//! From a catalogue's action to what a Program keeps of it, and to the Program of one action.

use crate::graph::Graph;
use crate::program::{
    ActionCall, Backoff, Cancellation, InlineAction, NativeAction, OnFailure, Performer, Program,
    ProgramKind, Retry, RunLimits, Task, Work, WorkerSpec,
};
use attune_pack::{ActionDef, RetryDef, Runner};
use attune_template::Template;
use attune_types::{JsonMap, JsonValue, Labels, ProgramHash};

/// The pool of actions that name none.
const DEFAULT_POOL: &str = "default";

/// The action that runs another one named by its input.
const RUN_WORKFLOW: &str = "core.run_workflow";

impl ActionCall {
    /// What a Program needs to know of an action.
    pub fn of(action: &ActionDef) -> Self {
        Self {
            reference: action.reference.clone(),
            performer: performer(action),
            parameters: action.parameters.clone(),
            output: action.output.clone(),
        }
    }

    /// Whether the action to run is named by the input instead.
    pub fn is_run_workflow(&self) -> bool {
        self.reference.as_str() == RUN_WORKFLOW
    }
}

fn performer(action: &ActionDef) -> Performer {
    let unavailable = |reason: &str| Performer::Unavailable {
        reason: reason.to_owned(),
    };
    match action.runner {
        Runner::Workflow => Performer::Child,
        Runner::Native => match action.reference.as_str() {
            "core.noop" => Performer::Inline(InlineAction::Noop),
            "core.set" => Performer::Inline(InlineAction::Set),
            "core.fail" => Performer::Inline(InlineAction::Fail),
            "core.sleep" => Performer::Inline(InlineAction::Sleep),
            "core.http" => Performer::Native(NativeAction::Http),
            "core.notify" => Performer::Native(NativeAction::Notify),
            "core.emit_event" => Performer::Native(NativeAction::EmitEvent),
            RUN_WORKFLOW => Performer::Child,
            other => unavailable(&format!("this build cannot perform `{other}` yet")),
        },
        Runner::Shell | Runner::Python | Runner::Node | Runner::Binary => match &action.entry_point
        {
            Some(entry_point) => Performer::Worker {
                pool: action
                    .pool
                    .clone()
                    .unwrap_or_else(|| DEFAULT_POOL.to_owned()),
                selector: Labels::new(),
                spec: Box::new(WorkerSpec {
                    runner: action.runner,
                    entry_point: entry_point.clone(),
                    delivery: action.parameter_delivery,
                    output_format: action.output_format,
                    env: action
                        .env
                        .iter()
                        .map(|(name, value)| (name.clone(), value.clone()))
                        .collect(),
                }),
            },
            None => unavailable("the action names no entry point"),
        },
        Runner::Http | Runner::Container => unavailable(&format!(
            "this build cannot run actions of runner `{}` yet",
            action.runner
        )),
    }
}

impl Program {
    /// A Program of one task that runs the action with the run's parameters.
    #[must_use]
    pub fn of_action(action: &ActionDef, version: &str) -> Self {
        let task = Task {
            name: action.reference.name().to_owned(),
            work: Work::Action(Box::new(ActionCall::of(action))),
            branch_of: None,
            // The run's parameters are its input, as they are.
            input: constant(JsonValue::Object(JsonMap::new())),
            when: None,
            items: None,
            retry: action.retry.as_ref().map(retry),
            timeout: action
                .timeout
                .map(|timeout| constant(timeout.as_secs_f64().into())),
            delay: None,
            join: None,
            next: Vec::new(),
            compensate: None,
            idempotent: action.idempotent,
            trace_tag: None,
        };
        Self {
            hash: ProgramHash(String::new()),
            reference: action.reference.clone(),
            version: version.to_owned(),
            kind: ProgramKind::Action,
            parameters: action.parameters.clone(),
            output: None,
            vars: Vec::new(),
            tasks: vec![task],
            output_map: None,
            timeout: None,
            on_failure: OnFailure::default(),
            cancellation: Cancellation::default(),
            concurrency: None,
            labels: Vec::new(),
            trace_tag: None,
            limits: RunLimits::default(),
            graph: Graph::default(),
        }
        .seal()
    }
}

#[expect(
    clippy::expect_used,
    reason = "only numbers and an empty map come here, and those always compile"
)]
fn constant(value: JsonValue) -> Template {
    Template::compile(&value).expect("a constant")
}

fn retry(def: &RetryDef) -> Retry {
    Retry {
        count: def.count,
        delay: def.delay,
        backoff: match def.backoff {
            attune_pack::Backoff::Constant => Backoff::Constant,
            attune_pack::Backoff::Linear => Backoff::Linear,
            attune_pack::Backoff::Exponential => Backoff::Exponential,
        },
        max_delay: def.max_delay,
        jitter: def.jitter > 0.0,
        on_error: def
            .on_error
            .as_ref()
            .and_then(|text| Template::condition(&JsonValue::from(text.as_str())).ok()),
    }
}
