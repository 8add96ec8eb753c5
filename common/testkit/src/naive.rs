//! A second, deliberately naive reading of the workflow language: section 4, as plain loops over
//! plain lists.
//!
//! For the simulator: it is told what the world did (which attempt ended how, what time it is, who
//! asked for what) and works out by itself what the run must look like now. It shares nothing with
//! the core but the Program, the templates and the words for outcomes: no events, no ids, no graph,
//! nothing kept that can be worked out again. As slow as it likes.
//!
//! [`Naive::feed`] takes one input; [`Naive::differs`] says where a run stands otherwise. What it
//! cannot know is told: when the run's own patience with a silent worker ended. Whether that was
//! allowed is checked.
//!
//! Where the language says nothing, docs/adr/0016-what-the-language-leaves-open.md decides, and both
//! sides follow it.
#![expect(
    clippy::indexing_slicing,
    reason = "numbers are handed out by the interpreter itself; a wrong one must end the test"
)]

mod act;
mod attempt;
mod compare;
mod end;
mod input;
mod join;
mod next;
mod parts;
mod redo;
mod scope;
mod start;

pub use input::{Input, Who};

use act::{Act, At, Why};
use attune_flow::program::{Cancellation, OnFailure, Program};
use attune_types::{ErrorInfo, ExecutionStatus, JsonMap, JsonValue, Timestamp, code};
use std::collections::{BTreeMap, VecDeque};

/// A run as the naive interpreter sees it.
#[derive(Clone, Debug)]
pub struct Naive {
    program: Program,
    parameters: JsonMap,
    now: Timestamp,
    entropy: [u8; 16],
    begun: bool,
    /// It waits for its place among the runs of its workflow.
    in_line: bool,
    began_at: Timestamp,
    /// When it began or was last retried.
    round_at: Timestamp,
    paused: bool,
    canceling: bool,
    failing: Option<(ExecutionStatus, ErrorInfo)>,
    /// Failures that wait for activations to end.
    planned: Vec<(ErrorInfo, Vec<usize>)>,
    deadline: Option<Timestamp>,
    vars: BTreeMap<String, JsonValue>,
    /// Everything ever reached, in that order: activations and items.
    acts: Vec<Act>,
    /// Arrivals by join and edge.
    arrivals: BTreeMap<(usize, (usize, usize)), u32>,
    /// Generations started by join.
    started: BTreeMap<usize, u32>,
    /// Transitions that fired when nothing could follow, in that order.
    left: Vec<(usize, usize)>,
    /// Ended, and about to go on with such transitions.
    pending: Vec<usize>,
    last: Option<usize>,
    ended: Option<(ExecutionStatus, JsonValue, Option<ErrorInfo>)>,
    /// What it was told and cannot be.
    complaint: Option<String>,
    expired: Vec<Who>,
    given_up: Vec<(Who, ExecutionStatus)>,
    /// What is still to be done by itself, in the order in which it came up.
    jobs: VecDeque<Job>,
}

/// Something that goes on by itself.
#[derive(Clone, Debug)]
enum Job {
    /// Start what was reached.
    Start(usize),
    /// The clock may have something for it.
    Due(usize),
    /// Try again.
    Again(usize),
    /// Nothing new starts any more; with true, what runs is stopped too.
    Close(usize, bool),
    /// Look at the parts of it; with true, one just failed.
    Gather(usize, bool),
    /// It ended; these transitions fire.
    After(usize, Vec<next::Fired>),
}

impl Naive {
    /// A run that has not begun.
    pub fn new(program: &Program, parameters: JsonMap, at: Timestamp) -> Self {
        Self {
            program: program.clone(),
            parameters,
            now: at,
            entropy: [0; 16],
            begun: false,
            in_line: false,
            began_at: at,
            round_at: at,
            paused: false,
            canceling: false,
            failing: None,
            planned: Vec::new(),
            deadline: None,
            vars: BTreeMap::new(),
            acts: Vec::new(),
            arrivals: BTreeMap::new(),
            started: BTreeMap::new(),
            left: Vec::new(),
            pending: Vec::new(),
            last: None,
            ended: None,
            complaint: None,
            expired: Vec::new(),
            given_up: Vec::new(),
            jobs: VecDeque::new(),
        }
    }

