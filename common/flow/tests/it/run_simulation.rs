//! Random Programs in a bad world: nothing may be lost, repeated or stuck.

use attune_testkit::simulator::{simulate, simulate_rerun, simulate_retry, simulate_undo};
use std::collections::BTreeMap;

/// How many seeds, and from where: more by `ATTUNE_SEEDS` and `ATTUNE_SEED`.
fn number(name: &str, default: u64) -> u64 {
    std::env::var(name)
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(default)
}

#[test]
fn every_run_ends_and_nothing_contradicts_itself() {
    let first = number("ATTUNE_SEED", 0);
    let count = number("ATTUNE_SEEDS", 400);
    let mut ends: BTreeMap<String, usize> = BTreeMap::new();
    let (mut events, mut crashes) = (0, 0);
    let mut broken = Vec::new();
    for seed in first..first + count {
        match simulate(seed) {
            Ok(report) => {
                *ends.entry(report.status).or_default() += 1;
                events += report.events;
                crashes += report.crashes;
            }
            Err(violation) => {
                // One seed alone tells its whole story.
                if count == 1 {
                    eprintln!("{}", violation.story);
                }
                broken.push(violation.to_string());
            }
        }
    }
    eprintln!("{count} seeds: {ends:?}, {events} events, {crashes} crashes");
    assert!(
        broken.is_empty(),
        "{} broken: {:#?}",
        broken.len(),
        &broken[..broken.len().min(8)]
    );
    // The story must be worth telling: runs of every ending, and crashes.
    if count >= 400 {
        for status in ["succeeded", "failed", "cancelled", "timed_out"] {
            assert!(ends.contains_key(status), "no run ended {status}: {ends:?}");
        }
        assert!(crashes > 100, "too few crashes: {crashes}");
    }
}

#[test]
fn what_a_run_did_is_undone_once_and_in_order() {
    let first = number("ATTUNE_SEED", 0);
    let count = number("ATTUNE_SEEDS", 400);
    let mut ends: BTreeMap<String, usize> = BTreeMap::new();
    let mut broken = Vec::new();
    for seed in first..first + count {
        match simulate_undo(seed) {
            Ok(report) => *ends.entry(report.undone.unwrap_or_default()).or_default() += 1,
            Err(violation) => broken.push(violation.to_string()),
        }
    }
    eprintln!("{count} seeds undone: {ends:?}");
    assert!(
        broken.is_empty(),
        "{} broken: {:#?}",
        broken.len(),
        &broken[..broken.len().min(5)]
    );
    if count >= 400 {
        for status in ["compensated", "failed"] {
            assert!(
                ends.contains_key(status),
                "no undoing ended {status}: {ends:?}"
            );
        }
    }
}

#[test]
fn what_went_wrong_is_retried_and_the_rest_stays() {
    let first = number("ATTUNE_SEED", 0);
    let count = number("ATTUNE_SEEDS", 400);
    let mut ends: BTreeMap<String, usize> = BTreeMap::new();
    let mut broken = Vec::new();
    let (mut events, mut crashes) = (0, 0);
    for seed in first..first + count {
        match simulate_retry(seed) {
            Ok(report) => {
                events += report.events;
                crashes += report.crashes;
                *ends.entry(report.retried.unwrap_or_default()).or_default() += 1;
            }
            Err(violation) => {
                if count == 1 {
                    eprintln!("{}", violation.story);
                }
                broken.push(violation.to_string());
            }
        }
    }
    eprintln!("{count} seeds retried: {ends:?}, {events} events, {crashes} crashes");
    assert!(
        broken.is_empty(),
        "{} broken: {:#?}",
        broken.len(),
        &broken[..broken.len().min(8)]
    );
    if count >= 400 {
        for status in ["succeeded", "failed", "cancelled"] {
            assert!(
                ends.contains_key(status),
                "no retry ended {status}: {ends:?}"
            );
        }
    }
}

#[test]
fn a_run_done_again_from_any_of_its_tasks_comes_to_the_same_end() {
    let first = number("ATTUNE_SEED", 0);
    let count = number("ATTUNE_SEEDS", 150);
    let (mut reruns, mut compared) = (0, 0);
    let mut ends: BTreeMap<String, usize> = BTreeMap::new();
    let mut broken = Vec::new();
    for seed in first..first + count {
        match simulate_rerun(seed) {
            Ok(report) => {
                reruns += report.reruns;
                compared += report.compared;
                *ends.entry(report.status).or_default() += report.compared;
            }
            Err(violation) => {
                if count == 1 {
                    eprintln!("{}", violation.story);
                }
                broken.push(violation.to_string());
            }
        }
    }
    eprintln!("{count} seeds, {reruns} reruns, {compared} of them compared: {ends:?}");
    assert!(
        broken.is_empty(),
        "{} broken: {:#?}",
        broken.len(),
        &broken[..broken.len().min(5)]
    );
    if count >= 150 {
        assert!(compared > 150, "too few were compared: {compared}");
        for status in ["succeeded", "failed"] {
            assert!(ends.contains_key(status), "none ended {status}: {ends:?}");
        }
    }
}
