//! Keys in a run: asked for before they are decided with, recorded, and secrets as tokens only.

use attune_flow::program::InlineAction::Set;
use attune_flow::run::{Command, Effect, Event, KeyRead, Parent, Rejection, RunState, decide};
use attune_template::{KeyRef, KeySeen, KeySet, KeyValue};
use attune_testkit::flow::{Flow, ProgramBuilder, header, inline, native, worker};
use attune_types::ExecutionId;
use attune_types::ExecutionStatus::{Failed, Succeeded};
use serde_json::{Value, json};

fn own(flow: &Flow, name: &str) -> KeyRef {
    KeyRef::new(flow.program.reference.pack(), name)
}

fn set(flow: &Flow, keys: &[(&str, KeyValue)]) -> KeySet {
    KeySet::closed(
        keys.iter()
            .map(|(name, value)| (own(flow, name), value.clone())),
    )
}

fn reads(flow: &Flow) -> Vec<KeyRead> {
    flow.events
        .iter()
        .filter_map(|event| match event {
            Event::KeysRead { read, .. } => Some(read.clone()),
            _ => None,
        })
        .flatten()
        .collect()
}

/// The whole history as text.
fn history(flow: &Flow) -> String {
    serde_json::to_string(&flow.events).unwrap()
}

#[test]
fn a_decision_asks_for_all_keys_that_the_program_names_and_is_then_taken_with_them() {
    let program = ProgramBuilder::new(vec![
        inline("a", Set)
            .input(json!({"limit": "{{ kv.get('limit') }}"}))
            .then(&["b"]),
        inline("b", Set).input(json!({"x": "{{ kv.get('other', 7) }}", "y": "{{ region }}"})),
    ])
    .var("cpu", json!("{{ kv.get('cpu', scope='shared') }}"))
    .build();
    let mut flow = Flow::open(program, json!({}));
    let before = flow.state.clone();
    let Err(Rejection::NeedsKeys { keys }) = flow.send(&Command::Begin) else {
        panic!("keys are needed");
    };
    assert_eq!(
        keys,
        [
            KeyRef::new("shared", "cpu"),
            own(&flow, "limit"),
            own(&flow, "other")
        ]
    );
    assert_eq!(flow.state, before);

    let mut known = KeySet::new();
    known.extend([
        (own(&flow, "limit"), KeyValue::Plain(json!({"max": 3}))),
        (own(&flow, "other"), KeyValue::Missing),
        (KeyRef::new("shared", "cpu"), KeyValue::Plain(json!(2))),
    ]);
    flow.keys = known.clone();
    // A bare name that no other scope has.
    let Err(Rejection::NeedsKeys { keys }) = flow.send(&Command::Begin) else {
        panic!("one more is needed");
    };
    assert_eq!(keys, [own(&flow, "region")]);
    known.extend([(own(&flow, "region"), KeyValue::Plain(json!("eu")))]);
    flow.keys = known;
    flow.send(&Command::Begin).unwrap();
    assert_eq!(flow.state.status(), Succeeded);
    assert_eq!(flow.state.output(), &json!({"x": 7, "y": "eu"}));

    // What was seen comes before what follows from it: plain values by hash.
    assert!(matches!(
        flow.events[1],
        Event::KeysRead { nonce: None, .. }
    ));
    let read = reads(&flow);
    assert_eq!(read.len(), 4);
    assert!(
        read.iter()
            .any(|read| read.key.name == "other" && read.seen == KeySeen::Missing)
    );
    assert!(
        read.iter()
            .any(|read| matches!(&read.seen, KeySeen::Plain { sha256 } if sha256.len() == 64))
    );
    assert_eq!(RunState::replay(&flow.events).unwrap(), flow.state);
}

