//! Opening runs in batches: while one batch is at the store the next one gathers.
//!
//! No timer: a lone start goes at once, and under load a transaction takes all that queued during
//! the one before. What one run does wrong is not laid at the door of the others.

use crate::code;
use crate::refusal::{Answer, Refusal};
use attune_batch::{Batcher, Refused};
use attune_port::{NewRun, OpenOutcome, RunStore};
use attune_types::RunId;
use std::collections::HashSet;
use std::sync::Arc;

/// Transactions at once.
const LANES: usize = 2;
/// Runs in one transaction.
const MOST: usize = 500;

/// Opens runs.
pub(crate) struct Starter {
    jobs: Batcher<Box<NewRun>, Answer<OpenOutcome>>,
    runs: Arc<dyn RunStore>,
}

impl Starter {
    /// Starts the lanes; they end when this is dropped.
    pub(crate) fn new(runs: Arc<dyn RunStore>) -> Self {
        let store = Arc::clone(&runs);
        let jobs = Batcher::start(LANES, MOST, move |new: Vec<Box<NewRun>>| {
            let store = Arc::clone(&store);
            async move { open_all(&*store, new.into_iter().map(|run| *run).collect()).await }
        });
        Self { jobs, runs }
    }

    /// Opens one run together with whatever else is waiting. Refused when too many wait, so that an
    /// overload does not become a pile.
    pub(crate) async fn open(&self, new: NewRun) -> Answer<OpenOutcome> {
        match self.jobs.try_call(Box::new(new)).await {
            Ok(outcome) => outcome,
            Err(Refused::Full) => Err(Refusal::new(
                &code::UNAVAILABLE,
                "too many starts are waiting already",
            )),
            Err(Refused::Stopping) => {
                Err(Refusal::new(&code::UNAVAILABLE, "the service is stopping"))
            }
        }
    }

    /// Opens many runs of one request, without the detour. Answers in order.
    pub(crate) async fn open_many(&self, new: Vec<NewRun>) -> Vec<Answer<OpenOutcome>> {
        let mut outcomes = Vec::with_capacity(new.len());
        let mut rest = new.into_iter();
        loop {
            let part: Vec<NewRun> = rest.by_ref().take(MOST).collect();
            if part.is_empty() {
                return outcomes;
            }
            outcomes.extend(open_all(&*self.runs, part).await);
        }
    }
}

/// Opens a batch. A run that is in it twice (one key, two requests at once) is opened by the first
/// and found by the second.
async fn open_all(store: &dyn RunStore, new: Vec<NewRun>) -> Vec<Answer<OpenOutcome>> {
    let mut seen: HashSet<RunId> = HashSet::new();
    let mut outcomes: Vec<Option<Answer<OpenOutcome>>> = new.iter().map(|_| None).collect();
    let (first, again): (Vec<_>, Vec<_>) = new
        .into_iter()
        .enumerate()
        .partition(|(_, run)| seen.insert(run.header.run));
    for part in [first, again] {
        let (places, part): (Vec<usize>, Vec<NewRun>) = part.into_iter().unzip();
        for (place, outcome) in places.into_iter().zip(open_batch(store, part).await) {
            if let Some(slot) = outcomes.get_mut(place) {
                *slot = Some(outcome);
            }
        }
    }
    let lost = || Err(Refusal::new(&code::INTERNAL, "the start got lost"));
    outcomes
        .into_iter()
        .map(|outcome| outcome.unwrap_or_else(lost))
        .collect()
}

async fn open_batch(store: &dyn RunStore, new: Vec<NewRun>) -> Vec<Answer<OpenOutcome>> {
    let count = new.len();
    if count == 0 {
        return Vec::new();
    }
    let spare = if count > 1 { new.clone() } else { Vec::new() };
    match store.open(new).await {
        Ok(outcomes) => outcomes.into_iter().map(Ok).collect(),
        Err(error) if error.is_transient() || count == 1 => {
            let refusal = Refusal::from(error);
            vec![Err(refusal); count]
        }
        Err(error) => {
            // One of them cannot be stored. Alone, each gets its own answer.
            tracing::debug!(%error, count, "a batch of starts is tried one by one");
            let mut outcomes = Vec::with_capacity(count);
            for one in spare {
                let outcome = store.open(vec![one]).await.map_err(Refusal::from);
                let first = outcome.map(|all| all.into_iter().next());
                outcomes.push(first.and_then(|outcome| {
                    outcome.ok_or_else(|| Refusal::new(&code::INTERNAL, "the start got lost"))
                }));
            }
            outcomes
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use attune_catalogue::first_event;
    use attune_flow::program::ProgramKind;
    use attune_flow::run::{Origin, RunHeader, RunState};
    use attune_port::Clock as _;
    use attune_testkit::{FakeClock, MemoryStore};
    use attune_types::{ProgramHash, Ref};

    fn run(clock: &FakeClock, id: u128, label: &str) -> NewRun {
        let header = RunHeader {
            run: RunId(uuid::Uuid::from_u128(id)),
            program: ProgramHash("p".to_owned()),
            kind: ProgramKind::Action,
            action: Ref::parse("demo.greet").unwrap(),
            version: "1".to_owned(),
            parameters: serde_json::Map::new(),
            pack_config: serde_json::Map::new(),
            packs: Default::default(),
            parent: None,
            depth: 0,
            origin: Origin::Request,
            started_by: "ada".to_owned(),
            hidden: Vec::new(),
            secrets: None,
            labels: [("l".to_owned(), label.to_owned())].into(),
            trace: None,
            api_url: String::new(),
            limits: None,
            rerun: None,
        };
        let event = first_event(&header, clock.now());
        NewRun {
            row: RunState::opened(header.clone(), clock.now()).run_row(),
            event,
            header,
            key: None,
            carried: Default::default(),
        }
    }

    #[tokio::test]
    async fn a_run_that_cannot_be_stored_does_not_refuse_the_others() {
        let clock = FakeClock::default();
        let store = MemoryStore::new(clock.clone()).stores().runs;
        let batch = vec![
            run(&clock, 1, "good"),
            run(&clock, 2, "bad\0"),
            run(&clock, 3, "good"),
            run(&clock, 1, "good"),
        ];
        let outcomes = open_all(&*store, batch).await;
        assert!(matches!(outcomes[0], Ok(OpenOutcome::Created)));
        assert!(
            outcomes[1]
                .as_ref()
                .is_err_and(|refusal| refusal.problem.status == 422)
        );
        assert!(matches!(outcomes[2], Ok(OpenOutcome::Created)));
        assert!(matches!(outcomes[3], Ok(OpenOutcome::Exists)));
    }
}
