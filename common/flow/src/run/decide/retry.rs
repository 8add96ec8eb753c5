//! Whether a failed attempt is followed by another one, and when.

use super::close::Done;
use super::duration;
use super::step::{Step, template_error};
use crate::program::{Backoff, Retry, Task};
use crate::run::state::execution::Execution;
use attune_types::{Duration, ErrorInfo, ExecutionStatus, Timestamp, code};

/// No delay between attempts is longer, whatever the growth says.
const LONGEST: Duration = Duration::from_secs(7 * 86_400);

impl Step<'_> {
    /// When the next attempt is due; none if there is none. A condition that cannot be evaluated is
    /// an error of its own.
    pub(super) fn retry_at(
        &self,
        execution: &Execution,
        task: &Task,
        done: &Done,
    ) -> Result<Option<Timestamp>, ErrorInfo> {
        let failed = matches!(
            done.status,
            ExecutionStatus::Failed | ExecutionStatus::TimedOut
        );
        let (Some(retry), Some(error)) = (&task.retry, &done.error) else {
            return Ok(None);
        };
        if !failed
            || self.is_over_for(execution)
            || execution.failures >= retry.count
            || error.code == code::CANCELLED
            || self.is_stopped_from_above(execution)
        {
            return Ok(None);
        }
        if let Some(condition) = &retry.on_error {
            let mut scope = self.scope(Some(execution));
            scope.error = Some(error);
            let held = condition.test(&scope).map_err(|wrong| {
                template_error(&wrong, "retry.on_error").with_details(
                    serde_json::json!({ "of": { "code": error.code, "message": error.message } }),
                )
            })?;
            if !held {
                return Ok(None);
            }
        }
        let mut delay = delay_after(retry, execution.failures.saturating_add(1));
        if retry.jitter {
            delay = delay.mul_f64(0.5 + self.share() / 2.0);
        }
        Ok(duration::after(self.at(), delay))
    }

    /// Whether nothing of that kind is begun any more: the run's own work, or undoing it.
    fn is_over_for(&self, execution: &Execution) -> bool {
        match execution.undoes {
            Some(_) => self.state.is_undo_stopping(),
            None => self.state.is_closing(),
        }
    }

    /// A number from 0 to 1, drawn from this decision's randomness.
    fn share(&self) -> f64 {
        let [a, b, c, d, ..] =
            uuid::Uuid::new_v5(&uuid::Uuid::from_bytes(self.draw().entropy), b"jitter")
                .into_bytes();
        f64::from(u32::from_be_bytes([a, b, c, d])) / f64::from(u32::MAX)
    }
}

/// The delay after the n-th failure, from 1.
fn delay_after(retry: &Retry, failure: u32) -> Duration {
    let factor = match retry.backoff {
        Backoff::Constant => 1.0,
        Backoff::Linear => f64::from(failure),
        Backoff::Exponential => 2f64.powi(i32::try_from(failure.min(64)).unwrap_or(64) - 1),
    };
    let longest = retry.max_delay.unwrap_or(LONGEST).min(LONGEST);
    Duration::try_from_secs_f64(retry.delay.as_secs_f64() * factor)
        .map_or(longest, |delay| delay.min(longest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_grow_as_they_say_and_stay_below_their_bound() {
        let of = |backoff, max: Option<u64>| Retry {
            count: 9,
            delay: Duration::from_secs(2),
            backoff,
            max_delay: max.map(Duration::from_secs),
            jitter: false,
            on_error: None,
        };
        let seconds = |retry: &Retry| -> Vec<u64> {
            (1..=4).map(|n| delay_after(retry, n).as_secs()).collect()
        };
        assert_eq!(seconds(&of(Backoff::Constant, None)), [2, 2, 2, 2]);
        assert_eq!(seconds(&of(Backoff::Linear, None)), [2, 4, 6, 8]);
        assert_eq!(seconds(&of(Backoff::Exponential, None)), [2, 4, 8, 16]);
        assert_eq!(seconds(&of(Backoff::Exponential, Some(5))), [2, 4, 5, 5]);
        assert_eq!(
            delay_after(&of(Backoff::Exponential, None), u32::MAX),
            LONGEST
        );
    }
}
