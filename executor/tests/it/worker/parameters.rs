//! Parameters in, results out: nothing is changed on the way, and nothing else comes along.

use super::bench::{Bench, json, order, shell};
use attune_pack::{Delivery, OutputFormat, Runner};
use attune_types::{JsonMap, JsonValue, code};
use nix::fcntl::{FcntlArg, FdFlag, fcntl};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use serde_json::json;
use std::os::fd::AsRawFd;

const PYTHON_ECHO: &str = "import json, sys\nprint(json.dumps(json.load(sys.stdin)))\n";

/// Texts of all kinds, and those that break careless quoting.
fn hostile_texts() -> Vec<String> {
    let mut texts: Vec<String> = [
        "",
        " ",
        "'",
        "\"",
        "`id`",
        "$(id)",
        "${HOME}",
        "\\",
        "\\n",
        "\n",
        "\r\n",
        "\t",
        ";",
        "|",
        "&&",
        "*",
        "?",
        "~",
        "!",
        "#",
        "%s",
        "{{ 1 }}",
        "-rf",
        "--",
        "é",
        "日本",
        "👩‍👩‍👧",
        "\u{feff}",
        "\u{202e}",
        "\u{7f}",
        "\u{1b}[31m",
        "</script>",
        "a\nb\n",
        "\u{fffd}",
        "\u{10ffff}",
    ]
    .map(str::to_owned)
    .to_vec();
    let mut runner = TestRunner::deterministic();
    let any = proptest::arbitrary::any::<String>();
    for _ in 0..300 {
        let text = any.new_tree(&mut runner).unwrap().current();
        // NUL is refused where runs are started.
        texts.push(text.replace('\0', ""));
    }
    texts
}

