//! What a walk does: the real state machine, virtual time, mocks for the world.

use crate::support::{pack, tried, walked};
use attune_flow::run::RunState;
use attune_tryout::{Setup, Stopped, Walk, parse_mocks, story, walk};
use attune_types::ExecutionStatus::{self, Cancelled, Failed, Skipped, Succeeded, TimedOut};
use serde_json::json;

fn status(walk: &Walk, path: &str) -> Option<ExecutionStatus> {
    walk.find(path).map(|(_, execution)| execution.status())
}

fn seconds(walk: &Walk) -> f64 {
    story(walk).unwrap().seconds
}

fn end(walk: &Walk) -> ExecutionStatus {
    assert_eq!(walk.stopped, None);
    walk.root().unwrap().state.status()
}

#[test]
fn mocked_results_flow_through_real_templates_and_transitions() {
    let walk = tried(
        "parameters: {app: {type: string, default: web}}\n\
         tasks:\n\
         - {name: build, action: ci.build, input: {app: \"{{ parameters.app }}\"}, publish: [{image: \"{{ result().image }}\"}], on_success: [check, skip]}\n\
         - {name: skip, action: core.noop, when: \"{{ false }}\"}\n\
         - {name: check, action: ci.test, input: {image: \"{{ vars.image }}\", code: \"{{ task.build.result.exit_code }}\"}}\n\
         output_map: {image: \"{{ vars.image }}\", test: \"{{ task.check.result.data }}\"}\n",
        &json!({"app": "shop"}),
        "build: {result: {image: \"{{ input.app }}:1\"}}\ncheck: {result: fine}\n",
    );
    assert_eq!(end(&walk), Succeeded);
    assert_eq!(
        walk.root().unwrap().state.output(),
        &json!({"image": "shop:1", "test": "fine"})
    );
    let (_, check) = walk.find("check").unwrap();
    // A process of a worker leaves its exit code beside its data, as in a real run.
    assert_eq!(json!(check.input), json!({"image": "shop:1", "code": 0}));
    assert_eq!(status(&walk, "skip"), Some(Skipped));
    assert_eq!(walk.order(), ["build", "check", "skip"]);
}

#[test]
fn a_mocked_output_is_read_as_a_worker_reads_it() {
    let workflow = "tasks:\n\
         - {name: a, action: ci.test, retry: {count: 1}, next: [{publish: [{code: \"{{ error.code }}\", exit: \"{{ error.exit_code }}\"}], when: failed(), do: b}]}\n\
         - {name: b, action: core.noop}\n\
         output_map: {data: \"{{ task.a.result.data }}\", out: \"{{ task.a.result.stdout }}\", code: \"{{ vars.code | default('') }}\", exit: \"{{ vars.exit | default('') }}\"}\n";
    let output = |mock: &str| {
        let walk = tried(workflow, &json!({}), mock);
        assert_eq!(end(&walk), Succeeded, "{mock}");
        walk.root().unwrap().state.output().clone()
    };
    let good = r#"{"n": [1, 2]}"#;
    assert_eq!(
        output(&format!("a: {{stdout: '{good}'}}")),
        json!({"data": {"n": [1, 2]}, "out": good, "code": "", "exit": ""})
    );
    // What is given as the result is taken.
    assert_eq!(
        output("a: {stdout: '7', result: {n: 1}}"),
        json!({"data": {"n": 1}, "out": "7", "code": "", "exit": ""})
    );
    // The output of a failed process is read all the same.
    assert_eq!(
        output("a: {stdout: '[1]', exit_code: 3}"),
        json!({"data": [1], "out": "[1]", "code": "exit_status", "exit": 3})
    );
    // A process that ended well and wrote something else has failed; the next attempt may do better.
    assert_eq!(
        output("a: {stdout: 'hello'}"),
        json!({"data": null, "out": "hello", "code": "output_invalid", "exit": 0})
    );
    assert_eq!(output("a: [{stdout: hello}, {stdout: '1'}]")["data"], 1);
}

