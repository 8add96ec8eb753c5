//! `attune workflow simulate` and `attune workflow test` from outside: what they show, how they end.

use crate::{attune, code, err, out};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Output;

const WORKFLOW: &str = "ref: p.flow\nlabel: F\nversion: 1.0.0\nparameters: {n: {type: integer, default: 1}}\ntasks:\n\
    - {name: a, action: p.act, input: {n: \"{{ parameters.n }}\"}, on_success: b, on_failure: c}\n\
    - {name: b, action: core.sleep, input: {for: 2h}}\n- {name: c, action: core.noop}\n\
    output_map: {n: \"{{ task.a.result.n }}\"}\n";
const TESTS: &str = "workflow: p.flow\nmocks: {a: {result: {n: 7}}}\ntests:\n- name: goes well\n  \
    expect: {status: succeeded, output: {n: 7}, path: [a, b]}\n";
const WRONG: &str = "- name: goes wrong\n  mocks: {a: {error: boom}}\n  expect: {status: succeeded, tasks: {c: absent}}\n";

fn packs(home: &Path, tests: &str) {
    let pack = home.join("packs/p");
    for folder in ["actions", "workflows", "tests"] {
        fs::create_dir_all(pack.join(folder)).unwrap();
    }
    let write = |path: &str, text: &str| fs::write(pack.join(path), text).unwrap();
    write("pack.yaml", "ref: p\nlabel: P\nversion: 1.0.0\n");
    write(
        "actions/act.yaml",
        "ref: p.act\nlabel: A\nrunner: shell\nentry_point: act.sh\noutput_format: json\nparameters: {n: {type: integer}}\noutput: {n: {type: integer}}\n",
    );
    write("act.sh", "exit 1\n");
    write("workflows/flow.yaml", WORKFLOW);
    if !tests.is_empty() {
        write("tests/flow.yaml", tests);
    }
}

fn run(home: &Path, args: &[&str]) -> Output {
    attune(home).arg("workflow").args(args).output().unwrap()
}

fn json(output: &Output) -> Value {
    serde_json::from_str(&out(output)).unwrap_or_else(|_| panic!("{}{}", out(output), err(output)))
}

#[test]
fn tests_of_packs_run_without_a_server() {
    let home = tempfile::tempdir().unwrap();
    packs(home.path(), TESTS);
    let output = run(home.path(), &["test"]);
    assert_eq!(code(&output), 0, "{}{}", out(&output), err(&output));
    let shown = out(&output);
    for part in [
        "packs/p/tests/flow.yaml",
        "ok",
        "goes well",
        "path: a -> b",
        "never taken: a -> c when failed()",
    ] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    assert!(
        err(&output).contains("1 test: 1 passed; coverage 60.0 %"),
        "{}",
        err(&output)
    );
    let low = run(home.path(), &["test", "packs/p", "--min-coverage", "80"]);
    assert_eq!(code(&low), 1);
    assert!(
        err(&low).contains("at least 80 % is wanted"),
        "{}",
        err(&low)
    );
}

#[test]
fn a_test_that_fails_says_what_came_and_where() {
    let home = tempfile::tempdir().unwrap();
    packs(home.path(), &format!("{TESTS}{WRONG}"));
    let args = ["test", "packs/p/tests/flow.yaml", "--junit", "junit.xml"];
    let output = run(home.path(), &args);
    assert_eq!(code(&output), 1);
    let shown = out(&output);
    for part in [
        "FAILED  goes wrong",
        "packs/p/tests/flow.yaml:8:42: tasks.c",
        "expected  absent",
        "came      succeeded",
    ] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    let report = fs::read_to_string(home.path().join("junit.xml")).unwrap();
    assert!(
        report.contains("tests=\"2\"") && report.contains("failures=\"1\""),
        "{report}"
    );
    let one = run(
        home.path(),
        &["-o", "json", "test", "--filter", "goes well"],
    );
    assert_eq!((code(&one), json(&one)["passed"].as_u64()), (0, Some(1)));
    let none = run(home.path(), &["test", "--filter", "nothing"]);
    assert_eq!(code(&none), 2, "{}", err(&none));
}

