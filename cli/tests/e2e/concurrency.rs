//! A workflow that bounds its runs, over REST: a waiting run says why, and starts when there is room.

use attune_types::ExecutionStatus::{Cancelled, Scheduled, Succeeded};
use serde_json::json;

use crate::{packs::write, proc::until, world::World};

const FLOW: &str = "ref: narrow.nap
label: Nap
version: 1.0.0
concurrency: {limit: 1, key: \"{{ parameters.key }}\"}
parameters:
  key: {type: string, default: k}
  seconds: {type: number, default: 600}
tasks:
  - name: nap
    action: core.sleep
    input: {seconds: \"{{ parameters.seconds }}\"}
";

#[tokio::test(flavor = "multi_thread")]
async fn a_run_waits_for_its_place_and_says_for_whom() {
    let world = World::usual().await;
    let admin = &world.admin;
    let pack = write(
        &world.place("packs").join("narrow"),
        &[
            ("pack.yaml", "ref: narrow\nlabel: Narrow\nversion: 1.0.0\n"),
            ("workflows/nap.yaml", FLOW),
        ],
    );
    admin.register(&pack).await;
    let holder = admin.start("narrow.nap", json!({})).await;
    until("the first run sleeps", async || {
        (!admin.tasks(holder).await.is_empty()).then_some(())
    })
    .await;
    let other = admin
        .start("narrow.nap", json!({"key": "other", "seconds": 0.01}))
        .await;
    assert_eq!(admin.ended(other).await.execution.status, Succeeded);
    let waiting = admin.start("narrow.nap", json!({"seconds": 0.01})).await;
    let place = until("the second run stands in line", async || {
        let detail = admin.execution(waiting).await;
        (detail.execution.status == Scheduled).then_some(detail.place?)
    })
    .await;
    assert_eq!((place.key.as_deref(), place.limit), (Some("k"), 1));
    assert_eq!((place.waiting, place.before), (true, Some(0)));
    assert_eq!(place.holders, [holder]);
    let path = format!("/executions/{holder}/cancel");
    let answer = admin.post(&path, &json!({})).await;
    assert!(answer.status < 300, "{}", answer.text);
    assert_eq!(admin.ended(holder).await.execution.status, Cancelled);
    let ended = admin.ended(waiting).await;
    assert_eq!(ended.execution.status, Succeeded);
    assert_eq!(ended.place, None);
}
