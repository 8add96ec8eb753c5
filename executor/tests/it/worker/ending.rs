//! How processes end, and that nothing is left of them.

use super::bench::{Bench, eventually, json, lives, order, shell};
use attune_flow::run::Outcome;
use attune_pack::Runner;
use attune_types::code;
use serde_json::json;
use std::time::Duration;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_exit_code_is_a_failure_with_the_last_words() {
    let script = "echo '{\"partial\": 1}'; echo first >&2; echo it broke >&2; exit 3\n";
    let mut bench = Bench::new(&[("actions/fail.sh", script)]).await;
    let (error, result, process) = bench.fails(&json(shell("fail.sh"))).await;
    assert_eq!(error.code, code::EXIT_STATUS);
    assert_eq!(error.exit_code, Some(3));
    assert!(error.message.contains("code 3") && error.message.contains("it broke"));
    assert_eq!(result, json!({"partial": 1}));
    let process = process.unwrap();
    assert_eq!(process.exit_code, Some(3));
    assert_eq!(process.stderr, "first\nit broke\n");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_signal_is_named() {
    let mut bench = Bench::new(&[("actions/die.sh", "kill -SEGV $$\n")]).await;
    let (error, _, process) = bench.fails(&shell("die.sh")).await;
    assert_eq!(error.code, code::SIGNAL);
    assert!(error.message.contains("SIGSEGV"), "{}", error.message);
    assert_eq!(process.unwrap().exit_code, None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_started_says_why_and_what_to_do() {
    let mut bench = Bench::new(&[
        ("actions/data.bin", "not executable"),
        ("actions/strange.sh", "#!/no/such/interpreter\n"),
        ("actions/app.js", "1\n"),
        ("package.json", "{\"dependencies\": {\"left-pad\": \"1\"}}"),
    ])
    .await;
    let mut unknown = shell("data.bin");
    unknown.pack_hash = "ffff".to_owned();
    for (order, part) in [
        (shell("missing.sh"), "no file `missing.sh`"),
        (shell("../../../bin/ls"), "out of the pack"),
        (shell("/bin/ls"), "out of the pack"),
        (order(Runner::Binary, "data.bin"), "chmod +x"),
        (shell("strange.sh"), "interpreter"),
        (order(Runner::Node, "app.js"), "node_modules"),
        (unknown, "no pack version"),
    ] {
        let (error, _, process) = bench.fails(&order).await;
        assert_eq!(error.code, code::START_FAILED);
        assert!(error.message.contains(part), "{}", error.message);
        assert_eq!(process, None);
    }
    let (error, ..) = bench.fails(&order(Runner::Container, "image")).await;
    assert_eq!(error.code, code::UNAVAILABLE);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn scripts_run_by_the_interpreter_that_they_name() {
    let mut bench = Bench::new(&[
        (
            "actions/named.sh",
            "#!/usr/bin/env python3\nprint('python')\n",
        ),
        ("actions/plain.sh", "echo sh\n"),
        ("tool", "#!/bin/sh\necho binary\n"),
    ])
    .await;
    for (order, expected) in [
        (shell("named.sh"), "python"),
        (shell("plain.sh"), "sh"),
        (order(Runner::Binary, "tool"), "binary"),
    ] {
        assert_eq!(bench.succeeds(&order).await.0, json!(expected));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_python_pack_has_its_own_environment() {
    let script = "import sys\nprint(sys.prefix != sys.base_prefix)\n";
    let mut bench = Bench::new(&[
        ("actions/own.py", script),
        ("requirements.txt", "# nothing to fetch\n"),
    ])
    .await;
    let can_make = std::process::Command::new("python3")
        .args(["-c", "import ensurepip"])
        .output()
        .is_ok_and(|output| output.status.success());
    if can_make {
        for _ in 0..2 {
            let (result, _) = bench.succeeds(&order(Runner::Python, "own.py")).await;
            assert_eq!(result, json!("True"));
        }
    } else {
        let (error, ..) = bench.fails(&order(Runner::Python, "own.py")).await;
        assert_eq!(error.code, code::START_FAILED);
        assert!(error.message.contains("python3-venv"), "{}", error.message);
    }
}

/// Starts a child and a grandchild that ignore a polite request, tells who they are, and waits.
const STUBBORN: &str = "trap '' TERM\n\
    sh -c 'trap \"\" TERM; sleep 600 & echo $!; sleep 600' &\n\
    echo $!\n\
    sleep 600\n";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn time_that_is_over_ends_the_whole_group() {
    let mut bench = Bench::new(&[("actions/stubborn.sh", STUBBORN)]).await;
    let mut order = shell("stubborn.sh");
    order.timeout = Some(Duration::from_millis(700));
    let Outcome::TimedOut { error, process } = bench.run(&order).await else {
        panic!("not timed out");
    };
    assert_eq!(error.code, code::TIMEOUT);
    assert!(error.message.contains("700ms"), "{}", error.message);
    let stdout = process.unwrap().stdout;
    assert_eq!(stdout.lines().count(), 2, "{stdout}");
    for pid in stdout.lines() {
        eventually("the end of a grandchild", || !lives(pid)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn children_that_outlive_their_leader_are_ended() {
    let mut bench = Bench::new(&[("actions/leave.sh", "sleep 600 & echo $!\n")]).await;
    let (result, _) = bench.succeeds(&shell("leave.sh")).await;
    let pid = result.as_str().unwrap().to_owned();
    eventually("the end of the child", || !lives(&pid)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_left_the_group_does_not_hold_the_attempt() {
    let script = "setsid sh -c 'echo > \"$HOME/away\"; sleep 30' &\n\
        while [ ! -e \"$HOME/away\" ]; do sleep 0.02; done\n\
        echo done\n";
    let mut bench = Bench::new(&[("actions/daemon.sh", script)]).await;
    let order = shell("daemon.sh");
    let (result, process) = bench.succeeds(&order).await;
    assert_eq!(result, json!("done"));
    assert!(process.duration_ms < 20_000);
    eventually("the remark", || {
        bench
            .work
            .log_of(&order)
            .iter()
            .any(|line| line.contains("still holds its output"))
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_stops_a_running_attempt() {
    let mut bench = Bench::new(&[("actions/stubborn.sh", STUBBORN)]).await;
    let order = shell("stubborn.sh");
    bench.dispatch(&order).await;
    bench.until_started(order.attempt).await;
    eventually("the process", || bench.work.log_of(&order).len() == 2).await;
    bench.request_stop(order.attempt);
    let Outcome::Cancelled { process } = bench.outcome(&order).await else {
        panic!("not cancelled");
    };
    for pid in process.unwrap().stdout.lines() {
        eventually("the end of a child", || !lives(pid)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_polite_process_may_clean_up() {
    let script = "trap 'echo cleaned; exit 0' TERM\necho ready\nwhile :; do sleep 0.05; done\n";
    let mut bench = Bench::with(&[("actions/polite.sh", script)], |config| {
        config.kill_grace = Duration::from_secs(30);
    })
    .await;
    let order = shell("polite.sh");
    bench.dispatch(&order).await;
    eventually("the process", || bench.work.log_of(&order).len() == 1).await;
    bench.request_stop(order.attempt);
    let Outcome::Cancelled { process } = bench.outcome(&order).await else {
        panic!("not cancelled");
    };
    assert_eq!(process.unwrap().stdout, "ready\ncleaned\n");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_that_came_first_keeps_the_attempt_from_starting() {
    let mut bench = Bench::new(&[("actions/a.sh", "echo ran\n")]).await;
    let order = shell("a.sh");
    let other = shell("a.sh");
    // Once something has run, the worker listens.
    bench.succeeds(&other).await;
    bench.request_stop(order.attempt);
    // Requests are heard apart from orders; the next order gives them time to be.
    tokio::time::sleep(Duration::from_millis(200)).await;
    let outcome = bench.run(&order).await;
    assert_eq!(outcome, Outcome::Cancelled { process: None });
    assert!(bench.work.log_of(&order).is_empty());
}
