//! Programs and definitions of any length, and a run in which everybody answers at once: what the
//! bench measures and the tests of cost count.
//!
//! Each takes the number of its steps, so that the same story can be told at ten times the length.
#![expect(
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "a story that cannot go on should end"
)]

use crate::flow::{
    ProgramBuilder, TaskBuilder, header, inline, parallel, succeeded, template, worker,
};
use attune_flow::program::InlineAction::{Fail, Noop, Set};
use attune_flow::program::{Join, Program};
use attune_flow::run::{Command, Effect, Event, Now, RunState, decide, fold};
use attune_types::{AttemptId, JsonMap, Timestamp};
use serde_json::json;
use std::collections::VecDeque;
use std::fmt::Write as _;

/// A Program of any length.
#[derive(Clone, Copy, Debug)]
pub struct Story {
    /// What it is about.
    pub name: &'static str,
    /// The lengths that the bench measures, in steps.
    pub lengths: &'static [u64],
    /// A length from which on it grows evenly, for counting: it is told once more at ten times that.
    pub short: u64,
    /// The Program of a length.
    pub make: fn(u64) -> Program,
    /// Whether it is about undoing the run.
    pub undone: bool,
}

const fn story(
    name: &'static str,
    lengths: &'static [u64],
    short: u64,
    make: fn(u64) -> Program,
) -> Story {
    Story {
        name,
        lengths,
        short,
        make,
        undone: false,
    }
}

/// All stories.
pub const STORIES: [Story; 15] = [
    story("sequence, inline", &[10, 100, 1_000], 100, |n| {
        chain(n, |name| inline(name, Noop))
    }),
    story("sequence, workers", &[10, 100, 1_000], 100, |n| {
        chain(n, worker)
    }),
    story(
        "sequence that publishes",
        &[10, 100, 1_000],
        100,
        publishing_chain,
    ),
    story("items, inline", &[10, 1_000, 100_000], 500, |n| {
        items(n, |name| inline(name, Noop))
    }),
    story("items, workers", &[10, 1_000, 100_000], 500, |n| {
        items(n, worker)
    }),
    story(
        "items, five workers at once",
        &[10, 1_000, 100_000],
        500,
        few_at_once,
    ),
    story(
        "items that look at items",
        &[10, 1_000, 10_000],
        500,
        items_of_items,
    ),
    story("fan-out and join, workers", &[10, 100, 1_000], 100, fan_out),
    story("parallel task, workers", &[10, 100, 1_000], 100, branches),
    story("loop, inline", &[100, 1_000, 10_000], 900, laps),
    story(
        "loop beside 100 joins",
        &[100, 1_000, 10_000],
        900,
        laps_beside_joins,
    ),
    story(
        "branch that is done again",
        &[100, 1_000, 10_000],
        900,
        retries_of_a_branch,
    ),
    story(
        "loop that looks back",
        &[100, 1_000, 10_000],
        200,
        laps_looking_back,
    ),
    story("dense graph of joins", &[10, 100, 1_000], 100, dense),
    Story {
        undone: true,
        ..story("sequence undone, workers", &[10, 100, 1_000], 100, undoable)
    },
];

impl Story {
    /// Tells it from its beginning to its end.
    #[must_use]
    pub fn tell<'a>(&self, program: &'a Program) -> Run<'a> {
        let run = Run::open(program).until_its_end();
        if self.undone { run.undo() } else { run }
    }
}

/// A run without anything around it.
#[derive(Clone, Debug)]
pub struct Run<'a> {
    program: &'a Program,
    /// Where it stands.
    pub state: RunState,
    /// All that has happened, its opening first.
    pub log: Vec<Event>,
    /// How many events that was, the opening aside.
    pub events: usize,
    owed: VecDeque<AttemptId>,
    at: Timestamp,
    keeps: bool,
}

impl<'a> Run<'a> {
    /// A run that has not begun.
    pub fn open(program: &'a Program) -> Self {
        let at = Timestamp::from_second(1_800_000_000).expect("a time");
        Self {
            program,
            state: RunState::opened(header(program, JsonMap::new()), at),
            log: Vec::new(),
            events: 0,
            owed: VecDeque::new(),
            at,
            keeps: false,
        }
    }

    /// The same, which keeps its log.
    #[must_use]
    pub fn keeping(mut self) -> Self {
        self.log = vec![Event::RunOpened {
            at: self.at,
            header: Box::new(self.state.header().clone()),
        }];
        self.keeps = true;
        self
    }