#[test]
fn time_jumps_and_is_added_up() {
    let walk = tried(
        "tasks:\n\
         - {name: wait, action: core.sleep, input: {for: 3d}, on_success: slow}\n\
         - {name: slow, action: ci.test, retry: {count: 2, delay: 10m, backoff: linear}, on_success: late}\n\
         - {name: late, action: ci.test, timeout: 1m, on_timeout: done}\n\
         - {name: done, action: core.noop}\n",
        &json!({}),
        "slow: [{error: busy, takes: 1h}, {error: {exit_code: 75}}, {result: 1}]\nlate: {takes: 2h}\n",
    );
    assert_eq!(end(&walk), Succeeded);
    assert_eq!(status(&walk, "late"), Some(TimedOut));
    assert_eq!(walk.find("slow").unwrap().1.attempts, 3);
    let expected = 3 * 86_400 + 3_600 + 600 + 1_200 + 60;
    assert_eq!(seconds(&walk), f64::from(expected));
}

#[test]
fn an_attempt_that_takes_exactly_its_time_has_ended_in_time() {
    let workflow = "tasks: [{name: a, action: ci.test, timeout: 60}]\ntimeout: 60\n";
    assert_eq!(
        end(&tried(workflow, &json!({}), "a: {takes: 60}")),
        Succeeded
    );
    assert_eq!(end(&tried(workflow, &json!({}), "a: {takes: 61}")), Failed);
    let whole = "tasks: [{name: a, action: ci.test}]\ntimeout: 60\n";
    assert_eq!(end(&tried(whole, &json!({}), "a: {takes: 61}")), TimedOut);
}

#[test]
fn items_have_answers_by_value_by_index_and_by_condition() {
    let walk = tried(
        "tasks:\n\
         - name: all\n  with_items: {items: [eu, us, ap, sa], concurrency: 1, tolerate: 2}\n  action: ci.build\n  \
           input: {region: \"{{ item }}\"}\n  retry: {count: 1}\n\
         output_map: {failed: \"{{ task.all.failed_items }}\", images: \"{{ task.all.results | map(attribute='image', default='-') }}\"}\n",
        &json!({}),
        "all:\n  items:\n    us: {error: down}\n    2: [{error: flaky}, {result: {image: second}}]\n  \
           default:\n    - {when: \"{{ input.region == 'sa' }}\", error: never}\n    - {result: {image: \"{{ index }}-{{ item }}\"}}\n",
    );
    assert_eq!(end(&walk), Succeeded);
    assert_eq!(
        walk.root().unwrap().state.output()["failed"],
        json!(["us", "sa"])
    );
    let told = story(&walk).unwrap();
    let images: Vec<_> = told
        .chapters
        .iter()
        .filter(|chapter| chapter.index.is_some())
        .map(|chapter| (chapter.attempts, chapter.result["image"].clone()))
        .collect();
    assert_eq!(
        images,
        [
            (1, json!("0-eu")),
            (2, json!(null)),
            (2, json!("second")),
            (2, json!(null))
        ]
    );
}

#[test]
fn a_loop_gets_one_answer_a_lap() {
    let walk = tried(
        "vars: {laps: 0}\ntasks:\n\
         - {name: ask, action: core.noop, on_success: poll}\n\
         - name: poll\n  action: ci.test\n  next:\n  \
           - {when: \"result().data.ready\", do: done}\n  \
           - {when: \"not result().data.ready\", publish: [{laps: \"{{ vars.laps + 1 }}\"}], do: poll}\n\
         - {name: done, action: core.noop}\n\
         output_map: {laps: \"{{ vars.laps }}\"}\n",
        &json!({}),
        "poll: [{result: {ready: false}}, {result: {ready: false}}, {result: {ready: true}}]",
    );
    assert_eq!(end(&walk), Succeeded);
    assert_eq!(walk.activations("poll"), 3);
    assert_eq!(walk.root().unwrap().state.output(), &json!({"laps": 2}));
}

const DEPLOY: &str = "parameters: {region: {type: string, required: true}}\ntasks:\n\
    - {name: build, action: ci.build, input: {region: \"{{ parameters.region }}\"}, on_success: check}\n\
    - {name: check, action: ci.test}\n\
    output_map: {image: \"{{ task.build.result.image }}\"}\n";
const FLOW: &str = "tasks:\n\
    - {name: deploy, action: ci.deploy, with_items: [eu, us], input: {region: \"{{ item }}\"}, on_success: last}\n\
    - {name: last, action: core.run_workflow, input: {ref: ci.deploy, parameters: {region: ap}}}\n\
    output_map: {images: \"{{ task.deploy.results | map(attribute='image') }}\", last: \"{{ task.last.result.image }}\"}\n";

