//! The acceptance packs, when their folder is there: their workflows, compiled from text, driven by
//! hand to the ends that their cases name.

use crate::check_support::catalogue;
use attune_flow::check::compile_pack;
use attune_flow::program::Program;
use attune_flow::run::{Effect, Outcome};
use attune_pack::load_folder;
use attune_testkit::flow::{Flow, header, succeeded};
use attune_types::ExecutionStatus::{Failed, Skipped, Succeeded};
use attune_types::{ErrorInfo, JsonValue};
use serde_json::json;
use std::path::Path;

/// The Program of a workflow of the acceptance packs, and the pack's configuration.
fn program(pack: &str, workflow: &str) -> Option<(Program, JsonValue)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .map(|folder| folder.join("shared/acceptance").join(pack))
        .find(|folder| folder.is_dir());
    let Some(folder) = folder else {
        eprintln!("skipped: there is no folder `shared/acceptance` above this crate");
        return None;
    };
    let pack = load_folder(&folder).unwrap();
    let config = JsonValue::Object(pack.def.config.defaults());
    let compiled = compile_pack(&pack, &catalogue()).unwrap_or_else(|found| panic!("{found}"));
    let found = compiled
        .programs
        .into_iter()
        .find(|program| program.reference.as_str() == workflow);
    Some((found.unwrap(), config))
}

/// Opens a run with defaults filled in, and begins it.
fn begin((program, config): (Program, JsonValue), parameters: JsonValue) -> Flow {
    let parameters = parameters.as_object().unwrap();
    let mut header = header(&program, program.parameters.validate(parameters).unwrap());
    header.pack_config = config.as_object().unwrap().clone();
    let mut flow = Flow::open_with(program, header);
    flow.send(&attune_flow::run::Command::Begin).unwrap();
    flow
}

/// Answers everything that is owed, by `answer`, until nothing is left or time has to pass.
fn play(flow: &mut Flow, answer: impl Fn(&str, u32, &JsonValue) -> Outcome) {
    for _ in 0..1_000 {
        let next = flow.owed().into_values().find_map(|effect| match effect {
            Effect::Dispatch(o) => Some((o.attempt, o.task.clone(), o.number, o.input)),
            Effect::Native(o) => Some((o.attempt, o.task.clone(), o.number, o.input)),
            Effect::OpenChild(o) => Some((o.attempt, o.action.to_string(), o.number, o.parameters)),
            _ => None,
        });
        match next {
            Some((attempt, task, number, input)) => {
                let outcome = answer(&task, number, &JsonValue::Object(input));
                let finish = attune_flow::run::Command::AttemptFinished { attempt, outcome };
                flow.send(&finish).unwrap();
            }
            None if flow.state.is_terminal() => return,
            None => flow.pass(std::time::Duration::from_secs(60)),
        }
    }
    panic!("it does not end: {:?}", flow.state.waiting_for());
}

/// What the actions of pack `release` do; the unit tests succeed at that attempt.
fn release(succeeds_on: u32) -> impl Fn(&str, u32, &JsonValue) -> Outcome {
    move |task, number, input| match task {
        "build" => succeeded(
            json!({"image_uri": format!("registry/{}:{}", input["app"].as_str().unwrap(), input["tag"].as_str().unwrap())}),
        ),
        "unit" if number < succeeds_on => failed_with(75),
        "release.region" => {
            let broken = input["broken"].as_array().unwrap();
            if broken.contains(&input["region"]) {
                failed_with(1)
            } else {
                succeeded(json!({"region": input["region"], "ok": true}))
            }
        }
        "unit" | "lint" | "scan" => succeeded(json!({"attempt": number})),
        _ => succeeded(json!({"queued": true})),
    }
}

fn failed_with(exit_code: i32) -> Outcome {
    let mut error = ErrorInfo::new("exit_status", format!("ended with {exit_code}"));
    error.exit_code = Some(exit_code);
    Outcome::Failed {
        error,
        result: json!(null),
        process: None,
    }
}

