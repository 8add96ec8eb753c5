//! Iterations and parallel tasks.

use attune_flow::program::InlineAction::{Fail, Noop, Set, Sleep};
use attune_flow::program::Tolerate;
use attune_flow::run::{Effect, Outcome};
use attune_testkit::flow::{
    Flow, ProgramBuilder, TaskBuilder, failed, inline, parallel, succeeded, template, worker,
};
use attune_types::Duration;
use attune_types::ExecutionStatus::{self, Cancelled, Failed, Running, Succeeded, TimedOut};
use serde_json::{Value, json};

fn begin(tasks: Vec<TaskBuilder>) -> Flow {
    Flow::begin(ProgramBuilder::new(tasks).build(), json!({}))
}

fn open_items(flow: &Flow) -> Vec<u32> {
    flow.state.live().iter().filter_map(|e| e.item).collect()
}

#[test]
fn a_list_a_map_and_a_number_are_iterated() {
    let table: [(Value, Value); 5] = [
        (
            json!(["x", "y"]),
            json!([{"i": 0, "v": "x"}, {"i": 1, "v": "y"}]),
        ),
        (
            json!({"a": 1}),
            json!([{"i": 0, "v": {"key": "a", "value": 1}}]),
        ),
        (json!(2), json!([{"i": 0, "v": 0}, {"i": 1, "v": 1}])),
        (json!("{{ [7] }}"), json!([{"i": 0, "v": 7}])),
        (json!([]), json!([])),
    ];
    for (over, results) in table {
        let flow = begin(vec![
            inline("a", Set)
                .input(json!({"i": "{{ index }}", "v": "{{ item }}"}))
                .items(over),
        ]);
        assert_eq!(flow.state.status(), Succeeded, "{:?}", flow.state.error());
        assert_eq!(flow.state.output(), &results);
    }
    for over in [json!("text"), json!(-1), json!(null), json!(1.5)] {
        let flow = begin(vec![inline("a", Noop).items(over)]);
        assert_eq!(flow.state.error().unwrap().code, "template");
    }
}

#[test]
fn concurrency_bounds_what_is_open_and_results_keep_the_order_of_items() {
    let mut flow =
        begin(vec![worker("a").items(json!(["p", "q", "r"])).items_with(
            |items| items.concurrency = Some(template(json!(2))),
        )]);
    assert_eq!(open_items(&flow), [0, 1]);
    flow.finish_item("a", 1, succeeded(json!({"n": 1})));
    assert_eq!(open_items(&flow), [0, 2]);
    flow.finish_item("a", 2, succeeded(json!({"n": 2})));
    flow.finish_item("a", 0, succeeded(json!({"n": 0})));
    assert_eq!(flow.state.output(), &json!([{"n": 0}, {"n": 1}, {"n": 2}]));
}

#[test]
fn failures_count_against_what_is_tolerated() {
    let table = [
        (Tolerate::Count(0), Failed),
        (Tolerate::Count(1), Succeeded),
        (Tolerate::Percent(33.0), Failed),
        (Tolerate::Percent(34.0), Succeeded),
    ];
    for (tolerate, status) in table {
        let mut flow = begin(vec![
            worker("a")
                .items(json!(["p", "q", "r"]))
                .items_with(|items| items.tolerate = tolerate)
                .then(&["b"]),
            inline("b", Set).input(json!({
                "failed": "{{ task.a.failed_items }}",
                "total": "{{ task.a.total_count }}",
                "good": "{{ task.a.succeeded_count }}",
                "results": "{{ task.a.results }}",
            })),
        ]);
        flow.finish_item("a", 0, succeeded(json!(10)));
        flow.finish_item("a", 1, failed("x"));
        flow.finish_item("a", 2, succeeded(json!(30)));
        assert_eq!(flow.status("a"), Some(status), "{tolerate:?}");
        assert_eq!(
            flow.state.output(),
            &json!({"failed": ["q"], "total": 3, "good": 2, "results": [10, null, 30]})
        );
    }
}