#[test]
fn child_workflows_really_run_unless_they_are_mocked() {
    let (_, library) = pack(&[("deploy", DEPLOY), ("flow", FLOW)]);
    let deep = walked(
        &library,
        &json!({}),
        "ci.build: {result: {image: \"i-{{ input.region }}\"}}\n\
         deploy/check: [{takes: 5m}]\nlast/check: {takes: 1m}\n",
    );
    assert_eq!(end(&deep), Succeeded);
    assert_eq!(
        deep.root().unwrap().state.output(),
        &json!({"images": ["i-eu", "i-us"], "last": "i-ap"})
    );
    assert_eq!((deep.runs.len(), seconds(&deep)), (4, 360.0));
    assert_eq!(deep.activations("deploy/build"), 2);
    assert_eq!(status(&deep, "last/check"), Some(Succeeded));

    let shallow = walked(
        &library,
        &json!({}),
        "deploy: {result: {image: \"{{ item }}\"}}\nlast: {error: down}\n",
    );
    assert_eq!((end(&shallow), shallow.runs.len()), (Failed, 1));
    let by_action = walked(&library, &json!({}), "ci.deploy: {result: {image: x}}");
    assert_eq!((end(&by_action), by_action.runs.len()), (Succeeded, 1));
}

#[test]
fn a_child_gets_its_parameters_checked_and_a_stop_goes_down() {
    let flow = "tasks:\n- {name: a, action: core.run_workflow, input: {ref: \"{{ 'ci.' ~ 'deploy' }}\", parameters: {regoin: eu}}}\n";
    let (_, library) = pack(&[("deploy", DEPLOY), ("flow", flow)]);
    let walk = walked(&library, &json!({}), "");
    assert_eq!(end(&walk), Failed);
    let error = walk.root().unwrap().state.error().unwrap();
    assert!(error.message.contains("regoin"), "{error:?}");

    let flow = "tasks:\n- {name: a, action: ci.deploy, input: {region: eu}, timeout: 1m}\n";
    let (_, library) = pack(&[("deploy", DEPLOY), ("flow", flow)]);
    let walk = walked(
        &library,
        &json!({}),
        "a/build: {result: {image: x}, takes: 1h}",
    );
    assert_eq!((end(&walk), status(&walk, "a")), (Failed, Some(TimedOut)));
    assert_eq!(walk.runs[1].state.status(), Cancelled);
    assert_eq!(seconds(&walk), 60.0);
}

#[test]
fn endless_recursion_ends_by_its_limit() {
    let flow = "tasks:\n- {name: again, action: ci.flow}\n";
    let walk = tried(flow, &json!({}), "");
    assert_eq!(end(&walk), Failed);
    assert_eq!(walk.runs.len(), 32);
}

#[test]
fn endless_loops_end_by_their_limit() {
    let flow = "vars: {go: true}\ntasks:\n- {name: a, action: core.noop, on_success: b}\n\
        - {name: b, action: core.noop, next: [{when: \"vars.go\", do: b}]}\n";
    let walk = tried(flow, &json!({}), "");
    let error = walk.root().unwrap().state.error().unwrap();
    assert_eq!(
        (end(&walk), error.code.as_str()),
        (Failed, "activation_limit")
    );
}

#[test]
fn what_nobody_answers_stops_the_walk_and_says_so() {
    let flow = "tasks:\n- {name: a, action: core.notify, input: {channel: c, text: t}, on_success: b}\n\
        - {name: b, action: core.inquiry, input: {prompt: go?}}\n";
    let walk = tried(flow, &json!({}), "");
    let Some(Stopped::Unmocked(missing)) = &walk.stopped else {
        panic!("{:?}", walk.stopped);
    };
    let missing: Vec<_> = missing
        .iter()
        .map(|one| (one.task.as_str(), one.action.as_str()))
        .collect();
    assert_eq!(missing, [("b", "core.inquiry")]);
    let said = walk.stopped.as_ref().unwrap().to_string();
    assert!(said.contains("`b: {result: ...}`"), "{said}");

    let yes = tried(flow, &json!({}), "b: {result: {approved: true}}");
    assert_eq!(end(&yes), Succeeded);
    let no = tried(
        flow,
        &json!({}),
        "b: {error: rejected, result: {approved: false}}",
    );
    assert_eq!(end(&no), Failed);
    let none = tried(
        flow,
        &json!({}),
        "b: {when: \"input.prompt == 'stop?'\", result: 1}",
    );
    assert!(
        matches!(none.stopped, Some(Stopped::NoneFits { .. })),
        "{:?}",
        none.stopped
    );
    let wrong = tried(flow, &json!({}), "b: {result: \"{{ input.nothing }}\"}");
    assert!(
        matches!(wrong.stopped, Some(Stopped::Template { .. })),
        "{:?}",
        wrong.stopped
    );
}