#[test]
fn a_run_without_keys_asks_for_none_and_stores_nothing_of_them() {
    let flow = Flow::begin(
        ProgramBuilder::new(vec![
            worker("a").input(json!({"x": "{{ system.execution_id }}"})),
        ])
        .build(),
        json!({}),
    );
    assert!(reads(&flow).is_empty());
    let stored = serde_json::to_value(&flow.state).unwrap();
    assert!(stored["about"].get("keys").is_none() && stored["about"].get("secrets").is_none());
    for effect in flow.owed().values() {
        if let Effect::Dispatch(order) = effect {
            assert!(order.secrets.is_none());
            assert!(
                serde_json::to_value(order)
                    .unwrap()
                    .get("secrets")
                    .is_none()
            );
        }
    }
}

#[test]
fn a_value_that_was_seen_before_is_not_recorded_again_and_a_new_one_is() {
    let program = ProgramBuilder::new(vec![
        worker("a")
            .input(json!({"x": "{{ kv.get('k') }}"}))
            .then(&["b"]),
        worker("b")
            .input(json!({"x": "{{ kv.get('k') }}"}))
            .then(&["c"]),
        worker("c").input(json!({"x": "{{ kv.get('k') }}"})),
    ])
    .build();
    let mut flow = Flow::open(program, json!({}));
    flow.keys = set(&flow, &[("k", KeyValue::Plain(json!(1)))]);
    flow.send(&Command::Begin).unwrap();
    flow.ok("a", json!(null));
    assert_eq!(reads(&flow).len(), 1);
    flow.keys = set(&flow, &[("k", KeyValue::Plain(json!(2)))]);
    flow.ok("b", json!(null));
    assert_eq!(reads(&flow).len(), 2);
    assert_eq!(flow.find("c").unwrap().input.clone().unwrap()["x"], 2);
}

#[test]
fn a_secret_is_a_token_in_the_history_and_a_reference_in_what_is_owed() {
    let program = ProgramBuilder::new(vec![
        worker("a")
            .input(json!({"auth": "Bearer {{ kv.get_secret('token') }}", "plain": 1}))
            .on("succeeded()", &["b"])
            .publishing("kept", json!("{{ kv.get_secret('token') }}")),
        native("b").input(json!({"headers": {"x": "{{ vars.kept }}"}})),
    ])
    .build();
    let mut flow = Flow::open(program, json!({}));
    flow.keys = set(&flow, &[("token", KeyValue::Secret)]);
    flow.send(&Command::Begin).unwrap();
    let nonces = |flow: &Flow| {
        flow.events
            .iter()
            .filter(|event| matches!(event, Event::KeysRead { nonce: Some(_), .. }))
            .count()
    };
    assert_eq!(nonces(&flow), 1);
    let key = own(&flow, "token");
    let Some(Effect::Dispatch(order)) = flow.owed().into_values().next() else {
        panic!("an attempt is owed");
    };
    let secrets = order.secrets.clone().unwrap();
    assert_eq!(secrets.keys.iter().collect::<Vec<_>>(), [&key]);
    let token = secrets.nonce.token(&key);
    assert_eq!(order.input["auth"], format!("Bearer {token}"));

    // The run went on elsewhere meanwhile: the tokens stay those of the run.
    flow.state = RunState::replay(&flow.events).unwrap();
    let snapshot = serde_json::to_value(&flow.state).unwrap();
    assert_eq!(
        serde_json::from_value::<RunState>(snapshot).unwrap(),
        flow.state
    );
    flow.ok("a", json!({"text": "done"}));
    assert_eq!(nonces(&flow), 1);
    assert_eq!(reads(&flow).len(), 1);
    let Some(Effect::Native(order)) = flow.owed().into_values().next() else {
        panic!("a request is owed");
    };
    assert_eq!(order.input["headers"]["x"], token.as_str());
    assert_eq!(order.secrets.unwrap(), secrets);
    // Nothing that hides tokens leaves the nonce in sight.
    let shown = attune_template::mask_tokens(&history(&flow), "********").unwrap();
    assert!(!shown.contains("[[secret:"), "{shown}");
}

