//! Doing a run again: edited inputs, secrets and keys, reports, and runs that were done again before.

use attune_flow::program::InlineAction::Set;
use attune_flow::run::{
    Command, Effect, Event, Report, RerunRefused, RunState, SealedValue, Withheld,
};
use attune_template::{KeyRef, KeySet, KeyValue};
use attune_testkit::flow::{Flow, ProgramBuilder, failed, header, inline, parallel, worker};
use attune_types::ExecutionStatus::Succeeded;
use attune_types::{JsonMap, JsonValue, RunId};
use serde_json::json;
use uuid::Uuid;

fn rerun(flow: &Flow, task: &str, input: JsonValue) -> Flow {
    let mut again = flow.rerun(task, None, Some(input)).unwrap();
    again.send(&Command::Begin).unwrap();
    again
}

fn input(flow: &Flow, task: &str) -> JsonValue {
    let execution = flow.find(task).unwrap();
    JsonValue::Object((**execution.input.as_ref().unwrap()).clone())
}

fn wrong(flow: &Flow, task: &str, input: JsonValue) -> Vec<(String, String)> {
    match flow.rerun(task, None, Some(input)).map(|_| ()) {
        Err(RerunRefused::Input { errors, .. }) => errors
            .into_iter()
            .map(|error| (error.pointer, error.code))
            .collect(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_edited_input_is_merged_into_what_the_task_renders_for_all_its_attempts() {
    let mut first = Flow::begin(
        ProgramBuilder::new(vec![
            worker("a").then(&["b"]),
            worker("b").retry(2, 0).input(json!({
                "x": "{{ task.a.result }}", "opts": {"deep": 1, "gone": true}, "list": [1, 2],
            })),
        ])
        .build(),
        json!({}),
    );
    first.ok("a", json!("kept"));
    first.ok("b", json!(1));
    let edit = json!({"opts": {"deep": 2, "gone": null, "new": "{{ 1 }}"}, "list": [3]});
    let mut again = rerun(&first, "b", edit);
    let wanted = json!({
        "x": "kept", "opts": {"deep": 2, "new": "{{ 1 }}"}, "list": [3],
    });
    assert_eq!(input(&again, "b"), wanted, "a value is no template");
    again.fail("b", "boom");
    assert_eq!(again.find("b").unwrap().attempts, 2);
    assert_eq!(input(&again, "b"), wanted);
    again.ok("b", json!(1));
    assert_eq!(again.state.status(), Succeeded);
}

#[test]
fn an_edited_input_holds_for_each_item_and_for_no_later_activation() {
    let first = Flow::begin(
        ProgramBuilder::new(vec![
            inline("each", Set)
                .items(json!([1, 2]))
                .input(json!({"n": "{{ item }}", "level": "low"}))
                .on("vars.laps < 2", &["retry"])
                .publishing("laps", json!("{{ vars.laps + 1 }}")),
        ])
        .var("laps", json!(1))
        .build(),
        json!({}),
    );
    assert_eq!(first.activations("each"), 2);
    let again = rerun(&first, "each", json!({"level": "high"}));
    let results: Vec<JsonValue> = again
        .state
        .in_order()
        .into_iter()
        .filter(|execution| execution.item.is_some())
        .map(|execution| (*execution.result).clone())
        .collect();
    assert_eq!(
        results,
        [
            json!({"n": 1, "level": "high"}),
            json!({"n": 2, "level": "high"}),
            json!({"n": 1, "level": "low"}),
            json!({"n": 2, "level": "low"}),
        ]
    );
}

#[test]
fn what_cannot_fit_is_refused_at_once_with_its_place() {
    let schema = json!({
        "name": {"type": "string", "required": true},
        "count": {"type": "integer", "minimum": 1},
        "opts": {"type": "object", "properties": {"level": {"type": "string"}}},
    });
    let tasks = vec![
        worker("a")
            .schemas(schema, json!({}))
            .input(json!({"name": "{{ parameters.name }}"})),
        parallel("p", false, vec![worker("p1")]),
    ];
    let mut first = Flow::begin(ProgramBuilder::new(tasks).build(), json!({"name": "n"}));
    first.ok("a", json!({}));
    first.ok("p1", json!({}));
    let pairs = |list: &[(&str, &str)]| -> Vec<(String, String)> {
        list.iter()
            .map(|(at, code)| ((*at).to_owned(), (*code).to_owned()))
            .collect()
    };
    assert_eq!(
        wrong(&first, "a", json!({"cout": 2, "count": "two"})),
        pairs(&[("/cout", "unknown"), ("/count", "type")])
    );
    assert_eq!(
        wrong(&first, "a", json!({"count": 0})),
        pairs(&[("/count", "minimum")])
    );
    assert_eq!(
        wrong(&first, "a", json!({"name": null})),
        pairs(&[("/name", "required")])
    );
    assert_eq!(
        wrong(&first, "a", json!({"opts": {"level": 3}})),
        pairs(&[("/opts/level", "type")])
    );
    assert_eq!(
        wrong(&first, "a", json!({"name": {"x": 1}})),
        pairs(&[("/name", "type")])
    );
    assert!(first.rerun("a", None, Some(json!({"count": 3}))).is_ok());
    let refused = first.rerun("p", None, Some(json!({"x": 1}))).map(|_| ());
    assert_eq!(
        refused,
        Err(RerunRefused::NoInput {
            task: "p".to_owned()
        })
    );
}

#[test]
fn where_the_first_run_rendered_nothing_only_the_edit_itself_is_judged() {
    let schema = json!({"name": {"type": "string", "required": true}, "n": {"type": "integer"}});
    let first = Flow::begin(
        ProgramBuilder::new(vec![
            inline("a", Set)
                .schemas(schema, json!({}))
                .input(json!({"name": "{{ vars.nowhere }}"})),
        ])
        .build(),
        json!({}),
    );
    assert_eq!(first.state.error().unwrap().code, "template");
    assert!(first.rerun("a", None, Some(json!({"n": 1}))).is_ok());
    assert_eq!(
        wrong(&first, "a", json!({"n": "x"})),
        [("/n".to_owned(), "type".to_owned())]
    );
}

#[test]
fn a_run_of_one_action_is_done_again_with_an_edited_input() {
    let program = ProgramBuilder::new(vec![worker("greet")])
        .with(|program| program.kind = attune_flow::program::ProgramKind::Action)
        .build();
    let mut first = Flow::begin(program, json!({"name": "ann", "loud": true}));
    first.ok("greet", json!("hi"));
    let again = rerun(&first, "greet", json!({"name": "bob"}));
    assert_eq!(input(&again, "greet"), json!({"name": "bob", "loud": true}));
}

#[test]
fn an_edit_lasts_while_its_activation_begins_anew_and_no_longer() {
    let mut first = Flow::begin(
        ProgramBuilder::new(vec![
            worker("a").input(json!({"v": 1})).then(&["b"]),
            worker("b").then(&["c"]),
            worker("c"),
            worker("long").input(json!({"v": 1})),
        ])
        .build(),
        json!({}),
    );
    for task in ["a", "b", "c", "long"] {
        first.ok(task, json!(task));
    }
    // `long` and `a` begin together; `long` is still at work when `c` is reached.
    let mut second = rerun(&first, "long", json!({"v": 2}));
    assert_eq!(input(&second, "long"), json!({"v": 2}));
    for task in ["a", "b", "c", "long"] {
        second.ok(task, json!(task));
    }
    let mut third = second.rerun("c", None, None).unwrap();
    third.send(&Command::Begin).unwrap();
    assert_eq!(
        input(&third, "long"),
        json!({"v": 2}),
        "it is the same run of it"
    );
    assert_eq!(
        third.state.header().rerun.as_ref().unwrap().run,
        second.state.run()
    );
    // From the task itself its own templates count again.
    let mut fourth = second.rerun("long", None, None).unwrap();
    fourth.send(&Command::Begin).unwrap();
    assert_eq!(input(&fourth, "long"), json!({"v": 1}));
}

#[test]
fn what_was_done_again_is_done_again() {
    let mut first = Flow::begin(
        ProgramBuilder::new(vec![
            worker("a").then(&["b"]),
            worker("b").then(&["c"]),
            worker("c").input(json!({"id": "{{ vars.id }}"})),
        ])
        .var("id", json!("{{ uuid() }}"))
        .build(),
        json!({}),
    );
    for task in ["a", "b", "c"] {
        first.ok(task, json!(1));
    }
    let mut second = first.rerun("c", None, None).unwrap();
    second.send(&Command::Begin).unwrap();
    second.ok("c", json!(2));
    // From a task that the second run itself had only taken over, and from its own.
    let mut of_taken = second.rerun("b", None, None).unwrap();
    of_taken.send(&Command::Begin).unwrap();
    assert_eq!(of_taken.status("a"), Some(Succeeded));
    of_taken.ok("b", json!(3));
    let mut of_own = second.rerun("c", None, None).unwrap();
    of_own.send(&Command::Begin).unwrap();
    for run in [&second, &of_taken, &of_own] {
        assert_eq!(input(run, "c"), input(&first, "c"), "the variable is kept");
    }
}

#[test]
fn reports_are_kept_and_what_they_cost_is_on_the_first_run() {
    let mut first = Flow::begin(
        ProgramBuilder::new(vec![
            worker("a").then(&["b"]),
            worker("b").input(json!({"team": "{{ system.labels.team }}"})),
        ])
        .build(),
        json!({}),
    );
    let report = Report {
        cost_usd: Some(2.0),
        meter: Some("tokens".to_owned()),
        label: Some([("team".to_owned(), "red".to_owned())].into()),
        ..Report::default()
    };
    let attempt = first.attempt("a", None);
    let told = Command::Reported {
        attempt,
        number: 0,
        report,
    };
    first.send(&told).unwrap();
    first.ok("a", json!(1));
    first.ok("b", json!(1));
    assert!((first.state.cost_usd() - 2.0).abs() < f64::EPSILON);
    let mut again = first.rerun("b", None, None).unwrap();
    again.send(&Command::Begin).unwrap();
    assert_eq!(input(&again, "b"), json!({"team": "red"}));
    assert!(again.state.cost_usd().abs() < f64::EPSILON);
}

#[test]
fn secrets_of_the_first_run_are_known_and_an_edit_adds_its_own() {
    let program = ProgramBuilder::new(vec![
        worker("a")
            .input(json!({"t": "{{ parameters.token }}"}))
            .on("succeeded()", &["b"])
            .publishing("kept", json!("{{ parameters.token }}")),
        worker("b").input(json!({"t": "{{ vars.kept }}", "k": "{{ kv.get_secret('k') }}"})),
    ])
    .build();
    let mut of = header(&program, JsonMap::new());
    of.parameters.insert("token".to_owned(), json!("canary-1"));
    of.hidden = vec!["/token".to_owned()];
    let sealed = |bytes: &str| SealedValue {
        key_id: "k".to_owned(),
        bytes: bytes.to_owned(),
    };
    let withheld = Withheld::from(&mut of, &[], &[], [7; 16]).unwrap();
    of.secrets = Some(withheld.into_secrets(sealed("first")));
    let mut first = Flow::open_with(program, of);
    let key = KeyRef::new(first.program.reference.pack(), "k");
    first.keys = KeySet::closed([(key.clone(), KeyValue::Secret)]);
    first.send(&Command::Begin).unwrap();
    first.ok("a", json!(1));
    first.ok("b", json!(1));

    let mut again = first.rerun("b", None, None).unwrap();
    let run = again.state.run();
    let mut new = again.state.header().clone();
    let mut edit = JsonMap::new();
    edit.insert("own".to_owned(), json!("canary-2"));
    let known = new.secrets.clone();
    let withheld = Withheld::from_edit(
        run,
        known.as_ref(),
        &mut edit,
        &["/own".to_owned()],
        [9; 16],
    )
    .unwrap();
    assert_eq!(withheld.values(), json!(["canary-2"]));
    new.add_secrets(withheld.into_secrets(sealed("second")));
    let rerun = new.rerun.as_mut().unwrap();
    rerun.edits = vec![attune_flow::run::Edit {
        of: rerun.from.clone().unwrap(),
        input: edit,
    }];
    again.events[0] = Event::RunOpened {
        at: again.at,
        header: Box::new(new),
    };
    again.state = RunState::replay(&again.events).unwrap();
    again.send(&Command::Begin).unwrap();
    let Some(Effect::Dispatch(order)) = again.owed().into_values().next() else {
        panic!("{:?}", again.owed());
    };
    let needed = order.secrets.unwrap();
    assert_eq!(needed.keys.len(), 3, "{needed:?}");
    assert!(needed.keys.contains(&key));
    let mut of: Vec<&str> = needed.sealed.values().map(|it| it.bytes.as_str()).collect();
    of.sort_unstable();
    assert_eq!(of, ["first", "second"]);
    let whole = serde_json::to_string(&again.events).unwrap();
    assert!(!whole.contains("canary"));
}

#[test]
fn a_secret_key_that_was_read_before_is_known() {
    let mut first = Flow::open(
        ProgramBuilder::new(vec![
            worker("a")
                .input(json!({"k": "{{ kv.get_secret('k') }}"}))
                .on("succeeded()", &["b"])
                .publishing("kept", json!("Bearer {{ kv.get_secret('k') }}")),
            worker("b").input(json!({"k": "{{ vars.kept }}"})),
        ])
        .build(),
        json!({}),
    );
    let key = KeyRef::new(first.program.reference.pack(), "k");
    first.keys = KeySet::closed([(key.clone(), KeyValue::Secret)]);
    first.send(&Command::Begin).unwrap();
    first.ok("a", json!(1));
    first.finish("b", failed("boom"));
    let mut again = first.rerun("b", None, None).unwrap();
    again.send(&Command::Begin).unwrap();
    let Some(Effect::Dispatch(order)) = again.owed().into_values().next() else {
        panic!("{:?}", again.owed());
    };
    assert!(order.secrets.unwrap().keys.contains(&key));
}

#[test]
fn what_is_taken_over_grows_with_what_there_was_and_no_faster() {
    let program = ProgramBuilder::new(vec![
        inline("each", Set)
            .items(json!("{{ parameters.n }}"))
            .input(json!({"n": "{{ item }}"}))
            .then(&["b"]),
        worker("b"),
    ])
    .build();
    for items in [100, 5_000] {
        let mut first = Flow::begin(program.clone(), json!({"n": items}));
        first.ok("b", json!(1));
        let run = RunId(Uuid::from_u128(77));
        let carried =
            attune_flow::run::carry(&program, &first.events, "b", None, run, first.at).unwrap();
        // An activation and an end for each item, and six around them.
        assert_eq!(carried.events.len(), 2 * items + 6);
    }
}
