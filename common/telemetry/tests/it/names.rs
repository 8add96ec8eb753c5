//! Every metric is there under its name, with its type and its labels.

use std::time::Duration;

use attune_telemetry::Metrics;
use attune_types::ExecutionStatus;

/// Turns everything once and gives what is shown.
fn everything_once() -> String {
    let metrics = Metrics::new("test");
    let second = Duration::from_secs(1);
    metrics.runs.started("workflow", second);
    metrics
        .runs
        .finished("workflow", ExecutionStatus::TimedOut, second);
    metrics
        .runs
        .task_finished("shell", ExecutionStatus::Succeeded, second);
    metrics.commits.committed(3, second);
    metrics.commits.conflicts.inc();
    metrics.bus.published("attune.shard.1").add(2);
    metrics.bus.consumed("attune.shard.1").inc();
    metrics.bus.redelivered("attune.shard.1").inc();
    metrics.executor.shards_owned.set(16);
    metrics.executor.wake_lag.took(second);
    metrics.executor.sweep_repaired("run", 1);
    metrics.workers.slots("default", 3, 5);
    metrics.workers.attempts_lost.inc();
    metrics.rules.verdicts("fired", 2);
    metrics.rules.template_error("rule");
    metrics.sensors.restarts.inc();
    metrics.sensors.ticks.inc();
    metrics
        .http
        .answered("/executions/{id}", "GET", 200, second);
    metrics
        .http
        .answered("/executions/{id}", "BREW", 405, second);
    metrics.pool.set(4, 6);
    metrics.render()
}

/// A line with its labels in the order of their names; no value in these tests has a comma.
fn sorted(line: &str) -> String {
    let Some((name, rest)) = line.split_once('{') else {
        return line.to_owned();
    };
    let Some((labels, value)) = rest.rsplit_once('}') else {
        return line.to_owned();
    };
    let mut labels: Vec<&str> = labels.split(',').collect();
    labels.sort_unstable();
    format!("{name}{{{}}}{value}", labels.join(","))
}

#[test]
fn values_are_shown_with_their_labels() {
    let text = everything_once();
    for line in [
        r#"attune_runs_started_total{kind="workflow",service="test"} 1"#,
        r#"attune_runs_finished_total{kind="workflow",service="test",status="timed_out"} 1"#,
        r#"attune_run_duration_seconds_sum{kind="workflow",service="test"} 1"#,
        r#"attune_task_duration_seconds_count{kind="shell",service="test",status="succeeded"} 1"#,
        r#"attune_run_queued_seconds_count{service="test"} 1"#,
        r#"attune_commit_batch_appends_sum{service="test"} 3"#,
        r#"attune_commit_duration_seconds_count{service="test"} 1"#,
        r#"attune_append_conflicts_total{service="test"} 1"#,
        r#"attune_hints_published_total{queue="attune.shard.1",service="test"} 2"#,
        r#"attune_hints_consumed_total{queue="attune.shard.1",service="test"} 1"#,
        r#"attune_hints_redelivered_total{queue="attune.shard.1",service="test"} 1"#,
        r#"attune_actors_live{service="test"} 0"#,
        r#"attune_shards_owned{service="test"} 16"#,
        r#"attune_wake_lag_seconds_count{service="test"} 1"#,
        r#"attune_sweep_repairs_total{kind="run",service="test"} 1"#,
        r#"attune_worker_slots{pool="default",service="test",state="used"} 3"#,
        r#"attune_worker_slots{pool="default",service="test",state="free"} 5"#,
        r#"attune_attempts_lost_total{service="test"} 1"#,
        r#"attune_rule_verdicts_total{service="test",verdict="fired"} 2"#,
        r#"attune_template_errors_total{service="test",where="rule"} 1"#,
        r#"attune_sensor_restarts_total{service="test"} 1"#,
        r#"attune_schedule_ticks_total{service="test"} 1"#,
        r#"attune_schedule_misses_total{service="test"} 0"#,
        r#"attune_http_requests_total{method="GET",route="/executions/{id}",service="test",status="200"} 1"#,
        r#"attune_http_requests_total{method="other",route="/executions/{id}",service="test",status="405"} 1"#,
        r#"attune_pool_connections{service="test",state="idle"} 6"#,
    ] {
        assert!(
            text.lines().any(|shown| sorted(shown) == sorted(line)),
            "not shown: {line}"
        );
    }
}

#[test]
fn names_follow_one_convention() {
    let text = everything_once();
    let mut seen = 0;
    for line in text.lines().filter_map(|line| line.strip_prefix("# TYPE ")) {
        let (name, kind) = line.split_once(' ').unwrap();
        seen += 1;
        assert!(name.starts_with("attune_"), "{name}");
        assert_eq!(
            name.ends_with("_total"),
            kind == "counter",
            "{name} is a {kind}"
        );
    }
    assert!(seen >= 25, "{seen} metrics");
}

#[test]
fn two_values_in_one_process_do_not_meet() {
    let one = Metrics::new("one");
    let two = Metrics::new("two");
    one.commits.conflicts.inc();
    assert_eq!(
        (one.commits.conflicts.get(), two.commits.conflicts.get()),
        (1, 0)
    );
    let held = one.executor.actors_live.hold();
    assert!(
        one.render()
            .contains("attune_actors_live{service=\"one\"} 1")
    );
    drop(held);
    assert!(
        one.render()
            .contains("attune_actors_live{service=\"one\"} 0")
    );
}
