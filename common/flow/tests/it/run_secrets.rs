//! Secret values that a run is given: tokens in all that it records, sealed values beside them.

use attune_flow::program::InlineAction::Set;
use attune_flow::program::{Concurrency, OnLimit};
use attune_flow::run::{
    ChildOrder, Command, Effect, Origin, Parent, RunHeader, RunState, SealedValue, Secrets,
    Withheld, WorkOrder,
};
use attune_pack::ValueType;
use attune_testkit::flow::{Flow, ProgramBuilder, header, inline, template, worker, workflow};
use attune_types::ExecutionStatus::{Failed, Succeeded};
use attune_types::{EventId, ExecutionId, JsonMap, Timestamp};
use serde_json::{Value, json};

fn map(value: Value) -> JsonMap {
    value.as_object().unwrap().clone()
}

/// As whoever opens a run does it; gives what was taken, too.
fn withhold(header: &mut RunHeader, hidden: &[&str]) -> Value {
    header.hidden = hidden.iter().map(|at| (*at).to_owned()).collect();
    let Some(withheld) =
        Withheld::from(header, &["/pass".to_owned()], &["/key".to_owned()], [7; 16])
    else {
        return Value::Null;
    };
    let values = withheld.values();
    header.secrets = Some(withheld.into_secrets(SealedValue {
        key_id: "k".to_owned(),
        bytes: "sealed".to_owned(),
    }));
    values
}

fn dispatched(flow: &Flow) -> WorkOrder {
    match flow.owed().into_values().next() {
        Some(Effect::Dispatch(order)) => *order,
        other => panic!("{other:?}"),
    }
}

fn order_of_child(flow: &Flow) -> ChildOrder {
    match flow.owed().into_values().next() {
        Some(Effect::OpenChild(order)) => *order,
        other => panic!("{other:?}"),
    }
}

#[test]
fn tokens_stand_for_what_was_given_in_all_that_is_recorded() {
    let program = ProgramBuilder::new(vec![
        worker("a")
            .input(json!({
                "auth": "Bearer {{ parameters.token }}", "pin": "{{ pin }}",
                "user": "{{ parameters.login.user }}", "all": "{{ parameters.login }}",
                "pass": "{{ pack.config.pass }}", "key": "{{ event.payload.key }}",
                "plain": "{{ parameters.plain }}", "none": "{{ parameters.none }}",
            }))
            .on("succeeded()", &["b"])
            .publishing("kept", json!("{{ parameters.token }}")),
        inline("b", Set).input(json!({"again": "{{ vars.kept }}"})),
    ])
    .output("token", json!("{{ vars.kept }}"))
    .build();
    let mut header = header(
        &program,
        map(json!({
            "token": "canary-1", "pin": 12_345, "plain": "seen", "none": null, "empty": "",
            "login": {"user": "canary-2", "tries": [3, true]},
        })),
    );
    header.pack_config = map(json!({"pass": "canary-3", "url": "seen"}));
    header.origin = Origin::Rule {
        rule: program.reference.clone(),
        event: EventId(header.run.uuid()),
        trigger: program.reference.clone(),
        payload: json!({"key": "canary-4", "size": 1}),
        time: Timestamp::UNIX_EPOCH,
    };
    let taken = withhold(
        &mut header,
        &["/token", "/pin", "/login", "/none", "/empty", "/absent"],
    );
    assert_eq!(
        taken,
        json!([
            "canary-1", 12_345, "canary-2", 3, true, "canary-3", "canary-4"
        ])
    );
    assert_eq!(header.parameters["none"], Value::Null);
    assert_eq!(header.parameters["empty"], "");
    assert_eq!(header.parameters["plain"], "seen");
    let secrets = header.secrets.clone().unwrap();
    let kind = |value: &Value| secrets.hidden_type(value.as_str().unwrap());
    assert_eq!(kind(&header.parameters["token"]), Some(ValueType::String));
    assert_eq!(kind(&header.parameters["pin"]), Some(ValueType::Integer));
    assert_eq!(
        kind(&header.parameters["login"]["tries"][1]),
        Some(ValueType::Boolean)
    );
    assert_eq!(kind(&header.parameters["plain"]), None);

    let mut flow = Flow::open_with(program, header);
    flow.send(&Command::Begin).unwrap();
    let order = dispatched(&flow);
    let auth = order.input["auth"].as_str().unwrap();
    assert!(auth.starts_with("Bearer [[secret:"), "{auth}");
    assert_eq!(kind(&order.input["pin"]), Some(ValueType::Integer));
    let needed = order.secrets.clone().unwrap();
    assert_eq!(needed.sealed, secrets.sealed);
    assert_eq!(needed.keys.len(), 7, "{needed:?}");

    // What is stored is enough to go on elsewhere.
    flow.state = RunState::replay(&flow.events).unwrap();
    let snapshot = serde_json::to_value(&flow.state).unwrap();
    assert_eq!(
        serde_json::from_value::<RunState>(snapshot).unwrap(),
        flow.state
    );
    flow.ok("a", json!({}));
    assert_eq!(flow.state.status(), Succeeded);
    assert!(secrets.nonce.is_within(flow.state.output()));
    let history = serde_json::to_string(&flow.events).unwrap();
    assert!(!history.contains("canary"), "{history}");
    let shown = attune_template::mask_tokens(&history, "********").unwrap();
    assert!(!shown.contains("[[secret:"), "{shown}");
    assert_eq!(flow.state.run_row().input["login"], "********");
}

