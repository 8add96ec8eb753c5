//! The guides on tools: their files are right, their commands do what the page says.

use crate::{attune, code, err, out};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

/// A block of a page: what stands behind the fence, and its text.
type Block = (String, String);

fn blocks(page: &str) -> Vec<Block> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/guide");
    let text = fs::read_to_string(path.join(page)).unwrap();
    let mut found = Vec::new();
    let mut open: Option<Block> = None;
    for line in text.lines() {
        match (open.take(), line.strip_prefix("```")) {
            (None, Some(kind)) => open = Some((kind.to_owned(), String::new())),
            (Some(block), Some(_)) => found.push(block),
            (Some((kind, text)), None) => open = Some((kind, format!("{text}{line}\n"))),
            (None, None) => {}
        }
    }
    found
}

/// The blocks of a kind.
fn of_kind<'b>(blocks: &'b [Block], kind: &'b str) -> impl Iterator<Item = &'b str> {
    blocks
        .iter()
        .filter(move |(found, _)| found == kind)
        .map(|(_, text)| text.as_str())
}

fn write(home: &Path, path: &str, text: &str) {
    let path = home.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// Writes the files of a page, each named by its first line; every YAML block has to be one.
fn lay_out(home: &Path, blocks: &[Block]) -> usize {
    let mut files = 0;
    for text in of_kind(blocks, "yaml") {
        let (first, _) = text.split_once('\n').unwrap();
        let path = first.strip_prefix("# ").unwrap_or_else(|| panic!("{text}"));
        write(home, path, text);
        files += 1;
    }
    files
}

/// Runs a line of a page as a shell does. What stands behind a `#` is for readers.
fn run(home: &Path, line: &str) -> Output {
    let (command, _) = line.split_once("  #").unwrap_or((line, ""));
    let bin = PathBuf::from(env!("CARGO_BIN_EXE_attune"));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut all = vec![bin.parent().unwrap().to_owned()];
    all.extend(std::env::split_paths(&path));
    std::process::Command::new("sh")
        .args(["-c", command])
        .current_dir(home)
        .env_clear()
        .env("PATH", std::env::join_paths(all).unwrap())
        .env("HOME", home)
        .output()
        .unwrap()
}

/// The commands of a page that begin with `attune`.
fn commands(blocks: &[Block]) -> Vec<&str> {
    of_kind(blocks, "sh")
        .flat_map(str::lines)
        .filter(|line| line.starts_with("attune "))
        .collect()
}

fn action(pack: &str, name: &str, parameters: &str, output: &str) -> String {
    format!(
        "ref: {pack}.{name}\nlabel: {name}\nrunner: shell\nentry_point: run.sh\noutput_format: json\n\
         parameters: {{{parameters}}}\noutput: {{{output}}}\n"
    )
}

#[test]
fn the_guide_on_testing_holds() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let blocks = blocks("testing.md");
    assert_eq!(lay_out(home, &blocks), 5);
    let pack = "packs/release";
    let text = "{type: string, required: true}";
    write(
        home,
        &format!("{pack}/pack.yaml"),
        "ref: release\nlabel: R\nversion: 1.0.0\n",
    );
    write(home, &format!("{pack}/actions/run.sh"), "exit 1\n");
    for (name, takes, gives) in [
        (
            "build",
            format!("app: {text}"),
            format!("image_uri: {text}"),
        ),
        (
            "unit",
            format!("image_uri: {text}"),
            "passed: {type: integer}".to_owned(),
        ),
        (
            "ask",
            format!("prompt: {text}"),
            "approved: {type: boolean}".to_owned(),
        ),
        (
            "rollout",
            format!("region: {text}, image_uri: {text}"),
            "ok: {type: boolean}".to_owned(),
        ),
        ("rollback", format!("region: {text}"), String::new()),
    ] {
        let file = format!("{pack}/actions/{name}.yaml");
        write(home, &file, &action("release", name, &takes, &gives));
    }
    let checked = attune(home)
        .args(["workflow", "validate", "packs", "--deny", "warnings"])
        .output()
        .unwrap();
    assert_eq!(code(&checked), 0, "{}", out(&checked));
    let commands = commands(&blocks);
    assert_eq!(commands.len(), 5);
    for command in commands {
        let output = run(home, command);
        let said = format!("{}{}", out(&output), err(&output));
        assert_eq!(code(&output), 0, "{command}\n{said}");
        assert!(!said.contains("warning"), "{command}\n{said}");
    }
    assert!(home.join("report.xml").is_file());
}

const RELEASE: &str =
    "ref: ci.release\nlabel: R\nversion: 1.0.0\ntasks:\n  - name: a\n    action: core.noop\n";