#[test]
fn a_task_that_waits_for_an_event_gets_the_one_of_its_mock() {
    let flow = "tasks:\n- {name: a, action: core.wait_for_event, input: {trigger: ci.done, when: \"{{ event.payload.id == 3 }}\"}}\n\
        output_map: {id: \"{{ task.a.result.payload.id }}\"}\n";
    let walk = tried(
        flow,
        &json!({}),
        "a: {result: {payload: {id: 3}}, takes: 2d}",
    );
    assert_eq!(end(&walk), Succeeded);
    assert_eq!(walk.root().unwrap().state.output(), &json!({"id": 3}));
    let late = tried(flow, &json!({}), "a: {status: timed_out, takes: 1h}");
    assert_eq!((end(&late), status(&late, "a")), (Failed, Some(TimedOut)));
}

#[test]
fn all_that_have_no_mock_are_named_at_once() {
    let flow = "tasks:\n- {name: a, action: ci.test, on_success: d}\n- {name: b, action: ci.build}\n\
        - {name: c, action: ci.test}\n- {name: d, action: ci.build}\n- {name: e, action: core.sleep, input: {for: 1h}}\n";
    let walk = tried(flow, &json!({}), "a: {takes: 5m}\nc: {}\n");
    let said = walk.stopped.as_ref().unwrap().to_string();
    assert!(
        said.starts_with("task `b` calls `ci.build`, task `d` calls `ci.build` and have no mocks"),
        "{said}"
    );
    assert_eq!(seconds(&walk), 300.0);
}

#[test]
fn workflows_that_start_each_other_without_end_are_stopped() {
    let flow = "tasks:\n- {name: a, action: ci.flow}\n- {name: b, action: ci.flow}\n";
    let (_, library) = pack(&[("flow", flow)]);
    let program = library.workflow(&"ci.flow".parse().unwrap()).unwrap();
    let setup = Setup {
        most_runs: 200,
        ..Setup::default()
    };
    let walk = walk(&library, &program, &setup).unwrap();
    let said = walk.stopped.as_ref().unwrap().to_string();
    assert!(said.contains("stopped after 200 child runs"), "{said}");
    assert!(matches!(walk.stopped, Some(Stopped::TooLong(_))));
}

#[test]
fn keys_are_read_from_a_map_and_secrets_have_no_value() {
    let flow = "tasks:\n- name: a\n  action: ci.test\n  input: {url: \"{{ kv.get('url') }}\", none: \"{{ kv.get('none', 3) }}\", auth: \"Bearer {{ kv.get_secret('token') }}\"}\n\
        output_map: {auth: \"{{ task.a.result.auth }}\"}\n";
    let (_, library) = pack(&[("flow", flow)]);
    let program = library.workflow(&"ci.flow".parse().unwrap()).unwrap();
    let setup = |secrets: &[&str]| Setup {
        keys: json!({"url": {"host": "h"}}).as_object().unwrap().clone(),
        secrets: secrets.iter().map(|name| (*name).to_owned()).collect(),
        mocks: parse_mocks(
            "m.yaml",
            "a: {result: {auth: \"{{ input.auth }}\"}}",
            &program,
            &library,
        )
        .unwrap(),
        ..Setup::default()
    };
    let good = walk(&library, &program, &setup(&["token"])).unwrap();
    assert_eq!(end(&good), Succeeded);
    let told = story(&good).unwrap();
    assert_eq!(
        json!(told.chapters[0].input),
        json!({"url": {"host": "h"}, "none": 3, "auth": "Bearer ********"})
    );
    assert_eq!(told.output, json!({"auth": "Bearer ********"}));
    let without = walk(&library, &program, &setup(&[])).unwrap();
    let error = without.root().unwrap().state.error().unwrap();
    assert!(error.message.contains("has no secret `token`"), "{error:?}");
}