    /// One command, and what is owed because of it.
    pub fn send(&mut self, command: &Command) {
        let now = Now {
            at: self.at,
            entropy: [7; 16],
        };
        let events = decide(self.program, &self.state, command, &now).expect("an accepted command");
        let (state, change) = fold(self.program, self.state.clone(), &events);
        self.state = state;
        for (_, effect) in change.owed {
            if let Effect::Dispatch(order) = effect {
                self.owed.push_back(order.attempt);
            }
        }
        self.events += events.len();
        if self.keeps {
            self.log.extend(events);
        }
    }

    /// Begins, and answers for every worker until the run has ended.
    #[must_use]
    pub fn until_its_end(mut self) -> Self {
        self.send(&Command::Begin);
        self.answer()
    }

    /// Has what it did undone.
    #[must_use]
    pub fn undo(mut self) -> Self {
        self.send(&Command::Compensate {
            by: "ops".to_owned(),
            request: uuid::Uuid::from_u128(1),
            attempt: None,
        });
        self.answer()
    }

    fn answer(mut self) -> Self {
        while let Some(attempt) = self.owed.pop_front() {
            self.send(&Command::AttemptFinished {
                attempt,
                outcome: succeeded(json!({"value": 1})),
            });
        }
        assert!(self.state.is_terminal(), "the story has an end");
        self
    }
}

fn names(prefix: &str, count: u64) -> Vec<String> {
    (0..count).map(|n| format!("{prefix}{n}")).collect()
}

fn refs(names: &[String]) -> Vec<&str> {
    names.iter().map(String::as_str).collect()
}

/// Tasks one after the other.
pub fn chain(count: u64, make: impl Fn(&str) -> TaskBuilder) -> Program {
    let names = names("t", count);
    let tasks = names.iter().enumerate().map(|(n, name)| {
        let task = make(name);
        match names.get(n + 1) {
            Some(next) => task.on("succeeded()", &[next]),
            None => task,
        }
    });
    ProgramBuilder::new(tasks.collect()).build()
}

/// Tasks one after the other, each of which publishes a name of its own and asks for the one before.
pub fn publishing_chain(count: u64) -> Program {
    let names = names("t", count);
    let tasks = names.iter().enumerate().map(|(n, name)| {
        let next: Vec<&str> = names.get(n + 1).map(String::as_str).into_iter().collect();
        let task = match n {
            0 => inline(name, Set).input(json!({"a": 0})),
            _ => inline(name, Set).input(json!({"a": format!("{{{{ vars.v{} }}}}", n - 1)})),
        };
        task.on("succeeded()", &next)
            .publishing(&format!("v{n}"), json!("{{ result().a + 1 }}"))
    });
    ProgramBuilder::new(tasks.collect()).build()
}

/// One iteration.
pub fn items(count: u64, make: impl Fn(&str) -> TaskBuilder) -> Program {
    let each = make("each")
        .input(json!({"n": "{{ item }}"}))
        .items(json!(count));
    ProgramBuilder::new(vec![each]).build()
}

/// One iteration for workers, five items at once.
pub fn few_at_once(count: u64) -> Program {
    let each = worker("each").items(json!(count)).items_with(|items| {
        items.concurrency = Some(template(json!(5)));
    });
    ProgramBuilder::new(vec![each]).build()
}

/// An iteration that asks for the results of one before it.
pub fn items_of_items(count: u64) -> Program {
    let first = inline("first", Set)
        .input(json!({"n": "{{ item }}"}))
        .items(json!(count))
        .then(&["second"]);
    let second = inline("second", Set)
        .input(
            json!({"n": "{{ task.first.results[index].n }}", "of": "{{ task.first.total_count }}"}),
        )
        .items(json!("{{ task.first.results }}"));
    ProgramBuilder::new(vec![first, second]).build()
}

/// Branches that start together and meet in a join.
pub fn fan_out(count: u64) -> Program {
    let names = names("b", count);
    let mut tasks = vec![inline("start", Noop).then(&refs(&names))];
    tasks.extend(names.iter().map(|name| worker(name).then(&["end"])));
    tasks.push(inline("end", Noop).join(Join::All));
    ProgramBuilder::new(tasks).build()
}

