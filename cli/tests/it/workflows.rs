//! Workflow files without a server: what is wrong with them in each form, drawings, differences.

use crate::server::Server;
use crate::{attune, code, err, out};
use std::path::Path;
use std::process::Output;

const PACK: &str = "ref: p\nlabel: P\nversion: 1.0.0\n";
const WORKFLOW: &str = "ref: p.w\nlabel: W\nversion: 1.0.0\nparameters:\n  a: {type: string}\n  b: {type: string}\n\
    tasks:\n  - name: one\n    action: core.noop\n    on_success: two\n  - name: two\n    action: p.other\n    input: {a: \"{{ parameters.a }}\"}\n";
const OTHER: &str = "ref: p.other\nlabel: O\nversion: 1.0.0\nparameters:\n  a: {type: string}\n\
    tasks:\n  - name: only\n    action: core.noop\n";

/// A folder with the pack `p` in `packs/p`, whose workflow `p.w` is this text.
fn home(workflow: &str) -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("packs/p/workflows");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(home.path().join("packs/p/pack.yaml"), PACK).unwrap();
    std::fs::write(folder.join("w.yaml"), workflow).unwrap();
    std::fs::write(folder.join("other.yaml"), OTHER).unwrap();
    home
}

fn workflow(home: &Path, args: &[&str]) -> Output {
    attune(home).arg("workflow").args(args).output().unwrap()
}

#[test]
fn what_is_wrong_has_a_form_for_each_reader() {
    let home = home(&WORKFLOW.replace("core.noop", "core.nop"));
    let form = |form: &str| {
        let output = workflow(home.path(), &["validate", "packs", "--format", form]);
        assert_eq!(code(&output), 1, "{}", err(&output));
        out(&output)
    };
    insta::assert_snapshot!("validate_text", form("text"));
    insta::assert_snapshot!("validate_json", form("json"));
    insta::assert_snapshot!("validate_github", form("github"));
    let sarif: serde_json::Value = serde_json::from_str(&form("sarif")).unwrap();
    let run = &sarif["runs"][0];
    assert_eq!(sarif["version"], "2.1.0");
    assert_eq!(run["tool"]["driver"]["rules"][0]["id"], "FLOW020");
    assert!(
        run["tool"]["driver"]["rules"][0]["help"]["markdown"]
            .as_str()
            .unwrap()
            .contains("# FLOW020")
    );
    insta::assert_json_snapshot!("validate_sarif_results", run["results"]);
}

#[test]
fn json_stays_json_and_wrong_forms_are_usage() {
    let home = home(&WORKFLOW.replace("core.noop", "core.nop"));
    let asked = workflow(home.path(), &["validate", "packs", "-o", "json"]);
    let form = workflow(home.path(), &["validate", "packs", "--format", "json"]);
    assert_eq!(out(&asked), out(&form));
    assert_eq!(
        code(&workflow(
            home.path(),
            &["validate", "packs", "--format", "xml"]
        )),
        2
    );
    for args in [
        &["validate"][..],
        &["validate", "nope"],
        &["validate", "packs", "nope.yaml"],
        &["fmt", "nope"],
        &["fmt", "packs/p/pack.yaml"],
        &["graph", "nope"],
        &["diff", "nope", "packs/p/workflows/w.yaml"],
    ] {
        let output = workflow(home.path(), args);
        assert_eq!(code(&output), 2, "{args:?}: {}", err(&output));
    }
}

#[test]
fn nothing_wrong_is_a_document_in_each_form() {
    let home = home(WORKFLOW);
    for form in ["text", "json", "github", "sarif"] {
        let output = workflow(
            home.path(),
            &["validate", "packs", "--format", form, "--deny", "warnings"],
        );
        assert_eq!(code(&output), 0, "{form}: {}", err(&output));
        match form {
            "json" => assert_eq!(out(&output).trim(), "[]"),
            "sarif" => assert!(out(&output).contains("\"results\": []")),
            _ => assert_eq!(out(&output), ""),
        }
    }
}

#[test]
fn warnings_end_it_only_where_they_are_denied() {
    // Two branches that run together publish one name.
    let race = "ref: p.w\nlabel: W\nversion: 1.0.0\ntasks:\n  - name: one\n    action: core.noop\n    publish: [{x: 1}]\n\
        \x20 - name: two\n    action: core.noop\n    publish: [{x: 2}]\n";
    let home = home(race);
    let output = workflow(home.path(), &["validate", "packs"]);
    assert_eq!(code(&output), 0, "{}", err(&output));
    assert!(
        out(&output).contains("warning[FLOW037]"),
        "{}",
        out(&output)
    );
    let output = workflow(home.path(), &["validate", "packs", "--deny", "warnings"]);
    assert_eq!(code(&output), 1);
    assert!(err(&output).contains("warning"), "{}", err(&output));
}

