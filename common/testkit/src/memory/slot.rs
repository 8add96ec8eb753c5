//! Places among runs in memory.

use super::{MemoryStore, State, check};
use async_trait::async_trait;
use attune_flow::program::OnLimit;
use attune_flow::run::Command;
use attune_port::{
    HOLDERS_NAMED, NewInboxCommand, SlotAnswer, SlotAnswers, SlotLine, SlotRequest, SlotRow,
    SlotStore, StoreError,
};
use attune_types::{RunId, Timestamp};
use std::collections::BTreeSet;

/// All who stand in a line or hold a place, in the order in which they came.
#[derive(Default)]
pub(super) struct Slots(Vec<Standing>);

struct Standing {
    run: RunId,
    line: SlotLine,
    limit: u32,
    granted: bool,
    displaced: bool,
}

impl Slots {
    fn of(&self, run: RunId) -> Option<&Standing> {
        self.0.iter().find(|standing| standing.run == run)
    }

    fn holders(&self, line: &SlotLine) -> Vec<RunId> {
        self.0
            .iter()
            .filter(|standing| standing.granted && standing.line == *line)
            .map(|standing| standing.run)
            .take(HOLDERS_NAMED as usize)
            .collect()
    }

    /// Gives free places; nobody overtakes.
    fn grant(&mut self, lines: &BTreeSet<SlotLine>) -> Vec<RunId> {
        let mut given = Vec::new();
        for line in lines {
            let mut held = self
                .0
                .iter()
                .filter(|standing| standing.granted && standing.line == *line)
                .count();
            for standing in &mut self.0 {
                if standing.granted || standing.line != *line {
                    continue;
                }
                if held >= standing.limit as usize {
                    break;
                }
                held += 1;
                standing.granted = true;
                given.push(standing.run);
            }
        }
        given
    }

    /// Marks those who have to make room for a run and answers who they are.
    fn displace(&mut self, request: &SlotRequest) -> Vec<RunId> {
        let place = self
            .0
            .iter()
            .position(|standing| standing.run == request.run);
        let Some(place) = place else {
            return Vec::new();
        };
        if self.0[place].granted || self.0[place].displaced {
            return Vec::new();
        }
        let mut before: Vec<&mut Standing> = self.0[..place]
            .iter_mut()
            .filter(|standing| standing.line == request.line && !standing.displaced)
            .collect();
        let stay = (request.limit as usize).saturating_sub(1).min(before.len());
        let going = before.len() - stay;
        before
            .iter_mut()
            .take(going)
            .map(|standing| {
                standing.displaced = true;
                standing.run
            })
            .collect()
    }
}

impl State {
    /// Frees the places of runs and gives them to the next, who are told.
    pub(super) fn free_slots(&mut self, runs: &[RunId], now: Timestamp) -> Vec<RunId> {
        let lines: BTreeSet<SlotLine> = runs
            .iter()
            .filter_map(|run| Some(self.slots.of(*run)?.line.clone()))
            .collect();
        self.slots
            .0
            .retain(|standing| !runs.contains(&standing.run));
        let given = self.slots.grant(&lines);
        self.runs
            .send(given.iter().copied().map(granted).collect(), now);
        given
    }
}

fn granted(run: RunId) -> NewInboxCommand {
    NewInboxCommand {
        id: run.derive("slot granted"),
        run,
        command: Command::SlotGranted,
    }
}

#[async_trait]
impl SlotStore for MemoryStore {
    async fn acquire(&self, requests: Vec<SlotRequest>) -> Result<SlotAnswers, StoreError> {
        for key in requests.iter().filter_map(|r| r.line.key.as_ref()) {
            check::text(key)?;
        }
        let mut state = self.lock();
        let now = self.now();
        for request in &requests {
            if state.slots.of(request.run).is_none() && state.runs.is_active(request.run) {
                state.slots.0.push(Standing {
                    run: request.run,
                    line: request.line.clone(),
                    limit: request.limit,
                    granted: false,
                    displaced: false,
                });
            }
        }
        let lines: BTreeSet<SlotLine> = requests.iter().map(|r| r.line.clone()).collect();
        let asking: BTreeSet<RunId> = requests.iter().map(|request| request.run).collect();
        let mut given = state.slots.grant(&lines);
        let mut refused = BTreeSet::new();
        for request in &requests {
            let waits = state.slots.of(request.run).is_some_and(|s| !s.granted);
            if waits && request.on_limit == OnLimit::Reject {
                refused.insert(request.run);
            }
        }
        state
            .slots
            .0
            .retain(|standing| !refused.contains(&standing.run));
        given.extend(state.slots.grant(&lines));
        let mut told = Vec::new();
        for request in &requests {
            if request.on_limit == OnLimit::CancelOldest {
                let going = state.slots.displace(request);
                let commands = going.iter().map(|run| request.displacement(*run)).collect();
                state.runs.send(commands, now);
                told.extend(going);
            }
        }
        given.retain(|run| !asking.contains(run));
        state
            .runs
            .send(given.iter().copied().map(granted).collect(), now);
        told.extend(given);
        let answers = requests
            .iter()
            .map(|request| {
                let holders = || state.slots.holders(&request.line);
                match state.slots.of(request.run) {
                    Some(standing) if standing.granted => SlotAnswer::Granted,
                    Some(_) => SlotAnswer::Queued { holders: holders() },
                    None if refused.contains(&request.run) => {
                        SlotAnswer::Refused { holders: holders() }
                    }
                    None => SlotAnswer::Over,
                }
            })
            .collect();
        Ok(SlotAnswers { answers, told })
    }

    async fn free_left_behind(&self, limit: u32) -> Result<Vec<RunId>, StoreError> {
        let mut state = self.lock();
        let now = self.now();
        let left: Vec<RunId> = state
            .slots
            .0
            .iter()
            .map(|standing| standing.run)
            .filter(|run| !state.runs.is_active(*run))
            .take(limit as usize)
            .collect();
        Ok(state.free_slots(&left, now))
    }

    async fn slot(&self, run: RunId) -> Result<Option<SlotRow>, StoreError> {
        let state = self.lock();
        let Some(standing) = state.slots.of(run) else {
            return Ok(None);
        };
        let before = state
            .slots
            .0
            .iter()
            .take_while(|other| other.run != run)
            .filter(|other| !other.granted && other.line == standing.line)
            .count();
        Ok(Some(SlotRow {
            line: standing.line.clone(),
            limit: standing.limit,
            before: (!standing.granted).then(|| u32::try_from(before).unwrap_or(u32::MAX)),
            holders: state.slots.holders(&standing.line),
        }))
    }
}