#[test]
fn the_first_failure_stops_the_rest_if_asked_to() {
    let mut flow = begin(vec![
        worker("a")
            .items(json!(5))
            .items_with(|items| {
                items.fail_fast = true;
                items.concurrency = Some(template(json!(2)));
            })
            .on("failed() and task.a.failed_items == [0]", &["fail"]),
    ]);
    flow.finish_item("a", 0, failed("x"));
    assert_eq!(open_items(&flow), [1]);
    assert!(
        flow.owed()
            .values()
            .any(|e| matches!(e, Effect::StopAttempt { .. }))
    );
    flow.finish_item("a", 1, Outcome::Cancelled { process: None });
    assert_eq!(
        (flow.status("a"), flow.state.status()),
        (Some(Failed), Failed)
    );
    assert_eq!(flow.state.error().unwrap().code, "items_failed");
    // What was stopped because of it has not failed itself.
    assert!(flow.find("a").unwrap().handled);
}

#[test]
fn a_batch_gets_a_list() {
    let flow = begin(vec![
        inline("a", Set)
            .input(json!({"got": "{{ item }}"}))
            .items(json!([1, 2, 3]))
            .items_with(|items| items.batch_size = Some(template(json!(2))))
            .then(&["b"]),
        inline("b", Set).input(json!({"n": "{{ task.a.total_count }}", "good": "{{ task.a.succeeded_count }}", "r": "{{ task.a.results }}"})),
    ]);
    assert_eq!(
        flow.state.output(),
        &json!({"n": 3, "good": 3, "r": [{"got": [1, 2]}, {"got": [3]}]})
    );
}

#[test]
fn items_are_retried_one_by_one() {
    let mut flow = begin(vec![worker("a").items(json!(2)).retry(1, 0)]);
    flow.finish_item("a", 0, failed("x"));
    flow.finish_item("a", 0, succeeded(json!("again")));
    flow.finish_item("a", 1, succeeded(json!("first")));
    assert_eq!(flow.state.output(), &json!(["again", "first"]));
}

#[test]
fn many_inline_items_are_one_decision() {
    let flow = begin(vec![
        inline("a", Noop).items(json!(20_000)).then(&["b"]),
        inline("b", Set).input(json!({"n": "{{ task.a.succeeded_count }}"})),
    ]);
    assert_eq!(flow.state.output(), &json!({"n": 20_000}));
}

#[test]
fn items_and_activations_have_limits() {
    let program = ProgramBuilder::new(vec![inline("a", Noop).items(json!(11))])
        .with(|program| program.limits.items = 10)
        .build();
    assert_eq!(
        Flow::begin(program, json!({})).state.error().unwrap().code,
        "item_limit"
    );
    let program = ProgramBuilder::new(vec![
        inline("a", Noop).then(&["b"]),
        inline("b", Noop).then(&["b"]),
    ])
    .with(|program| program.limits.activations = 500)
    .build();
    let flow = Flow::begin(program, json!({}));
    assert_eq!(flow.state.error().unwrap().code, "activation_limit");
    assert_eq!(flow.order().len(), 500);
    let program = ProgramBuilder::new(vec![
        inline("a", Set).input(json!({"x": "{{ parameters.x }}"})),
    ])
    .with(|program| program.limits.payload_bytes = 100)
    .build();
    let flow = Flow::begin(program, json!({"x": "y".repeat(101)}));
    assert_eq!(flow.state.error().unwrap().code, "payload_limit");
}

