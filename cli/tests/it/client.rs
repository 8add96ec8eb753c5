//! Client commands against fixed answers: output, requests, exit codes.

use crate::server::{Answer, Server};
use crate::{attune, code, err, out};
use serde_json::{Value, json};
use std::process::Output;

const JSON: &str = "application/json";
const RUN: &str = "01900000-0000-7000-8000-000000000001";

fn execution(status: &str) -> Value {
    json!({
        "id": RUN, "run": RUN, "parent": null, "kind": "workflow", "task": null,
        "action": "hello.twice", "activation": 1, "item_index": null, "attempt": 1,
        "status": status, "input": {}, "result": {"said": "hi"}, "error": null,
        "created_at": "2026-01-01T00:00:00Z", "started_at": "2026-01-01T00:00:00Z",
        "ended_at": null, "labels": {}, "cost_usd": 0.0, "version": "1.0.0",
    })
}

fn problem(route: &'static str, status: u16, code: &str) -> Answer {
    let body = json!({
        "type": format!("/errors/{code}"), "code": code, "title": "Refused", "status": status,
        "detail": "that is not possible",
        "errors": [{"pointer": "/nmae", "code": "unknown", "message": "`nmae` is unknown",
                    "help": "did you mean `name`?"}],
        "trace_id": "abc",
    });
    (route, status, "application/problem+json", body.to_string())
}

fn run(server: &Server, args: &[&str]) -> Output {
    let home = tempfile::tempdir().unwrap();
    attune(home.path())
        .env("ATTUNE_URL", &server.url)
        .env("ATTUNE_TOKEN", "att_tiger")
        .args(args)
        .output()
        .unwrap()
}

#[test]
fn refusals_become_exit_codes_and_are_shown_whole() {
    for (status, expected) in [(401, 3), (403, 3), (404, 4), (409, 5), (422, 2), (500, 1)] {
        let server = Server::start(vec![problem("GET /api/v1/packs", status, "some_code")]);
        let output = run(&server, &["pack", "list"]);
        assert_eq!(code(&output), expected, "{status}");
        assert_eq!(out(&output), "");
        let said = err(&output);
        for part in [
            "that is not possible",
            "/nmae",
            "did you mean `name`?",
            "some_code",
            "abc",
        ] {
            assert!(said.contains(part), "{part}: {said}");
        }
        assert!(!said.contains('\x1b'), "{said}");
    }
}

#[test]
fn an_api_that_is_not_there_is_named() {
    let home = tempfile::tempdir().unwrap();
    let output = attune(home.path())
        .args([
            "--url",
            "http://127.0.0.1:1",
            "--token",
            "x",
            "pack",
            "list",
        ])
        .output()
        .unwrap();
    assert_eq!(code(&output), 1);
    assert!(
        err(&output).contains("http://127.0.0.1:1"),
        "{}",
        err(&output)
    );
}

#[test]
fn lists_are_read_part_by_part_and_shown_in_every_form() {
    let page = json!({"items": [execution("running")], "next_cursor": null}).to_string();
    let server = Server::start(vec![("GET /api/v1/executions", 200, JSON, page)]);
    let table = out(&run(
        &server,
        &["execution", "list", "--label", "a=b", "-n", "7"],
    ));
    assert!(table.starts_with("ID"), "{table}");
    assert!(
        table.contains("hello.twice") && table.contains("running"),
        "{table}"
    );
    let asked = server.asked().remove(0);
    assert!(
        asked.line.contains("label=a%3Ab") && asked.line.contains("limit=7"),
        "{asked:?}"
    );
    assert_eq!(asked.headers["authorization"], "Bearer att_tiger");
    let all: Value =
        serde_json::from_str(&out(&run(&server, &["execution", "list", "-o", "json"]))).unwrap();
    assert_eq!(all[0]["id"], RUN);
    let lines = out(&run(&server, &["execution", "list", "-o", "jsonl"]));
    assert_eq!(lines.lines().count(), 1);
    let yaml = out(&run(&server, &["execution", "list", "-o", "yaml"]));
    assert!(yaml.contains("status: running"), "{yaml}");
}