#[test]
fn a_broken_test_file_and_a_folder_without_tests_are_told() {
    let home = tempfile::tempdir().unwrap();
    packs(home.path(), "");
    let none = run(home.path(), &["test"]);
    assert_eq!(code(&none), 0);
    assert!(err(&none).contains("no tests found"), "{}", err(&none));
    packs(home.path(), &TESTS.replace("mocks: {a:", "mocks: {aa:"));
    let broken = run(home.path(), &["test"]);
    assert_eq!(code(&broken), 1);
    let shown = out(&broken);
    assert!(
        shown.contains("packs/p/tests/flow.yaml:2:9: error[TEST006]"),
        "{shown}"
    );
    assert!(
        err(&broken).contains("1 file could not be read"),
        "{}",
        err(&broken)
    );
    let wrong = home.path().join("packs/p/workflows/flow.yaml");
    fs::write(wrong, WORKFLOW.replace("core.sleep", "core.slep")).unwrap();
    let wrong = run(home.path(), &["test"]);
    assert_eq!(code(&wrong), 1);
    assert!(err(&wrong).contains("core.sleep"), "{}", err(&wrong));
}

#[test]
fn a_walk_is_told_task_by_task() {
    let home = tempfile::tempdir().unwrap();
    packs(home.path(), TESTS);
    fs::write(
        home.path().join("mocks.yaml"),
        "a: {result: {n: \"{{ input.n + 1 }}\"}, takes: 5m}\n",
    )
    .unwrap();
    let args = [
        "simulate",
        "p.flow",
        "n=4",
        "--mocks",
        "mocks.yaml",
        "--at",
        "2026-05-01T10:00:00Z",
    ];
    let output = run(home.path(), &args);
    assert_eq!(code(&output), 0, "{}", err(&output));
    let shown = out(&output);
    for part in [
        "+0s a  succeeded",
        "input   {\"n\":4}",
        "-> b  when succeeded()",
        "x  c  when failed()",
        "+5m00s b",
        "+2h05m end  succeeded",
        "\"n\": 5",
    ] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    let told = run(home.path(), &[&["-o", "json"], &args[..]].concat());
    let told = json(&told);
    assert_eq!(told["started_at"], "2026-05-01T10:00:00Z");
    assert_eq!(told["seconds"], 7_500.0);
    assert_eq!(told["chapters"][0]["fired"][0]["to"][0], "b");
}

#[test]
fn a_walk_may_begin_as_a_test_does_and_stops_where_nobody_answers() {
    let home = tempfile::tempdir().unwrap();
    packs(home.path(), TESTS);
    let test = run(home.path(), &["simulate", "packs/p/tests/flow.yaml"]);
    assert_eq!(code(&test), 0, "{}", err(&test));
    assert!(out(&test).contains("\"n\": 7"), "{}", out(&test));
    let stopped = run(home.path(), &["simulate", "packs/p/workflows/flow.yaml"]);
    assert_eq!(code(&stopped), 1);
    assert!(
        err(&stopped).contains("task `a` calls `p.act` and has no mock"),
        "{}",
        err(&stopped)
    );
    let auto = run(
        home.path(),
        &["simulate", "packs/p/workflows/flow.yaml", "--auto"],
    );
    assert_eq!(code(&auto), 0, "{}", err(&auto));
    for (args, expected) in [
        (&["simulate", "p.flow", "m=1"][..], 2),
        (&["simulate", "p.flo"], 2),
        (&["simulate", "none.yaml"], 2),
        (&["simulate", "packs/p"], 2),
        (&["simulate", "p.flow", "--at", "noon"], 2),
        (&["simulate", "p.flow", "--mocks", "none.yaml"], 2),
        (&["simulate", "none"], 2),
        (&["simulate", "packs/p/workflows"], 2),
        (&["simulate", "packs/p/pack.yaml"], 2),
        (&["test", "packs/p/workflows"], 0),
        (&["test", "packs/p/tests"], 0),
        (&["test", "packs/p/actions"], 0),
        (&["test", "none"], 2),
        (&["test", "packs/p/tests/none.yaml"], 2),
    ] {
        let output = run(home.path(), args);
        assert_eq!(code(&output), expected, "{args:?}: {}", err(&output));
    }
}

