//! Process sensors: what they say is stored, bad lines are told of, and a restart goes on from the
//! last cursor.

use crate::world::{World, eventually};
use attune_port::SensorState;

const PACK: &str = "ref: door\nlabel: Door\nversion: 1.0.0\n";
const TRIGGER: &str =
    "ref: door.opened\nlabel: Opened\npayload:\n  number: {type: integer, required: true}\n";
const SENSOR: &str = "ref: door.watch\nlabel: Watch\nrunner: shell\nentry_point: watch.sh\n\
                      triggers: [door.opened]\nconfig: {site: north}\n";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sensor_that_ends_goes_on_from_its_cursor() {
    let world = World::new();
    // Says one thing and a wrong one, and ends; its cursor tells it what comes next.
    let script = r#"
read -r first
last=$ATTUNE_SENSOR_CURSOR
[ "$last" = null ] && last=0
next=$((last + 1))
case "$first" in *'"site":"north"'*) ;; *) echo "no config" >&2; exit 1 ;; esac
echo "{\"trigger\": \"door.opened\", \"payload\": {\"number\": $next}, \"cursor\": $next}"
echo "this is no JSON"
"#;
    world
        .register(&[
            ("pack.yaml", PACK),
            ("triggers/opened.yaml", TRIGGER),
            ("sensors/watch.yaml", SENSOR),
            ("sensors/watch.sh", script),
        ])
        .await;
    let replica = world.start("a").await;
    let events = world.wait_for_events(3).await;
    let numbers: Vec<_> = events[..3]
        .iter()
        .map(|row| row.event.payload["number"].as_u64().unwrap())
        .collect();
    assert_eq!(numbers, [1, 2, 3]);
    let status = eventually(async || {
        let statuses = world.stores.schedules.statuses().await.unwrap();
        statuses.into_iter().find(|status| status.message.is_some())
    })
    .await;
    assert_eq!(status.state, SensorState::Restarting);
    assert!(status.message.unwrap().contains("this is no JSON"));
    assert!(status.restarts >= 1);
    replica.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sensor_is_ended_with_all_that_it_started() {
    let world = World::new();
    let script = r#"
sleep 600 &
echo "{\"trigger\": \"door.opened\", \"payload\": {\"number\": $!}}"
wait
"#;
    world
        .register(&[
            ("pack.yaml", PACK),
            ("triggers/opened.yaml", TRIGGER),
            ("sensors/watch.yaml", SENSOR),
            ("sensors/watch.sh", script),
        ])
        .await;
    let replica = world.start("a").await;
    let events = world.wait_for_events(1).await;
    let child = events[0].event.payload["number"].as_u64().unwrap();
    assert!(alive(child));
    replica.stop().await;
    eventually(async || (!alive(child)).then_some(())).await;
}

/// Whether the process runs; one that has ended and waits to be reaped does not.
fn alive(pid: u64) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z "))
}
