//! Versions of workflows from end to end: registered from files, run, changed, compared, rolled back,
//! disabled; and definitions that are run without being registered.

use std::path::Path;

use attune_rest::{ExecutionDetail, WorkflowReport, WorkflowVersionView, WorkflowView};
use attune_types::ExecutionStatus;
use serde_json::{Value, json};

use crate::{command_line::Attune, packs::write, world::World};

/// A pack whose action waits until a file is there.
fn pack(folder: &Path, gate: &Path) {
    let script = format!(
        "#!/bin/sh\nwhile [ ! -e '{}' ]; do sleep 0.1; done\necho '{{}}'\n",
        gate.display()
    );
    write(
        folder,
        &[
            ("pack.yaml", "ref: gate\nlabel: Gate\nversion: 1.0.0\n"),
            ("actions/wait.sh", &script),
            (
                "actions/wait.yaml",
                "ref: gate.wait\nlabel: Wait\nrunner: shell\nentry_point: wait.sh\noutput_format: json\n",
            ),
        ],
    );
}

fn definition(answer: u32) -> String {
    format!(
        "ref: gate.pass\nlabel: Pass\nversion: 1.0.{answer}\nparameters:\n  \
           who: {{type: string, default: nobody}}\n  times: {{type: integer, default: 1}}\n\
         tasks:\n  - name: wait\n    action: gate.wait\n\
         output_map:\n  answer: {answer}\n  who: \"{{{{ parameters.who }}}}\"\n  \
           times: \"{{{{ parameters.times }}}}\"\n"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workflow_lives_through_its_versions() {
    let world = World::usual().await;
    let home = world.place("home");
    let gate = world.place("gates").join("open");
    let folder = world.place("gate");
    pack(&folder, &gate);
    world.admin.register(&folder).await;
    let attune = Attune::of(&world, &home);
    let file = home.join("pass.yaml");
    std::fs::write(&file, definition(1)).unwrap();
    let made: Vec<WorkflowReport> = attune.json(0, &["workflow", "apply", "pass.yaml"]);
    assert_eq!(
        (made[0].change.as_str(), made[0].workflow.number),
        ("new", 1)
    );
    let again: Vec<WorkflowReport> = attune.json(0, &["workflow", "apply", "pass.yaml"]);
    assert_eq!(again[0].change, "unchanged");

    // A run of the first version is under way while the second is registered.
    let old = world.admin.start("gate.pass", json!({"who": "old"})).await;
    std::fs::write(&file, definition(2)).unwrap();
    let changed: Vec<WorkflowReport> = attune.json(0, &["workflow", "apply", "pass.yaml"]);
    assert_eq!(changed[0].change, "new_version");
    let new = world.admin.start("gate.pass", json!({"who": "new"})).await;
    // Packs come and go; what was made over the API stays.
    world.admin.register(&folder).await;
    std::fs::write(&gate, "").unwrap();
    let ended = world.admin.succeeded(old).await;
    assert_eq!(
        (&ended["answer"], &ended["who"]),
        (&json!(1), &json!("old"))
    );
    let ended = world.admin.succeeded(new).await;
    assert_eq!(
        (&ended["answer"], &ended["who"]),
        (&json!(2), &json!("new"))
    );

    let listed: Vec<WorkflowView> = attune.json(0, &["workflow", "list", "--pack", "gate"]);
    assert_eq!((listed.len(), listed[0].number), (1, 2));
    let versions: Vec<WorkflowVersionView> = attune.json(0, &["workflow", "versions", "gate.pass"]);
    let numbers: Vec<_> = versions
        .iter()
        .map(|one| (one.number, one.current))
        .collect();
    assert_eq!(numbers, [(2, true), (1, false)]);
    let shown = attune.says(0, &["workflow", "get", "gate.pass@1"]);
    assert!(shown.contains("version: 1.0.1"), "{shown}");
    let difference: Value = world
        .admin
        .get("/workflows/gate.pass/diff?from=1&to=2")
        .await
        .good();
    assert_eq!(difference["same"], false);

    // The same from the command line, told as the difference of two files is.
    let told = attune.says(1, &["workflow", "diff", "gate.pass@1", "gate.pass@2"]);
    for part in [
        "--- gate.pass 1.0.1",
        "+++ gate.pass 1.0.2",
        "answer: 1 -> 2",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
    let told: Value = attune.json(1, &["workflow", "diff", "gate.pass@1", "gate.pass@2"]);
    assert_eq!(told, difference);
    let same = attune.says(0, &["workflow", "diff", "gate.pass@2", "gate.pass@2"]);
    assert!(same.contains("the same Program"), "{same}");
    attune.says(2, &["workflow", "diff", "gate.pass@1", "gate.other@2"]);
    attune.says(2, &["workflow", "diff", "pass.yaml", "gate.pass@2"]);
    attune.says(4, &["workflow", "diff", "gate.pass@1", "gate.pass@9"]);

    attune.says(0, &["workflow", "rollback", "gate.pass", "1"]);
    let run: ExecutionDetail = attune.json(
        0,
        &["workflow", "execute", "gate.pass", "times=3", "--wait"],
    );
    assert_eq!(run.execution.result["answer"], 1);
    assert_eq!(run.execution.result["times"], 3);
    attune.says(0, &["workflow", "delete", "gate.pass"]);
    attune.says(2, &["run", "gate.pass"]);
    let back: WorkflowReport = attune.json(0, &["workflow", "rollback", "gate.pass", "2"]);
    assert_eq!(back.change, "activated");
    attune.says(4, &["workflow", "rollback", "gate.pass", "9"]);
    attune.says(4, &["workflow", "get", "gate.none"]);

    std::fs::write(&file, definition(3).replace("gate.wait", "gate.wit")).unwrap();
    let output = attune.run(&["workflow", "apply", "pass.yaml"]);
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8_lossy(&output.stderr);
    for part in ["pass.yaml:9:13", "action: gate.wit", "^^^", "did you mean"] {
        assert!(said.contains(part), "{part}: {said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_run_without_being_registered() {
    let world = World::usual().await;
    let home = world.place("home");
    let attune = Attune::of(&world, &home);
    let text = "parameters:\n  n: {type: integer, required: true}\n  pin: {type: string, secret: true}\n\
                tasks:\n  - name: a\n    action: core.set\n    input:\n      \
                  twice: \"{{ parameters.n * 2 }}\"\n      said: \"pin {{ parameters.pin }}\"\n\
                output_map:\n  twice: \"{{ task.a.result.twice }}\"\n";
    std::fs::write(home.join("w.yaml"), text).unwrap();
    let run: ExecutionDetail = attune.json(
        0,
        &["run", "--file", "w.yaml", "n=21", "pin=s3cr3t", "--wait"],
    );
    assert_eq!(run.execution.status, ExecutionStatus::Succeeded);
    assert_eq!(run.execution.result, json!({"twice": 42}));
    assert_eq!(run.definition.as_deref(), Some(text));
    let id = run.execution.id.to_string();
    for path in ["", "/history", "/tasks", "/graph"] {
        let shown = world.admin.get(&format!("/executions/{id}{path}")).await;
        assert_eq!(shown.status, 200, "{path}: {}", shown.text);
        assert!(!shown.text.contains("s3cr3t"), "{path}: {}", shown.text);
    }
    let prying = text.replace(
        "\"pin {{ parameters.pin }}\"",
        "\"{{ parameters.pin | length }}\"",
    );
    std::fs::write(home.join("prying.yaml"), prying).unwrap();
    let output = attune.run(&["run", "--file", "prying.yaml", "n=21", "pin=s3cr3t"]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        said.contains("FLOW045") && !said.contains("s3cr3t"),
        "{said}"
    );
    attune.says(2, &["run", "--file", "w.yaml", "n=many"]);
    attune.says(2, &["run", "n=1"]);
    attune.says(2, &["run", "core.noop", "--file", "w.yaml"]);
    std::fs::write(home.join("w.yaml"), text.replace("core.set", "core.sett")).unwrap();
    let output = attune.run(&["run", "--file", "w.yaml", "n=1"]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("w.yaml:6:13"), "{said}");
}
