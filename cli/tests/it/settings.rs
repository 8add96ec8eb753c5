//! Settings: which source wins, what is refused, what is shown.

use crate::{attune, code, err, out};
use serde_json::Value;

fn shown(output: &std::process::Output) -> Vec<Value> {
    serde_json::from_str(&out(output)).unwrap()
}

fn entry<'a>(entries: &'a [Value], key: &str) -> &'a Value {
    entries.iter().find(|entry| entry["key"] == key).unwrap()
}

#[test]
fn every_value_says_where_it_came_from() {
    let home = tempfile::tempdir().unwrap();
    let file = "log:\n  format: json\n  filter: debug\nbus:\n  prefix: mine\n";
    std::fs::write(home.path().join("attune.yaml"), file).unwrap();
    let output = attune(home.path())
        .env("ATTUNE__LOG__FILTER", "warn")
        .env("ATTUNE__BUS__PREFIX", "theirs")
        .env("ATTUNE__AUTH__SECRET", "tiger-tiger-tiger")
        .args([
            "config",
            "show",
            "-o",
            "json",
            "--set",
            "bus.prefix=flagged",
        ])
        .output()
        .unwrap();
    assert_eq!(code(&output), 0, "{}", err(&output));
    let entries = shown(&output);
    let of = |key: &str| {
        let entry = entry(&entries, key);
        (entry["value"].clone(), entry["source"].clone())
    };
    assert_eq!(of("log.format"), ("json".into(), "attune.yaml".into()));
    assert_eq!(
        of("log.filter"),
        ("warn".into(), "ATTUNE__LOG__FILTER".into())
    );
    assert_eq!(of("bus.prefix"), ("flagged".into(), "flag".into()));
    assert_eq!(
        of("api.listen"),
        ("127.0.0.1:8080".into(), "default".into())
    );
    assert_eq!(
        of("auth.secret"),
        ("***".into(), "ATTUNE__AUTH__SECRET".into())
    );
    assert!(!out(&output).contains("tiger"));
}

#[test]
fn what_is_no_setting_is_refused_with_the_nearest() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("other.yaml");
    std::fs::write(&file, "log:\n  formt: json\n").unwrap();
    let output = attune(home.path())
        .env("ATTUNE_CONFIG", &file)
        .args(["config", "show"])
        .output()
        .unwrap();
    assert_eq!(code(&output), 2);
    assert_eq!(out(&output), "");
    let said = err(&output);
    assert!(said.contains("other.yaml: log.formt"), "{said}");
    assert!(said.contains("did you mean `log.format`?"), "{said}");
}

#[test]
fn the_api_does_not_start_with_a_secret_that_can_be_guessed() {
    let home = tempfile::tempdir().unwrap();
    for secret in [
        "",
        "short",
        "changeme-changeme-changeme-changeme-0123456789",
    ] {
        let output = attune(home.path())
            .env("ATTUNE__AUTH__SECRET", secret)
            .args(["serve", "api"])
            .output()
            .unwrap();
        assert_eq!(code(&output), 2, "{secret}");
        assert!(err(&output).contains("openssl rand"), "{}", err(&output));
    }
}

#[test]
fn services_apart_need_a_broker() {
    let home = tempfile::tempdir().unwrap();
    let output = attune(home.path())
        .args(["serve", "executor", "--set", "bus.url=inprocess"])
        .output()
        .unwrap();
    assert_eq!(code(&output), 2);
    assert!(err(&output).contains("attune dev"), "{}", err(&output));
}

#[test]
fn a_database_that_does_not_come_is_named_without_its_password() {
    let home = tempfile::tempdir().unwrap();
    // Nothing listens there once the socket is closed.
    let port = {
        let socket = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        socket.local_addr().unwrap().port()
    };
    let url = format!("postgres://me:tiger@127.0.0.1:{port}/x");
    let output = attune(home.path())
        .env("ATTUNE__DATABASE__URL", url)
        .args(["migrate", "--wait", "0"])
        .output()
        .unwrap();
    assert_eq!(code(&output), 1);
    let said = err(&output);
    assert!(said.contains(&port.to_string()), "{said}");
    assert!(!said.contains("tiger"), "{said}");
}
