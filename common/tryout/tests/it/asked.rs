//! What somebody asks of a run in a test: to be undone, cancelled, paused, retried.

use crate::support::pack;
use attune_pack::SourceFile;
use attune_tryout::{CaseReport, Coverage, Library, Report, run_tests, story, walk};
use attune_types::ExecutionStatus::{Cancelled, Compensated, Succeeded};

const SHIP: &str = "parameters: {to: {type: string}}\ntasks:\n\
    - {name: book, action: ci.test, compensate: {action: ci.build, input: {app: \"{{ task.book.result.data.id }}\"}}, retry: {count: 1}, on_success: send}\n\
    - {name: send, action: core.noop}\n";
const FLOW: &str = "tasks:\n\
    - {name: reserve, action: ci.test, compensate: release, on_success: charge}\n\
    - {name: charge, action: ci.test, with_items: [eu, us], retry: {count: 1}, input: {region: \"{{ item }}\"}, \
       compensate: {action: ci.build, input: {region: \"{{ item }}\"}}, on_success: ship}\n\
    - {name: ship, action: ci.ship, input: {to: x}, on_success: last}\n\
    - {name: last, action: core.sleep, input: {for: 1h}}\n\
    - {name: release, action: ci.test, input: {what: \"{{ task.reserve.result.data.id }}\"}}\n";

fn library() -> Library {
    pack(&[("flow", FLOW), ("ship", SHIP)]).1
}

fn run(text: &str) -> Report {
    let file = SourceFile {
        path: "tests/flow.yaml".to_owned(),
        text: text.to_owned(),
        action: None,
    };
    run_tests(&library(), &[file], Coverage::default(), |_| true)
}

fn assert_good(report: &Report) {
    for file in &report.files {
        assert!(!file.found.has_errors(), "{}", file.found);
    }
    for case in report.cases() {
        assert!(case.passed(), "{}: {:#?}", case.name, case.failures);
        assert!(case.warnings.is_empty(), "{:#?}", case.warnings);
    }
}

fn case(report: &Report, number: usize) -> &CaseReport {
    report.cases().nth(number).unwrap()
}

const MOCKS: &str = r#"
workflow: ci.flow
mocks:
  reserve: {result: {id: r7}, takes: 1m}
  charge: {result: {}, takes: 1m}
  ship/book: {result: {id: b9}}
  release: {result: {}}
  ci.build: {result: {image: none}}
"#;

#[test]
fn what_was_done_is_undone_the_last_first_through_child_runs() {
    let text = r#"
tests:
  - name: undone by name
    compensate: true
    expect:
      undone: [ship, "charge[1]", "charge[0]", reserve]
      path: [reserve, charge, ship, last]
  - name: with the child runs
    compensate: true
    expect:
      status: compensated
      undone: [ship/book, ship, "charge[1]", "charge[0]", reserve]
  - name: the attempt that failed is not undone
    compensate: true
    mocks: {charge: {items: {us: {error: declined}}, default: {result: {}}}}
    expect: {undone: ["charge[0]", reserve], error: {task: charge}, tasks: {ship: absent}}
  - name: an undo is tried again
    compensate: true
    mocks: {ci.build: [{error: busy}, {result: {image: none}}]}
    expect: {status: compensated, undone: [ship/book, ship, "charge[1]", "charge[0]", reserve]}
  - name: the first that cannot be undone ends it
    compensate: true
    mocks: {release: {error: gone}}
    expect:
      status: failed
      error: {task: reserve, code: compensation_failed, says: gone}
      undone: [ship, "charge[1]", "charge[0]"]
  - name: nobody asks for it
    expect: {status: succeeded, undone: []}
"#;
    let report = run(&format!("{MOCKS}{text}"));
    assert_good(&report);
    assert_eq!(case(&report, 0).status, Some(Compensated));
    assert_eq!(case(&report, 5).status, Some(Succeeded));
}

#[test]
fn the_undoing_of_an_action_has_its_mock_by_the_actions_name() {
    let without = MOCKS.replace("  ci.build: {result: {image: none}}\n", "");
    let report = run(&format!(
        "{without}compensate: true\nexpect: {{status: compensated}}\n"
    ));
    let said = &case(&report, 0).failures[0].came;
    assert!(
        said.contains("the undoing of task `ship/book` calls `ci.build` and has no mock; give it one: `ci.build: {result: ...}`"),
        "{said}"
    );
    let seen = "compensate: true\nmocks: {ci.build: {when: \"input.app | default('') == 'b9' or input.region | default('') in ['eu', 'us']\", result: {image: none}}, \
        release: {when: \"input.what == 'r7'\", result: {}}, reserve: {result: {id: r7}}, charge: {result: {}}, ship/book: {result: {id: b9}}}\n\
        workflow: ci.flow\nexpect: {undone: [ship, \"charge[1]\", \"charge[0]\", reserve]}\n";
    assert_good(&run(seen));
}

