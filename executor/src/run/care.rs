//! What was sent and may be lost on the way: dispatched attempts that nobody has started, stops that
//! have not taken effect, child runs that could not be opened yet, places that were asked for, pauses of
//! child runs that could not be stored.
//!
//! Kept in memory only: after a crash the same list follows from what the run owes. Looked after when
//! due, with growing intervals; while the list is not empty its next date is part of the run's
//! `wake_at`, so that the sweep finds the run even if this process is gone.

use super::actor::{RunCell, signed};
use crate::config::ExecutorConfig;
use attune_flow::run::{Command, Effect, EffectKey, Outcome};
use attune_port::{ClaimRequest, StoreError};
use attune_types::{AttemptId, RunId, Timestamp, WorkerId};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

/// The interval doubles up to this many times.
const DOUBLINGS: u32 = 6;
/// How soon a stop, a child's cancel, or a child run that could not be opened, is tried again.
const SOON: Duration = Duration::from_secs(2);

/// One thing looked after.
struct Sent {
    effect: Effect,
    next: Timestamp,
    times: u32,
}

/// The list.
#[derive(Default)]
pub(crate) struct Care {
    sent: BTreeMap<EffectKey, Sent>,
    /// The same by time, since the next date is asked for after every message.
    dates: BTreeSet<(Timestamp, EffectKey)>,
    /// The child run of an attempt and the other way round, where it is that of an earlier attempt; any
    /// other is named like its attempt.
    child_of: HashMap<AttemptId, RunId>,
    attempt_of: HashMap<RunId, AttemptId>,
}

impl Care {
    /// Takes up what is about to be performed.
    pub(crate) fn begin(
        &mut self,
        owed: &BTreeMap<EffectKey, Effect>,
        now: Timestamp,
        config: &ExecutorConfig,
    ) {
        for (key, effect) in owed {
            if let Effect::OpenChild(order) = effect
                && order.again.is_some()
            {
                self.child_of.insert(order.attempt, order.run);
                self.attempt_of.insert(order.run, order.attempt);
            }
            let first = match effect {
                Effect::Dispatch(_) => config.redispatch_after,
                Effect::StopAttempt { .. }
                | Effect::OpenChild(_)
                | Effect::CancelChild { .. }
                | Effect::CompensateChild { .. }
                | Effect::PauseChild { .. }
                | Effect::ResumeChild { .. }
                | Effect::AcquireSlot(_) => SOON,
                _ => continue,
            };
            let sent = Sent {
                effect: effect.clone(),
                next: later(now, first),
                times: 0,
            };
            self.forget(key);
            // They undo each other: only the last one counts.
            match key {
                EffectKey::Pause(child) => self.forget(&EffectKey::Resume(*child)),
                EffectKey::Resume(child) => self.forget(&EffectKey::Pause(*child)),
                _ => {}
            }
            self.dates.insert((sent.next, *key));
            self.sent.insert(*key, sent);
        }
    }

    fn forget(&mut self, key: &EffectKey) {
        if let Some(sent) = self.sent.remove(key) {
            self.dates.remove(&(sent.next, *key));
        }
    }

    /// A worker has it: heartbeats watch over it from now on.
    pub(crate) fn started(&mut self, attempt: &AttemptId) {
        self.forget(&EffectKey::Attempt(*attempt));
    }

    /// Nothing more is owed for the attempt.
    pub(crate) fn settled(&mut self, attempt: &AttemptId) {
        self.forget(&EffectKey::Attempt(*attempt));
        self.forget(&EffectKey::Stop(*attempt));
        let child = match self.child_of.remove(attempt) {
            Some(child) => {
                self.attempt_of.remove(&child);
                child
            }
            None => RunId(attempt.0),
        };
        self.forget(&EffectKey::Pause(child));
        self.forget(&EffectKey::Resume(child));
    }

    /// The child run has it in its inbox.
    pub(crate) fn told(&mut self, key: &EffectKey) {
        self.forget(key);
    }

    /// Whether the order that a child run is the work of is still on its way.
    pub(crate) fn is_on_its_way(&self, child: RunId) -> bool {
        let attempt = self.attempt_of.get(&child);
        let attempt = attempt.copied().unwrap_or(AttemptId(child.uuid()));
        self.sent.contains_key(&EffectKey::Attempt(attempt))
    }

    /// The store has answered about the run's place: from then on it is told of a change.
    pub(crate) fn placed(&mut self) {
        self.forget(&EffectKey::Slot);
    }

    /// The child run exists.
    pub(crate) fn opened(&mut self, attempt: &AttemptId) {
        self.forget(&EffectKey::Attempt(*attempt));
    }

    /// When something is to be looked at next.
    pub(crate) fn next(&self) -> Option<Timestamp> {
        self.dates.first().map(|(next, _)| *next)
    }

