//! What is wrong in test files, as a person reads it.

use crate::support::pack;
use attune_tryout::{parse_mocks, parse_tests};

const FLOW: &str = "tasks:\n- {name: build, action: ci.build, on_success: [par, child]}\n\
    - {name: par, type: parallel, tasks: [{name: left, action: ci.test}, {name: right, action: ci.test}]}\n\
    - {name: child, action: ci.small}\n";
const SMALL: &str = "tasks: [{name: only, action: ci.test}]\n";

fn found(text: &str) -> String {
    let (_, library) = pack(&[("flow", FLOW), ("small", SMALL)]);
    match parse_tests("tests/flow.yaml", text, &library) {
        Ok((cases, found)) => panic!("accepted: {cases:?} {found}"),
        Err(found) => found.to_string(),
    }
}

#[test]
fn all_errors_come_at_once_each_with_its_place() {
    insta::assert_snapshot!(found(
        r#"workflow: ci.flow
mocks:
  biuld: {result: 1}
  par: {result: 1}
  left: {reslt: 1}
  right: {image: web:1}
  child/olny: {error: down}
  build/x: {error: down}
  ci.biuld: {result: 1}
  build:
    items: {eu: {result: 1}}
  child: {result: "{{ input. }}"}
parameter: {}
config: {regstry: a}
at: soon
tests:
  - name: one
    mocks:
      child: {status: finished}
      build: {error: boom, status: succeeded}
    expect:
      status: succeded
      tasks: {biuld: absent, build: running}
      order: [build, chidl]
      attempts: {build: many}
      error: {task: bild}
  - name: one
    expects: {}
"#
    ));
}

#[test]
fn an_unknown_workflow_and_a_file_without_one() {
    insta::assert_snapshot!(found("workflow: ci.flwo\nexpect: {}\n"));
    insta::assert_snapshot!(found("tests: [{name: a, expect: {}}]\n"));
    insta::assert_snapshot!(found("- a\n"));
    insta::assert_snapshot!(found(
        "workflow: ci.flow\nexpect: {status: failed}\ntests: [{name: a, expect: {}}]\n"
    ));
    insta::assert_snapshot!(found("workflow: ci.flow\ntests: []\n"));
    insta::assert_snapshot!(found(
        "workflow: ci.flow\nmocks: [1]\nexpect: {tasks: [a]}\n"
    ));
}

#[test]
fn mocks_may_come_from_a_file_of_their_own_or_from_a_test() {
    let (_, library) = pack(&[("flow", FLOW), ("small", SMALL)]);
    let program = library.workflow(&"ci.flow".parse().unwrap()).unwrap();
    let read = |text: &str| parse_mocks("m.yaml", text, &program, &library);
    assert_eq!(
        read("{\"build\": {\"result\": 1}}").unwrap().iter().count(),
        1
    );
    let test = "workflow: ci.flow\nmocks: {build: auto, left: auto}\nexpect: {}\n";
    assert_eq!(read(test).unwrap().iter().count(), 2);
    let said = read("bild: {result: 1}").unwrap_err().to_string();
    assert!(
        said.contains("m.yaml:1:1") && said.contains("did you mean `build`?"),
        "{said}"
    );
}
