//! The judge of a run's history.
//!
//! Owns what must hold of every history whatever was killed meanwhile: no gap, one beginning, one end
//! and nothing after it, each attempt scheduled once and closed at most once. Looks at what REST shows,
//! by kind and a few fields, so that it shares no code with what it judges.

use std::collections::{HashMap, HashSet};

use attune_rest::HistoryView;

use crate::packs::Attempt;

/// What one history says about its attempts.
#[derive(Debug, Default)]
pub(crate) struct Judged {
    /// Attempts that were recorded as lost.
    pub(crate) lost: HashSet<Attempt>,
    /// Attempts that workers were to perform.
    pub(crate) ordered: HashSet<Attempt>,
    /// Those of them whose good result counts.
    pub(crate) good: HashSet<Attempt>,
}

/// Judges the history of a run that has ended; panics on the first thing that is wrong.
pub(crate) fn judge(history: &[HistoryView]) -> Judged {
    let kinds: Vec<&str> = history.iter().map(|event| event.kind.as_str()).collect();
    let wrong = |what: &str| -> ! { panic!("{what}: {history:#?}") };
    for (place, event) in history.iter().enumerate() {
        if event.seq != place as u64 + 1 {
            wrong("the numbers have a gap");
        }
    }
    let count = |kind: &str| kinds.iter().filter(|it| **it == kind).count();
    if kinds.first() != Some(&"run_opened") || count("run_opened") != 1 {
        wrong("it does not begin once");
    }
    if kinds.last() != Some(&"run_ended") || count("run_ended") != 1 {
        wrong("it does not end once, with nothing after it");
    }

    let mut judged = Judged::default();
    let mut scheduled = HashSet::new();
    let mut started = HashSet::new();
    let mut closed: HashMap<Attempt, &str> = HashMap::new();
    let mut ended = HashSet::new();
    for event in history {
        let execution = event.data["execution"].as_str().unwrap_or_default();
        let attempt = |field: &str| {
            let number = event.data[field]
                .as_u64()
                .and_then(|it| u32::try_from(it).ok());
            let number = number.unwrap_or_else(|| panic!("no `{field}` in {event:?}"));
            (execution.to_owned(), number)
        };
        let mut close = |attempt: Attempt| {
            if closed.insert(attempt, &event.kind).is_some() {
                wrong("an attempt has two results");
            }
        };
        match event.kind.as_str() {
            "attempt_scheduled" => {
                if !scheduled.insert(attempt("number")) {
                    wrong("an attempt was scheduled twice");
                }
                if event.data["by"]["by"] == "worker" {
                    judged.ordered.insert(attempt("number"));
                }
            }
            "attempt_started" if !started.insert(attempt("number")) => {
                wrong("an attempt was taken on twice");
            }
            "attempt_failed" => close(attempt("number")),
            "attempt_lost" => {
                close(attempt("number"));
                judged.lost.insert(attempt("number"));
            }
            "execution_ended" => {
                if !ended.insert(execution) {
                    wrong("an execution ended twice");
                }
                let last = attempt("attempts");
                if last.1 > 0 {
                    close(last.clone());
                }
                if event.data["status"] == "succeeded" && judged.ordered.contains(&last) {
                    judged.good.insert(last);
                }
            }
            _ => {}
        }
    }
    let open = scheduled
        .iter()
        .filter(|attempt| !closed.contains_key(*attempt))
        .count();
    if open > 0 {
        wrong("attempts were left open");
    }
    judged
}
