//! Taking work: once each, as much as there are slots, and giving it back at the end.

use super::bench::{Bench, eventually, lives, shell};
use attune_flow::run::Outcome;
use attune_port::{Address, Bus};
use bytes::Bytes;
use std::sync::atomic::Ordering;

/// Adds a line to the file in `$TRACE`.
const TRACE: &str = "echo ran >> \"$TRACE\"\n";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_that_comes_twice_runs_once() {
    let mut bench = Bench::new(&[("actions/trace.sh", TRACE)]).await;
    let trace = bench.folder.join("trace");
    let mut order = shell("trace.sh");
    order
        .spec
        .env
        .insert("TRACE".to_owned(), trace.display().to_string());
    bench.dispatch_all(&[order.clone(), order.clone()]).await;
    bench.dispatch(&order).await;
    bench.outcome(&order).await;
    bench.dispatch(&order).await;
    // The one after it is taken when all before it have been.
    let last = shell("trace.sh");
    bench.run(&last).await;
    assert_eq!(std::fs::read_to_string(trace).unwrap(), "ran\n");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_waits_is_claimed_together() {
    let mut bench = Bench::with(&[("actions/a.sh", "echo a\n")], |config| {
        config.slots = 50;
    })
    .await;
    let orders: Vec<_> = (0..40).map(|_| shell("a.sh")).collect();
    bench.dispatch_all(&orders).await;
    for order in &orders {
        assert!(matches!(
            bench.outcome(order).await,
            Outcome::Succeeded { .. }
        ));
    }
    assert_eq!(bench.work.state().claim_calls, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_more_run_at_once_than_there_are_slots() {
    let script = "import os, time\n\
        folder = os.environ['ROOM']\n\
        own = os.path.join(folder, str(os.getpid()))\n\
        open(own, 'w').close()\n\
        print(len(os.listdir(folder)))\n\
        time.sleep(0.1)\n\
        os.remove(own)\n";
    let mut bench = Bench::with(&[("actions/count.py", script)], |config| {
        config.slots = 3;
    })
    .await;
    let room = bench.folder.join("room");
    std::fs::create_dir(&room).unwrap();
    let orders: Vec<_> = (0..12)
        .map(|_| {
            let mut order = super::bench::order(attune_pack::Runner::Python, "count.py");
            order
                .spec
                .env
                .insert("ROOM".to_owned(), room.display().to_string());
            order
        })
        .collect();
    bench.dispatch_all(&orders).await;
    for order in &orders {
        let Outcome::Succeeded { result, .. } = bench.outcome(order).await else {
            panic!("not succeeded");
        };
        let at_once: u32 = result.as_str().unwrap().parse().unwrap();
        assert!((1..=3).contains(&at_once), "{at_once} at once");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_that_cannot_be_read_does_not_stop_the_others() {
    let mut bench = Bench::new(&[("actions/a.sh", "echo a\n")]).await;
    let pool = Address::Work("default".to_owned());
    for bad in ["", "{}", "[1, 2]", "{\"batch\": [7]}"] {
        let bad = vec![Bytes::from(bad)];
        bench.bus.publish(pool.clone(), bad).await.unwrap();
    }
    bench.succeeds(&shell("a.sh")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn work_waits_for_the_database() {
    let mut bench = Bench::new(&[("actions/a.sh", "echo a\n")]).await;
    bench.work.away.store(true, Ordering::SeqCst);
    let order = shell("a.sh");
    bench.dispatch(&order).await;
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    assert!(bench.work.state().claims.is_empty());
    bench.work.away.store(false, Ordering::SeqCst);
    assert!(matches!(
        bench.outcome(&order).await,
        Outcome::Succeeded { .. }
    ));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn at_the_end_what_runs_is_killed_and_what_waits_goes_to_another() {
    let script = "echo $$; while :; do sleep 0.05; done\n";
    let files = [("actions/loop.sh", script), ("actions/a.sh", "echo a\n")];
    let mut bench = Bench::with(&files, |config| config.slots = 1).await;
    let running = shell("loop.sh");
    bench.dispatch(&running).await;
    bench.until_started(running.attempt).await;
    eventually("the process", || bench.work.log_of(&running).len() == 1).await;
    let waiting = shell("a.sh");
    bench.dispatch(&waiting).await;
    bench.end().await;
    let line = bench.work.log_of(&running).remove(0);
    assert!(!lives(line.trim_start_matches("stdout: ")));
    assert_eq!(bench.work.state().goodbyes.len(), 1);
    assert!(!bench.work.state().claims.contains(&waiting.attempt));
    bench.start();
    assert!(matches!(
        bench.outcome(&waiting).await,
        Outcome::Succeeded { .. }
    ));
    assert!(bench.told(running.attempt).outcomes.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn at_the_end_an_outcome_is_told_and_settled_before_the_goodbye() {
    let mut bench = Bench::with(&[("actions/a.sh", "sleep 0.3; echo a\n")], |config| {
        config.shutdown_grace = std::time::Duration::from_secs(30);
    })
    .await;
    let order = shell("a.sh");
    bench.dispatch(&order).await;
    bench.until_started(order.attempt).await;
    bench.stop.cancel();
    assert!(matches!(
        bench.outcome(&order).await,
        Outcome::Succeeded { .. }
    ));
    bench.end().await;
    assert_eq!(bench.work.state().goodbyes.len(), 1);
    assert!(bench.work.state().held.is_empty());
}