#[test]
fn branches_start_together_and_give_a_map() {
    let mut flow = begin(vec![
        parallel("p", false, vec![worker("x"), worker("y").on("succeeded()", &[]).publishing("got", json!("{{ result().n }}"))]).then(&["z"]),
        inline("z", Set).input(json!({"x": "{{ task.p.result.x.n }}", "y": "{{ task.y.result.n }}", "got": "{{ got }}"})),
    ]);
    assert_eq!(
        (flow.status("x"), flow.status("y"), flow.status("p")),
        (
            Some(ExecutionStatus::Scheduled),
            Some(ExecutionStatus::Scheduled),
            Some(Running)
        )
    );
    flow.ok("y", json!({"n": 2}));
    assert_eq!(flow.status("z"), None);
    flow.ok("x", json!({"n": 1}));
    assert_eq!(flow.state.output(), &json!({"x": 1, "y": 2, "got": 2}));
    let parent = flow.find("p").unwrap().id;
    assert_eq!(flow.find("x").unwrap().parent, Some(parent));
}

#[test]
fn a_failed_branch_fails_the_whole_when_all_have_ended() {
    let branches = || vec![worker("x"), worker("y")];
    let mut flow = begin(vec![parallel("p", false, branches())]);
    flow.fail("x", "boom");
    assert_eq!(flow.status("p"), Some(Running));
    flow.ok("y", json!(1));
    assert_eq!(
        (flow.status("p"), flow.state.status()),
        (Some(Failed), Failed)
    );
    let error = flow.state.error().unwrap();
    assert_eq!(
        (error.code.as_str(), error.task.as_deref()),
        ("branch_failed", Some("p"))
    );
    assert!(error.message.contains("`x`"));
    let mut fast = begin(vec![parallel("p", true, branches())]);
    fast.fail("x", "boom");
    assert_eq!(fast.status("y"), Some(ExecutionStatus::Canceling));
    fast.finish("y", Outcome::Cancelled { process: None });
    assert_eq!(
        (fast.status("y"), fast.state.status()),
        (Some(Cancelled), Failed)
    );
    let handled = begin(vec![parallel(
        "p",
        true,
        vec![
            inline("x", Fail).on("failed()", &["noop"]),
            inline("y", Noop),
        ],
    )]);
    assert_eq!(handled.state.status(), Succeeded);
}

#[test]
fn the_time_of_a_parallel_task_stops_what_has_not_ended_of_it() {
    let mut flow = begin(vec![
        parallel(
            "p",
            false,
            vec![
                worker("x").retry(5, 60),
                worker("y"),
                worker("z").items(json!(3)).items_with(|items| {
                    items.concurrency = Some(template(json!(1)));
                }),
                inline("s", Sleep).input(json!({"for": "1h"})),
                parallel("q", false, vec![worker("w").delay(json!(3_600))]),
                inline("done", Set).input(json!({"n": 1})),
            ],
        )
        .timeout(json!("{{ parameters.limit }}"))
        .on("timed_out()", &["after"]),
        inline("after", Set).input(json!({
            "code": "{{ task.p.error.code }}",
            "kept": "{{ task.p.result.done.n }}",
        })),
    ]);
    assert_eq!(flow.state.error().unwrap().code, "template");
    flow = Flow::begin(flow.program.clone(), json!({"limit": 10}));
    flow.fail("x", "boom");
    flow.pass(Duration::from_secs(9));
    assert_eq!(flow.status("p"), Some(Running));
    flow.pass(Duration::from_secs(1));
    // What waited has ended, what is at work is being stopped, and no item begins any more.
    assert_eq!(flow.status("x"), Some(Failed));
    assert_eq!(flow.status("y"), Some(ExecutionStatus::Canceling));
    assert_eq!(flow.status("q"), Some(Cancelled));
    assert_eq!(flow.status("s"), Some(Cancelled));
    assert_eq!(flow.status("p"), Some(Running));
    flow.finish("y", Outcome::Cancelled { process: None });
    flow.finish_item("z", 0, Outcome::Cancelled { process: None });
    assert_eq!(flow.status("z"), Some(Cancelled));
    assert_eq!(flow.status("p"), Some(TimedOut));
    assert!(flow.find("p").unwrap().handled);
    assert_eq!(flow.state.status(), Succeeded);
    assert_eq!(flow.state.output(), &json!({"code": "timeout", "kept": 1}));
    let said = &flow.find("y").unwrap().error.as_ref().unwrap().message;
    assert!(said.contains("parallel task"), "{said}");
}

