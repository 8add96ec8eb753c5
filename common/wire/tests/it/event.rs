//! Stored run events: the golden files of every version are read, and today's are written unchanged.

use attune_flow::run::Event;
use attune_wire::{KINDS, WireError, decode_event, encode_event};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/events")
}

fn golden(kind: &str, version: u16) -> Value {
    let path = folder().join(format!("{kind}.v{version}.json"));
    let text = std::fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("{} is missing: {error}", path.display()));
    serde_json::from_str(&text).unwrap()
}

#[test]
fn every_kind_and_version_has_a_golden_file_that_can_be_read() {
    let mut expected = Vec::new();
    for entry in KINDS {
        assert_eq!(
            usize::from(entry.version),
            entry.upcasters.len() + 1,
            "{}",
            entry.kind
        );
        for version in 1..=entry.version {
            let event = decode_event(entry.kind, version, golden(entry.kind, version))
                .unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(event.kind(), entry.kind);
            expected.push(format!("{}.v{version}.json", entry.kind));
        }
    }
    let mut found: Vec<String> = std::fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    expected.sort();
    found.sort();
    assert_eq!(found, expected);
}

#[test]
fn todays_events_are_written_as_the_golden_files_say() {
    for entry in KINDS {
        let data = golden(entry.kind, entry.version);
        let event = decode_event(entry.kind, entry.version, data.clone()).unwrap();
        assert_eq!(encode_event(&event), (entry.kind, entry.version, data));
    }
}

/// Every variant must be listed here, so that one more event cannot be forgotten in the table.
#[test]
fn the_table_has_every_event() {
    fn place(event: &Event) -> usize {
        match event {
            Event::RunOpened { .. } => 0,
            Event::RunBegun { .. } => 1,
            Event::KeysRead { .. } => 2,
            Event::SlotRequested { .. } => 3,
            Event::SlotQueued { .. } => 4,
            Event::SlotGranted { .. } => 5,
            Event::TaskActivated { .. } => 6,
            Event::Tagged { .. } => 7,
            Event::JoinMoved { .. } => 8,
            Event::Delayed { .. } => 9,
            Event::ItemsPlanned { .. } => 10,
            Event::BranchesPlanned { .. } => 11,
            Event::BranchesTimedOut { .. } => 12,
            Event::ItemActivated { .. } => 13,
            Event::AttemptScheduled { .. } => 14,
            Event::AttemptStarted { .. } => 15,
            Event::Reported { .. } => 16,
            Event::AttemptFailed { .. } => 17,
            Event::AttemptLost { .. } => 18,
            Event::StopRequested { .. } => 19,
            Event::ExecutionEnded { .. } => 20,
            Event::TransitionFired { .. } => 21,
            Event::FailurePlanned { .. } => 22,
            Event::RunFailing { .. } => 23,
            Event::CancelRequested { .. } => 24,
            Event::RunPaused { .. } => 25,
            Event::RunResumed { .. } => 26,
            Event::CompensationStarted { .. } => 27,
            Event::CompensationJoined { .. } => 28,
            Event::UndoActivated { .. } => 29,
            Event::CompensationStopped { .. } => 30,
            Event::CompensationEnded { .. } => 31,
            Event::RunRetried { .. } => 32,
            Event::RetryJoined { .. } => 33,
            Event::Reopened { .. } => 34,
            Event::RunEnded { .. } => 35,
        }
    }
    for (number, entry) in KINDS.iter().enumerate() {
        let event = decode_event(entry.kind, 1, golden(entry.kind, 1)).unwrap();
        assert_eq!(place(&event), number, "{}", entry.kind);
    }
    assert_eq!(KINDS.len(), 36);
}

#[test]
fn what_cannot_be_read_is_named() {
    assert_eq!(
        decode_event("run_exploded", 1, json!({})),
        Err(WireError::UnknownEvent("run_exploded".into()))
    );
    for version in [0, 9] {
        assert_eq!(
            decode_event("run_paused", version, json!({})),
            Err(WireError::Version {
                kind: "run_paused".into(),
                found: version,
                newest: 1
            })
        );
    }
    for data in [
        json!(null),
        json!([1]),
        json!({}),
        json!({"at": "soon", "by": "x"}),
    ] {
        assert!(matches!(
            decode_event("run_paused", 1, data),
            Err(WireError::Body { .. })
        ));
    }
}

#[test]
fn a_key_that_is_not_known_is_no_error() {
    let mut data = golden("run_paused", 1);
    data["later"] = json!("a newer program wrote this");
    assert_eq!(
        decode_event("run_paused", 1, data).map(|event| event.kind()),
        Ok("run_paused")
    );
}