#[test]
fn parameters_are_sent_as_the_action_wants_them() {
    let action = json!({
        "ref": "hello.twice", "pack": "hello", "label": "Twice", "description": null,
        "runner": "workflow", "version": "1.0.0", "program": "x", "enabled": true,
        "parameters": {"type": "object", "properties": {
            "name": {"type": "string"}, "times": {"type": "integer"}}},
        "output": null, "timeout_seconds": null, "idempotent": false, "pool": null,
    });
    let server = Server::start(vec![
        (
            "GET /api/v1/actions/hello.twice",
            200,
            JSON,
            action.to_string(),
        ),
        (
            "POST /api/v1/executions",
            201,
            JSON,
            execution("requested").to_string(),
        ),
    ]);
    let args = [
        "run",
        "hello.twice",
        "name=3",
        "times=3",
        "more:=[1]",
        "-l",
        "who=me",
        "-o",
        "json",
    ];
    let output = run(&server, &args);
    assert_eq!(code(&output), 0, "{}", err(&output));
    let shown: Value = serde_json::from_str(&out(&output)).unwrap();
    assert_eq!(shown["status"], "requested");
    let asked = server.asked().pop().unwrap();
    let body: Value = serde_json::from_str(&asked.body).unwrap();
    assert_eq!(
        body,
        json!({"action": "hello.twice", "parameters": {"name": "3", "times": 3, "more": [1]},
               "labels": {"who": "me"}})
    );
    assert!(asked.headers.contains_key("idempotency-key"));
    let output = run(&server, &["run", "hello.twice", "times=three"]);
    assert_eq!(code(&output), 2);
    assert!(err(&output).contains("times=three"), "{}", err(&output));
}

fn one_run(status: &str) -> Server {
    let tasks = json!({"items": [], "next_cursor": null}).to_string();
    Server::start(vec![
        (
            "POST /api/v1/executions",
            201,
            JSON,
            execution("requested").to_string(),
        ),
        (
            "GET /api/v1/executions/01900000-0000-7000-8000-000000000001",
            200,
            JSON,
            execution(status).to_string(),
        ),
        (
            "GET /api/v1/executions/01900000-0000-7000-8000-000000000001/tasks",
            200,
            JSON,
            tasks,
        ),
        (
            "GET /api/v1/executions/01900000-0000-7000-8000-000000000001/stream",
            200,
            "text/event-stream",
            ": alive\n\n".to_owned(),
        ),
    ])
}

#[test]
fn a_followed_run_ends_as_the_run_does() {
    for (status, expected) in [
        ("succeeded", 0),
        ("failed", 1),
        ("cancelled", 1),
        ("timed_out", 1),
    ] {
        let server = one_run(status);
        for args in [
            &["run", "hello.twice", "--follow"][..],
            &["run", "hello.twice", "--wait", "-o", "json"],
            &["execution", "watch", RUN],
        ] {
            let output = run(&server, args);
            assert_eq!(code(&output), expected, "{args:?}: {}", err(&output));
            if args.contains(&"json") {
                let shown: Value = serde_json::from_str(&out(&output)).unwrap();
                assert_eq!(shown["status"], status);
            } else {
                assert!(out(&output).contains(status), "{}", out(&output));
            }
        }
    }
}

#[test]
fn a_run_that_does_not_end_in_time_ends_with_124() {
    let server = one_run("running");
    let output = run(
        &server,
        &["run", "hello.twice", "--wait", "--timeout", "1s"],
    );
    assert_eq!(code(&output), 124, "{}", err(&output));
    assert!(err(&output).contains(RUN), "{}", err(&output));
}

#[test]
fn a_login_is_kept_closed_and_used_and_forgotten() {
    use std::os::unix::fs::PermissionsExt as _;
    let session = json!({"token": "session", "expires_at": "2030-01-01T00:00:00Z",
                         "login": "ann", "role": "operator"});
    let token = json!({"secret": "att_kept", "id": RUN, "name": "x", "role": "operator",
                       "created_at": "2026-01-01T00:00:00Z", "expires_at": null,
                       "revoked_at": null});
    let packs = json!({"items": [], "next_cursor": null}).to_string();
    let server = Server::start(vec![
        ("POST /api/v1/auth/login", 200, JSON, session.to_string()),
        ("POST /api/v1/tokens", 201, JSON, token.to_string()),
        ("GET /api/v1/packs", 200, JSON, packs),
    ]);
    let home = tempfile::tempdir().unwrap();
    let output = attune(home.path())
        .env("ATTUNE_PASSWORD", "tiger-tiger")
        .args(["login", &server.url, "-l", "ann"])
        .output()
        .unwrap();
    assert_eq!(code(&output), 0, "{}", err(&output));
    assert!(!out(&output).contains("att_kept"));
    let file = home.path().join(".config/attune/login.json");
    let mode = std::fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert!(!std::fs::read_to_string(&file).unwrap().contains("tiger"));

    let list = || attune(home.path()).args(["pack", "list"]).output().unwrap();
    assert_eq!(code(&list()), 0);
    let asked = server.asked().pop().unwrap();
    assert_eq!(asked.headers["authorization"], "Bearer att_kept");

    // A kept token goes to its own server only.
    let output = attune(home.path())
        .args(["--url", "http://127.0.0.1:1", "pack", "list"])
        .output()
        .unwrap();
    assert_eq!(code(&output), 3);

    // Others could have written it: it is not believed.
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
    assert_eq!(code(&list()), 3);
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();

    let output = attune(home.path()).arg("logout").output().unwrap();
    assert_eq!(code(&output), 0);
    assert!(!file.exists());
    assert_eq!(code(&list()), 3);
}
