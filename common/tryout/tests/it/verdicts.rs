//! Tests of packs as they are judged: what passes, what does not and how that reads, and coverage.

use crate::support::pack;
use attune_pack::SourceFile;
use attune_tryout::{Coverage, Report, junit, run_tests};

const FLOW: &str = "parameters: {app: {type: string, required: true}, regions: {type: array, items: {type: string}, default: [eu, us]}}\n\
    vars: {note: none}\ntasks:\n\
    - {name: build, action: ci.build, input: {app: \"{{ parameters.app }}\"}, retry: {count: 1}, \
       publish: [{image: \"{{ result().image }}\"}], on_success: roll, on_failure: tell}\n\
    - name: roll\n  action: ci.test\n  with_items: \"{{ parameters.regions }}\"\n  input: {region: \"{{ item }}\", image: \"{{ vars.image }}\"}\n  \
      next: [{when: \"succeeded()\", publish: [{note: rolled}]}, {when: \"failed()\", do: tell}]\n\
    - {name: tell, action: core.notify, input: {channel: c, text: \"{{ parameters.app }}\"}, next: [{do: fail}]}\n\
    output_map: {image: \"{{ vars.image }}\", note: \"{{ vars.note }}\"}\n";

fn run(text: &str) -> Report {
    let (_, library) = pack(&[("flow", FLOW)]);
    let file = SourceFile {
        path: "tests/flow.yaml".to_owned(),
        text: text.to_owned(),
        action: None,
    };
    run_tests(&library, &[file], Coverage::default(), |_| true)
}

fn lines(report: &Report) -> String {
    let mut text = String::new();
    for case in report.cases() {
        let verdict = if case.passed() { "ok" } else { "FAILED" };
        text.push_str(&format!(
            "{verdict} {}: {}\n",
            case.name,
            case.path.join(" -> ")
        ));
        for failure in &case.failures {
            text.push_str(&format!(
                "  {}:{} {}\n    expected {}\n    came {}\n",
                failure.span.line,
                failure.span.column,
                failure.what,
                failure.expected,
                failure.came
            ));
        }
        for warning in &case.warnings {
            text.push_str(&format!("  warning: {}\n", warning.message));
        }
    }
    text
}

const RIGHT: &str = r#"
workflow: ci.flow
parameters: {app: web}
mocks:
  build: {result: {image: "web:1"}}
  roll: {result: {}}
tests:
  - name: all is well
    expect:
      status: succeeded
      output: {image: "web:1", note: rolled}
      tasks: {build: succeeded, roll: succeeded, tell: absent}
      path: [build, roll]
      order: [build, roll]
      inputs: {build: {app: web}, roll: [{region: eu, image: "web:1"}, {region: us}]}
      results: {build: {image: "web:1", exit_code: 0}}
      started_once: [build]
      activations: {roll: 1, tell: 0}
      attempts: {build: 1}
      vars: {note: rolled}
      labels: {}
      cost_usd: 0
  - name: a region is down
    parameters: {regions: [eu]}
    mocks: {roll: {error: {exit_code: 3}, cost_usd: 0.5}}
    expect:
      error: {task: tell, says: "ended the run"}
      tasks: {roll: failed, tell: succeeded}
      cost_usd: 0.5
  - name: the build fails twice
    mocks: {build: [{error: boom}, {error: bang}]}
    expect: {status: failed, attempts: {build: 2}, results: {}, tasks: {roll: absent}}
  - name: nothing to build
    parameters: {app: 3}
    expect: {refused: 422, errors: [{pointer: /app, says: type}]}
"#;

#[test]
fn tests_that_are_right_pass_and_cover_the_workflow() {
    let report = run(RIGHT);
    assert!(report.is_good(), "{}", lines(&report));
    assert_eq!(
        (report.passed(), report.failed(), report.broken()),
        (4, 0, 0)
    );
    let coverage = &report.coverage.workflows()[0];
    assert_eq!(coverage.percent, 100.0, "{coverage:?}");
}

#[test]
fn tests_that_are_wrong_say_what_came_and_where() {
    let report = run(r#"
workflow: ci.flow
parameters: {app: web}
mocks:
  build: {result: {image: "web:1"}}
  roll: {result: {}}
tests:
  - name: every expectation missed
    expect:
      status: failed
      output: {image: "web:2", more: 1}
      tasks: {build: failed, tell: succeeded, roll: absent}
      path: [build]
      order: [roll, build]
      inputs: {build: {app: shop}, roll: [{region: eu}], tell: {}}
      results: {build: {image: 3}}
      started_once: [tell]
      attempts: {build: 2}
      vars: {note: 1, other: 2}
      labels: {a: b}
      error: {task: build, code: boom}
      cost_usd: 1
  - name: another error than expected
    mocks: {build: {error: {code: boom, message: it blew up}}}
    expect: {error: {task: build, code: bang, says: nothing}}
  - name: not the end that is expected without words
    mocks: {build: {error: boom}}
    expect: {tasks: {tell: succeeded}}
  - name: refused, unexpectedly
    parameters: {app: 3}
    expect: {status: succeeded}
  - name: started, unexpectedly
    expect: {refused: true}
  - name: a mock that breaks its promise
    mocks: {build: {result: {img: a}}}
    expect: {status: succeeded}
"#);
    assert_eq!(report.failed(), 6);
    insta::assert_snapshot!(lines(&report));
}

#[test]
fn a_test_without_its_mock_says_which_one() {
    let report = run("workflow: ci.flow\nparameters: {app: web}\nexpect: {status: succeeded}\n");
    assert_eq!(report.cases().next().unwrap().name, "flow");
    insta::assert_snapshot!(lines(&report));
}

#[test]
fn keys_and_secrets_stand_in_the_test() {
    let (_, library) = pack(&[(
        "flow",
        "tasks: [{name: a, action: ci.test, input: {url: \"{{ kv.get('url') }}/x\", auth: \"{{ kv.get_secret('token') }}\"}}]\n",
    )]);
    let file = SourceFile {
        path: "tests/flow.yaml".to_owned(),
        text: "workflow: ci.flow\nkeys: {url: \"http://h\"}\nsecrets: [token]\nmocks: {a: {}}\n\
            expect: {inputs: {a: {url: \"http://h/x\", auth: \"********\"}}}\n"
            .to_owned(),
        action: None,
    };
    let report = run_tests(&library, &[file], Coverage::default(), |_| true);
    assert!(
        report.is_good(),
        "{}{}",
        report.files[0].found,
        lines(&report)
    );
}

#[test]
fn what_is_not_covered_is_named() {
    let report = run(
        "workflow: ci.flow\nparameters: {app: web}\nmocks: {build: {error: boom}}\nexpect: {status: failed}\n",
    );
    let coverage = report.coverage.workflows();
    insta::assert_json_snapshot!(coverage);
    assert!(report.coverage.percent() < 60.0);
}

#[test]
fn the_report_for_build_servers_holds_it_all() {
    let mut report = run(
        "workflow: ci.flow\nparameters: {app: web}\nmocks: {build: {error: \"a < b\", takes: 90s}}\nexpect: {status: succeeded}\n",
    );
    let mut broken = run("workflow: ci.flow\nexpect: {stauts: failed}\n");
    assert_eq!(broken.broken(), 1);
    report.files.append(&mut broken.files);
    insta::assert_snapshot!(junit(&report).unwrap());
}
