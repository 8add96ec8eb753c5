//! A place among the runs of a workflow: asked for when the run begins, granted or refused by the store.
//!
//! Until it is granted no task starts. Granted and refused come from whoever asked the store; a run
//! that is coming to its end takes neither.

use super::begin::text;
use super::step::{Step, template_error};
use crate::program::Concurrency;
use crate::run::state::slot::taken;
use crate::run::{Event, Rejection};
use attune_types::{ErrorInfo, ExecutionStatus, JsonValue, RunId, code};
use serde_json::json;

/// Longest key in bytes.
const MOST_KEY: usize = 500;

impl Step<'_> {
    /// Asks for a place.
    pub(super) fn request_slot(&mut self, concurrency: &Concurrency) {
        match self.slot_key(concurrency) {
            Ok(key) => self.push(Event::SlotRequested {
                at: self.at(),
                key,
                limit: concurrency.limit,
                on_limit: concurrency.on_limit,
            }),
            Err(error) => self.fail_run(ExecutionStatus::Failed, error),
        }
    }

    fn slot_key(&self, concurrency: &Concurrency) -> Result<Option<String>, ErrorInfo> {
        let Some(template) = &concurrency.key else {
            return Ok(None);
        };
        let value = template
            .evaluate(&self.scope(None))
            .map_err(|error| template_error(&error, "concurrency.key"))?;
        let key = match value {
            JsonValue::Object(_) | JsonValue::Array(_) | JsonValue::Null => {
                let message = format!("concurrency.key: a text is needed, not `{value}`");
                return Err(ErrorInfo::new(code::TEMPLATE, message));
            }
            plain => text(plain),
        };
        // The token of a secret is another one in each run: no two would ever share a place.
        if self.hidden_type(&key).is_some() {
            let message = "concurrency.key: a secret cannot be the key, for runs would be told apart by its value".to_owned();
            return Err(ErrorInfo::new(code::TEMPLATE, message));
        }
        if key.len() > MOST_KEY || key.contains('\0') {
            let message =
                format!("concurrency.key: at most {MOST_KEY} bytes, none of them a NUL character");
            return Err(ErrorInfo::new(code::TEMPLATE, message));
        }
        Ok(Some(key))
    }

    /// The place is the run's: its first tasks start. Told twice, the second time changes nothing.
    pub(super) fn slot_granted(&mut self) -> Result<(), Rejection> {
        if self.is_slot_wanted()? {
            self.push(Event::SlotGranted { at: self.at() });
            self.set_out();
        }
        Ok(())
    }

    /// All places are taken; the run stands in line.
    pub(super) fn slot_queued(&mut self, holders: &[RunId]) -> Result<(), Rejection> {
        let known = self
            .state
            .slot()
            .is_some_and(|slot| slot.holders.as_deref() == Some(holders));
        if self.is_slot_wanted()? && !known {
            self.push(Event::SlotQueued {
                at: self.at(),
                holders: holders.to_vec(),
            });
        }
        Ok(())
    }

    /// All places are taken and the workflow does not let its runs wait.
    pub(super) fn slot_refused(&mut self, holders: &[RunId]) -> Result<(), Rejection> {
        let Some(slot) = self.state.slot() else {
            return Err(no_slot());
        };
        let details = json!({
            "limit": slot.limit,
            "key": slot.key,
            "holders": holders,
        });
        let message = format!(
            "{}; `on_limit: reject` lets no other start, `queue` would let it wait",
            taken(self.state.header(), slot, holders)
        );
        if self.is_slot_wanted()? {
            let error = ErrorInfo::new(code::CONCURRENCY, message).with_details(details);
            self.fail_run(ExecutionStatus::Failed, error);
        }
        Ok(())
    }

    fn is_slot_wanted(&self) -> Result<bool, Rejection> {
        let Some(slot) = self.state.slot() else {
            return Err(no_slot());
        };
        if self.state.is_closing() {
            return Err(Rejection::NotNow {
                reason: "the run is coming to its end".to_owned(),
            });
        }
        Ok(slot.granted_at.is_none())
    }
}

fn no_slot() -> Rejection {
    Rejection::NotNow {
        reason: "the run has not asked for a place".to_owned(),
    }
}
