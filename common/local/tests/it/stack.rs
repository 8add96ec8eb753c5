//! Processes by name: readiness, signals, restart, logs.

use std::{net::SocketAddr, path::Path, time::Duration};

use attune_local::{AttuneStack, LocalError, ProcessSpec, Stack, free_port};

use crate::{eventually, lives, temp};

const LIMIT: Duration = Duration::from_secs(60);

/// A small HTTP server that is ready only after it was alive for a moment.
const SERVER: &str = r#"
import http.server, os, sys, time
port = int(os.environ["LISTEN"].rsplit(":", 1)[1])
born = time.time()
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        ready = self.path == "/readyz" and time.time() - born > 0.3
        self.send_response(200 if ready else 503)
        self.end_headers()
        self.wfile.write(b"ok" if ready else b"not yet")
print("serving as", " ".join(sys.argv[1:]), flush=True)
http.server.HTTPServer(("127.0.0.1", port), Handler).serve_forever()
"#;

fn server(name: &str, dir: &Path) -> ProcessSpec {
    let script = dir.join("server.py");
    std::fs::write(&script, SERVER).unwrap();
    let address = SocketAddr::from(([127, 0, 0, 1], free_port().unwrap()));
    let mut spec = ProcessSpec::new(name, "python3");
    spec.args = vec![script.into()];
    spec.env.insert("LISTEN".to_owned(), address.to_string());
    spec.ready = Some(address);
    spec
}

#[test]
fn each_is_handled_by_its_name() {
    let temp = temp();
    let mut stack = Stack::new(temp.path()).unwrap();
    stack.start(server("one", temp.path())).unwrap();
    stack.start(server("two", temp.path())).unwrap();
    stack.wait_all_ready(LIMIT).unwrap();
    assert_eq!(stack.names(), ["one", "two"]);
    assert!(stack.log_tail("one", 200).contains("serving as"));

    let first = stack.pid("one").unwrap();
    stack.kill9("one").unwrap();
    assert!(!lives(first));
    assert_eq!(stack.pid("one"), None);
    stack.restart("one").unwrap();
    stack.wait_ready("one", LIMIT).unwrap();
    let second = stack.pid("one").unwrap();
    assert_ne!(first, second);

    let state = || {
        let stat = std::fs::read_to_string(format!("/proc/{second}/stat")).unwrap();
        stat.rsplit_once(") ").unwrap().1.chars().next().unwrap()
    };
    stack.pause("one").unwrap();
    eventually("it stands still", || state() == 'T');
    stack.resume("one").unwrap();
    eventually("it goes on", || state() != 'T');
    stack.pause("one").unwrap();

    let others = stack.pid("two").unwrap();
    stack.stop_all();
    assert!(!lives(second) && !lives(others));
    let unknown = stack.kill9("three").unwrap_err();
    assert!(
        matches!(unknown, LocalError::UnknownProcess { .. }),
        "{unknown}"
    );
}

#[test]
fn one_that_ignores_the_request_is_killed() {
    let temp = temp();
    let mut stack = Stack::new(temp.path()).unwrap();
    let mut spec = ProcessSpec::new("stubborn", "sh");
    spec.args = vec![
        "-c".into(),
        "trap '' TERM; echo set; while :; do sleep 1; done".into(),
    ];
    spec.grace = Duration::from_millis(300);
    stack.start(spec).unwrap();
    eventually("the trap is set", || {
        stack.log_tail("stubborn", 1).ends_with("set")
    });
    let pid = stack.pid("stubborn").unwrap();
    let status = stack.stop("stubborn").unwrap().unwrap();
    assert_eq!(
        std::os::unix::process::ExitStatusExt::signal(&status),
        Some(9)
    );
    assert!(!lives(pid));
}

#[test]
fn one_that_ends_says_why() {
    let temp = temp();
    let mut stack = Stack::new(temp.path()).unwrap();
    let mut spec = ProcessSpec::new("broken", "sh");
    spec.args = vec!["-c".into(), "echo no database here >&2; exit 3".into()];
    spec.ready = Some(SocketAddr::from(([127, 0, 0, 1], free_port().unwrap())));
    let error = stack.run_to_end(&spec, LIMIT).unwrap_err().to_string();
    assert!(
        error.contains("no database here") && error.contains('3'),
        "{error}"
    );
    stack.start(spec).unwrap();
    let error = stack.wait_ready("broken", LIMIT).unwrap_err().to_string();
    assert!(error.contains("no database here"), "{error}");
    assert_eq!(stack.ended().unwrap().0, "broken");

    let missing = ProcessSpec::new("missing", "/there/is/no/such/program");
    let error = stack.run_to_end(&missing, LIMIT).unwrap_err().to_string();
    assert!(error.contains("/there/is/no/such/program"), "{error}");
}

#[test]
fn a_whole_platform_starts_from_one_binary() {
    let temp = temp();
    let script = temp.path().join("server.py");
    std::fs::write(&script, SERVER).unwrap();
    let binary = temp.path().join("attune");
    let text = format!(
        "#!/bin/sh\n[ \"$1\" = migrate ] && {{ echo migrated \"$SECRET\"; exit 0; }}\n\
         LISTEN=$ATTUNE__METRICS__LISTEN exec python3 {} \"$@\" \"$SECRET\" \"api=$ATTUNE__API__LISTEN\"\n",
        script.display()
    );
    std::fs::write(&binary, text).unwrap();
    let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(&binary, executable).unwrap();

    let env = [("SECRET".to_owned(), "s3".to_owned())]
        .into_iter()
        .collect();
    let (stack, api) = AttuneStack::new(&binary, temp.path(), env).start().unwrap();
    assert_eq!(stack.names(), ["api", "executor-1", "executor-2", "sensor"]);
    assert!(stack.log_tail("migrate", 5).contains("migrated s3"));
    let said = format!("serving as serve api s3 api={api}");
    assert!(stack.log_tail("api", 500).contains(&said));
    assert!(
        stack
            .log_tail("executor-2", 500)
            .contains("serving as serve executor s3")
    );
}
