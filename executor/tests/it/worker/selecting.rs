//! Attempts that ask for labels run only on workers that have them.

use super::bench::{Bench, shell, to_labels};
use attune_flow::run::{Outcome, WorkOrder};
use attune_port::{QUEUE_KEPT, WorkQueue, WorkStore};

fn order(labels: &[(&str, &str)]) -> WorkOrder {
    let mut order = shell("a.sh");
    order.selector = to_labels(labels);
    order
}

fn queue(order: &WorkOrder) -> WorkQueue {
    WorkQueue {
        name: order.queue(),
        pool: order.pool.clone(),
        selector: order.selector.clone(),
    }
}

async fn bench() -> Bench {
    Bench::with(&[("actions/a.sh", "echo a\n")], |config| {
        config.name = "east".to_owned();
        config.labels = to_labels(&[("zone", "east"), ("gpu", "a100")]);
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_attempt_goes_to_a_worker_with_all_its_labels() {
    let mut bench = bench().await;
    let west = bench.also("west", &[("zone", "west"), ("gpu", "a100")]);
    let wanted = [
        (&[("zone", "east")][..], "east"),
        (&[("zone", "west")][..], "west"),
        (&[("gpu", "a100"), ("zone", "west")][..], "west"),
    ];
    let mut orders = Vec::new();
    for (labels, worker) in wanted {
        for _ in 0..3 {
            let order = order(labels);
            bench
                .work
                .offer(&[queue(&order)], QUEUE_KEPT)
                .await
                .unwrap();
            bench.dispatch(&order).await;
            bench.tell_queue(&order);
            orders.push((order, worker));
        }
    }
    for (order, worker) in &orders {
        assert!(matches!(
            bench.outcome(order).await,
            Outcome::Succeeded { .. }
        ));
        assert_eq!(
            bench.told(order.attempt).worker,
            *worker,
            "{:?}",
            order.selector
        );
    }
    west.cancel();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_attempt_waits_until_a_worker_with_its_labels_comes() {
    let mut bench = bench().await;
    let rare = order(&[("gpu", "h100")]);
    bench.work.offer(&[queue(&rare)], QUEUE_KEPT).await.unwrap();
    bench.dispatch(&rare).await;
    bench.tell_queue(&rare);
    // What anybody may run goes on meanwhile.
    bench.succeeds(&shell("a.sh")).await;
    assert!(!bench.work.state().claims.contains(&rare.attempt));
    // Told by nobody: it finds the queue in the store.
    let late = bench.also("late", &[("gpu", "h100")]);
    assert!(matches!(
        bench.outcome(&rare).await,
        Outcome::Succeeded { .. }
    ));
    assert_eq!(bench.told(rare.attempt).worker, "late");
    late.cancel();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_attempt_in_the_wrong_queue_is_not_run() {
    let mut bench = bench().await;
    let lost = order(&[("gpu", "h100")]);
    let mut misled = lost.clone();
    misled.pool = "default".to_owned();
    bench.dispatch_to("default", &misled).await;
    bench.succeeds(&shell("a.sh")).await;
    assert!(!bench.work.state().claims.contains(&lost.attempt));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_queue_out_of_use_is_let_go_and_taken_up_again() {
    let mut bench = bench().await;
    let (old, new) = (order(&[("gpu", "a100")]), order(&[("zone", "east")]));
    bench.work.offer(&[queue(&old)], QUEUE_KEPT).await.unwrap();
    bench.tell_queue(&old);
    bench.dispatch(&old).await;
    bench.outcome(&old).await;
    // The store has forgotten it; the news of another queue makes the worker look.
    bench.work.state().queues.clear();
    bench.work.offer(&[queue(&new)], QUEUE_KEPT).await.unwrap();
    bench.tell_queue(&new);
    bench.dispatch(&new).await;
    bench.outcome(&new).await;
    bench.let_go(&old.queue()).await;
    let again = order(&[("gpu", "a100")]);
    bench.dispatch(&again).await;
    bench
        .work
        .offer(&[queue(&again)], QUEUE_KEPT)
        .await
        .unwrap();
    bench.tell_queue(&again);
    bench.outcome(&again).await;
}