#[test]
fn a_run_is_cancelled_while_it_works_and_too_late_it_is_not() {
    let text = r#"
tests:
  - name: while it charges
    cancel: 90s
    expect: {tasks: {reserve: succeeded, charge: cancelled, ship: absent}}
  - name: in its sleep, with a reason
    cancel: {after: 30m, reason: nobody wants it}
    expect: {status: cancelled, tasks: {last: cancelled}}
  - name: and undone then
    cancel: 90s
    compensate: true
    expect: {status: compensated, undone: [reserve]}
  - name: too late
    cancel: 1d
    expect: {status: succeeded}
"#;
    let report = run(&format!("{MOCKS}{text}"));
    assert_good(&report);
    assert_eq!(case(&report, 0).status, Some(Cancelled));
    assert_eq!(case(&report, 0).took.as_secs(), 90);
}

#[test]
fn a_pause_lets_running_tasks_end_and_starts_nothing() {
    let text = "pause: {after: 30s, for: 10m}\nexpect: {status: succeeded, path: [reserve, charge, ship, last]}\n";
    let report = run(&format!("{MOCKS}{text}"));
    assert_good(&report);
    // Reserving ends at one minute; what follows starts when the pause is over, at ten and a half.
    assert_eq!(case(&report, 0).took.as_secs(), 630 + 60 + 3_600);
}

#[test]
fn pauses_and_cancels_go_down_to_child_runs() {
    let text = r#"
tests:
  - name: paused while the child works
    pause: {after: 3m, for: 1h}
    expect: {status: succeeded, tasks: {ship/send: succeeded}}
  - name: cancelled while the child works
    cancel: 3m
    compensate: true
    expect:
      status: compensated
      tasks: {ship: cancelled, ship/book: cancelled, ship/send: absent}
      undone: [ship, "charge[1]", "charge[0]", reserve]
"#;
    let mocks = MOCKS.replace("{id: b9}}", "{id: b9}, takes: 10m}");
    let report = run(&format!("{mocks}{text}"));
    assert_good(&report);
    // Booking ends in the pause; sending, and the sleep behind it, begin when that is over.
    assert_eq!(case(&report, 0).took.as_secs(), 63 * 60 + 3_600);
}

#[test]
fn what_is_asked_is_read_strictly() {
    let text = "cancel: {reason: x}\npause: 5m\ncompensate: twice\nexpect: {undone: [chage, \"charge[1]\", ship/boock]}\n";
    let report = run(&format!("{MOCKS}{text}"));
    let found = &report.files[0].found;
    let said: Vec<String> = found
        .iter()
        .map(|one| format!("{} {}", one.code, one.message))
        .collect();
    assert_eq!(
        said,
        [
            "TEST003 a cancel needs the key `after`",
            "TEST002 a pause must be a map, not text",
            "TEST002 `compensate` must be true or false, not text",
            "TEST006 the workflow `ci.flow` has no task `chage`",
            "TEST006 the workflow `ci.ship` has no task `boock`",
        ]
    );
}

#[test]
fn the_story_tells_what_was_undone() {
    let library = library();
    let (cases, _) = attune_tryout::parse_tests(
        "t.yaml",
        &format!("{MOCKS}compensate: true\nexpect: {{status: compensated}}\n"),
        &library,
    )
    .unwrap();
    let program = library.workflow(&cases[0].workflow).unwrap();
    let told = story(&walk(&library, &program, &cases[0].setup).unwrap()).unwrap();
    let undone: Vec<_> = told
        .chapters
        .iter()
        .filter(|chapter| chapter.undoes)
        .map(|chapter| {
            (
                chapter.place.as_str(),
                chapter.action.as_ref().unwrap().as_str(),
            )
        })
        .collect();
    assert_eq!(
        undone,
        [
            ("ship", "ci.ship"),
            ("ship/book", "ci.build"),
            ("charge[1]", "ci.build"),
            ("charge[0]", "ci.build"),
            ("reserve", "ci.test"),
        ]
    );
}

#[test]
fn a_run_that_failed_goes_on_with_its_child_runs() {
    let text = r#"
tests:
  - name: what went wrong is done again
    retry: true
    mocks:
      charge: {items: {us: [{error: declined}, {error: declined}, {result: {}}]}, default: {result: {}}}
    expect:
      attempts: {reserve: 1, ship: 1}
      activations: {reserve: 1, charge: 1, ship: 1}
  - name: down to a child run
    retry: true
    mocks: {ship/book: [{error: full}, {error: full}, {result: {id: b1}}]}
    expect:
      tasks: {ship: succeeded, last: succeeded}
      attempts: {ship: 2, ship/book: 3}
      started_once: [reserve, charge, ship, ship/book]
  - name: what was cancelled goes on
    cancel: 30s
    retry: true
    expect: {tasks: {last: succeeded}}
  - name: nothing was mended
    retry: true
    mocks: {ship/book: {error: full}}
    expect: {status: failed, error: {task: ship}}
  - name: undone after all
    retry: true
    compensate: true
    mocks: {ship/book: {error: full}}
    expect: {status: compensated}
  - name: there was nothing to retry
    retry: true
    expect: {status: succeeded}
"#;
    let report = run(&format!("{MOCKS}{}", text.trim_start()));
    assert_good(&report);
}
