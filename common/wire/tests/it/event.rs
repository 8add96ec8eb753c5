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
            Event::CarriedOver { .. } => 1,
            Event::RunBegun { .. } => 2,
            Event::KeysRead { .. } => 3,
            Event::SlotRequested { .. } => 4,
            Event::SlotQueued { .. } => 5,
            Event::SlotGranted { .. } => 6,
            Event::TaskActivated { .. } => 7,
            Event::Tagged { .. } => 8,
            Event::JoinMoved { .. } => 9,
            Event::Delayed { .. } => 10,
            Event::ItemsPlanned { .. } => 11,
            Event::BranchesPlanned { .. } => 12,
            Event::BranchesTimedOut { .. } => 13,
            Event::ItemActivated { .. } => 14,
            Event::AttemptScheduled { .. } => 15,
            Event::AttemptStarted { .. } => 16,
            Event::Reported { .. } => 17,
            Event::AttemptFailed { .. } => 18,
            Event::AttemptLost { .. } => 19,
            Event::StopRequested { .. } => 20,
            Event::ExecutionEnded { .. } => 21,
            Event::TransitionFired { .. } => 22,
            Event::FailurePlanned { .. } => 23,
            Event::RunFailing { .. } => 24,
            Event::CancelRequested { .. } => 25,
            Event::RunPaused { .. } => 26,
            Event::RunResumed { .. } => 27,
            Event::CompensationStarted { .. } => 28,
            Event::CompensationJoined { .. } => 29,
            Event::UndoActivated { .. } => 30,
            Event::CompensationStopped { .. } => 31,
            Event::CompensationEnded { .. } => 32,
            Event::RunRetried { .. } => 33,
            Event::RetryJoined { .. } => 34,
            Event::Reopened { .. } => 35,
            Event::RunEnded { .. } => 36,
        }
    }
    for (number, entry) in KINDS.iter().enumerate() {
        let event = decode_event(entry.kind, 1, golden(entry.kind, 1)).unwrap();
        assert_eq!(place(&event), number, "{}", entry.kind);
    }
    assert_eq!(KINDS.len(), 37);
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
