//! The dice that say how an attempt comes out.

use super::Rng;
use attune_flow::run::{Outcome, ProcessInfo};
use attune_types::ErrorInfo;
use serde_json::json;

/// How an attempt comes out; none if its worker is gone.
pub(super) fn fate(rng: &mut Rng) -> Option<Outcome> {
    let process = rng.chance(50).then(|| ProcessInfo {
        exit_code: Some(0),
        stdout: "out".to_owned(),
        stderr: String::new(),
        duration_ms: 5,
    });
    Some(match rng.below(20) {
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