#[test]
fn nothing_secret_leaves_the_header_as_it_was() {
    let program = ProgramBuilder::new(vec![worker("a")]).build();
    let mut header = header(&program, map(json!({"token": "x"})));
    let before = serde_json::to_string(&header).unwrap();
    assert_eq!(withhold(&mut header, &[]), Value::Null);
    assert_eq!(serde_json::to_string(&header).unwrap(), before);
    // As runs were stored before there were sealed values.
    let old: RunHeader = serde_json::from_str(&before).unwrap();
    assert_eq!(old.secrets, None);
}

#[test]
fn a_token_goes_down_unharmed_and_what_the_child_adds_joins_it() {
    let above = ProgramBuilder::new(vec![workflow("c").input(json!({
        "passed": "{{ parameters.token }}", "open": "<{{ parameters.token }}>", "own": "canary-2",
    }))])
    .build();
    let mut top = header(&above, map(json!({"token": "canary-1"})));
    withhold(&mut top, &["/token"]);
    let mut flow = Flow::open_with(above, top);
    flow.send(&Command::Begin).unwrap();
    let order = order_of_child(&flow);

    let below = ProgramBuilder::new(vec![worker("w").input(json!({
        "a": "{{ parameters.passed }}", "b": "{{ parameters.open }}", "c": "{{ parameters.own }}",
    }))])
    .build();
    let mut lower = header(&below, order.parameters.clone());
    lower.run = order.run;
    lower.parent = Some(Parent {
        run: flow.state.run(),
        execution: ExecutionId::from(order.run),
        attempt: 1,
        root: flow.state.run(),
        secrets: order.secrets.clone(),
    });
    let taken = withhold(&mut lower, &["/passed", "/own"]);
    assert_eq!(taken, json!(["canary-2"]));
    assert_eq!(lower.parameters["passed"], order.parameters["passed"]);
    let mut flow = Flow::open_with(below, lower);
    flow.send(&Command::Begin).unwrap();
    let needed = dispatched(&flow).secrets.unwrap();
    assert_eq!(needed.sealed.len(), 2, "of the run above and its own");
    assert_eq!(needed.keys.len(), 2);
}

#[test]
fn a_secret_fits_where_its_type_fits_and_nothing_looks_into_it() {
    let run = |input: Value, schema: Value| {
        let program = ProgramBuilder::new(vec![
            worker("a")
                .input(input)
                .schemas(schema, json!({"type": "object"})),
        ])
        .build();
        let mut header = header(&program, map(json!({"token": "canary", "pin": 5})));
        withhold(&mut header, &["/token", "/pin"]);
        let mut flow = Flow::open_with(program, header);
        flow.send(&Command::Begin).unwrap();
        flow
    };
    let schema = json!({
        "text": {"type": "string", "pattern": "^x"}, "n": {"type": "number", "maximum": 3},
        "m": {"type": "integer"},
    });
    let flow = run(
        json!({"text": "{{ parameters.token }}", "n": "{{ parameters.pin }}"}),
        schema.clone(),
    );
    assert!(dispatched(&flow).secrets.is_some());
    let flow = run(json!({"m": "{{ parameters.token }}"}), schema.clone());
    assert_eq!(flow.state.status(), Failed);
    let message = &flow.state.error().unwrap().message;
    assert!(
        message.contains("/m: must be of type integer, not string"),
        "{message}"
    );
    let flow = run(
        json!({"text": "{{ vars.x | default(parameters.token) | upper }}"}),
        schema,
    );
    let message = &flow.state.error().unwrap().message;
    assert!(message.contains("would look into a secret"), "{message}");
    assert!(!message.contains("canary"), "{message}");
}

#[test]
fn two_runs_with_the_same_entropy_have_other_tokens() {
    let program = ProgramBuilder::new(vec![worker("a")]).build();
    let nonce = |run: u128| -> Secrets {
        let mut header = header(&program, map(json!({"token": "canary"})));
        header.run = attune_types::RunId(uuid::Uuid::from_u128(run));
        withhold(&mut header, &["/token"]);
        header.secrets.unwrap()
    };
    assert_ne!(nonce(1).nonce, nonce(2).nonce);
}

#[test]
fn a_secret_is_no_key_of_a_place() {
    let program = ProgramBuilder::new(vec![worker("a")])
        .with(|program| {
            program.concurrency = Some(Concurrency {
                limit: 1,
                key: Some(template(json!("{{ parameters.token }}"))),
                on_limit: OnLimit::Queue,
            });
        })
        .build();
    let mut header = header(&program, map(json!({"token": "canary"})));
    withhold(&mut header, &["/token"]);
    let mut flow = Flow::open_with(program, header);
    flow.send(&Command::Begin).unwrap();
    assert_eq!(flow.state.status(), Failed);
    let message = &flow.state.error().unwrap().message;
    assert!(message.contains("a secret cannot be the key"), "{message}");
}
