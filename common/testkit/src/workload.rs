//! Programs and definitions of any length, and a run in which everybody answers at once: what the
//! bench measures and the tests of cost count.
//!
//! Each takes the number of its steps, so that the same story can be told at ten times the length.
#![expect(
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "a story that cannot go on should end"
)]

mod programs;

pub use programs::*;

use crate::flow::{failed, header, inline, succeeded, worker};
use attune_flow::program::InlineAction::Noop;
use attune_flow::program::Program;
use attune_flow::run::{Command, Effect, Event, Now, RunState, decide, fold};
use attune_types::{AttemptId, JsonMap, Timestamp};
use serde_json::json;
use std::collections::VecDeque;

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
    /// Whether it is about a run in which every other attempt fails, and that is retried then.
    pub retried: bool,
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
        retried: false,
    }
}

/// All stories.
pub const STORIES: [Story; 17] = [
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
    Story {
        retried: true,
        ..story(
            "items retried, five workers at once",
            &[10, 1_000, 100_000],
            500,
            few_at_once,
        )
    },
    Story {
        retried: true,
        ..story("fan-out retried, workers", &[10, 100, 1_000], 100, |n| {
            meeting(n, |task| task.on("succeeded()", &["end"]))
        })
    },
];

impl Story {
    /// Tells it from its beginning to its end.
    #[must_use]
    pub fn tell<'a>(&self, program: &'a Program) -> Run<'a> {
        let mut run = Run::open(program);
        run.fails = self.retried;
        let run = run.until_its_end();
        match (self.undone, self.retried) {
            (true, _) => run.undo(),
            (_, true) => run.retry(),
            _ => run,
        }
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
    /// Whether every other attempt fails.
    fails: bool,
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
            fails: false,
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

    /// Has it go on from what went wrong; nothing does any more.
    #[must_use]
    pub fn retry(mut self) -> Self {
        self.fails = false;
        self.send(&Command::Retry {
            by: "ops".to_owned(),
            request: uuid::Uuid::from_u128(1),
            attempt: None,
        });
        self.answer()
    }

    fn answer(mut self) -> Self {
        let mut answers = 0u64;
        while let Some(attempt) = self.owed.pop_front() {
            answers += 1;
            let outcome = match self.fails && answers.is_multiple_of(2) {
                true => failed("boom"),
                false => succeeded(json!({"value": 1})),
            };
            self.send(&Command::AttemptFinished { attempt, outcome });
        }
        assert!(self.state.is_terminal(), "the story has an end");
        self
    }
}
