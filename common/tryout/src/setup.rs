//! How a walk begins: what is given to the run, what stands in for the world, and what somebody asks
//! of the run from outside.
//!
//! Data only, and the header that follows from it.

use crate::library::Library;
use crate::mock::Mocks;
use attune_flow::program::Program;
use attune_flow::run::{Origin, RunHeader, SealedValue, Withheld};
use attune_pack::Schema;
use attune_template::{KeyRef, KeySet, KeyValue};
use attune_types::{Duration, EventId, ExecutionStatus, JsonMap, JsonValue, Ref, RunId, Timestamp};
use std::collections::BTreeMap;
use uuid::Uuid;

/// When a walk begins unless it is told otherwise: 2026-01-01T00:00:00Z.
const BEGINNING: Timestamp = Timestamp::constant(1_767_225_600, 0);

/// Runs after which a walk is stopped, unless it is told otherwise.
const MOST_RUNS: usize = 25_000;

/// How a walk begins.
#[derive(Clone, Debug)]
pub struct Setup {
    /// The run's parameters, not yet validated.
    pub parameters: JsonMap,
    /// The configuration of the workflow's pack; defaults are filled in.
    pub config: JsonMap,
    /// Plain keys, for `kv.get`: names of the workflow's own pack, or `pack/name`.
    pub keys: JsonMap,
    /// Names of secrets, for `kv.get_secret`. Their values are known to nobody here; where people
    /// look, `********` stands for them.
    pub secrets: Vec<String>,
    /// The event that a rule answered with this run.
    pub event: Option<EventSetup>,
    /// Labels given at the start.
    pub labels: BTreeMap<String, String>,
    /// Login of who starts it.
    pub started_by: String,
    /// The virtual time at which it starts.
    pub at: Timestamp,
    /// What stands in for workers, people and other systems.
    pub mocks: Mocks,
    /// Whether a task without a mock gets a result made from its action's output schema.
    pub auto: bool,
    /// Whether the walk records why transitions did not fire, with the values of what they look at.
    pub explain: bool,
    /// Somebody cancels the run.
    pub cancel: Option<CancelSetup>,
    /// Somebody pauses the run and lets it go on.
    pub pause: Option<PauseSetup>,
    /// Somebody has the run go on from what went wrong once it has ended.
    pub retry: bool,
    /// Somebody has the run undone once it has ended.
    pub compensate: bool,
    /// Runs, child runs counted, after which the walk is stopped.
    pub most_runs: usize,
}

/// A cancel from outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CancelSetup {
    /// How long after the start.
    pub after: Duration,
    /// Why, for people.
    pub reason: Option<String>,
}

/// A pause from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PauseSetup {
    /// How long after the start.
    pub after: Duration,
    /// How long it lasts.
    pub lasts: Duration,
}

/// The event behind a run that a rule starts.
#[derive(Clone, Debug, PartialEq)]
pub struct EventSetup {
    /// Its trigger.
    pub trigger: Ref,
    /// What it carries.
    pub payload: JsonValue,
    /// When it happened; the start of the walk without it.
    pub time: Option<Timestamp>,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            parameters: JsonMap::new(),
            config: JsonMap::new(),
            keys: JsonMap::new(),
            secrets: Vec::new(),
            event: None,
            labels: BTreeMap::new(),
            started_by: "tester".to_owned(),
            at: BEGINNING,
            mocks: Mocks::default(),
            auto: false,
            explain: false,
            cancel: None,
            pause: None,
            retry: false,
            compensate: false,
            most_runs: MOST_RUNS,
        }
    }
}

impl Setup {
    /// One with these parameters.
    pub fn with_parameters(parameters: JsonMap) -> Self {
        Self {
            parameters,
            ..Self::default()
        }
    }

    /// How a run ends of which nothing else is expected.
    pub(crate) fn usual_end(&self) -> ExecutionStatus {
        if self.compensate {
            ExecutionStatus::Compensated
        } else if self.cancel.is_some() && !self.retry {
            ExecutionStatus::Cancelled
        } else {
            ExecutionStatus::Succeeded
        }
    }

    /// The header of the outermost run.
    pub(crate) fn header(
        &self,
        library: &Library,
        program: &Program,
        parameters: JsonMap,
    ) -> RunHeader {
        let run = RunId(Uuid::from_u128(0x019b_0000_0000_7000_8000_0000_0000_0001));
        let mut header = RunHeader {
            run,
            program: program.hash.clone(),
            kind: program.kind,
            action: program.reference.clone(),
            version: program.version.clone(),
            parameters,
            pack_config: self.config_of(library, program.reference.pack(), true),
            packs: BTreeMap::new(),
            parent: None,
            depth: 0,
            origin: self.origin(run, program),
            started_by: self.started_by.clone(),
            labels: self.labels.clone(),
            trace: None,
            api_url: "http://127.0.0.1:8080".to_owned(),
            hidden: program.parameters.secrets().to_vec(),
            secrets: None,
            limits: None,
            rerun: None,
        };
        withhold(&mut header, library);
        header
    }

    /// A pack's configuration: what is given here is for the workflow's own pack.
    pub(crate) fn config_of(&self, library: &Library, pack: &str, own: bool) -> JsonMap {
        let mut config = library.default_config(pack);
        if own {
            config.extend(self.config.clone());
        }
        config
    }

    /// All keys that there are. What stands before a `/` is a pack's name if such a pack is known.
    pub(crate) fn key_set(&self, library: &Library, pack: &str) -> KeySet {
        let key = |name: &str| match name.split_once('/') {
            Some((other, rest)) if library.config(other).is_some() => KeyRef::new(other, rest),
            _ => KeyRef::new(pack, name),
        };
        let plain = self.keys.iter();
        let plain = plain.map(|(name, value)| (key(name), KeyValue::Plain(value.clone())));
        let secret = self
            .secrets
            .iter()
            .map(|name| (key(name), KeyValue::Secret));
        KeySet::closed(plain.chain(secret))
    }

    fn origin(&self, run: RunId, program: &Program) -> Origin {
        match &self.event {
            None => Origin::Request,
            Some(event) => Origin::Rule {
                rule: program.reference.clone(),
                event: EventId(run.derive("event")),
                trigger: event.trigger.clone(),
                payload: event.payload.clone(),
                time: event.time.unwrap_or(self.at),
            },
        }
    }
}

/// Puts tokens in the place of secret values, as the server does it. The values are needed by nobody
/// here.
pub(crate) fn withhold(header: &mut RunHeader, library: &Library) {
    let config = library.config(header.action.pack());
    let config = config.map_or(&[][..], Schema::secrets);
    if let Some(withheld) = Withheld::from(header, config, &[], [0; 16]) {
        header.secrets = Some(withheld.into_secrets(SealedValue {
            key_id: String::new(),
            bytes: String::new(),
        }));
    }
}
