//! Cases played on a scripted server: the order of steps, who does them, and what is made of the answers.

use std::path::Path;
use std::sync::Arc;

use attune_rest::{FieldProblem, Problem};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use super::*;

/// One run with one question, as a server would show it.
#[derive(Debug, Default)]
struct Script {
    /// How many must say yes.
    quorum: usize,
    run_status: &'static str,
    yes: Vec<String>,
    /// Everything that was done, in order.
    deeds: Vec<String>,
    enforcements: Vec<Value>,
    start: Option<(u16, Value)>,
}

impl Script {
    fn asking(quorum: usize) -> Self {
        Self {
            quorum,
            run_status: "running",
            ..Self::default()
        }
    }

    fn answer(&mut self, request: &str, who: &str, body: &Value) -> (u16, Value) {
        let task = if self.yes.len() < self.quorum {
            "waiting"
        } else {
            "succeeded"
        };
        let items = |items: Value| (200, json!({"items": items, "next_cursor": null}));
        let (method, path) = request.split_once(' ').unwrap();
        match (method, path.trim_start_matches("/api/v1")) {
            ("POST", "/auth/login") => (200, json!({"token": body["login"]})),
            ("POST", "/identities") => {
                self.deeds
                    .push(format!("new {} {}", body["login"], body["role"]));
                (201, json!({}))
            }
            ("POST", "/executions") => self.start.clone().unwrap_or((201, json!({"id": "r"}))),
            ("POST", "/events") => (201, json!({"id": "e"})),
            ("GET", "/enforcements?event=e") => items(json!(self.enforcements)),
            ("GET", "/executions/r") => (
                200,
                json!({"status": self.run_status, "result": {"yes": self.yes}}),
            ),
            ("GET", "/executions/r/tasks") => {
                items(json!([{"task": "ask", "activation": 1, "status": task}]))
            }
            ("GET", "/inquiries?execution=r") => {
                let status = if task == "waiting" {
                    "open"
                } else {
                    "answered"
                };
                items(json!([{"id": "q", "task": "ask", "status": status}]))
            }
            ("POST", "/inquiries/q/respond") if self.yes.contains(&who.to_owned()) => {
                (409, json!({"code": "conflict"}))
            }
            ("POST", "/inquiries/q/respond") if who == "mallory" => {
                (403, json!({"code": "forbidden"}))
            }
            ("POST", "/inquiries/q/respond") => {
                self.deeds.push(format!("{who} says {body}"));
                self.yes.push(who.to_owned());
                if self.yes.len() == self.quorum && self.run_status == "running" {
                    self.run_status = "succeeded";
                }
                (200, json!({}))
            }
            ("POST", control) => {
                self.deeds.push(control.to_owned());
                self.run_status = match control.rsplit('/').next() {
                    Some("pause") => "paused",
                    Some("cancel") => "cancelled",
                    Some("compensate") => "compensated",
                    _ if self.yes.len() < self.quorum => "running",
                    _ => "succeeded",
                };
                (202, json!({}))
            }
            _ => (404, Value::Null),
        }
    }
}

/// Serves a script; a token is the login of its holder.
async fn serve(script: Script) -> (Stage, Arc<Mutex<Script>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let script = Arc::new(Mutex::new(script));
    let shared = Arc::clone(&script);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(converse(stream, Arc::clone(&shared)));
        }
    });
    let admin = Client::new(&base)
        .unwrap()
        .log_in("admin", "x")
        .await
        .unwrap();
    let stage = Stage {
        people: People::new(admin.clone()),
        admin,
        limit: Duration::from_secs(20),
    };
    (stage, script)
}

