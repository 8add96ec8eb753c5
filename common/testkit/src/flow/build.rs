//! Programs and tasks in a few words.

mod undo;

use attune_flow::graph::Graph;
use attune_flow::program::{
    ActionCall, Backoff, Cancellation, Compensate, InlineAction, Items, Join, NativeAction,
    OnFailure, Performer, Program, ProgramKind, Retry, RunLimits, Target, Task, TaskIx, Tolerate,
    Transition, Work, WorkerSpec,
};
use attune_pack::{Delivery, OutputFormat, Runner, Schema};
use attune_template::Template;
use attune_types::{Duration, JsonValue, ProgramHash, Ref};
use serde_json::json;
use std::collections::BTreeMap;

/// A template from JSON.
pub fn template(value: JsonValue) -> Template {
    Template::compile(&value).expect("a template")
}

/// A condition.
pub fn condition(text: &str) -> Template {
    Template::condition(&json!(text)).expect("a condition")
}

/// A task on the way to a Program. Names of other tasks are resolved when the Program is built.
#[derive(Clone, Debug)]
pub struct TaskBuilder {
    task: Task,
    next: Vec<Next>,
    children: Option<(Vec<Self>, bool)>,
    undone_by: Option<String>,
}

/// A transition whose targets are names still.
#[derive(Clone, Debug)]
struct Next {
    when: Option<String>,
    publish: Vec<(String, JsonValue)>,
    to: Vec<String>,
}

impl Next {
    fn new(when: Option<&str>, to: &[&str]) -> Self {
        Self {
            when: when.map(str::to_owned),
            publish: Vec::new(),
            to: to.iter().map(|name| (*name).to_owned()).collect(),
        }
    }
}

/// A task that runs an action of that performer.
pub fn action(name: &str, reference: &str, performer: Performer) -> TaskBuilder {
    let call = ActionCall {
        reference: Ref::parse(reference).expect("a reference"),
        performer,
        parameters: Schema::any(),
        output: None,
    };
    TaskBuilder {
        task: Task {
            name: name.to_owned(),
            work: Work::Action(Box::new(call)),
            branch_of: None,
            input: template(json!({})),
            when: None,
            items: None,
            retry: None,
            timeout: None,
            delay: None,
            join: None,
            next: Vec::new(),
            compensate: None,
            idempotent: false,
            trace_tag: None,
        },
        next: Vec::new(),
        children: None,
        undone_by: None,
    }
}

/// A task for a worker.
pub fn worker(name: &str) -> TaskBuilder {
    let spec = WorkerSpec {
        runner: Runner::Shell,
        entry_point: "run.sh".to_owned(),
        delivery: Delivery::Stdin,
        output_format: OutputFormat::Json,
        env: BTreeMap::new(),
    };
    let performer = Performer::Worker {
        pool: "default".to_owned(),
        selector: BTreeMap::new(),
        spec: Box::new(spec),
    };
    action(name, "test.work", performer)
}

/// A task of a pure action.
pub fn inline(name: &str, what: InlineAction) -> TaskBuilder {
    let reference = match what {
        InlineAction::Noop => "core.noop",
        InlineAction::Set => "core.set",
        InlineAction::Fail => "core.fail",
        InlineAction::Sleep => "core.sleep",
    };
    action(name, reference, Performer::Inline(what))
}

/// A task that the executor performs.
pub fn native(name: &str) -> TaskBuilder {
    action(name, "core.notify", Performer::Native(NativeAction::Notify))
}

/// A task that is a child run.
pub fn workflow(name: &str) -> TaskBuilder {
    action(name, "test.child", Performer::Child)
}

/// A parallel task.
pub fn parallel(name: &str, fail_fast: bool, children: Vec<TaskBuilder>) -> TaskBuilder {
    TaskBuilder {
        children: Some((children, fail_fast)),
        ..inline(name, InlineAction::Noop)
    }
}

impl TaskBuilder {
    /// Its input.
    #[must_use]
    pub fn input(mut self, input: JsonValue) -> Self {
        self.task.input = template(input);
        self
    }

    /// Goes on to those tasks whatever happens. `noop`, `fail`, `continue` and `retry` are commands.
    #[must_use]
    pub fn then(mut self, to: &[&str]) -> Self {
        self.next.push(Next::new(None, to));
        self
    }

    /// Goes on to those tasks if the condition holds.
    #[must_use]
    pub fn on(mut self, when: &str, to: &[&str]) -> Self {
        self.next.push(Next::new(Some(when), to));
        self
    }

    /// The transition given last publishes that too.
    #[must_use]
    pub fn publishing(mut self, name: &str, value: JsonValue) -> Self {
        let last = self.next.last_mut().expect("a transition before");
        last.publish.push((name.to_owned(), value));
        self
    }

    /// Only if the condition holds.
    #[must_use]
    pub fn when(mut self, text: &str) -> Self {
        self.task.when = Some(condition(text));
        self
    }

    /// Waits for inbound edges.
    #[must_use]
    pub fn join(mut self, join: Join) -> Self {
        self.task.join = Some(join);
        self
    }

    /// Tries again, that often, after that many seconds.
    #[must_use]
    pub fn retry(mut self, count: u32, seconds: u64) -> Self {
        self.task.retry = Some(Retry {
            count,
            delay: Duration::from_secs(seconds),
            backoff: Backoff::Constant,
            max_delay: None,
            jitter: false,
            on_error: None,
        });
        self
    }

    /// Tries again only if that holds.
    #[must_use]
    pub fn on_error(mut self, text: &str) -> Self {
        let retry = self.task.retry.as_mut().expect("a retry before");
        retry.on_error = Some(condition(text));
        self
    }