#[test]
fn a_file_outside_of_packs_is_told_by_its_path_from_here() {
    let home = home(WORKFLOW);
    std::fs::write(home.path().join("loose.yaml"), "ref: p.w\n").unwrap();
    let output = workflow(
        home.path(),
        &["validate", "loose.yaml", "--format", "github"],
    );
    assert!(
        out(&output).starts_with("::error file=loose.yaml,"),
        "{}",
        out(&output)
    );
}

#[test]
fn a_workflow_is_drawn_in_each_form() {
    let home = home(WORKFLOW);
    let file = "packs/p/workflows/w.yaml";
    let drawn = |args: &[&str]| {
        let output = workflow(home.path(), &[&["graph", file], args].concat());
        assert_eq!(code(&output), 0, "{}", err(&output));
        out(&output)
    };
    insta::assert_snapshot!("graph_mermaid", drawn(&[]));
    assert!(drawn(&["--format", "dot"]).starts_with("digraph "));
    assert!(drawn(&["--format", "svg"]).starts_with("<svg "));
    let json: serde_json::Value = serde_json::from_str(&drawn(&["-o", "json"])).unwrap();
    assert_eq!(json["nodes"][1]["action"], "p.other");
    assert_eq!(drawn(&["--format", "json"]), drawn(&["-o", "json"]));

    let output = workflow(
        home.path(),
        &["graph", file, "--format", "svg", "--out", "w.svg"],
    );
    assert_eq!((code(&output), out(&output).as_str()), (0, ""));
    assert!(
        std::fs::read_to_string(home.path().join("w.svg"))
            .unwrap()
            .starts_with("<svg ")
    );
}

#[test]
fn of_several_workflows_one_is_chosen_or_each_has_a_file() {
    let home = home(WORKFLOW);
    let output = workflow(home.path(), &["graph", "packs"]);
    assert_eq!(code(&output), 2);
    assert!(
        err(&output).contains("p.other, p.w") && err(&output).contains("--workflow"),
        "{}",
        err(&output)
    );
    let output = workflow(home.path(), &["graph", "packs", "--workflow", "p.other"]);
    assert!(out(&output).contains("only"), "{}", out(&output));
    let output = workflow(home.path(), &["graph", "packs", "--workflow", "p.none"]);
    assert_eq!(code(&output), 2);
    std::fs::create_dir(home.path().join("drawn")).unwrap();
    let output = workflow(home.path(), &["graph", "packs", "--out", "drawn"]);
    assert_eq!(code(&output), 0, "{}", err(&output));
    for name in ["p.w.mmd", "p.other.mmd"] {
        assert!(home.path().join("drawn").join(name).is_file(), "{name}");
    }
}

#[test]
fn what_has_errors_is_neither_drawn_nor_compared() {
    let home = home(&WORKFLOW.replace("core.noop", "core.nop"));
    let (bad, good) = ("packs/p/workflows/w.yaml", "packs/p/workflows/other.yaml");
    for (args, ends) in [
        (&["graph", bad][..], 1),
        (&["diff", bad, good], 2),
        (&["diff", good, bad], 2),
    ] {
        let output = workflow(home.path(), args);
        assert_eq!(
            (code(&output), out(&output).as_str()),
            (ends, ""),
            "{args:?}"
        );
        assert!(
            err(&output).contains("FLOW020") && err(&output).contains("w.yaml:"),
            "{}",
            err(&output)
        );
    }
    // What is wrong in one file does not keep another from being drawn.
    let output = workflow(home.path(), &["graph", good]);
    assert_eq!(code(&output), 0, "{}", err(&output));
}