/// A parallel task.
pub fn branches(count: u64) -> Program {
    let children = names("b", count).iter().map(|name| worker(name)).collect();
    ProgramBuilder::new(vec![parallel("all", false, children)]).build()
}

/// Joins that all wait for one slow task while a loop makes its laps.
pub fn laps_beside_joins(count: u64) -> Program {
    let names = names("gate", 100);
    let mut tasks = vec![
        inline("start", Noop).then(&["lap"]).then(&refs(&names)),
        worker("lap")
            .on(&format!("vars.n + 1 < {count}"), &["lap"])
            .publishing("n", json!("{{ vars.n + 1 }}"))
            .on(&format!("vars.n + 1 >= {count}"), &refs(&names)),
    ];
    tasks.extend(names.iter().map(|name| inline(name, Noop).join(Join::All)));
    looping(tasks)
}

/// A loop of one task.
pub fn laps(count: u64) -> Program {
    let lap = inline("lap", Noop)
        .on(&format!("vars.n + 1 < {count}"), &["lap"])
        .publishing("n", json!("{{ vars.n + 1 }}"));
    looping(vec![inline("start", Noop).then(&["lap"]), lap])
}

/// A loop that ends by the number of its laps, for which it asks each time.
pub fn laps_looking_back(count: u64) -> Program {
    let lap = inline("lap", Noop).on(
        &format!("(task.lap.activations | length) < {count}"),
        &["lap"],
    );
    looping(vec![inline("start", Noop).then(&["lap"]), lap])
}

/// Tasks each of which joins twenty before it and leads to twenty behind it.
pub fn dense(count: u64) -> Program {
    let names = names("t", count);
    let tasks = names.iter().enumerate().map(|(n, name)| {
        let to = refs(&names[n + 1..names.len().min(n + 21)]);
        let task = inline(name, Noop).then(&to);
        if n > 0 { task.join(Join::All) } else { task }
    });
    ProgramBuilder::new(tasks.collect()).build()
}

/// A loop in a branch of a parallel task: the branch is done again by `retry`.
pub fn retries_of_a_branch(count: u64) -> Program {
    let again = inline("again", Fail)
        .on(&format!("vars.n + 1 < {count}"), &["retry"])
        .publishing("n", json!("{{ vars.n + 1 }}"))
        .on(&format!("vars.n + 1 >= {count}"), &["noop"]);
    looping(vec![parallel("all", false, vec![again])])
}

fn looping(tasks: Vec<TaskBuilder>) -> Program {
    ProgramBuilder::new(tasks)
        .var("n", json!(0))
        .with(|program| program.limits.activations = 30_000)
        .build()
}

/// Tasks one after the other, each of which is undone by a worker.
pub fn undoable(count: u64) -> Program {
    chain(count, |name| inline(name, Noop).undo(worker("undo")))
}

/// A definition of so many tasks that ask back and lead on.
pub fn definition(count: u64) -> String {
    let mut text = "ref: ci.flow\nlabel: Flow\nversion: 1.0.0\ntasks:\n".to_owned();
    for n in 0..count {
        // Writing to text cannot fail.
        let _ = write!(
            text,
            "- name: t{n}\n  action: core.set\n  input: {{a: \"{{{{ parameters }}}}\"}}\n"
        );
        if n > 0 {
            let _ = writeln!(text, "  when: task.t{}.result.a is defined", n - 1);
        }
        if n + 1 < count {
            let _ = writeln!(text, "  on_success: t{}", n + 1);
        }
    }
    text
}

/// A definition of so many tasks, each of which joins twenty before it and leads to twenty behind it;
/// with laps, the last leads back to the first.
pub fn dense_definition(count: u64, laps: bool) -> String {
    let mut text = "ref: ci.flow\nlabel: Flow\nversion: 1.0.0\nvars: {n: 0}\ntasks:\n".to_owned();
    text.push_str("- {name: start, action: core.noop, on_success: t0}\n");
    for n in 0..count {
        let _ = writeln!(text, "- name: t{n}\n  action: core.noop\n  join: all");
        let to: Vec<String> = (n + 1..count.min(n + 21))
            .map(|to| format!("t{to}"))
            .collect();
        if !to.is_empty() {
            let _ = writeln!(text, "  on_success: [{}]", to.join(", "));
        } else if laps {
            let _ = writeln!(text, "  next: [{{when: vars.n > 1, do: t0}}]");
        }
    }
    text
}