#[test]
fn the_guide_on_drawing_and_comparing_holds() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let blocks = blocks("graph-and-diff.md");
    write(
        home,
        "packs/ci/pack.yaml",
        "ref: ci\nlabel: CI\nversion: 1.0.0\n",
    );
    write(home, "packs/ci/workflows/release.yaml", RELEASE);
    write(
        home,
        "packs/ci/workflows/other.yaml",
        &RELEASE.replace("ci.release", "ci.other"),
    );
    write(home, "old.yaml", &RELEASE.replace("core.noop", "core.set"));
    let commands = commands(&blocks);
    assert!(commands.len() >= 10, "{commands:?}");
    for command in commands {
        let output = run(home, command);
        let differ = command.starts_with("attune workflow diff");
        let said = err(&output);
        assert_eq!(code(&output), i32::from(differ), "{command}\n{said}");
    }
    for file in [
        "release.svg",
        "drawings/ci.release.svg",
        "drawings/ci.other.svg",
    ] {
        assert!(home.join(file).is_file(), "{file}");
    }
    // The fields that the page explains are those that are there.
    let json = run(
        home,
        "attune workflow graph packs/ci/workflows/release.yaml -o json",
    );
    let graph: Value = serde_json::from_str(&out(&json)).unwrap();
    let page = fs::read_to_string(
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/guide/graph-and-diff.md"),
    )
    .unwrap();
    let mut fields: Vec<&String> = graph.as_object().unwrap().keys().collect();
    for part in ["nodes", "edges"] {
        for one in graph[part].as_array().unwrap() {
            fields.extend(one.as_object().unwrap().keys());
        }
    }
    for field in fields {
        assert!(page.contains(&format!("`{field}`")), "{field}");
    }
}

#[test]
fn the_guide_on_editors_holds() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let blocks = blocks("editor.md");
    for command in commands(&blocks) {
        let output = run(home, command);
        assert_eq!(code(&output), 0, "{command}\n{}", err(&output));
    }
    let settings: Vec<Value> = of_kind(&blocks, "json")
        .map(|text| serde_json::from_str(text).unwrap())
        .collect();
    let [schemas, tasks] = settings.as_slice() else {
        panic!("{settings:?}");
    };
    let named = schemas["yaml.schemas"].as_object().unwrap();
    let made = fs::read_dir(home.join(".attune-schemas")).unwrap().count();
    assert_eq!(named.len(), made);
    for file in named.keys() {
        assert!(home.join(file).is_file(), "{file}");
    }
    // What the checker prints is what the pattern reads.
    let yaml: Vec<&str> = of_kind(&blocks, "yaml").collect();
    write(
        home,
        "packs/examples/pack.yaml",
        "ref: examples\nlabel: E\nversion: 1.0.0\n",
    );
    write(home, "packs/examples/workflows/hello.yaml", yaml[0]);
    let command = tasks["tasks"][0]["command"].as_str().unwrap();
    let right = run(home, command);
    assert_eq!(code(&right), 0, "{}", out(&right));
    let wrong = yaml[0].replace("core.noop", "core.nop");
    write(home, "packs/examples/workflows/hello.yaml", &wrong);
    let said = out(&run(home, command));
    let first = said.lines().next().unwrap();
    let expected = "packs/examples/workflows/hello.yaml:7:13: error[FLOW020]: ";
    assert!(first.starts_with(expected), "{said}");
    let pattern = &tasks["tasks"][0]["problemMatcher"]["pattern"];
    let parts = r"^(.+):(\d+):(\d+): (error|warning)\[(\w+)\]: (.*)$";
    assert_eq!(pattern["regexp"], parts);
}

#[test]
fn the_workflow_of_the_guide_on_keys_is_right() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    assert_eq!(lay_out(home, &blocks("keys.md")), 2);
    write(
        home,
        "packs/shop/pack.yaml",
        "ref: shop\nlabel: S\nversion: 1.0.0\n",
    );
    let checked = run(home, "attune workflow validate packs --deny warnings");
    assert_eq!(code(&checked), 0, "{}", out(&checked));
    let test = "workflow: shop.call\nkeys: {limits: {cpu: 2}, host: h}\nsecrets: [api_token]\n\
        mocks: {call: auto}\nexpect: {vars: {cpu: 2}, inputs: {call: {url: \"https://h/\", headers: {authorization: \"Bearer ********\"}}}}\n";
    write(home, "packs/shop/tests/call.yaml", test);
    let test = "workflow: shop.sign_in\nparameters: {token: canary-token, login: {user: ada}}\n\
        mocks: {call: auto}\nexpect: {inputs: {call: {headers: {authorization: \"Bearer ********\"}, body: {user: \"********\"}}}}\n";
    write(home, "packs/shop/tests/sign_in.yaml", test);
    let tested = run(home, "attune workflow test");
    assert_eq!(code(&tested), 0, "{}{}", out(&tested), err(&tested));
}