async fn converse(stream: TcpStream, script: Arc<Mutex<Script>>) {
    let mut stream = BufReader::new(stream);
    loop {
        let (mut request, mut who, mut length) = (String::new(), String::new(), 0);
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line).await.unwrap_or(0) == 0 {
                return;
            }
            let line = line.trim_end().to_owned();
            match line.split_once(": ") {
                _ if line.is_empty() => break,
                None => request = line.rsplit_once(' ').unwrap().0.to_owned(),
                Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                    length = value.parse().unwrap()
                }
                Some((name, value)) if name.eq_ignore_ascii_case("authorization") => {
                    who = value.trim_start_matches("Bearer ").to_owned();
                }
                Some(_) => {}
            }
        }
        let mut body = vec![0; length];
        stream.read_exact(&mut body).await.unwrap();
        let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
        let (status, answer) = script.lock().unwrap().answer(&request, &who, &body);
        let text = answer.to_string();
        let head = format!(
            "HTTP/1.1 {status} x\r\ncontent-length: {}\r\n\r\n",
            text.len()
        );
        if stream
            .get_mut()
            .write_all(format!("{head}{text}").as_bytes())
            .await
            .is_err()
        {
            return;
        }
    }
}

fn case(text: &str) -> Case {
    Case::parse(Path::new("/packs/p/cases/c.yaml"), text).unwrap()
}

#[tokio::test]
async fn people_answer_in_the_order_of_the_file_and_are_made_once() {
    let (stage, script) = serve(Script::asking(2)).await;
    let case = case(
        "run: p.a
during:
  - {answer: ask, as: 'user:anna role:operator', with: {approved: true, window: now}}
  - {answer: ask, as: 'user:anna role:operator', refused: 409}
  - {answer: ask, as: 'user:mallory', refused: 403}
  - {answer: ask, as: 'role:director'}
expect: {status: succeeded, output: {yes: [anna, some-director]}, tasks: {ask: succeeded}}
",
    );
    assert_eq!(play(&case, &stage).await, Vec::<String>::new());
    let deeds = script.lock().unwrap().deeds.clone();
    assert_eq!(
        deeds,
        [
            "new \"anna\" \"operator\"",
            "anna says {\"approved\":true,\"response\":{\"window\":\"now\"}}",
            "new \"mallory\" \"viewer\"",
            "new \"some-director\" \"director\"",
            "some-director says {\"approved\":true,\"response\":{}}",
        ]
    );
}

#[tokio::test]
async fn a_step_waits_for_what_it_names_even_if_it_stands_first() {
    let (stage, script) = serve(Script::asking(1)).await;
    let case = case(
        "run: p.a
during:
  - {control: resume, once: the run is paused and ask is succeeded}
  - {control: pause, once: ask is waiting}
  - {answer: ask, as: 'user:anna'}
expect: {status: succeeded}
",
    );
    assert_eq!(play(&case, &stage).await, Vec::<String>::new());
    let deeds = script.lock().unwrap().deeds.clone();
    assert_eq!(deeds[0], "/executions/r/pause");
    assert_eq!(deeds[3], "/executions/r/resume");
}

