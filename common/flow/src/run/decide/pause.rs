//! `Pause` and `Resume`: while paused nothing new starts; running tasks may end.

use super::step::{Step, Todo};
use crate::run::state::execution::Phase;
use crate::run::{ABOVE, Event, Rejection};

impl Step<'_> {
    pub(super) fn pause(&mut self, by: &str) -> Result<(), Rejection> {
        self.refuse_while_closing()?;
        if self.state.is_paused() {
            return Err(not_now("the run is paused already"));
        }
        self.push(Event::RunPaused {
            at: self.at(),
            by: by.to_owned(),
        });
        Ok(())
    }

    /// Starts what was reached meanwhile, and everything that has become due.
    pub(super) fn resume(&mut self, by: &str) -> Result<(), Rejection> {
        self.refuse_while_closing()?;
        if !self.state.is_paused() {
            return Err(not_now("the run is not paused"));
        }
        // It may be told again, long after; what somebody paused since then is not its to lift.
        let by_hand = |it: &str| it != ABOVE;
        if by == ABOVE && self.state.about.paused_by.as_deref().is_some_and(by_hand) {
            return Err(not_now("somebody paused this run itself"));
        }
        self.push(Event::RunResumed {
            at: self.at(),
            by: by.to_owned(),
        });
        let held: Vec<Todo> = self
            .state
            .live()
            .into_iter()
            .filter_map(|execution| match execution.phase {
                Phase::Ready => Some(Todo::Start(execution.id)),
                Phase::Gathering => Some(Todo::Gather {
                    above: execution.id,
                    failed: false,
                }),
                _ => None,
            })
            .collect();
        self.todo.extend(held);
        self.wake();
        Ok(())
    }

    fn refuse_while_closing(&self) -> Result<(), Rejection> {
        if self.state.is_closing() {
            return Err(not_now("the run is coming to its end"));
        }
        Ok(())
    }
}

fn not_now(reason: &str) -> Rejection {
    Rejection::NotNow {
        reason: reason.to_owned(),
    }
}
