//! Reading of case files: every word of the language, and what is refused.

use serde_json::json;

use super::*;

fn read(text: &str) -> Result<Case> {
    Case::parse(Path::new("/packs/shop/cases/sale.yaml"), text)
}

fn complaint(text: &str) -> String {
    format!("{:#}", read(text).unwrap_err())
}

#[test]
fn a_case_knows_its_name_its_pack_and_its_start() {
    let case = read("run: shop.sell\nparameters: {count: 3}\nexpect: {status: succeeded}").unwrap();
    assert_eq!(case.name, "shop/sale");
    assert_eq!(case.pack, Path::new("/packs/shop"));
    assert_eq!(
        case.start,
        Start::Run {
            action: "shop.sell".to_owned(),
            parameters: json!({"count": 3})
        }
    );
}

#[test]
fn every_expectation_is_read() {
    let case = read(
        "emit: {trigger: shop.order, payload: {id: 7}}
expect:
  status: timed_out
  output: {a: [1, 2]}
  tasks: {pay: succeeded, ship: absent}
  order: [pay, ship]
  results: {pay: {ok: true}}
  started_once: [pay]
  error: {task: pay, says: no money}
  cost_usd: 0.25
  labels: {shop: main}
  compensated: {pay: {back: true}}
",
    )
    .unwrap();
    let expect = case.expect;
    assert_eq!(expect.status, Some(ExecutionStatus::TimedOut));
    assert_eq!(expect.output, Some(json!({"a": [1, 2]})));
    assert_eq!(
        expect.tasks["pay"],
        TaskStatus::Is(ExecutionStatus::Succeeded)
    );
    assert_eq!(expect.tasks["ship"], TaskStatus::Absent);
    assert_eq!(expect.order, ["pay", "ship"]);
    assert_eq!(expect.results["pay"], json!({"ok": true}));
    assert_eq!(expect.started_once, ["pay"]);
    assert_eq!(
        expect.error,
        Some(ExpectedError {
            task: Some("pay".to_owned()),
            says: Some("no money".to_owned())
        })
    );
    assert_eq!(expect.cost_usd, Some(0.25));
    assert_eq!(expect.labels["shop"], json!("main"));
    assert_eq!(expect.compensated["pay"], json!({"back": true}));
}

#[test]
fn steps_are_read_with_who_when_and_what_is_refused() {
    let case = read(
        "run: shop.sell
during:
  - {answer: approve, as: 'user:anna role:operator', with: {approved: true}, refused: 403}
  - {answer: approve, as: 'role:director'}
  - {emit: {trigger: shop.paid}, once: wait is waiting}
  - {control: resume, once: the run is paused and approve is succeeded}
expect: {status: cancelled}
",
    )
    .unwrap();
    let anna = Person {
        login: "anna".to_owned(),
        role: Some("operator".to_owned()),
    };
    assert_eq!(
        case.during[0].deed,
        Deed::Answer {
            task: "approve".to_owned(),
            by: anna,
            with: json!({"approved": true})
        }
    );
    assert_eq!(case.during[0].refused, Some(403));
    let Deed::Answer { by, with, .. } = &case.during[1].deed else {
        panic!("not an answer")
    };
    assert_eq!((by.role.as_deref(), with), (Some("director"), &json!({})));
    assert_eq!(case.during[2].once[0].task.as_deref(), Some("wait"));
    assert_eq!(
        case.during[3].once,
        [
            Condition {
                task: None,
                status: ExecutionStatus::Paused
            },
            Condition {
                task: Some("approve".to_owned()),
                status: ExecutionStatus::Succeeded
            },
        ]
    );
    assert_eq!(
        case.during[3].to_string(),
        "resume once the run is paused and approve is succeeded"
    );
    assert_eq!(case.emits(), ["shop.paid"]);
}

#[test]
fn a_refusal_and_a_silence_are_read() {
    let refused =
        read("run: shop.sell\nexpect: {refused: 422, errors: [{pointer: /count, says: required}]}")
            .unwrap()
            .expect;
    assert_eq!(refused.refused, Some(422));
    assert_eq!(refused.errors[0].pointer, "/count");
    let silent =
        read("emit: {trigger: shop.order}\nexpect: {no_run_of: shop.rule, why: {failed: event.payload.id}}").unwrap();
    assert_eq!(
        silent.expect.why,
        Some(Why {
            failed: "event.payload.id".to_owned()
        })
    );
    assert_eq!(silent.emits(), ["shop.order"]);
}

#[test]
fn what_is_no_case_is_refused_with_its_file() {
    assert!(complaint("expect: {status: succeeded}").contains("one of `run` and `emit`"));
    assert!(complaint("run: a.b\nexpect: {statsu: succeeded}").contains("statsu"));
    assert!(complaint("run: a.b\nexpect: {}").contains("expects nothing"));
    assert!(complaint("run: a.b\nexpect: {status: happy}").contains("happy"));
    assert!(complaint("run: a.b\nexpect: {no_run_of: x.y}").contains("goes with `emit`"));
    assert!(
        complaint("run: a.b\nduring: [{answer: x}]\nexpect: {status: failed}")
            .contains("who gives it")
    );
    assert!(
        complaint("run: a.b\nduring: [{control: stop}]\nexpect: {status: failed}").contains("stop")
    );
    assert!(
        complaint("run: a.b\nduring: [{control: pause, once: soon}]\nexpect: {status: failed}")
            .contains("soon")
    );
    assert!(complaint("run: a.b\nexpect: {status: [").contains("sale.yaml"));
}
