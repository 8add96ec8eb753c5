//! The worker pool with the executor that sends it work: a pack's action from its start to its end.

use super::bench::within;
use crate::world::World;
use attune_catalogue::{Directory, registration};
use attune_executor::worker::{Worker, WorkerConfig, WorkerDeps};
use attune_pack::load_folder;
use attune_port::SystemClock;
use attune_telemetry::Metrics;
use attune_types::{ExecutionStatus, code};
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

const HELLO: &str = "ref: w.hello
label: Hello
runner: shell
entry_point: hello.sh
output_format: json
parameters:
  name: {type: string, required: true}
";
const FAIL: &str = "ref: w.fail
label: Fail
runner: shell
entry_point: fail.sh
";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn actions_of_a_pack_run_to_their_end() {
    let pack = tempfile::tempdir().unwrap();
    for (path, text) in [
        ("pack.yaml", "ref: w\nlabel: W\nversion: 1.0.0\n"),
        ("actions/hello.yaml", HELLO),
        ("actions/hello.sh", "cat\n"),
        ("actions/fail.yaml", FAIL),
        ("actions/fail.sh", "echo no >&2; exit 7\n"),
    ] {
        let path = pack.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let world = World::new(&[]).await;
    let catalogue = world.stores.catalogue.clone();
    let directory = Directory::open(catalogue.clone()).await.unwrap();
    let source = load_folder(pack.path()).unwrap();
    let (pack, _) = registration(source, &directory.current(), "test")
        .map_err(|errors| errors.to_string())
        .unwrap();
    catalogue.register(pack).await.unwrap();
    let executor = world.executor().await;
    let folder = tempfile::tempdir().unwrap();
    let deps = WorkerDeps {
        bus: world.bus.clone(),
        work: world.stores.work.clone(),
        catalogue: world.stores.catalogue.clone(),
        keys: world.stores.keys.clone(),
        clock: Arc::new(SystemClock),
        metrics: Metrics::new("worker"),
        shards: world.stores.runs.shards().await.unwrap(),
    };
    let config = WorkerConfig {
        work_dir: folder.path().to_owned(),
        heartbeat: Duration::from_millis(100),
        ..WorkerConfig::default()
    };
    let stop = CancellationToken::new();
    let worker = tokio::spawn(Worker::run(deps, config, stop.clone()));

    let good = world
        .open("w.hello", json!({"name": "Ada \"x\" 'y'"}))
        .await;
    let bad = world.open("w.fail", json!({})).await;
    let row = world.ended(good).await;
    assert_eq!(row.status, ExecutionStatus::Succeeded, "{row:?}");
    assert_eq!(row.result["name"], json!("Ada \"x\" 'y'"), "{row:?}");
    let row = world.ended(bad).await;
    assert_eq!(row.status, ExecutionStatus::Failed, "{row:?}");
    let error = row.error.unwrap();
    assert_eq!(
        (error.code.as_str(), error.exit_code),
        (code::EXIT_STATUS, Some(7))
    );

    // Both outcomes are recorded, so nothing is held and the worker ends at once.
    stop.cancel();
    within("the worker's end", worker).await.unwrap().unwrap();
    executor.stop().await;
}