    /// Changes the retry.
    #[must_use]
    pub fn retry_with(mut self, change: impl FnOnce(&mut Retry)) -> Self {
        change(self.task.retry.as_mut().expect("a retry before"));
        self
    }

    /// Waits before it starts.
    #[must_use]
    pub fn delay(mut self, value: JsonValue) -> Self {
        self.task.delay = Some(template(value));
        self
    }

    /// Found by that text.
    #[must_use]
    pub fn tagged(mut self, text: JsonValue) -> Self {
        self.task.trace_tag = Some(template(text));
        self
    }

    /// Longest time of an attempt.
    #[must_use]
    pub fn timeout(mut self, value: JsonValue) -> Self {
        self.task.timeout = Some(template(value));
        self
    }

    /// One execution per item.
    #[must_use]
    pub fn items(mut self, over: JsonValue) -> Self {
        self.task.items = Some(Items {
            over: template(over),
            name: "item".to_owned(),
            concurrency: None,
            batch_size: None,
            fail_fast: false,
            tolerate: Tolerate::Count(0),
        });
        self
    }

    /// Changes the iteration.
    #[must_use]
    pub fn items_with(mut self, change: impl FnOnce(&mut Items)) -> Self {
        change(self.task.items.as_mut().expect("items before"));
        self
    }

    /// A lost attempt may be done again.
    #[must_use]
    pub fn idempotent(mut self) -> Self {
        self.task.idempotent = true;
        self
    }

    /// Schemas of its action.
    #[must_use]
    pub fn schemas(mut self, parameters: JsonValue, output: JsonValue) -> Self {
        if let Work::Action(call) = &mut self.task.work {
            call.parameters = Schema::from_json(parameters).expect("a schema");
            call.output = Some(Schema::from_json(output).expect("a schema"));
        }
        self
    }
}

/// A Program in the making.
#[derive(Clone, Debug)]
pub struct ProgramBuilder {
    program: Program,
}

impl ProgramBuilder {
    /// A workflow of these tasks.
    pub fn new(tasks: Vec<TaskBuilder>) -> Self {
        let mut flat = Vec::new();
        for task in tasks {
            flatten(task, None, &mut flat);
        }
        let names: BTreeMap<String, TaskIx> = flat
            .iter()
            .zip(0u32..)
            .map(|(task, n)| (task.task.name.clone(), TaskIx(n)))
            .collect();
        let tasks = flat.into_iter().map(|task| resolve(task, &names)).collect();
        Self {
            program: Program {
                hash: ProgramHash(String::new()),
                reference: Ref::parse("test.flow").expect("a reference"),
                version: "1.0.0".to_owned(),
                kind: ProgramKind::Workflow,
                parameters: Schema::any(),
                output: None,
                vars: Vec::new(),
                tasks,
                output_map: None,
                timeout: None,
                on_failure: OnFailure::default(),
                cancellation: Cancellation::default(),
                concurrency: None,
                labels: Vec::new(),
                trace_tag: None,
                limits: RunLimits::default(),
                graph: Graph::default(),
            },
        }
    }

    /// One more variable.
    #[must_use]
    pub fn var(mut self, name: &str, value: JsonValue) -> Self {
        self.program.vars.push((name.to_owned(), template(value)));
        self
    }

    /// One more entry of the output.
    #[must_use]
    pub fn output(mut self, name: &str, value: JsonValue) -> Self {
        let map = self.program.output_map.get_or_insert_default();
        map.push((name.to_owned(), template(value)));
        self
    }

    /// Anything else.
    #[must_use]
    pub fn with(mut self, change: impl FnOnce(&mut Program)) -> Self {
        change(&mut self.program);
        self
    }

    /// The Program, sealed.
    pub fn build(self) -> Program {
        self.program.seal()
    }
}

/// Puts a task behind its parent and before its children, as the checker does.
fn flatten(mut task: TaskBuilder, parent: Option<TaskIx>, flat: &mut Vec<TaskBuilder>) {
    task.task.branch_of = parent;
    let ix = TaskIx(u32::try_from(flat.len()).expect("few tasks"));
    let children = task.children.take();
    flat.push(task);
    if let Some((children, fail_fast)) = children {
        let mut numbers = Vec::new();
        for child in children {
            numbers.push(TaskIx(u32::try_from(flat.len()).expect("few tasks")));
            flatten(child, Some(ix), flat);
        }
        flat[ix.0 as usize].task.work = Work::Parallel {
            children: numbers,
            fail_fast,
        };
    }
}

fn resolve(builder: TaskBuilder, names: &BTreeMap<String, TaskIx>) -> Task {
    let mut task = builder.task;
    let number = |name: &str| {
        *names
            .get(name)
            .unwrap_or_else(|| panic!("no task `{name}`"))
    };
    if let Some(name) = &builder.undone_by {
        task.compensate = Some(Compensate::Task(number(name)));
    }
    task.next = builder
        .next
        .into_iter()
        .map(|next| Transition {
            when: next.when.as_deref().map(condition),
            publish: next
                .publish
                .into_iter()
                .map(|(name, value)| (name, template(value)))
                .collect(),
            to: next
                .to
                .iter()
                .map(|to| match to.as_str() {
                    "noop" => Target::Noop,
                    "fail" => Target::Fail,
                    "continue" => Target::Continue,
                    "retry" => Target::Retry,
                    name => Target::Task(number(name)),
                })
                .collect(),
        })
        .collect();
    task
}
