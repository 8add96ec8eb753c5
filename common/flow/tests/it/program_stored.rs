//! A stored Program whose tasks name each other by numbers that do not fit is refused, and the error
//! names the place: nothing behind it can stumble over such a number.

use attune_flow::program::{Compensate, InlineAction, Program, TaskIx};
use attune_testkit::flow::{ProgramBuilder, inline, parallel, worker};
use serde_json::{Value, json};

/// 0 `first`, 1 `outer` over 2 `a` and 3 `inner` over 4 `b`, 5 `last`.
fn stored() -> Value {
    let inner = parallel("inner", false, vec![worker("b")]);
    ProgramBuilder::new(vec![
        worker("first").then(&["outer", "noop"]),
        parallel("outer", true, vec![worker("a"), inner]).then(&["last"]),
        inline("last", InlineAction::Noop),
    ])
    .with(|program| program.tasks[0].compensate = Some(Compensate::Task(TaskIx(5))))
    .build()
    .to_json()
}

/// What is said of it with these values put in.
fn refused(changes: &[(&str, Value)]) -> String {
    let mut json = stored();
    for (place, value) in changes {
        let (above, key) = place.rsplit_once('/').unwrap();
        match json.pointer_mut(above).unwrap() {
            Value::Array(items) => items[key.parse::<usize>().unwrap()] = value.clone(),
            object => object[key] = value.clone(),
        }
    }
    Program::from_json(json).unwrap_err().to_string()
}

#[test]
fn it_is_read_as_it_was_stored() {
    assert_eq!(Program::from_json(stored()).unwrap().to_json(), stored());
}

#[test]
fn numbers_outside_of_the_tasks_are_refused() {
    let most = json!(u32::MAX);
    for (place, told) in [
        ("/tasks/0/next/0/do/0/task", "tasks[0].next[0].do[0]"),
        ("/tasks/0/compensate/task", "tasks[0].compensate.task"),
        ("/tasks/2/branch_of", "tasks[2].branch_of"),
        (
            "/tasks/1/work/parallel/children/1",
            "tasks[1].work.parallel.children[1]",
        ),
    ] {
        for number in [json!(6), most.clone()] {
            let said = refused(&[(place, number.clone())]);
            let told =
                format!("`{told}` is task number {number}, and there are 6 tasks, numbered from 0");
            assert!(said.ends_with(&told), "{said}");
        }
    }
}

#[test]
fn parallel_tasks_and_children_that_contradict_each_other_are_refused() {
    let child = |place: &str, number: u32| {
        format!(
            "`{place}` is task number {number}, whose `branch_of` does not say so, or it stands there twice"
        )
    };
    let branch = |place: &str, number: u32| {
        format!("`{place}` is task number {number}, which does not have it among its children")
    };
    let children = "/tasks/1/work/parallel/children";
    for (changes, told) in [
        // A child that says nothing of it, that is another's, that is named twice.
        (
            vec![("/tasks/1/work/parallel/children/1", json!(5))],
            child("tasks[1].work.parallel.children[1]", 5),
        ),
        (
            vec![("/tasks/4/branch_of", json!(1))],
            child("tasks[3].work.parallel.children[0]", 4),
        ),
        (
            vec![(children, json!([2, 3, 2]))],
            child("tasks[1].work.parallel.children[2]", 2),
        ),
        // A parallel task that does not know the child; one that is no parallel task.
        (
            vec![(children, json!([3]))],
            branch("tasks[2].branch_of", 1),
        ),
        (
            vec![(children, json!([3])), ("/tasks/2/branch_of", json!(5))],
            branch("tasks[2].branch_of", 5),
        ),
    ] {
        let said = refused(&changes);
        assert!(said.ends_with(&told), "{said}");
    }
}

#[test]
fn parallel_tasks_within_each_other_are_refused() {
    // `outer` in `inner` in `outer`.
    let said = refused(&[
        ("/tasks/1/branch_of", json!(3)),
        ("/tasks/3/work/parallel/children", json!([4, 1])),
    ]);
    let told = "`tasks[1].branch_of` leads back to the task itself, by way of its parallel tasks";
    assert!(said.ends_with(told), "{said}");
    // `inner` in itself.
    let said = refused(&[
        ("/tasks/1/work/parallel/children", json!([2])),
        ("/tasks/3/branch_of", json!(3)),
        ("/tasks/3/work/parallel/children", json!([3, 4])),
    ]);
    assert!(said.contains("`tasks[3].branch_of` leads back"), "{said}");
}
