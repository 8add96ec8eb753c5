//! Bus messages: what goes in comes out, and what is not understood is a value.

use attune_flow::run::{Command, Outcome};
use attune_types::{AttemptId, ExecutionStatus, RunId, Timestamp};
use attune_wire::{
    Envelope, LiveKind, LiveNotice, Message, ShardMessage, WireError, WorkerControl, decode,
    encode, encode_one,
};
use serde_json::json;
use uuid::Uuid;

fn at() -> Timestamp {
    "2026-01-02T03:04:05.678Z".parse().unwrap()
}

fn wrap<T: Message>(body: T) -> Envelope<T> {
    Envelope::new(Uuid::from_u128(7), at(), Some("00-ab-cd-01".into()), body)
}

fn run() -> RunId {
    RunId(Uuid::from_u128(1))
}

#[test]
fn one_record_goes_through_unchanged() {
    let sent = wrap(ShardMessage::Command {
        run: run(),
        command: Command::AttemptFinished {
            attempt: AttemptId(Uuid::from_u128(2)),
            outcome: Outcome::Succeeded {
                result: json!({"text": "a\u{0}b", "n": 1.0}),
                process: None,
            },
        },
        inbox: None,
    });
    let bytes = encode_one(&sent).unwrap();
    assert_eq!(decode::<ShardMessage>(&bytes).unwrap(), vec![Ok(sent)]);
}

#[test]
fn a_batch_keeps_order_and_a_batch_of_one_is_a_plain_message() {
    let records: Vec<_> = (0..5)
        .map(|n| {
            wrap(ShardMessage::Hint {
                run: RunId(Uuid::from_u128(n)),
            })
        })
        .collect();
    let bytes = encode(&records).unwrap();
    let read: Vec<_> = decode::<ShardMessage>(&bytes)
        .unwrap()
        .into_iter()
        .map(Result::unwrap)
        .collect();
    assert_eq!(read, records);
    assert_eq!(
        encode(&records[..1]).unwrap(),
        encode_one(&records[0]).unwrap()
    );
    assert_eq!(
        decode::<ShardMessage>(&encode::<ShardMessage>(&[]).unwrap()).unwrap(),
        vec![]
    );
}

#[test]
fn a_bad_record_spoils_only_itself() {
    let good = wrap(WorkerControl::Stop {
        attempt: AttemptId(Uuid::from_u128(9)),
    });
    let mut newer = serde_json::to_value(&good).unwrap();
    newer["v"] = json!(2);
    let mut strange = serde_json::to_value(&good).unwrap();
    strange["body"] = json!({"say": "dance"});
    let bytes = serde_json::to_vec(&json!({"batch": [newer, good, strange, 5]})).unwrap();
    let read = decode::<WorkerControl>(&bytes).unwrap();
    assert_eq!(
        read[0],
        Err(WireError::Version {
            kind: "control".into(),
            found: 2,
            newest: 1
        })
    );
    assert_eq!(read[1], Ok(good));
    assert!(matches!(&read[2], Err(WireError::Body { reason, .. }) if reason.contains("dance")));
    assert!(matches!(&read[3], Err(WireError::NotAMessage(_))));
}

#[test]
fn the_wrong_kind_is_named() {
    let notice = wrap(LiveNotice {
        run: run(),
        root: run(),
        seq: 3,
        status: ExecutionStatus::Running,
        kind: LiveKind::Changed,
    });
    let read = decode::<ShardMessage>(&encode_one(&notice).unwrap()).unwrap();
    assert_eq!(
        read[0].as_ref().unwrap_err().to_string(),
        "expected a message of kind `shard`, this one is of kind `live`"
    );
}

#[test]
fn rubbish_is_an_error_and_no_panic() {
    for bytes in [
        &b""[..],
        b"hello",
        b"\xff\xfe",
        b"{\"batch\": 3}",
        b"{\"batch\": [",
    ] {
        assert!(
            matches!(
                decode::<ShardMessage>(bytes),
                Err(WireError::NotAMessage(_))
            ),
            "{bytes:?}"
        );
    }
    for text in ["{}", "[]", "null", "{\"v\":70000}"] {
        let read = decode::<ShardMessage>(text.as_bytes()).unwrap();
        assert!(matches!(read[0], Err(WireError::NotAMessage(_))), "{text}");
    }
}

/// The text of each family is what other processes read: a change here is a change of version.
#[test]
fn the_text_of_a_message_is_fixed() {
    insta::assert_snapshot!(
        String::from_utf8(encode_one(&wrap(ShardMessage::Hint { run: run() })).unwrap().to_vec()).unwrap(),
        @r#"{"v":1,"kind":"shard","id":"00000000-0000-0000-0000-000000000007","at":"2026-01-02T03:04:05.678Z","trace":"00-ab-cd-01","body":{"say":"hint","run":"00000000-0000-0000-0000-000000000001"}}"#
    );
}
