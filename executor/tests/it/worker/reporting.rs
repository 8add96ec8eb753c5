//! What a worker tells, and how long.

use super::bench::{Bench, eventually, shell};
use attune_flow::run::{Outcome, Report};
use serde_json::json;
use std::sync::atomic::Ordering;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_process_tells_comes_before_its_outcome_and_in_order() {
    let script = r#"
echo '{"progress": 0.25, "message": "one"}' >> "$ATTUNE_EVENTS"
echo 'what is this' >> "$ATTUNE_EVENTS"
echo '{"label": {"env": "prod"}}' >> "$ATTUNE_EVENTS"
echo '{"cost_usd": 0.02, "meter": "tokens"}' >> "$ATTUNE_EVENTS"
echo '{"artifact": "report.html"}' >> "$ATTUNE_EVENTS"
printf '{"annotation": [1]}' >> "$ATTUNE_EVENTS"
"#;
    let mut bench = Bench::new(&[("actions/tell.sh", script)]).await;
    let order = shell("tell.sh");
    bench.succeeds(&order).await;
    let told = bench.told(order.attempt);
    assert!(told.started);
    let expected = [
        Report {
            progress: Some(0.25),
            message: Some("one".to_owned()),
            ..Report::default()
        },
        Report {
            label: Some([("env".to_owned(), "prod".to_owned())].into()),
            ..Report::default()
        },
        Report {
            cost_usd: Some(0.02),
            meter: Some("tokens".to_owned()),
            ..Report::default()
        },
        Report {
            artifact: Some("report.html".to_owned()),
            ..Report::default()
        },
        Report {
            annotation: Some(json!([1])),
            ..Report::default()
        },
    ];
    // Sent live, and once more with the outcome; the number tells that it is the same.
    for (number, report) in expected.iter().enumerate() {
        let number = u64::try_from(number).unwrap();
        let same: Vec<&Report> = told
            .reports
            .iter()
            .filter(|(found, _)| *found == number)
            .map(|(_, report)| report)
            .collect();
        assert!(
            !same.is_empty() && same.iter().all(|found| *found == report),
            "{number}"
        );
    }
    assert!(told.reports.iter().all(|(number, _)| *number < 5));
    let last: Vec<u64> = told.reports.iter().rev().take(5).map(|(n, _)| *n).collect();
    assert_eq!(last, [4, 3, 2, 1, 0]);
    eventually("the remark", || {
        bench
            .work
            .log_of(&order)
            .iter()
            .any(|line| line.starts_with("system: ") && line.contains("what is this"))
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_report_comes_while_the_process_runs() {
    let script = "echo '{\"progress\": 0.5}' >> \"$ATTUNE_EVENTS\"\n\
        while [ ! -e \"$GO\" ]; do sleep 0.02; done\n";
    let mut bench = Bench::new(&[("actions/wait.sh", script)]).await;
    let go = bench.folder.join("go");
    let mut order = shell("wait.sh");
    order
        .spec
        .env
        .insert("GO".to_owned(), go.display().to_string());
    bench.dispatch(&order).await;
    bench.until_told(order.attempt).await;
    assert!(bench.told(order.attempt).outcomes.is_empty());
    std::fs::write(&go, "").unwrap();
    assert!(matches!(
        bench.outcome(&order).await,
        Outcome::Succeeded { .. }
    ));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_outcome_is_told_until_it_is_settled() {
    let mut bench = Bench::new(&[("actions/a.sh", "echo a\n")]).await;
    let order = shell("a.sh");
    bench.dispatch(&order).await;
    let told = bench.told_times(order.attempt, 3).await;
    assert_eq!(told.outcomes[0], told.outcomes[2]);
    assert_eq!(bench.work.state().held, [order.attempt]);
    bench.work.state().settled.insert(order.attempt);
    eventually("the end of holding it", || {
        bench.work.state().held.is_empty()
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_outcome_waits_for_the_broker() {
    let mut bench = Bench::new(&[("actions/a.sh", "echo a\n")]).await;
    bench.bus.away.store(true, Ordering::SeqCst);
    let order = shell("a.sh");
    bench.dispatch(&order).await;
    eventually("the process", || bench.work.log_of(&order) == ["stdout: a"]).await;
    bench.bus.away.store(false, Ordering::SeqCst);
    assert!(matches!(
        bench.outcome(&order).await,
        Outcome::Succeeded { .. }
    ));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_attempt_that_nobody_wants_is_ended_quietly() {
    let script = "echo $$; while :; do sleep 0.05; done\n";
    let mut bench = Bench::new(&[("actions/loop.sh", script)]).await;
    let order = shell("loop.sh");
    bench.dispatch(&order).await;
    bench.until_started(order.attempt).await;
    eventually("the process", || bench.work.log_of(&order).len() == 1).await;
    let line = bench.work.log_of(&order).remove(0);
    let pid = line.trim_start_matches("stdout: ").to_owned();
    bench.work.state().settled.insert(order.attempt);
    eventually("its end", || !super::bench::lives(&pid)).await;
    eventually("the end of holding it", || {
        bench.work.state().held.is_empty()
    })
    .await;
    // What is said after it is the next attempt's.
    let next = shell("loop.sh");
    bench.dispatch(&next).await;
    bench.until_started(next.attempt).await;
    assert!(bench.told(order.attempt).outcomes.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lines_keep_their_order_over_both_streams() {
    let script = "import sys\n\
        for n in range(300):\n    \
            print(n, flush=True)\n    \
            if n % 100 == 99: print('err', n, file=sys.stderr, flush=True)\n";
    let mut bench = Bench::new(&[("actions/both.py", script)]).await;
    let order = super::bench::order(attune_pack::Runner::Python, "both.py");
    bench.succeeds(&order).await;
    eventually("the log", || bench.work.log_of(&order).len() == 303).await;
    let log = bench.work.log_of(&order);
    let of = |stream: &str| -> Vec<String> {
        log.iter()
            .filter_map(|line| line.strip_prefix(stream).map(str::to_owned))
            .collect()
    };
    let expected: Vec<String> = (0..300).map(|n| n.to_string()).collect();
    assert_eq!(of("stdout: "), expected);
    assert_eq!(of("stderr: "), ["err 99", "err 199", "err 299"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pipe_or_a_link_in_place_of_the_file_holds_nobody_up() {
    for other in ["mkfifo", "ln -s /dev/zero"] {
        let script = format!(
            "echo '{{\"progress\": 0.5}}' >> \"$ATTUNE_EVENTS\"\n\
             while [ ! -e \"$GO\" ]; do sleep 0.02; done\n\
             rm \"$ATTUNE_EVENTS\" && {other} \"$ATTUNE_EVENTS\"\n"
        );
        let mut bench = Bench::new(&[("actions/swap.sh", script.as_str())]).await;
        let go = bench.folder.join("go");
        let mut order = shell("swap.sh");
        order
            .spec
            .env
            .insert("GO".to_owned(), go.display().to_string());
        bench.dispatch(&order).await;
        bench.until_told(order.attempt).await;
        std::fs::write(&go, "").unwrap();
        assert!(matches!(
            bench.outcome(&order).await,
            Outcome::Succeeded { .. }
        ));
    }
}
