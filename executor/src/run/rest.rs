//! When a run's actor is woken by itself, and when it leaves memory.
//!
//! An actor with nothing to do for long leaves the registry first and ends then, so that no message
//! falls between it and its successor. Its next due time stands in the run's row, where the sweep
//! finds it.

use super::actor::{RunCell, RunMessage, signed};
use attune_types::Timestamp;
use ractor::ActorRef;
use std::time::Duration;

impl RunCell {
    /// After each message: rests if there is nothing to do for long, or sets the timer.
    pub(super) fn rest_or_arm(&mut self, myself: &ActorRef<RunMessage>) {
        let Some(live) = &self.live else { return };
        if self.flight.is_some() || !self.queue.is_empty() {
            self.busy_at = tokio::time::Instant::now();
            return;
        }
        if live.state.is_terminal() {
            self.retire(myself);
            return;
        }
        let now = self.registry.shared.deps.clock.now();
        let idle_after = self.registry.shared.config.idle_after;
        let next = self.next_look();
        let soon = next.is_some_and(|at| at.duration_since(now) < signed(idle_after));
        let rested = self.busy_at.elapsed() >= idle_after;
        if rested && !soon && self.natives.is_empty() {
            self.retire(myself);
            return;
        }
        // The timer also ends the rest: a run with nothing due is looked at once, to be let go.
        let rest = now
            .checked_add(signed(idle_after))
            .unwrap_or(Timestamp::MAX);
        self.arm(myself, next.map_or(rest, |at| at.min(rest)), now);
    }

    /// The earliest time at which this run is to be looked at, by its own timers or because
    /// something that it sent may have been lost.
    pub(crate) fn next_look(&self) -> Option<Timestamp> {
        let own = self.live.as_ref().and_then(|live| live.state.wake_at());
        [own, self.care.next()].into_iter().flatten().min()
    }

    fn arm(&mut self, myself: &ActorRef<RunMessage>, at: Timestamp, now: Timestamp) {
        if self.timer.as_ref().is_some_and(|(set, _)| *set == at) {
            return;
        }
        if let Some((_, timer)) = self.timer.take() {
            timer.abort();
        }
        let wait = Duration::try_from(at.duration_since(now)).unwrap_or(Duration::ZERO);
        let myself = myself.clone();
        let task = tokio::spawn(async move {
            tokio::time::sleep(wait).await;
            drop(myself.cast(RunMessage::Timer));
        });
        self.timer = Some((at, task.abort_handle()));
    }

    /// Leaves the map first, so that what is sent from now on goes to a new actor, then ends after
    /// what is in the mailbox, which is sent on.
    pub(super) fn retire(&mut self, myself: &ActorRef<RunMessage>) {
        self.retired = true;
        self.registry.left(self.run, myself.get_id());
        for (_, native) in self.natives.drain() {
            native.abort();
        }
        if let Err(error) = myself.drain() {
            tracing::debug!(run = %self.run, %error, "the actor had ended already");
        }
    }

    pub(super) fn forward(&self, message: RunMessage) {
        match message {
            RunMessage::Command { .. } | RunMessage::Look { .. } => {
                self.registry.tell(self.run, message);
            }
            RunMessage::Committed(_)
            | RunMessage::Looked(_)
            | RunMessage::Timer
            | RunMessage::Flush => {}
        }
    }
}
