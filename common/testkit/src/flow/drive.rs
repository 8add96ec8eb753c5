//! Driving one run by hand: send commands, let time pass, answer for workers.

use attune_flow::program::Program;
use attune_flow::run::{
    Command, Effect, EffectKey, Event, Execution, Now, Origin, Outcome, Rejection, RerunRefused,
    RunHeader, RunState, carry, check_input, decide_with_keys, fold, outstanding,
};
use attune_template::KeySet;
use attune_types::{
    AttemptId, Duration, ErrorInfo, ExecutionStatus, JsonMap, JsonValue, RunId, Timestamp,
};
use std::collections::BTreeMap;
use uuid::Uuid;

/// A run driven by hand.
#[derive(Clone, Debug)]
pub struct Flow {
    /// What it follows.
    pub program: Program,
    /// Where it stands.
    pub state: RunState,
    /// Everything that has happened, its opening first.
    pub events: Vec<Event>,
    /// The time.
    pub at: Timestamp,
    /// The keys that it may read.
    pub keys: KeySet,
    draws: u128,
}

/// A header with nothing special in it.
pub fn header(program: &Program, parameters: JsonMap) -> RunHeader {
    RunHeader {
        run: RunId(Uuid::from_u128(0x0001_0000_0000_7000_8000_0000_0000_0001)),
        program: program.hash.clone(),
        kind: program.kind,
        action: program.reference.clone(),
        version: program.version.clone(),
        parameters,
        pack_config: JsonMap::new(),
        packs: BTreeMap::new(),
        parent: None,
        depth: 0,
        origin: Origin::Request,
        started_by: "tester".to_owned(),
        hidden: Vec::new(),
        secrets: None,
        labels: BTreeMap::new(),
        trace: None,
        api_url: String::new(),
        limits: None,
        rerun: None,
    }
}

/// The outcome of an attempt that went well.
pub fn succeeded(result: JsonValue) -> Outcome {
    Outcome::Succeeded {
        result,
        process: None,
    }
}

/// The outcome of an attempt that failed with that code.
pub fn failed(code: &str) -> Outcome {
    Outcome::Failed {
        error: ErrorInfo::new(code, format!("it failed with {code}")),
        result: JsonValue::Null,
        process: None,
    }
}

impl Flow {
    /// A run that is open and has not begun.
    pub fn open(program: Program, parameters: JsonValue) -> Self {
        let JsonValue::Object(parameters) = parameters else {
            panic!("parameters are a map");
        };
        let header = header(&program, parameters);
        Self::open_with(program, header)
    }

    /// The same with a header of one's own.
    pub fn open_with(program: Program, header: RunHeader) -> Self {
        let at = Timestamp::from_second(1_800_000_000).expect("a time");
        let opened = Event::RunOpened {
            at,
            header: Box::new(header.clone()),
        };
        Self {
            program,
            state: RunState::opened(header, at),
            events: vec![opened],
            at,
            keys: KeySet::new(),
            draws: 0,
        }
    }

    /// A run that has begun.
    pub fn begin(program: Program, parameters: JsonValue) -> Self {
        let mut flow = Self::open(program, parameters);
        flow.send(&Command::Begin).expect("a run begins");
        flow
    }

    /// A run that does a part of this one again, opened and not begun.
    ///
    /// # Errors
    /// Why it cannot be done.
    pub fn rerun(
        &self,
        task: &str,
        activation: Option<u32>,
        input: Option<JsonValue>,
    ) -> Result<Self, RerunRefused> {
        let run = RunId(self.state.run().derive("rerun"));
        let carried = carry(&self.program, &self.events, task, activation, run, self.at)?;
        let input = input.map(|input| match input {
            JsonValue::Object(map) => map,
            other => panic!("an input is a map, not {other}"),
        });
        if let Some(input) = &input {
            check_input(&self.program, &self.events, &carried, input)?;
        }
        let mut header = self.state.header().again(run, Some(carried.from.clone()));
        let edits = carried.edits(self.state.header(), input);
        if let Some(rerun) = &mut header.rerun {
            rerun.edits = edits;
        }
        let mut events = vec![Event::RunOpened {
            at: self.at,
            header: Box::new(header),
        }];
        events.extend(carried.events);
        let state = RunState::replay(&events).expect("it begins with an opening");
        Ok(Self {
            program: self.program.clone(),
            state,
            events,
            at: self.at,
            keys: self.keys.clone(),
            draws: self.draws + 1_000,
        })
    }