#[tokio::test]
async fn an_ended_run_can_still_be_undone() {
    let (stage, _script) = serve(Script::asking(1)).await;
    let case = case(
        "run: p.a
during: [{control: cancel, once: ask is waiting}, {control: compensate, once: the run is cancelled}]
expect: {status: compensated}
",
    );
    assert_eq!(play(&case, &stage).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_step_that_can_no_longer_be_done_fails_the_case_at_once() {
    let (stage, _script) = serve(Script {
        run_status: "failed",
        ..Script::asking(0)
    })
    .await;
    let wrong = play(
        &case("run: p.a\nduring: [{answer: ask, as: 'user:a'}]\nexpect: {status: succeeded}"),
        &stage,
    )
    .await;
    assert_eq!(wrong.len(), 2, "{wrong:?}");
    assert!(
        wrong[0].contains("the run ended before answer of ask by a"),
        "{}",
        wrong[0]
    );
    assert!(
        wrong[1].contains("expected succeeded, but the run is failed"),
        "{}",
        wrong[1]
    );
}

#[tokio::test]
async fn a_refusal_that_does_not_come_fails_the_case() {
    let (stage, _script) = serve(Script::asking(1)).await;
    let step = "run: p.a\nduring: [{answer: ask, as: 'user:a', refused: 403}]\nexpect: {status: succeeded}";
    let wrong = play(&case(step), &stage).await;
    assert!(
        wrong[0].contains("expected a refusal with 403, but it was accepted"),
        "{wrong:?}"
    );
    let wrong = play(&case("run: p.a\nexpect: {refused: 422}"), &stage).await;
    assert!(wrong[0].contains("accepted with 201"), "{wrong:?}");
}

#[tokio::test]
async fn a_refused_start_is_judged_by_its_errors() {
    let problem = Problem::new(422, "invalid", "Not valid", "one thing");
    let body = json!(problem.with_errors(vec![FieldProblem::at("/x", "unknown", "unknown name")]));
    let (stage, _script) = serve(Script {
        start: Some((422, body)),
        ..Script::default()
    })
    .await;
    let good = case("run: p.a\nexpect: {refused: 422, errors: [{pointer: /x, says: unknown}]}");
    assert_eq!(play(&good, &stage).await, Vec::<String>::new());
    let wrong = play(&case("run: p.a\nexpect: {status: succeeded}"), &stage).await;
    assert!(wrong[0].contains("/x: unknown name"), "{wrong:?}");
}

#[tokio::test]
async fn an_event_leads_to_the_run_of_its_rule_or_to_none() {
    let fired = json!({"rule": "p.r", "fired": true, "execution_id": "r"});
    let missed = json!({"rule": "p.s", "fired": false, "explanation": {"conditions": [{"field": "event.payload.n", "held": false}]}});
    let script = Script {
        enforcements: vec![missed.clone(), fired],
        run_status: "succeeded",
        ..Script::default()
    };
    let (stage, _script) = serve(script).await;
    assert!(
        play(
            &case("emit: {trigger: p.t}\nexpect: {status: succeeded}"),
            &stage
        )
        .await
        .is_empty()
    );
    let silent = "emit: {trigger: p.t}\nexpect: {no_run_of: p.s, why: {failed: event.payload.n}}";
    assert!(play(&case(silent), &stage).await.is_empty());
    let wrong = play(
        &case("emit: {trigger: p.t}\nexpect: {no_run_of: p.r}"),
        &stage,
    )
    .await;
    assert!(wrong[0].contains("p.r fired"), "{wrong:?}");

    let (stage, _script) = serve(Script {
        enforcements: vec![missed],
        ..Script::default()
    })
    .await;
    let wrong = play(
        &case("emit: {trigger: p.t}\nexpect: {status: succeeded}"),
        &stage,
    )
    .await;
    assert!(wrong[0].contains("the event fired no rule"), "{wrong:?}");
}

#[tokio::test]
async fn a_case_that_does_not_end_says_what_it_waits_for() {
    let (mut stage, _script) = serve(Script::asking(1)).await;
    stage.limit = Duration::from_secs(1);
    let wrong = play(&case("run: p.a\nduring: [{control: resume, once: the run is paused}]\nexpect: {status: succeeded}"), &stage).await;
    assert!(
        wrong[0].contains("resume once the run is paused; the run is running; ask waiting"),
        "{wrong:?}"
    );
}

#[tokio::test]
async fn something_that_the_server_does_not_offer_is_named() {
    let (stage, _script) = serve(Script {
        start: Some((501, Value::Null)),
        ..Script::default()
    })
    .await;
    let wrong = play(&case("run: p.a\nexpect: {status: succeeded}"), &stage).await;
    assert_eq!(
        wrong,
        ["the server does not offer POST /executions yet (501)"]
    );
}

#[test]
fn a_control_waits_for_what_it_names_only() {
    let case = case(
        "run: p.a\nduring: [{control: pause, once: ask is waiting}, {control: cancel}, {answer: ask, as: 'user:a'}]\nexpect: {status: succeeded}",
    );
    let seen = |task: &str, inquiry: &str| Observed {
        run: json!({"status": "running"}),
        tasks: vec![json!({"task": "ask", "activation": 1, "status": task})],
        inquiries: vec![json!({"id": "i", "task": "ask", "status": inquiry})],
    };
    let can = |at: usize, seen: &Observed| can_be_done(&case.during[at], seen);
    assert!(can(0, &seen("waiting", "answered")) && !can(0, &seen("running", "open")));
    assert!(can(1, &seen("running", "open")));
    assert!(can(2, &seen("waiting", "open")));
    assert!(!can(2, &seen("running", "open")) && !can(2, &seen("waiting", "answered")));
}
