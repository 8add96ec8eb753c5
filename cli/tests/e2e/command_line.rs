//! The command line as scripts use it: exit codes, JSON on standard output and nothing else there.

use std::{
    path::Path,
    process::{Command, Output},
};

use attune_rest::{EventAccepted, EventWhy, ExecutionDetail, HistoryView, LogLineView, RuleView};
use attune_types::ExecutionStatus;
use serde::de::DeserializeOwned;

use crate::{packs::write, proc::until, world::World};

const FILES: &[(&str, &str)] = &[
    ("pack.yaml", "ref: tool\nlabel: Tool\nversion: 1.0.0\n"),
    (
        "actions/echo.yaml",
        "ref: tool.echo\nlabel: Echo\nrunner: shell\nentry_point: echo.sh\n\
         parameter_delivery: env\noutput_format: json\n\
         parameters:\n  times: {type: integer, default: 1}\n  fail: {type: boolean, default: false}\n",
    ),
    (
        "actions/echo.sh",
        "#!/bin/sh\necho \"heard $ATTUNE_PARAM_TIMES\" >&2\n\
         [ \"$ATTUNE_PARAM_FAIL\" = true ] && exit 7\n\
         printf '{\"times\": %s}' \"$ATTUNE_PARAM_TIMES\"\n",
    ),
    (
        "workflows/once.yaml",
        "ref: tool.once\nlabel: Once\nversion: 1.0.0\n\
         parameters:\n  times: {type: integer, default: 1}\n  fail: {type: boolean, default: false}\n\
         tasks:\n  - name: hear\n    action: tool.echo\n    input:\n      \
           times: \"{{ parameters.times }}\"\n      fail: \"{{ parameters.fail }}\"\n\
         output_map:\n  times: \"{{ task.hear.result.times }}\"\n",
    ),
    (
        "triggers/call.yaml",
        "ref: tool.call\nlabel: A call\npayload:\n  times: {type: integer, required: true}\n",
    ),
    (
        "rules/answer.yaml",
        "ref: tool.answer\nlabel: Answer\ntrigger: tool.call\n\
         when: \"{{ event.payload.times > 2 }}\"\n\
         action: tool.once\ninput:\n  times: \"{{ event.payload.times }}\"\nenabled: false\n",
    ),
];

/// The binary, speaking to one API.
pub(crate) struct Attune<'a> {
    url: &'a str,
    token: &'a str,
    home: &'a Path,
}

impl<'a> Attune<'a> {
    /// Of a world's administrator, in a folder of its own.
    pub(crate) fn of(world: &'a World, home: &'a Path) -> Self {
        Self {
            url: world.admin.root(),
            token: world.admin.token(),
            home,
        }
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_attune"))
            .args(arguments)
            .env("ATTUNE_URL", self.url)
            .env("ATTUNE_TOKEN", self.token)
            .env("HOME", self.home)
            .env("XDG_CONFIG_HOME", self.home)
            .env("NO_COLOR", "1")
            .current_dir(self.home)
            .output()
            .unwrap()
    }

    /// With this exit code; gives standard output.
    pub(crate) fn says(&self, code: i32, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let out = String::from_utf8(output.stdout).unwrap();
        let beside = String::from_utf8_lossy(&output.stderr);
        assert_eq!(
            output.status.code(),
            Some(code),
            "{arguments:?}\n{out}\n{beside}"
        );
        if code != 0 {
            assert!(
                !beside.trim().is_empty(),
                "{arguments:?} says why it failed"
            );
        }
        out
    }