#[test]
fn a_text_that_looks_like_a_token_is_given_no_value() {
    let program = ProgramBuilder::new(vec![worker("a").input(json!({
        "good": "{{ kv.get_secret('token') }}", "bad": "{{ parameters.text }}"
    }))])
    .build();
    let fake = "[[secret:00000000000000000000000000000000:demo/token]]";
    let mut flow = Flow::open(program, json!({"text": fake}));
    flow.keys = set(&flow, &[("token", KeyValue::Secret)]);
    flow.send(&Command::Begin).unwrap();
    let Some(Effect::Dispatch(order)) = flow.owed().into_values().next() else {
        panic!("an attempt is owed");
    };
    let secrets = order.secrets.unwrap();
    assert!(!secrets.nonce.is_within(&order.input["bad"]));
    assert!(secrets.nonce.is_within(&order.input["good"]));
}

#[test]
fn a_missing_secret_fails_the_task_by_its_name() {
    let program = ProgramBuilder::new(vec![
        worker("a").input(json!({"x": "{{ kv.get_secret('nope') }}"})),
    ])
    .build();
    let mut flow = Flow::open(program, json!({}));
    flow.keys = KeySet::closed([]);
    flow.send(&Command::Begin).unwrap();
    assert_eq!(flow.state.status(), Failed);
    let error = flow.state.error().unwrap();
    assert_eq!(error.code, attune_types::code::TEMPLATE);
    assert!(error.message.contains("has no secret `nope`"), "{error:?}");
}

#[test]
fn secrets_in_parameters_go_down_to_a_child_run() {
    let program = ProgramBuilder::new(vec![
        worker("a").input(json!({"x": "{{ parameters.token }}"})),
    ])
    .build();
    // What the run above recorded of it.
    let above = {
        let program = ProgramBuilder::new(vec![
            worker("a").input(json!({"x": "{{ kv.get_secret('token') }}"})),
        ])
        .build();
        let mut flow = Flow::open(program, json!({}));
        flow.keys = set(&flow, &[("token", KeyValue::Secret)]);
        flow.send(&Command::Begin).unwrap();
        match flow.owed().into_values().next() {
            Some(Effect::Dispatch(order)) => *order,
            other => panic!("{other:?}"),
        }
    };
    let token: Value = above.input["x"].clone();
    let mut header = header(
        &program,
        json!({"token": token}).as_object().unwrap().clone(),
    );
    header.parent = Some(Parent {
        run: header.run,
        execution: ExecutionId::from(header.run),
        attempt: 1,
        root: header.run,
        secrets: above.secrets.clone(),
    });
    let mut flow = Flow::open_with(program, header);
    flow.send(&Command::Begin).unwrap();
    let Some(Effect::Dispatch(order)) = flow.owed().into_values().next() else {
        panic!("an attempt is owed");
    };
    assert_eq!(order.secrets, above.secrets);
}

#[test]
fn keys_are_read_wherever_a_template_stands() {
    let program = ProgramBuilder::new(vec![
        inline("a", Set)
            .when("{{ kv.get('on') }}")
            .input(json!({"n": "{{ kv.get('n' ~ 1) }}"}))
            .on("kv.get('on')", &["b"])
            .publishing("p", json!("{{ kv.get('n1') + 1 }}")),
        inline("b", Set).input(json!({"p": "{{ p }}"})),
    ])
    .output("out", json!("{{ task.b.p + kv.get('n1') }}"))
    .build();
    let mut flow = Flow::open(program, json!({}));
    flow.keys = set(
        &flow,
        &[
            ("on", KeyValue::Plain(json!(true))),
            ("n1", KeyValue::Plain(json!(20))),
        ],
    );
    flow.send(&Command::Begin).unwrap();
    assert_eq!(flow.state.output(), &json!({"out": 41}));
    // Without keys the same command asks; it does not fail the run.
    let fresh = RunState::opened(flow.state.header().clone(), flow.at);
    let now = attune_flow::run::Now {
        at: flow.at,
        entropy: [0; 16],
    };
    assert!(matches!(
        decide(&flow.program, &fresh, &Command::Begin, &now),
        Err(Rejection::NeedsKeys { .. })
    ));
}
