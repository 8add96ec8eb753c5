//! Arguments: what is refused, and with which exit code.

use crate::{attune, code, err, out};

#[test]
fn what_makes_no_sense_ends_with_two() {
    let home = tempfile::tempdir().unwrap();
    let cases: [&[&str]; 7] = [
        &[],
        &["no-such-noun"],
        &["run", "not-a-reference"],
        &["execution", "get", "not-an-id"],
        &["execution", "list", "--status", "happy"],
        &["run", "a.b", "--timeout", "soon"],
        &["serve", "everything"],
    ];
    for args in cases {
        let output = attune(home.path()).args(args).output().unwrap();
        assert_eq!(code(&output), 2, "{args:?}: {}", err(&output));
        assert_eq!(out(&output), "", "{args:?}");
    }
}

#[test]
fn nobody_logged_in_ends_with_three() {
    let home = tempfile::tempdir().unwrap();
    let output = attune(home.path()).args(["pack", "list"]).output().unwrap();
    assert_eq!(code(&output), 3);
    assert!(err(&output).contains("attune login"), "{}", err(&output));
}

#[test]
fn every_command_explains_itself() {
    let home = tempfile::tempdir().unwrap();
    for noun in [
        "dev",
        "serve",
        "migrate",
        "doctor",
        "config",
        "login",
        "run",
        "execution",
        "pack",
        "action",
        "workflow",
        "event",
        "rule",
        "trigger",
        "sensor",
        "worker",
        "token",
        "identity",
    ] {
        let output = attune(home.path()).args([noun, "--help"]).output().unwrap();
        assert_eq!(code(&output), 0, "{noun}");
        assert!(out(&output).contains("Usage: attune"), "{noun}");
    }
}

#[test]
fn a_shell_gets_its_completions() {
    let home = tempfile::tempdir().unwrap();
    let output = attune(home.path())
        .args(["completion", "bash"])
        .output()
        .unwrap();
    assert_eq!(code(&output), 0);
    assert!(out(&output).contains("_attune()"));
}

#[test]
fn a_workflow_is_checked_without_a_server() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("packs/p/workflows");
    std::fs::create_dir_all(&folder).unwrap();
    let pack = home.path().join("packs/p/pack.yaml");
    std::fs::write(pack, "ref: p\nlabel: P\nversion: 1.0.0\n").unwrap();
    let right = "ref: p.w\nlabel: W\nversion: 1.0.0\ntasks:\n  - name: a\n    action: core.noop\n";
    std::fs::write(folder.join("w.yaml"), right).unwrap();
    let validate = |args: &[&str]| {
        let mut command = attune(home.path());
        command
            .args(["workflow", "validate"])
            .args(args)
            .output()
            .unwrap()
    };
    assert_eq!(code(&validate(&["packs"])), 0);
    std::fs::write(folder.join("w.yaml"), right.replace("noop", "nop")).unwrap();
    let output = validate(&["packs/p/workflows/w.yaml"]);
    assert_eq!(code(&output), 1);
    let said = out(&output);
    assert!(said.contains("packs/p/workflows/w.yaml:6:"), "{said}");
    assert!(said.contains("core.noop"), "{said}");
    let output = validate(&["packs/p", "-o", "json"]);
    assert_eq!(code(&output), 1);
    let found: serde_json::Value = serde_json::from_str(&out(&output)).unwrap();
    assert_eq!(found[0]["severity"], "error", "{found}");
}