    /// Takes in what the world did at that time, and goes on as far as it goes by itself.
    pub fn feed(&mut self, input: &Input, at: Timestamp, entropy: [u8; 16]) {
        self.now = at;
        self.entropy = entropy;
        if self.ended.is_some() && !matches!(input, Input::Retry) {
            return;
        }
        match input {
            Input::Begin => self.begin(),
            Input::Wake { expired, given_up } => self.wake(expired, given_up),
            Input::Started(who) => {
                if let Some(n) = self.open(who) {
                    self.acts[n].take_on(at);
                }
            }
            Input::Finished(who, outcome) => {
                if let Some(n) = self.open(who) {
                    self.outcome(n, outcome);
                }
            }
            Input::Lost(who) => {
                if let Some(n) = self.open(who) {
                    self.lost(n);
                }
            }
            Input::Granted => {
                if self.in_line {
                    match self.acts.is_empty() {
                        true => self.entries(),
                        false => self.take_up(),
                    }
                }
            }
            Input::Refused => {
                if self.in_line {
                    self.fail_run(code::CONCURRENCY, "no place");
                }
            }
            Input::Retry => self.retry(),
            Input::Cancel => self.cancel(),
            Input::Pause => self.paused = true,
            Input::Resume { expired, given_up } => self.resume(expired, given_up),
        }
        self.settle();
    }

    fn begin(&mut self) {
        if self.begun {
            return;
        }
        self.begun = true;
        self.began_at = self.now;
        self.round_at = self.now;
        for (name, template) in self.program.vars.clone() {
            match template.evaluate(&self.scope(None, None)) {
                Ok(value) => {
                    self.vars.insert(name, value);
                }
                Err(error) => return self.fail_run(code::TEMPLATE, &error.to_string()),
            }
        }
        if let Some(timeout) = self.program.timeout.clone() {
            match self.duration(&timeout, None) {
                Ok(time) => self.deadline = self.now.checked_add(time).ok(),
                Err(error) => return self.fail_run(code::TEMPLATE, &error),
            }
        }
        match self.program.concurrency.clone() {
            None => self.entries(),
            Some(concurrency) => {
                let key = concurrency
                    .key
                    .map(|key| key.evaluate(&self.scope(None, None)));
                match key {
                    Some(Err(error)) => self.fail_run(code::TEMPLATE, &error.to_string()),
                    _ => self.in_line = true,
                }
            }
        }
    }

    /// All tasks without an inbound edge start together.
    fn entries(&mut self) {
        self.in_line = false;
        for task in 0..self.program.tasks.len() {
            if self.program.tasks[task].branch_of.is_none() && self.edges(task).is_empty() {
                self.reach(task, None);
            }
        }
    }

    fn wake(&mut self, expired: &[Who], given_up: &[(Who, ExecutionStatus)]) {
        if self.deadline.is_some_and(|deadline| deadline <= self.now) && !self.is_closing() {
            let error = ErrorInfo::new(code::TIMEOUT, "the run's time is over");
            self.close(ExecutionStatus::TimedOut, error);
        }
        self.expired = expired.to_vec();
        self.given_up = given_up.to_vec();
        for n in 0..self.acts.len() {
            let later = match self.acts[n].at {
                At::Delayed(due) | At::Retrying(due) => due > self.now,
                At::Ready | At::Ended(_) => true,
                At::Open(_) | At::Gathering => false,
            };
            if !later {
                self.jobs.push_back(Job::Due(n));
            }
        }
    }