    /// The same with `-o json`: all of standard output is one JSON value.
    pub(crate) fn json<T: DeserializeOwned>(&self, code: i32, arguments: &[&str]) -> T {
        let mut all = vec!["-o", "json"];
        all.extend(arguments);
        let out = self.says(code, &all);
        serde_json::from_str(&out).unwrap_or_else(|error| panic!("{arguments:?}: {error}\n{out}"))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_tell_by_exit_code_and_json() {
    let world = World::usual().await;
    let home = world.place("home");
    let attune = Attune::of(&world, &home);
    let pack = write(&world.place("tool"), FILES);
    let pack = pack.display().to_string();
    let said = attune.says(0, &["pack", "install", &pack]);
    assert!(said.contains("tool"), "{said}");

    // Starting and following.
    let said = attune.says(0, &["run", "tool.once", "times=3", "--follow"]);
    assert!(
        said.contains("hear") && said.contains("succeeded"),
        "{said}"
    );
    let run: ExecutionDetail = attune.json(0, &["run", "tool.once", "times=3", "--follow"]);
    assert_eq!(run.execution.status, ExecutionStatus::Succeeded);
    assert_eq!(run.execution.result["times"], 3);
    let failed: ExecutionDetail = attune.json(1, &["run", "tool.once", "fail=true", "--wait"]);
    assert_eq!(failed.execution.status, ExecutionStatus::Failed);
    attune.says(1, &["run", "tool.once", "fail=true", "--follow"]);
    attune.says(2, &["run", "tool.once", "times=many"]);
    attune.says(2, &["run", "tool.once", "tims=1"]);
    attune.says(2, &["run", "nodot"]);
    attune.says(4, &["run", "tool.twice", "times=1"]);
    let late = [
        "run",
        "core.sleep",
        "seconds=60",
        "--wait",
        "--timeout",
        "1s",
    ];
    attune.says(124, &late);

    // Looking.
    let id = run.execution.run.to_string();
    let tree = attune.says(0, &["execution", "tree", &id]);
    assert!(
        tree.contains("tool.once") && tree.contains("hear"),
        "{tree}"
    );
    let got: ExecutionDetail = attune.json(0, &["execution", "get", &id]);
    assert_eq!(got.execution.run, run.execution.run);
    let history: Vec<HistoryView> = attune.json(0, &["execution", "history", &id]);
    crate::history::judge(&history);
    let logs: Vec<LogLineView> = attune.json(0, &["execution", "logs", &id]);
    assert!(
        logs.iter()
            .any(|line| line.text == "heard 3" && line.stream == "stderr"),
        "{logs:?}"
    );
    let logs = attune.says(0, &["execution", "logs", &id]);
    assert!(logs.contains("heard 3"), "{logs}");
    let all: Vec<serde_json::Value> =
        attune.json(0, &["execution", "list", "--action", "tool.once"]);
    assert_eq!(all.len(), 4);

    // Rules and events.
    let rule: RuleView = attune.json(0, &["rule", "enable", "tool.answer"]);
    assert!(rule.enabled);
    let mut runs = Vec::new();
    for (times, fires) in [("2", false), ("5", true)] {
        let times = format!("times={times}");
        let event: EventAccepted = attune.json(0, &["event", "emit", "tool.call", &times]);
        let event = event.id.to_string();
        let why: EventWhy = until("rules have seen it", async || {
            let why: EventWhy = attune.json(0, &["event", "get", &event]);
            why.event.processed_at.is_some().then_some(why)
        })
        .await;
        assert_eq!(why.enforcements.len(), 1, "{why:?}");
        assert_eq!(why.enforcements[0].fired, fires, "{why:?}");
        runs.extend(why.enforcements[0].execution_id);
    }
    assert_eq!(runs.len(), 1);
    let id = runs[0].to_string();
    let done: ExecutionDetail = attune.json(0, &["execution", "watch", &id]);
    assert_eq!(done.execution.result["times"], 5);
    attune.says(2, &["event", "emit", "tool.call", "times=x"]);

    // Who is asking, and for what.
    let nobody = uuid::Uuid::now_v7().to_string();
    attune.says(4, &["execution", "get", &nobody]);
    attune.says(4, &["execution", "cancel", &nobody]);
    attune.says(4, &["rule", "enable", "tool.none"]);
    attune.says(5, &["execution", "cancel", &id]);
    attune.says(2, &["execution", "get", "not-an-id"]);
    let stranger = Attune {
        token: "not-a-token",
        ..attune
    };
    stranger.says(3, &["execution", "list"]);
    let lost = Attune {
        url: "http://127.0.0.1:1",
        ..stranger
    };
    lost.says(1, &["execution", "list"]);
}