#[test]
fn hello_says_it_twice() {
    let Some(found) = program("hello", "hello.twice") else {
        return;
    };
    let mut flow = begin(found, json!({"name": "Ann"}));
    play(&mut flow, |_, _, input| {
        let text = format!(
            "{}, {}!",
            input["greeting"].as_str().unwrap_or("Hi"),
            input["name"].as_str().unwrap()
        );
        succeeded(json!({"length": text.len(), "text": text}))
    });
    assert_eq!(flow.state.error(), None);
    assert_eq!(flow.state.output()["by"], "tester");
    assert!(
        flow.state.output()["said"]
            .as_str()
            .unwrap()
            .contains("characters")
    );
}

#[test]
fn a_release_to_staging_goes_through() {
    let Some(found) = program("release", "release.deploy") else {
        return;
    };
    let mut flow = begin(found, json!({"app": "shop", "tag": "v1"}));
    play(&mut flow, release(1));
    assert_eq!(flow.state.error(), None);
    assert_eq!(
        flow.state.output(),
        &json!({"image": "registry/shop:v1", "rolled_out": ["eu", "us", "ap", "sa", "af"], "failed_regions": [], "unit_attempts": 1})
    );
    assert_eq!(flow.status("scan"), Some(Skipped));
    assert_eq!(
        (flow.status("sign_off"), flow.status("roll_back")),
        (None, None)
    );
    assert_eq!(
        (flow.activations("gate"), flow.status("tell_done")),
        (1, Some(Succeeded))
    );
}

#[test]
fn a_release_with_patience_and_without() {
    let Some(found) = program("release", "release.deploy") else {
        return;
    };
    let mut flow = begin(
        found.clone(),
        json!({"app": "shop", "tag": "v2", "unit_succeeds_on": 3, "regions": []}),
    );
    play(&mut flow, release(3));
    assert_eq!(flow.state.status(), Succeeded, "{:?}", flow.state.error());
    assert_eq!(
        (
            &flow.state.output()["unit_attempts"],
            &flow.state.output()["rolled_out"]
        ),
        (&json!(3), &json!([]))
    );
    let mut out = begin(
        found,
        json!({"app": "shop", "tag": "v2", "unit_succeeds_on": 4}),
    );
    play(&mut out, release(4));
    assert_eq!(
        (out.state.status(), out.status("unit")),
        (Failed, Some(Failed))
    );
    assert_eq!((out.status("gate"), out.status("regions")), (None, None));
    assert_eq!(out.state.error().unwrap().task.as_deref(), Some("unit"));
}

#[test]
fn a_release_with_a_broken_region_is_rolled_back() {
    let Some(found) = program("release", "release.deploy") else {
        return;
    };
    let mut flow = begin(found, json!({"app": "shop", "tag": "v3", "broken": ["us"]}));
    play(&mut flow, release(1));
    assert_eq!(flow.state.status(), Failed);
    assert_eq!(flow.state.output()["failed_regions"], json!(["us"]));
    let statuses =
        ["regions", "roll_back", "tell_failed", "tell_done"].map(|name| flow.status(name));
    assert_eq!(
        statuses,
        [Some(Failed), Some(Succeeded), Some(Succeeded), None]
    );
}

#[test]
fn an_incident_that_is_none_is_told() {
    let Some(found) = program("incident", "incident.triage") else {
        return;
    };
    let mut flow = begin(found, json!({"service": "shop", "namespace": "prod"}));
    play(&mut flow, |task, _, input| match task {
        "pods" | "errors" | "latency" => {
            succeeded(json!({"signal": input["signal"], "value": 0.01}))
        }
        _ => succeeded(json!({"queued": true})),
    });
    assert_eq!(flow.state.status(), Succeeded, "{:?}", flow.state.error());
    assert_eq!(
        flow.state.output(),
        &json!({"outcome": "ok", "restarted": 0})
    );
    assert_eq!(flow.state.labels()["service"], "shop");
}
