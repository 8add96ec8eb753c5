//! A run's place among the runs of its workflow: asked for, waited for, held until the run ends.

use crate::program::OnLimit;
use crate::run::RunHeader;
use attune_types::{RunId, Timestamp};
use serde::{Deserialize, Serialize};

/// A place that the run asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slot {
    /// The rendered key; none if all runs of the workflow are one group.
    pub key: Option<String>,
    /// How many runs of that key may be active at once.
    pub limit: u32,
    /// What happens when all places are taken.
    pub on_limit: OnLimit,
    /// Who held the places when the run came to stand in line; none if it does not.
    pub holders: Option<Vec<RunId>>,
    /// When the place was granted.
    pub granted_at: Option<Timestamp>,
}

/// Which places are taken and by whom, for people.
pub(in crate::run) fn taken(header: &RunHeader, slot: &Slot, holders: &[RunId]) -> String {
    let key = match &slot.key {
        Some(key) => format!(" with key `{key}`"),
        None => String::new(),
    };
    let who: Vec<String> = holders.iter().map(RunId::to_string).collect();
    let held = if who.is_empty() {
        "others stand in line before it".to_owned()
    } else {
        format!("held by {}", who.join(", "))
    };
    let runs = if slot.limit == 1 { "run" } else { "runs" };
    format!(
        "the limit of {} {runs} of `{}` at once{key} is reached: {held}",
        slot.limit, header.action
    )
}