    /// Sends a command and folds what follows.
    ///
    /// # Errors
    /// The run's rejection.
    pub fn send(&mut self, command: &Command) -> Result<Vec<Event>, Rejection> {
        self.draws += 1;
        let now = Now {
            at: self.at,
            entropy: self.draws.to_be_bytes(),
        };
        let events = decide_with_keys(&self.program, &self.state, command, &now, &self.keys)?;
        let (state, _) = fold(&self.program, self.state.clone(), &events);
        self.state = state;
        self.events.extend(events.iter().cloned());
        Ok(events)
    }

    /// The latest activation of a task, if it was ever reached.
    pub fn find(&self, task: &str) -> Option<&Execution> {
        let ix = self
            .program
            .graph
            .named(task)
            .unwrap_or_else(|| panic!("no task `{task}`"));
        self.state.latest(ix, task)
    }

    /// The open attempt of a task's latest activation, or of one of its items.
    pub fn attempt(&self, task: &str, item: Option<u32>) -> AttemptId {
        let of_task = self
            .find(task)
            .unwrap_or_else(|| panic!("`{task}` was not reached"));
        let execution = match item {
            None => Some(of_task),
            Some(index) => self
                .state
                .live()
                .into_iter()
                .find(|e| e.parent == Some(of_task.id) && e.item == Some(index)),
        };
        execution
            .and_then(Execution::attempt_id)
            .unwrap_or_else(|| panic!("`{task}` {item:?} has no open attempt"))
    }

    /// A task's attempt ends.
    pub fn finish(&mut self, task: &str, outcome: Outcome) -> Vec<Event> {
        let attempt = self.attempt(task, None);
        self.send(&Command::AttemptFinished { attempt, outcome })
            .expect("an open attempt")
    }

    /// A task's attempt ends well.
    pub fn ok(&mut self, task: &str, result: JsonValue) -> Vec<Event> {
        self.finish(task, succeeded(result))
    }

    /// A task's attempt fails.
    pub fn fail(&mut self, task: &str, code: &str) -> Vec<Event> {
        self.finish(task, failed(code))
    }

    /// An item's attempt ends.
    pub fn finish_item(&mut self, task: &str, item: u32, outcome: Outcome) -> Vec<Event> {
        let attempt = self.attempt(task, Some(item));
        self.send(&Command::AttemptFinished { attempt, outcome })
            .expect("an open attempt")
    }

    /// Lets time pass; the run is woken whenever it asked for it.
    pub fn pass(&mut self, time: Duration) {
        let until = self.at.checked_add(time).expect("a time");
        while let Some(wake) = self.state.wake_at()
            && wake <= until
        {
            self.at = self.at.max(wake);
            self.send(&Command::Wake).expect("a live run can be woken");
        }
        self.at = until;
    }

    /// Where a task's latest activation stands; none if it was never reached.
    pub fn status(&self, task: &str) -> Option<ExecutionStatus> {
        self.find(task).map(Execution::status)
    }

    /// How often a task was reached.
    pub fn activations(&self, task: &str) -> u32 {
        let ix = self.program.graph.named(task).expect("a task");
        self.state.task(ix).map_or(0, |known| known.activations)
    }

    /// Everything that the run owes.
    pub fn owed(&self) -> BTreeMap<EffectKey, Effect> {
        outstanding(&self.program, &self.state)
    }

    /// The order in which tasks were reached.
    pub fn order(&self) -> Vec<&str> {
        self.events
            .iter()
            .filter_map(|event| match event {
                Event::TaskActivated { name, .. } => Some(name.as_str()),
                _ => None,
            })
            .collect()
    }
}