/// The keys that the reader of tests names when it meets an unknown one in `what`.
fn known_keys(found: &str, what: &str) -> BTreeSet<String> {
    let said = format!("unknown key `zzqqzz` in {what}\n");
    let (_, rest) = found
        .split_once(&said)
        .unwrap_or_else(|| panic!("{said}{found}"));
    let (_, rest) = rest.split_once("help: known keys: ").unwrap();
    let keys = rest.lines().next().unwrap();
    keys.split(", ").map(str::to_owned).collect()
}

#[test]
fn the_schema_of_tests_has_the_keys_that_their_reader_knows() {
    let home = tempfile::tempdir().unwrap();
    packs(
        home.path(),
        "workflow: p.flow\nevent: {zzqqzz: 1}\nmocks: {a: {result: 1, zzqqzz: 1, error: {zzqqzz: 1}}, \
         b: {default: {}, zzqqzz: 1}}\ncancel: {after: 1, zzqqzz: 1}\npause: {after: 1, for: 1, zzqqzz: 1}\nexpect: {zzqqzz: 1, error: {zzqqzz: 1}, errors: [{zzqqzz: 1}]}\nzzqqzz: 1\n",
    );
    let single = out(&run(home.path(), &["test"]));
    packs(
        home.path(),
        "workflow: p.flow\ntests: [{name: a, zzqqzz: 1}]\nzzqqzz: 1\n",
    );
    let several = out(&run(home.path(), &["test"]));
    let schema = attune(home.path())
        .args(["schema", "test"])
        .output()
        .unwrap();
    let schema: Value = serde_json::from_str(&out(&schema)).unwrap();
    let keys = |part: &Value| -> BTreeSet<String> {
        part["properties"]
            .as_object()
            .unwrap()
            .keys()
            .cloned()
            .collect()
    };
    let mut whole = known_keys(&single, "a test file");
    whole.extend(known_keys(&several, "a test file"));
    assert_eq!(keys(&schema), whole);
    for (definition, found, what) in [
        ("TestCase", &several, "a test"),
        ("TestEvent", &single, "an event"),
        ("TestCancel", &single, "a cancel"),
        ("TestPause", &single, "a pause"),
        ("Answer", &single, "a mock"),
        ("ItemMocks", &single, "a mock by items"),
        ("MockedError", &single, "an error"),
        ("Expect", &single, "`expect`"),
        ("ExpectedError", &single, "an expected error"),
        ("Refusal", &single, "a reason of a refusal"),
    ] {
        let known = known_keys(found, what);
        assert_eq!(
            keys(&schema["definitions"][definition]),
            known,
            "{definition}"
        );
    }
}