#[test]
fn places_among_the_runs_of_a_workflow_are_given_in_turn() {
    let flow =
        "tasks:\n- {name: a, action: ci.one, with_items: 4, input: {key: \"{{ item % 2 }}\"}}\n";
    let one = |on_limit: &str| {
        format!(
            "parameters: {{key: {{type: integer}}}}\nconcurrency: {{limit: 1, key: \"{{{{ parameters.key }}}}\", on_limit: {on_limit}}}\n\
             tasks: [{{name: work, action: ci.test}}]\n"
        )
    };
    let run = |on_limit: &str| {
        let (_, library) = pack(&[("flow", flow), ("one", &one(on_limit))]);
        walked(&library, &json!({}), "a/work: {takes: 10s}")
    };
    let queued = run("queue");
    assert_eq!((end(&queued), seconds(&queued)), (Succeeded, 20.0));
    let refused = run("reject");
    assert_eq!((end(&refused), seconds(&refused)), (Failed, 10.0));
    let taken = run("cancel_oldest");
    assert_eq!((end(&taken), seconds(&taken)), (Failed, 10.0));

    let selfish = "concurrency: 1\ntasks:\n- {name: a, action: ci.flow}\n";
    let stuck = tried(selfish, &json!({}), "");
    assert!(
        matches!(stuck.stopped, Some(Stopped::Waits(_))),
        "{:?}",
        stuck.stopped
    );
}

#[test]
fn a_value_can_be_made_from_the_output_schema() {
    let flow = "tasks:\n- {name: a, action: ci.build, on_success: b}\n- {name: b, action: ci.test, input: {image: \"{{ task.a.result.image }}\"}}\n";
    let (_, library) = pack(&[("flow", flow)]);
    let program = library.workflow(&"ci.flow".parse().unwrap()).unwrap();
    let setup = Setup {
        auto: true,
        ..Setup::default()
    };
    let all = walk(&library, &program, &setup).unwrap();
    assert_eq!(end(&all), Succeeded);
    assert_eq!(
        json!(all.find("b").unwrap().1.input),
        json!({"image": "image"})
    );
    let one = walked(&library, &json!({}), "a: auto\nb:\n");
    assert_eq!((end(&one), one.warnings.len()), (Succeeded, 0));
}

#[test]
fn pure_actions_are_done_and_may_be_mocked_all_the_same() {
    let flow = "tasks:\n- {name: a, action: core.set, input: {n: 1}, on_success: b}\n\
        - {name: b, action: core.fail, input: {code: boom}, on_failure: c}\n- {name: c, action: core.sleep, input: {for: 1h}}\n\
        output_map: {n: \"{{ task.a.result.n }}\"}\n";
    let real = tried(flow, &json!({}), "");
    assert_eq!((end(&real), status(&real, "b")), (Succeeded, Some(Failed)));
    assert_eq!(
        (real.root().unwrap().state.output(), seconds(&real)),
        (&json!({"n": 1}), 3_600.0)
    );
    let mocked = tried(
        flow,
        &json!({}),
        "a: {result: {n: 2}}\nb: {error: other}\nc: {}\n",
    );
    assert_eq!(mocked.root().unwrap().state.output(), &json!({"n": 2}));
    assert_eq!(
        (
            mocked
                .find("b")
                .unwrap()
                .1
                .error
                .as_ref()
                .unwrap()
                .code
                .as_str(),
            seconds(&mocked)
        ),
        ("other", 0.0)
    );
}

#[test]
fn a_lost_attempt_is_done_again_where_that_is_safe() {
    let flow =
        "tasks:\n- {name: a, action: ci.test, on_success: b}\n- {name: b, action: ci.build}\n";
    let walk = tried(
        flow,
        &json!({}),
        "a: [{status: lost}, {result: 1}]\nb: {status: lost}\n",
    );
    assert_eq!((end(&walk), status(&walk, "a")), (Failed, Some(Succeeded)));
    assert_eq!(walk.root().unwrap().state.error().unwrap().code, "lost");
}

