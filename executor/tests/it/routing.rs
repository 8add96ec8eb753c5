//! Where the executor sends attempts that ask for labels.

use crate::world::{World, eventually};
use attune_flow::run::Command;
use attune_port::{Address, Bus, QUEUE_KEPT};
use attune_types::ExecutionStatus::{Cancelled, Scheduled};
use attune_wire::WorkMessage;
use serde_json::json;

const FLOW: &str = "
ref: t.far
label: Far
version: 1.0.0
tasks:
  - name: train
    action: t.work
    pool: big
    worker_selector: {gpu: a100, ready: true}
";
const WORK: &str = "ref: t.work\nlabel: Work\nrunner: shell\nentry_point: work.sh\n";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_attempt_that_asks_for_labels_has_a_queue_of_its_own_and_says_that_it_waits() {
    let world = World::new(&[
        ("workflows/far.yaml", FLOW),
        ("actions/work.yaml", WORK),
        ("actions/work.sh", "true\n"),
    ])
    .await;
    let executor = world.executor().await;
    let run = world.open("t.far", json!({})).await;
    let name = "big[gpu=a100,ready=true]";
    let mut queue = world
        .bus
        .subscribe(Address::Work(name.to_owned()), 1)
        .await
        .unwrap();
    let delivery = queue.next().await.unwrap();
    let order = attune_wire::decode::<WorkMessage>(&delivery.body)
        .unwrap()
        .remove(0)
        .unwrap()
        .body
        .order;
    assert_eq!((order.pool.as_str(), order.selector.len()), ("big", 2));
    let pools = ["big".to_owned()];
    let queues = eventually(async || {
        let queues = world.stores.work.queues(&pools, QUEUE_KEPT).await.unwrap();
        (!queues.is_empty()).then_some(queues)
    })
    .await;
    assert_eq!(
        (queues[0].name.as_str(), &queues[0].selector),
        (name, &order.selector)
    );
    let line = eventually(async || {
        let page = world.stores.reads.logs(run, None, 0, 10).await.unwrap();
        page.lines.into_iter().next()
    })
    .await;
    assert_eq!(line.stream, "system");
    assert!(
        line.text
            .contains("no live worker of pool `big` has the labels gpu=a100, ready=true"),
        "{}",
        line.text
    );
    let scheduled = world.history(run).await;
    let by = scheduled
        .iter()
        .find(|event| event.kind == "attempt_scheduled")
        .map(|event| event.data["by"].clone());
    assert_eq!(
        by.unwrap()["selector"],
        json!({"gpu": "a100", "ready": "true"})
    );
    assert_eq!(world.tasks(run).await[0].status, Scheduled);
    let by = "test".to_owned();
    world
        .command(run, Command::Cancel { by, reason: None })
        .await;
    assert_eq!(world.ended(run).await.status, Cancelled);
    executor.stop().await;
}