/// What each tool says and how it ends, where one workflow of a pack is broken and another is right.
#[test]
fn a_broken_file_stops_only_what_needs_it() {
    let home = tempfile::tempdir().unwrap();
    packs(home.path(), TESTS);
    let write = |path: &str, text: &str| {
        fs::write(home.path().join("packs/p").join(path), text).unwrap();
    };
    let broken = WORKFLOW
        .replace("p.flow", "p.broken")
        .replace("core.sleep", "core.slep");
    write("workflows/broken.yaml", &broken);
    write("workflows/worse.yaml", "ref: p.worse\ntasks: [\n");
    let calls =
        "ref: p.calls\nlabel: C\nversion: 1.0.0\ntasks:\n- {name: child, action: p.broken}\n";
    write("workflows/calls.yaml", calls);
    let broken_test =
        "workflow: p.broken\nmocks: {a: {result: {n: 7}}}\nexpect: {status: succeeded}\n";
    write("tests/broken.yaml", broken_test);
    let place = "packs/p/workflows/broken.yaml:7:21: error[FLOW020]";
    let note = "note: other files of the pack `p` are not right: workflows/broken.yaml (1 error), \
         workflows/worse.yaml (1 error); see `attune workflow validate packs/p`";
    let said = |args: &[&str]| {
        let output = run(home.path(), args);
        (code(&output), format!("{}{}", out(&output), err(&output)))
    };
    // Those that need only what is right mention the rest in a line.
    let old = home.path().join("old.yaml");
    fs::write(&old, WORKFLOW.replace("for: 2h", "for: 3h")).unwrap();
    let flow = "packs/p/workflows/flow.yaml";
    for (args, ends) in [
        (&["simulate", flow, "--auto"][..], 0),
        (&["simulate", "p.flow", "--auto"], 0),
        (&["simulate", "packs/p/tests/flow.yaml"], 0),
        (&["test", "packs/p/tests/flow.yaml"], 0),
        (&["test", flow], 0),
        (&["graph", flow], 0),
        (&["graph", "packs", "--workflow", "p.flow"], 0),
        (&["diff", "old.yaml", flow], 1),
        (&["fmt", "--check", "packs/p/workflows/calls.yaml"], 1),
    ] {
        let (code, shown) = said(args);
        assert_eq!(code, ends, "{args:?}: {shown}");
        assert!(!shown.contains("FLOW020"), "{args:?}: {shown}");
        assert!(
            shown.contains(note) || args[0] == "fmt",
            "{args:?}: {shown}"
        );
    }
    // Those that need the broken one say all that is wrong with it, and nothing else.
    for (args, ends) in [
        (&["simulate", "packs/p/workflows/broken.yaml"][..], 1),
        (&["simulate", "p.broken"], 1),
        (&["simulate", "packs/p/tests/broken.yaml"], 1),
        (&["test", "packs/p/tests/broken.yaml"], 1),
        (&["test", "packs/p/workflows/broken.yaml"], 1),
        (&["graph", "packs/p/workflows/broken.yaml"], 1),
        (&["graph", "packs/p", "--workflow", "p.broken"], 1),
        (&["diff", "packs/p/workflows/broken.yaml", flow], 2),
    ] {
        let (code, shown) = said(args);
        assert_eq!(code, ends, "{args:?}: {shown}");
        assert!(shown.contains(place), "{args:?}: {shown}");
        assert!(
            shown.contains("did you mean `core.sleep`?"),
            "{args:?}: {shown}"
        );
        assert!(!shown.contains("worse.yaml:"), "{args:?}: {shown}");
    }
    let (code, shown) = said(&["simulate", "p.calls"]);
    assert_eq!(code, 1);
    assert!(
        shown.contains("task `child` calls the workflow `p.broken`, which has errors"),
        "{shown}"
    );
    // A whole pack: the tests of what is right run all the same.
    let (code, shown) = said(&["test"]);
    assert_eq!(code, 1);
    for part in [
        "ok      goes well",
        place,
        "packs/p/workflows/worse.yaml:",
        "2 tests: 1 passed, 1 failed, 2 errors in the packs",
    ] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    let drawings = home.path().join("drawings");
    fs::create_dir(&drawings).unwrap();
    let (code, shown) = said(&["graph", "packs", "--out", "drawings"]);
    assert_eq!(code, 1);
    assert!(
        shown.contains("`p.broken`, `p.worse` have errors"),
        "{shown}"
    );
    assert!(drawings.join("p.flow.mmd").is_file() && drawings.join("p.calls.mmd").is_file());
}