#[test]
fn reports_of_mocks_reach_the_run() {
    let flow = "tasks:\n- {name: a, action: ci.test}\n";
    let walk = tried(
        flow,
        &json!({}),
        "a: {cost_usd: 0.25, labels: {entity: acme}, takes: 1s}",
    );
    let state = &walk.root().unwrap().state;
    assert_eq!(
        (state.cost_usd(), state.labels()["entity"].as_str()),
        (0.25, "acme")
    );
}

#[test]
fn a_mock_that_breaks_the_promise_of_its_action_is_told() {
    let flow = "tasks:\n- {name: a, action: ci.build}\n";
    let wrong = tried(flow, &json!({}), "a: {result: {image: 3}}");
    assert_eq!(end(&wrong), Failed);
    assert!(
        wrong.warnings[0].message.contains("/image"),
        "{:?}",
        wrong.warnings
    );
    assert_eq!(wrong.warnings[0].span.unwrap().line, 1);
    let slip = tried(flow, &json!({}), "a: {result: {image: x, sise: 3}}");
    assert_eq!(end(&slip), Succeeded);
    assert!(
        slip.warnings[0].message.contains("did you mean `size`?"),
        "{:?}",
        slip.warnings
    );
}

#[test]
fn the_story_says_what_fired_and_why_the_rest_did_not() {
    let flow = "parameters: {n: {type: integer, default: 3}}\ntasks:\n- name: a\n  action: ci.test\n  decision:\n  \
        - {when: \"{{ parameters.n > 5 and task.a.result.data.ok }}\", next: big}\n  - {default: small}\n\
        - {name: big, action: core.noop}\n- {name: small, action: core.noop}\n";
    let walk = tried(flow, &json!({}), "a: {result: {ok: true}}");
    let told = story(&walk).unwrap();
    let a = &told.chapters[0];
    assert_eq!(
        (a.fired.len(), &a.fired[0].to[..]),
        (1, &["small".to_owned()][..])
    );
    assert_eq!(a.not_fired[0].to, ["big"]);
    assert_eq!(
        json!(a.not_fired[0].saw),
        json!({"parameters.n": 3, "task.a.result.data.ok": true})
    );
}

#[test]
fn the_same_setup_gives_the_same_walk_and_folding_its_events_the_same_state() {
    let (_, library) = pack(&[("deploy", DEPLOY), ("flow", FLOW)]);
    let mocks =
        "ci.build: {result: {image: \"{{ uuid() }}\"}}\nci.test: {result: \"{{ now() }}\"}\n";
    let (one, two) = (
        walked(&library, &json!({}), mocks),
        walked(&library, &json!({}), mocks),
    );
    assert_eq!(one.root().unwrap().state, two.root().unwrap().state);
    for (n, run) in one.runs.iter().enumerate() {
        let events: Vec<_> = one
            .log
            .iter()
            .filter(|logged| logged.run == n)
            .map(|logged| logged.event.clone())
            .collect();
        assert_eq!(RunState::replay(&events).as_ref(), Some(&run.state));
    }
}

#[test]
fn secret_parameters_are_hidden_as_on_a_server() {
    let top = "parameters: {token: {type: string, secret: true, minLength: 3}, pin: {type: integer, secret: true}}\n\
         tasks:\n\
         - {name: a, action: ci.test, input: {auth: \"Bearer {{ parameters.token }}\"}, publish: [{pin: \"{{ parameters.pin }}\"}], on_success: c}\n\
         - {name: c, action: ci.below, input: {pin: \"{{ vars.pin }}\"}}\n\
         output_map: {said: \"{{ task.c.result }}\"}\n";
    let below = "parameters: {pin: {type: integer, maximum: 3}}\n\
         tasks:\n\
         - {name: b, action: core.fail, input: {message: \"pin {{ parameters.pin }}\"}}\n";
    let (_, library) = pack(&[("flow", top), ("below", below)]);
    let walk = walked(
        &library,
        &json!({"token": "canary", "pin": 4711}),
        "a: {result: fine}\n",
    );
    assert_eq!(end(&walk), Failed);
    let told = story(&walk).unwrap();
    let text = serde_json::to_string(&told).unwrap();
    assert!(text.contains("Bearer ********"), "{text}");
    assert!(text.contains("pin ********"), "{text}");
    for hidden in ["canary", "4711", "[[secret:"] {
        assert!(!text.contains(hidden), "{text}");
    }
}
