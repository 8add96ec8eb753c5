//! The dice that say how an attempt comes out.

use super::Rng;
use attune_flow::run::{Outcome, ProcessInfo};
use attune_types::ErrorInfo;
use serde_json::json;

/// What the workers of one world are like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Weather {
    /// Most attempts come out well.
    Fair,
    /// Most workers are gone before they have answered.
    Losing,
    /// Most attempts go wrong.
    Failing,
    /// Most answers come late: when they are asked for again, or to stop.
    Slow,
}

impl Weather {
    pub(super) fn of(rng: &mut Rng) -> Self {
        match rng.below(10) {
            0 => Self::Losing,
            1 => Self::Failing,
            2 => Self::Slow,
            _ => Self::Fair,
        }
    }
}

/// How an attempt comes out; none if its worker is gone.
pub(super) fn fate(rng: &mut Rng, weather: Weather) -> Option<Outcome> {
    if weather == Weather::Losing && rng.chance(65) {
        return None;
    }
    let process = rng.chance(50).then(|| ProcessInfo {
        exit_code: Some(0),
        stdout: "out".to_owned(),
        stderr: String::new(),
        duration_ms: 5,
    });
    let well = if weather == Weather::Failing { 12 } else { 0 };
    Some(match well + rng.below(20 - well) {
        0..=11 => Outcome::Succeeded {
            result: json!({"value": rng.below(100)}),
            process,
        },
        12 | 13 => Outcome::Failed {
            error: ErrorInfo::new("boom", "it went wrong"),
            result: json!(null),
            process,
        },
        14 => Outcome::Failed {
            error: ErrorInfo::new("other", "it went wrong in another way"),
            result: json!({"partly": true}),
            process,
        },
        15 => Outcome::TimedOut {
            error: ErrorInfo::new("timeout", "it took too long"),
            process,
        },
        16 => Outcome::Cancelled { process },
        _ => return None,
    })
}