#[test]
fn folders_of_workflows_are_formatted_and_checked_as_files_are() {
    let home = home(WORKFLOW);
    let loose = home.path().join("loose/workflows");
    std::fs::create_dir_all(&loose).unwrap();
    std::fs::write(loose.join("w.yaml"), WORKFLOW).unwrap();
    let files = ["packs/p/workflows/w.yaml", "loose/workflows/w.yaml"];
    let read = |file: &str| std::fs::read_to_string(home.path().join(file)).unwrap();
    for folder in [
        ".",
        "packs",
        "packs/p",
        "packs/p/workflows",
        "loose/workflows",
    ] {
        let output = workflow(home.path(), &["fmt", "--check", folder]);
        assert_eq!(code(&output), 1, "{folder}: {}", err(&output));
    }
    assert_eq!(files.map(read), [WORKFLOW; 2]);
    let several = ["fmt", "packs/p/workflows", "loose/workflows/w.yaml"];
    assert_eq!(code(&workflow(home.path(), &several)), 0);
    let neat = read(files[0]);
    assert_ne!(neat, WORKFLOW);
    assert_eq!(files.map(read), [neat.as_str(); 2]);
    let check = ["fmt", "--check", "packs", "loose/workflows"];
    assert_eq!(code(&workflow(home.path(), &check)), 0);
    // Outside of the pack nobody knows its other workflow, unless the pack is named too.
    let loose = workflow(home.path(), &["validate", "loose/workflows"]);
    let said = format!("{}{}", out(&loose), err(&loose));
    assert_eq!(code(&loose), 1, "{said}");
    let place = "loose/workflows/w.yaml:13:13: error[FLOW020]";
    assert!(said.contains(place), "{said}");
    let both = ["validate", "packs/p/workflows", "loose/workflows"];
    let both = workflow(home.path(), &both);
    assert_eq!(code(&both), 0, "{}{}", out(&both), err(&both));
    assert!(err(&both).contains("2 checked"), "{}", err(&both));
}

#[test]
fn a_difference_is_told_and_counted_by_the_exit_code() {
    let home = home(WORKFLOW);
    let file = "packs/p/workflows/w.yaml";
    // Another version lies outside of the pack, and calls what the pack has.
    let other = WORKFLOW
        .replace("  b: {type: string}\n", "")
        .replace("core.noop", "core.sleep\n    input: {seconds: 1}");
    std::fs::write(home.path().join("new.yaml"), other).unwrap();
    let output = workflow(home.path(), &["diff", file, "new.yaml"]);
    assert_eq!(code(&output), 1, "{}", err(&output));
    let told = out(&output);
    // Hashes are told by the first line alone.
    insta::assert_snapshot!(
        "diff_text",
        told.lines().skip(2).collect::<Vec<_>>().join("\n")
    );
    assert!(
        err(&output).contains("breaks callers") && !err(&output).contains("error:"),
        "{}",
        err(&output)
    );

    let output = workflow(home.path(), &["diff", file, "new.yaml", "-o", "json"]);
    let json: serde_json::Value = serde_json::from_str(&out(&output)).unwrap();
    assert_eq!((code(&output), &json["breaking"]), (1, &true.into()));

    let same = format!(
        "# A comment.\n{}",
        WORKFLOW.replace("label: W\nversion: 1.0.0\n", "version: 1.0.0\nlabel: W\n")
    );
    std::fs::write(home.path().join("same.yaml"), same).unwrap();
    let output = workflow(home.path(), &["diff", file, "same.yaml"]);
    assert_eq!(code(&output), 0, "{}", err(&output));
    assert!(
        out(&output).starts_with("the same Program: p.w 1.0.0 (hash "),
        "{}",
        out(&output)
    );
}

#[test]
fn versions_that_a_server_keeps_are_compared_by_it() {
    let side =
        |hash: &str| serde_json::json!({"workflow": "p.w", "version": "1.0.0", "hash": hash});
    let body = serde_json::json!({
        "from": side("aa"), "to": side("bb"), "same": false, "breaking": false,
        "changes": [{"area": "tasks", "name": "one", "key": "timeout", "kind": "added", "to": 3}],
    });
    let answer = (
        "GET /api/v1/workflows/p.w/versions/1/diff/2",
        200,
        "application/json",
        body.to_string(),
    );
    let server = Server::start(vec![answer]);
    let home = tempfile::tempdir().unwrap();
    let diff = |from: &str, to: &str| {
        let mut command = attune(home.path());
        command
            .env("ATTUNE_URL", &server.url)
            .env("ATTUNE_TOKEN", "att_tiger");
        command
            .args(["workflow", "diff", from, to])
            .output()
            .unwrap()
    };
    let output = diff("p.w@1", "p.w@2");
    assert_eq!(code(&output), 1, "{}", err(&output));
    assert!(out(&output).contains("+ timeout: 3"), "{}", out(&output));
    assert_eq!(err(&output), "1 change, none of which breaks callers\n");
    assert_eq!(code(&diff("p.w@1", "p.other@2")), 2);
    assert_eq!(code(&diff("p.w@1", "w.yaml")), 2);
    assert_eq!(server.asked().len(), 1);
}