fn hostile_input() -> JsonMap {
    let mut input = JsonMap::new();
    input.insert("texts".to_owned(), json!(hostile_texts()));
    input.insert(
        "zuerst".to_owned(),
        json!({"b": 1, "a": [null, true, 1.5, -7]}),
    );
    input.insert("big".to_owned(), json!(u64::MAX));
    input
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn arrive_byte_for_byte_by_stdin_and_file() {
    let mut bench = Bench::new(&[
        ("actions/echo.sh", "cat\n"),
        ("actions/file.sh", "cat \"$ATTUNE_PARAMETERS_FILE\"\n"),
        ("actions/echo.py", PYTHON_ECHO),
    ])
    .await;
    for (runner, entry, delivery) in [
        (Runner::Shell, "echo.sh", Delivery::Stdin),
        (Runner::Shell, "actions/file.sh", Delivery::File),
        (Runner::Python, "echo.py", Delivery::Stdin),
    ] {
        let mut order = json(order(runner, entry));
        order.spec.delivery = delivery;
        order.input = hostile_input();
        let (result, process) = bench.succeeds(&order).await;
        assert_eq!(result, JsonValue::Object(order.input), "{entry}");
        assert_eq!(process.exit_code, Some(0));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn arrive_byte_for_byte_as_variables() {
    let script = "import json, os\n\
         print(json.dumps({k[13:]: os.environ[k] for k in os.environ if k.startswith('ATTUNE_PARAM_')}))\n";
    let mut bench = Bench::new(&[("actions/env.py", script)]).await;
    let mut order = json(order(Runner::Python, "env.py"));
    order.spec.delivery = Delivery::Env;
    let mut expected = JsonMap::new();
    for (number, text) in hostile_texts().into_iter().enumerate() {
        order.input.insert(format!("t{number}"), json!(text));
        expected.insert(format!("T{number}"), json!(text));
    }
    order.input.insert("list".to_owned(), json!([1, "x"]));
    expected.insert("LIST".to_owned(), json!("[1,\"x\"]"));
    let (result, _) = bench.succeeds(&order).await;
    assert_eq!(result, JsonValue::Object(expected));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_variable_that_cannot_be_is_refused() {
    let mut bench = Bench::new(&[("actions/a.sh", "echo started\n")]).await;
    let mut order = shell("a.sh");
    order.spec.delivery = Delivery::Env;
    order.input.insert("x".to_owned(), json!("a\0b"));
    let (error, ..) = bench.fails(&order).await;
    assert_eq!(error.code, code::INPUT_INVALID);
    assert!(error.message.contains("stdin"), "{}", error.message);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_environment_holds_what_is_promised_and_nothing_of_ours() {
    let mut bench = Bench::new(&[(
        "actions/env.py",
        "import os, json\nprint(json.dumps(dict(os.environ, CWD=os.getcwd())))\n",
    )])
    .await;
    let mut order = json(order(Runner::Python, "env.py"));
    order
        .spec
        .env
        .insert("COLOUR".to_owned(), "blue".to_owned());
    order
        .spec
        .env
        .insert("ATTUNE_ATTEMPT".to_owned(), "99".to_owned());
    order.trace = Some("00-aa-bb-01".to_owned());
    let (result, _) = bench.succeeds(&order).await;
    let names: Vec<&str> = result
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    let mut unexpected = names.clone();
    unexpected.retain(|name| {
        !name.starts_with("ATTUNE_")
            && ![
                "PATH",
                "HOME",
                "TMPDIR",
                "LANG",
                "TRACEPARENT",
                "COLOUR",
                "CWD",
                "PYTHONUNBUFFERED",
                "LC_CTYPE",
            ]
            .contains(name)
    });
    assert!(unexpected.is_empty(), "{unexpected:?}");
    assert!(
        std::env::var("CARGO_PKG_NAME").is_ok(),
        "there is something that could leak"
    );
    assert_eq!(
        result["ATTUNE_EXECUTION_ID"],
        json!(order.execution.to_string())
    );
    assert_eq!(result["ATTUNE_ATTEMPT"], json!("1"));
    assert_eq!(result["ATTUNE_ACTION"], json!("t.work"));
    assert_eq!(result["ATTUNE_PACK"], json!("t"));
    assert_eq!(result["ATTUNE_API_URL"], json!("http://127.0.0.1:1"));
    assert_eq!(
        result["ATTUNE_IDEMPOTENCY_KEY"],
        json!(order.attempt.to_string())
    );
    assert_eq!(result["TRACEPARENT"], json!("00-aa-bb-01"));
    assert_eq!(result["COLOUR"], json!("blue"));
    assert!(names.contains(&"ATTUNE_EVENTS") && names.contains(&"ATTUNE_ARTIFACTS_DIR"));
    assert!(
        result["CWD"]
            .as_str()
            .unwrap()
            .ends_with("packs/0123456789abcdef")
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn results_are_read_by_format() {
    let mut bench = Bench::new(&[
        ("actions/lines.sh", "echo 1; echo '{\"a\": 2}'\n"),
        ("actions/yaml.sh", "printf 'a: 1\\nb: [x]\\n'\n"),
        ("actions/text.sh", "echo hello\n"),
        ("actions/nothing.sh", "true\n"),
    ])
    .await;
    for (entry, format, expected) in [
        ("lines.sh", OutputFormat::Jsonl, json!([1, {"a": 2}])),
        ("yaml.sh", OutputFormat::Yaml, json!({"a": 1, "b": ["x"]})),
        ("text.sh", OutputFormat::Text, json!("hello")),
        ("nothing.sh", OutputFormat::Json, JsonValue::Null),
    ] {
        let mut order = shell(entry);
        order.spec.output_format = format;
        let (result, _) = bench.succeeds(&order).await;
        assert_eq!(result, expected, "{entry}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn output_that_is_not_as_promised_is_shown() {
    let mut bench = Bench::new(&[("actions/bad.sh", "echo this is no json\n")]).await;
    let (error, _, process) = bench.fails(&json(shell("bad.sh"))).await;
    assert_eq!(error.code, code::OUTPUT_INVALID);
    assert!(
        error.message.contains("this is no json"),
        "{}",
        error.message
    );
    assert_eq!(process.unwrap().stdout, "this is no json\n");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nul_and_binary_output_is_shown_and_storable() {
    let script = "printf 'a\\000b\\377c\\n'; printf 'x\\000' >&2\n";
    let mut bench = Bench::new(&[("actions/binary.sh", script)]).await;
    let order = shell("binary.sh");
    let (result, process) = bench.succeeds(&order).await;
    assert_eq!(result, json!("a\u{2400}b\u{fffd}c"));
    assert_eq!(process.stderr, "x\u{2400}");
    super::bench::eventually("the log", || bench.work.log_of(&order).len() == 2).await;
    let log = bench.work.log_of(&order);
    assert!(
        log.contains(&"stdout: a\u{2400}b\u{fffd}c".to_owned()),
        "{log:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_of_output_is_capped_everywhere() {
    let flood = "yes 0123456789 | head -c 30000000\n";
    let mut bench = Bench::with(&[("actions/flood.sh", flood)], |config| {
        config.log_lines = 1_000;
    })
    .await;
    let order = shell("flood.sh");
    let (result, process) = bench.succeeds(&order).await;
    let text = result.as_str().unwrap();
    assert!(text.len() < (4 << 20) + 100 && text.ends_with("left out]"));
    assert!(process.stdout.len() <= 64 << 10 && process.stdout.contains("bytes left out"));
    super::bench::eventually("the log", || bench.work.log_of(&order).len() == 1_001).await;
    let last = bench.work.log_of(&order).pop().unwrap();
    assert!(
        last.starts_with("system: ") && last.contains("1000 lines"),
        "{last}"
    );
    let (error, ..) = bench.fails(&json(shell("flood.sh"))).await;
    assert_eq!(error.code, code::PAYLOAD_LIMIT);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_large_payload_passes_both_ways() {
    let mut bench = Bench::new(&[("actions/echo.sh", "cat\n")]).await;
    let mut order = json(shell("echo.sh"));
    let text = "0123456789abcdef".repeat(4_000_000 / 16);
    order.input.insert("text".to_owned(), json!(text));
    let (result, _) = bench.succeeds(&order).await;
    assert_eq!(result["text"], json!(text));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_action_gets_no_open_file_but_its_pipes() {
    // As a shell may leave one open for whatever it starts.
    let left_open = std::fs::File::open("/dev/null").unwrap();
    fcntl(&left_open, FcntlArg::F_SETFD(FdFlag::empty())).unwrap();
    let script = "test \"$(readlink /proc/$$/fd/$LEFT_OPEN)\" != /dev/null\n";
    let mut bench = Bench::new(&[("actions/look.sh", script)]).await;
    let mut order = shell("look.sh");
    let number = left_open.as_raw_fd().to_string();
    order.spec.env.insert("LEFT_OPEN".to_owned(), number);
    bench.succeeds(&order).await;
}