    /// Does what the clock has for one of them.
    fn clock(&mut self, n: usize) {
        let is = |who: &Who, act: &Act| act.is(who, &self.program);
        let expired = self.expired.iter().any(|who| is(who, &self.acts[n]));
        let given_up = self.given_up.iter().find(|(who, _)| is(who, &self.acts[n]));
        match self.acts[n].at.clone() {
            At::Open(_) if expired => {
                if !self.acts[n].may_have_expired(self.now) {
                    self.complain(format!(
                        "stopped before its time was over: {:?}",
                        self.acts[n]
                    ));
                }
                self.acts[n].expire();
            }
            At::Open(open) => {
                if let Some((_, status)) = given_up.cloned() {
                    if !self.acts[n].may_be_given_up(self.now) {
                        self.complain(format!("given up too early: {:?}", self.acts[n]));
                    }
                    self.given_up(n, status);
                } else if open.ends_itself(self.now) {
                    self.timer(n);
                }
            }
            At::Gathering => self.branches_clock(n),
            At::Delayed(due) if due <= self.now && self.may_start() => self.launch(n),
            At::Retrying(due) if due <= self.now && self.may_start() => self.work(n),
            _ => {}
        }
    }

    fn cancel(&mut self) {
        self.canceling = true;
        let stop = self.program.cancellation == Cancellation::CancelRunning;
        self.close_all(stop);
        // A run that was never begun has nothing to wait for.
        self.begun = true;
    }

    fn resume(&mut self, expired: &[Who], given_up: &[(Who, ExecutionStatus)]) {
        self.paused = false;
        for n in 0..self.acts.len() {
            match self.acts[n].at {
                At::Ready => self.jobs.push_back(Job::Start(n)),
                At::Gathering => self.jobs.push_back(Job::Gather(n, false)),
                _ => {}
            }
        }
        self.wake(expired, given_up);
    }

    /// The run cannot succeed any more.
    fn close(&mut self, status: ExecutionStatus, error: ErrorInfo) {
        if self.is_closing() {
            return;
        }
        self.failing = Some((status, error));
        let stop = status == ExecutionStatus::TimedOut
            || self.program.on_failure == OnFailure::CancelRunning;
        self.close_all(stop);
    }

    fn fail_run(&mut self, code: &str, message: &str) {
        self.close(ExecutionStatus::Failed, ErrorInfo::new(code, message));
    }

    fn close_all(&mut self, stop: bool) {
        for n in 0..self.acts.len() {
            if !self.acts[n].is_ended() {
                self.jobs.push_back(Job::Close(n, stop));
            }
        }
    }

    /// Nothing new starts: what waits ends, what runs may be stopped.
    fn close_one(&mut self, n: usize, stop: bool) {
        match &self.acts[n].at {
            At::Ready | At::Delayed(_) => self.end(n, ExecutionStatus::Cancelled),
            // There will be no other attempt: the last one decides.
            At::Retrying(_) => self.end(n, ExecutionStatus::Failed),
            At::Open(_) if stop => self.stop(n, Why::Asked),
            At::Gathering => self.jobs.push_back(Job::Gather(n, false)),
            At::Open(_) | At::Ended(_) => {}
        }
    }

    /// Goes on until nothing moves by itself.
    fn settle(&mut self) {
        loop {
            while let Some(job) = self.jobs.pop_front() {
                match job {
                    Job::Start(n) => self.start(n),
                    Job::Due(n) => self.clock(n),
                    Job::Again(n) => {
                        if matches!(self.acts[n].at, At::Retrying(_)) && self.may_start() {
                            self.work(n);
                        }
                    }
                    Job::Close(n, stop) => self.close_one(n, stop),
                    Job::Gather(n, failed) => self.gather(n, failed),
                    Job::After(n, fired) => self.after(n, fired),
                }
            }
            if !self.look_at_joins() {
                break;
            }
        }
        self.expired.clear();
        self.given_up.clear();
        let waits = self.in_line && !self.is_closing();
        if self.begun && !waits && self.ended.is_none() && self.acts.iter().all(Act::is_ended) {
            self.finish();
        }
    }

    fn is_closing(&self) -> bool {
        self.failing.is_some() || self.canceling || self.ended.is_some()
    }

    fn may_start(&self) -> bool {
        !self.is_closing() && !self.paused
    }

    fn open(&self, who: &Who) -> Option<usize> {
        (0..self.acts.len()).find(|n| {
            matches!(self.acts[*n].at, At::Open(_)) && self.acts[*n].is(who, &self.program)
        })
    }

    fn complain(&mut self, what: String) {
        self.complaint.get_or_insert(what);
    }
}