    /// Whether something is to be looked at now.
    pub(crate) fn is_due(&self, now: Timestamp) -> bool {
        self.next().is_some_and(|next| next <= now)
    }

    /// Takes what is due and puts it off by a growing interval.
    fn due(&mut self, now: Timestamp, redispatch_after: Duration) -> BTreeMap<EffectKey, Effect> {
        let mut due = BTreeMap::new();
        let mut put_off = Vec::new();
        while let Some(&(next, key)) = self.dates.first()
            && next <= now
        {
            self.dates.pop_first();
            let Some(sent) = self.sent.get_mut(&key) else {
                continue;
            };
            sent.times += 1;
            let base = match sent.effect {
                Effect::Dispatch(_) => redispatch_after,
                _ => SOON,
            };
            sent.next = later(now, base * 2u32.pow(sent.times.min(DOUBLINGS)));
            put_off.push((sent.next, key));
            due.insert(key, sent.effect.clone());
        }
        self.dates.extend(put_off);
        due
    }
}

fn later(now: Timestamp, wait: Duration) -> Timestamp {
    now.checked_add(signed(wait)).unwrap_or(Timestamp::MAX)
}

impl RunCell {
    /// Sends again what seems to have been lost.
    pub(crate) async fn look_after(&mut self, now: Timestamp) {
        let due = self
            .care
            .due(now, self.registry.shared.config.redispatch_after);
        let due = self.without_claimed(due).await;
        self.perform(due).await;
    }

    /// Takes up everything that a loaded run owes, except what a worker holds already.
    pub(crate) async fn take_up(&mut self, _myself: &ractor::ActorRef<super::actor::RunMessage>) {
        let Some(live) = &self.live else { return };
        let owed = attune_flow::run::outstanding(&live.program, &live.state);
        let now = self.registry.shared.deps.clock.now();
        let owed = self.without_claimed(owed).await;
        self.care.begin(&owed, now, &self.registry.shared.config);
        self.perform(owed).await;
        // A timer may have come due while nobody had the run.
        self.queue
            .push_back(super::actor::Waiting::new(Command::Wake, None));
    }

    /// Leaves out dispatches that a worker has claimed: its heartbeats watch over them.
    async fn without_claimed(
        &mut self,
        mut owed: BTreeMap<EffectKey, Effect>,
    ) -> BTreeMap<EffectKey, Effect> {
        let dispatched: Vec<AttemptId> = owed
            .iter()
            .filter_map(|(key, effect)| match (key, effect) {
                (EffectKey::Attempt(attempt), Effect::Dispatch(_)) => Some(*attempt),
                _ => None,
            })
            .collect();
        if dispatched.is_empty() {
            return owed;
        }
        match self
            .registry
            .shared
            .deps
            .stores
            .work
            .claimed(&dispatched)
            .await
        {
            Ok(claimed) => {
                let claimed: HashSet<AttemptId> = claimed.into_iter().collect();
                for attempt in &claimed {
                    self.care.started(attempt);
                }
                owed.retain(|key, _| {
                    !matches!(key, EffectKey::Attempt(attempt) if claimed.contains(attempt))
                });
            }
            // Sent again unasked: the claim itself refuses a second run of the attempt.
            Err(error) => tracing::warn!(run = %self.run, %error, "claims could not be read"),
        }
        owed
    }

    /// Stops an attempt. One that no worker has claimed is claimed here, so that none ever will.
    pub(crate) fn stop_attempt(&mut self, attempt: AttemptId, pool: Option<&str>) {
        if pool.is_none() {
            if let Some(native) = self.natives.remove(&attempt) {
                native.abort();
            }
            self.report_stopped(attempt);
            return;
        }
        let registry = Arc::clone(&self.registry);
        let run = self.run;
        tokio::spawn(async move {
            let shared = &registry.shared;
            let here = WorkerId(shared.config.id.uuid());
            let claim = ClaimRequest { attempt, run };
            let claimed: Result<Vec<bool>, StoreError> =
                shared.deps.stores.work.claim(here, &[claim]).await;
            match claimed.as_deref() {
                Ok([true]) => {
                    registry.command(run, stopped(attempt), None, None);
                }
                Ok(_) => shared.performer.stop_on_worker(attempt),
                Err(error) => {
                    tracing::warn!(%run, %error, "an attempt could not be stopped now; it is tried again");
                }
            }
        });
    }

    fn report_stopped(&self, attempt: AttemptId) {
        self.registry
            .command(self.run, stopped(attempt), None, None);
    }
}

fn stopped(attempt: AttemptId) -> Command {
    Command::AttemptFinished {
        attempt,
        outcome: Outcome::Cancelled { process: None },
    }
}
