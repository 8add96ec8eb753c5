//! A run and the runs below it undone, while executors are killed in the middle of it.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use attune_rest::{ExecutionView, HistoryView};
use attune_types::{
    ExecutionStatus::{self, Compensated, Compensating, Failed, Succeeded},
    RunId,
};
use serde_json::json;

use crate::{
    packs::write,
    proc::until,
    world::{Plan, World, blocking},
};

const TRIP: &str = "ref: trip.trip
label: Trip
version: 1.0.0
parameters:
  place: {type: string, required: true}
tasks:
  - name: flight
    action: trip.book
    input: {what: flight, place: \"{{ parameters.place }}\"}
    compensate: no_flight
    on_success: hotel
  - name: no_flight
    action: trip.give_back
    retry: {count: 2, delay: 0.1}
    input: {what: \"{{ task.flight.result.booked }}\", place: \"{{ parameters.place }}\"}
  - name: hotel
    action: trip.hotel
    input: {place: \"{{ parameters.place }}\"}
    on_success: pay
  - name: pay
    action: core.fail
    input: {message: no money}
";

const HOTEL: &str = "ref: trip.hotel
label: Hotel
version: 1.0.0
parameters:
  place: {type: string, required: true}
tasks:
  - name: room
    action: trip.book
    input: {what: room, place: \"{{ parameters.place }}\"}
    compensate:
      action: trip.give_back
      input: {what: \"{{ task.room.result.booked }}\", place: \"{{ parameters.place }}\"}
    on_success: spa
  - name: spa
    action: trip.book
    input: {what: spa, place: \"{{ parameters.place }}\"}
    compensate:
      action: trip.give_back
      input: {what: \"{{ task.spa.result.booked }}\", place: \"{{ parameters.place }}\"}
";

/// Notes that it tries, does as the files beside the journal say, and notes what it did.
const GIVE_BACK: &str = "#!/bin/sh
cd \"$ATTUNE_PARAM_PLACE\" || exit 1
what=$ATTUNE_PARAM_WHAT
echo \"try $what $ATTUNE_EXECUTION_ID $ATTUNE_ATTEMPT\" >> journal
while [ -e \"hold-$what\" ]; do sleep 0.05; done
[ -e \"break-$what\" ] && [ \"$ATTUNE_ATTEMPT\" -le \"$(cat \"break-$what\")\" ] && exit 9
echo \"gave $what $ATTUNE_EXECUTION_ID $ATTUNE_ATTEMPT\" >> journal
printf '{\"gave\": \"%s\"}' \"$what\"
";

fn action(name: &str) -> String {
    format!(
        "ref: trip.{name}\nlabel: {name}\nrunner: shell\nentry_point: {name}.sh\n\
         parameter_delivery: env\noutput_format: json\nidempotent: true\n\
         parameters:\n  what: {{type: string, required: true}}\n  place: {{type: string, required: true}}\n"
    )
}

async fn register(world: &World) {
    let book = "printf '{\"booked\": \"%s\"}' \"$ATTUNE_PARAM_WHAT\"\n";
    let pack = write(
        &world.place("packs").join("trip"),
        &[
            ("pack.yaml", "ref: trip\nlabel: Trip\nversion: 1.0.0\n"),
            ("workflows/trip.yaml", TRIP),
            ("workflows/hotel.yaml", HOTEL),
            ("actions/book.yaml", &action("book")),
            ("actions/book.sh", book),
            ("actions/give_back.yaml", &action("give_back")),
            ("actions/give_back.sh", GIVE_BACK),
        ],
    );
    world.admin.register(&pack).await;
}

/// A run that has failed at its end; gives it, and the child run that it opened.
async fn failed_trip(world: &World, place: &Path) -> (RunId, RunId) {
    let run = world
        .admin
        .start("trip.trip", json!({"place": place}))
        .await;
    let ended = world.admin.ended(run).await.execution;
    assert_eq!(ended.status, Failed);
    assert_eq!(ended.error.unwrap().task.as_deref(), Some("pay"));
    let tasks = world.admin.tasks(run).await;
    let hotel = tasks.iter().find(|row| row.run != run).unwrap();
    (run, hotel.run)
}

async fn ask(world: &World, run: RunId) -> u16 {
    let path = format!("/executions/{run}/compensate");
    world.admin.post(&path, &json!({})).await.status
}

async fn stands(world: &World, run: RunId, status: ExecutionStatus) -> ExecutionView {
    until(&format!("{run} is {status}"), async || {
        let row = world.admin.execution(run).await.execution;
        (row.status == status).then_some(row)
    })
    .await
}

/// The lines of the journal that begin with a word: what, execution, attempt.
fn journal(place: &Path, word: &str) -> Vec<(String, String, u32)> {
    let text = std::fs::read_to_string(place.join("journal")).unwrap_or_default();
    text.lines()
        .filter_map(|line| {
            let mut words = line.split(' ');
            (words.next() == Some(word)).then_some(())?;
            let what = words.next()?.to_owned();
            let execution = words.next()?.to_owned();
            Some((what, execution, words.next()?.parse().ok()?))
        })
        .collect()
}

fn whats(lines: &[(String, String, u32)]) -> Vec<&str> {
    let mut whats: Vec<&str> = lines.iter().map(|(what, ..)| what.as_str()).collect();
    whats.dedup();
    whats
}

fn hold(place: &Path, name: &str, text: &str) -> PathBuf {
    let path = place.join(name);
    std::fs::write(&path, text).unwrap();
    path
}

/// What undid something, in order: what it undid, how it ended, after how many attempts.
async fn undone(world: &World, run: RunId) -> Vec<(String, ExecutionStatus, u32)> {
    let rows = world.admin.tasks(run).await.into_iter();
    rows.filter(|row| row.run == run)
        .filter_map(|row| Some((row.compensates?, row.status, row.attempt)))
        .collect()
}

/// What must hold of every history: no gap, no attempt that was scheduled or closed twice.
fn sound(history: &[HistoryView]) {
    for (place, event) in history.iter().enumerate() {
        assert_eq!(event.seq, place as u64 + 1, "{history:#?}");
    }
    for kind in ["attempt_scheduled", "attempt_started", "execution_ended"] {
        let mut seen = std::collections::HashSet::new();
        for event in history.iter().filter(|event| event.kind == kind) {
            let of = (
                event.data["execution"].to_string(),
                event.data["number"].to_string(),
            );
            assert!(seen.insert(of), "{kind} twice: {history:#?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tree_of_runs_is_undone_in_order_while_executors_are_killed() {
    let world = Arc::new(
        World::start(Plan {
            settings: vec![("ATTUNE__EXECUTOR__LEASE_TTL", "2s")],
            ..Plan::default()
        })
        .await,
    );
    register(&world).await;
    let place = world.place("killed");
    let (run, hotel) = failed_trip(&world, &place).await;
    // The spa is what is undone first; the flight lets go at the third attempt.
    let gate = hold(&place, "hold-spa", "");
    hold(&place, "break-flight", "2");
    assert_eq!(ask(&world, run).await, 202);
    until("the first undo has begun", async || {
        (!journal(&place, "try").is_empty()).then_some(())
    })
    .await;
    stands(&world, run, Compensating).await;
    stands(&world, hotel, Compensating).await;
    assert_eq!(ask(&world, run).await, 409);
    blocking(&world, |world| {
        let mut stack = world.stack();
        for name in ["executor-1", "executor-2"] {
            stack.kill9(name).unwrap();
        }
        for name in ["executor-1", "executor-2"] {
            stack.restart(name).unwrap();
        }
    })
    .await;
    std::fs::remove_file(gate).unwrap();

    let row = stands(&world, run, Compensated).await;
    assert_eq!(row.error.unwrap().task.as_deref(), Some("pay"));
    stands(&world, hotel, Compensated).await;
    let gave = journal(&place, "gave");
    assert_eq!(whats(&gave), ["spa", "room", "flight"]);
    assert_eq!(
        whats(&journal(&place, "try")),
        ["spa", "room", "flight"],
        "nothing is undone before what was built upon it"
    );
    for (at, line) in gave.iter().enumerate() {
        assert!(
            !gave[..at].contains(line),
            "an attempt did it twice: {gave:?}"
        );
    }
    let above = undone(&world, run).await;
    assert_eq!(above.len(), 2, "{above:?}");
    assert_eq!((above[0].0.as_str(), above[0].1), ("hotel", Succeeded));
    assert_eq!(above[1], ("flight".to_owned(), Succeeded, 3));
    let below = undone(&world, hotel).await;
    let names: Vec<_> = below.iter().map(|(name, ..)| name.as_str()).collect();
    assert_eq!(names, ["spa", "room"], "{below:?}");
    assert!(below.iter().all(|(_, status, _)| *status == Succeeded));
    for id in [run, hotel] {
        let history = world.admin.history(id).await;
        sound(&history);
        let count = |kind: &str| history.iter().filter(|event| event.kind == kind).count();
        assert_eq!(
            (
                count("run_ended"),
                count("compensation_started"),
                count("compensation_ended")
            ),
            (1, 1, 1)
        );
    }
    assert_eq!(ask(&world, run).await, 409);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_could_not_be_undone_below_is_asked_for_again() {
    let world = World::usual().await;
    register(&world).await;
    let place = world.place("again");
    let (run, hotel) = failed_trip(&world, &place).await;
    let stuck = hold(&place, "break-room", "99");
    assert_eq!(ask(&world, run).await, 202);
    let row = until("the undoing has failed", async || {
        let tried = !undone(&world, run).await.is_empty();
        let row = world.admin.execution(run).await.execution;
        (tried && row.status == Failed).then_some(row)
    })
    .await;
    let error = row.error.unwrap();
    assert_eq!(error.code, "compensation_failed");
    assert_eq!(error.task.as_deref(), Some("hotel"));
    assert!(
        error.message.contains("not undone: `hotel`, `flight`"),
        "{}",
        error.message
    );
    let below = world.admin.execution(hotel).await.execution;
    assert_eq!(below.status, Failed);
    let error = below.error.unwrap();
    assert_eq!(error.task.as_deref(), Some("room"));
    assert_eq!(whats(&journal(&place, "gave")), ["spa"]);

    std::fs::remove_file(stuck).unwrap();
    assert_eq!(ask(&world, run).await, 202);
    stands(&world, run, Compensated).await;
    stands(&world, hotel, Compensated).await;
    // The spa was given back by the first asking, and stays so.
    assert_eq!(whats(&journal(&place, "gave")), ["spa", "room", "flight"]);
    assert_eq!(journal(&place, "gave").len(), 3);
    let history = world.admin.history(hotel).await;
    sound(&history);
    let started = history
        .iter()
        .filter(|event| event.kind == "compensation_started");
    assert_eq!(started.count(), 2);
}