#[test]
fn a_parallel_task_that_ends_in_time_is_not_stopped() {
    let mut flow = begin(vec![
        parallel("p", false, vec![worker("x")])
            .timeout(json!(10))
            .then(&["b"]),
        worker("b"),
    ]);
    flow.ok("x", json!(1));
    flow.pass(Duration::from_secs(60));
    assert_eq!(flow.status("p"), Some(Succeeded));
    flow.ok("b", json!(1));
    assert_eq!(flow.state.status(), Succeeded);
}

#[test]
fn a_parallel_task_is_tried_again_as_a_whole() {
    let mut flow = begin(vec![
        parallel("p", false, vec![worker("x"), worker("y")])
            .timeout(json!(10))
            .retry(2, 5),
    ]);
    flow.ok("x", json!("first"));
    flow.pass(Duration::from_secs(10));
    flow.finish("y", Outcome::Cancelled { process: None });
    assert_eq!(flow.status("p"), Some(ExecutionStatus::Retrying));
    flow.pass(Duration::from_secs(5));
    // Each attempt has its own time and its own branches.
    assert_eq!((flow.activations("x"), flow.activations("y")), (2, 2));
    flow.ok("x", json!("second"));
    flow.fail("y", "boom");
    assert_eq!(flow.status("p"), Some(ExecutionStatus::Retrying));
    flow.pass(Duration::from_secs(5));
    flow.ok("y", json!("third"));
    flow.pass(Duration::from_secs(9));
    flow.ok("x", json!("third"));
    assert_eq!(flow.state.output(), &json!({"x": "third", "y": "third"}));
    assert_eq!(flow.find("p").unwrap().attempts, 3);

    let mut once = begin(vec![
        parallel("p", true, vec![worker("x")])
            .timeout(json!(10))
            .retry(2, 0)
            .on_error("error.code == 'branch_failed'"),
    ]);
    once.fail("x", "boom");
    once.pass(Duration::from_secs(10));
    once.finish("x", Outcome::Cancelled { process: None });
    assert_eq!(
        (once.status("p"), once.state.status()),
        (Some(TimedOut), Failed)
    );
    assert_eq!(once.state.error().unwrap().code, "timeout");
}

#[test]
fn a_failure_above_keeps_further_items_from_beginning() {
    let mut flow = begin(vec![parallel(
        "p",
        true,
        vec![
            worker("x"),
            worker("y").items(json!(3)).items_with(|items| {
                items.concurrency = Some(template(json!(1)));
            }),
        ],
    )]);
    flow.fail("x", "boom");
    flow.finish_item("y", 0, Outcome::Cancelled { process: None });
    assert_eq!(open_items(&flow), Vec::<u32>::new());
    assert_eq!(
        (flow.status("y"), flow.state.status()),
        (Some(Cancelled), Failed)
    );
}

#[test]
fn parts_may_have_parts() {
    let flow = begin(vec![
        parallel(
            "p",
            false,
            vec![
                inline("x", Set).input(json!({"i": "{{ item }}"})),
                parallel(
                    "q",
                    false,
                    vec![inline("y", Set).input(json!({"i": "{{ index }}"}))],
                ),
            ],
        )
        .items(json!(["a", "b"])),
    ]);
    assert_eq!(flow.state.error(), None);
    assert_eq!(
        flow.state.output(),
        &json!([{"x": {"i": "a"}, "q": {"y": {"i": 0}}}, {"x": {"i": "b"}, "q": {"y": {"i": 1}}}])
    );
    let empty = begin(vec![parallel("p", false, vec![])]);
    assert_eq!(empty.state.output(), &json!({}));
}
