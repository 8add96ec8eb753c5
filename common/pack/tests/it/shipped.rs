//! The packs that are shipped load, and `core` holds what the language promises.

use attune_pack::{Runner, core_pack, load_folder};
use serde_json::json;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

fn packs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../packs")
}

#[test]
fn every_shipped_pack_loads() {
    for entry in std::fs::read_dir(packs()).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            load_folder(&path).unwrap_or_else(|errors| panic!("{}\n{errors}", path.display()));
        }
    }
}

#[test]
fn every_file_of_core_is_part_of_the_build() {
    let built_in = core_pack().unwrap();
    let on_disk = load_folder(&packs().join("core")).unwrap();
    assert_eq!(built_in.content_hash, on_disk.content_hash);
    assert_eq!(built_in.actions, on_disk.actions);
}

#[test]
fn core_has_the_built_in_actions_and_triggers() {
    let core = core_pack().unwrap();
    let actions: BTreeSet<&str> = core
        .actions
        .iter()
        .map(|action| action.reference.name())
        .collect();
    let wanted = [
        "noop",
        "set",
        "fail",
        "sleep",
        "inquiry",
        "wait_for_event",
        "policy_check",
        "notify",
        "http",
        "emit_event",
        "run_workflow",
        "ask",
    ];
    assert_eq!(actions, BTreeSet::from(wanted));
    assert!(
        core.actions
            .iter()
            .all(|action| action.runner == Runner::Native)
    );
    let triggers: BTreeSet<&str> = core
        .triggers
        .iter()
        .map(|trigger| trigger.reference.name())
        .collect();
    for name in ["interval", "cron", "at", "webhook", "execution_finished"] {
        assert!(triggers.contains(name), "{name}");
    }
}

#[test]
fn built_in_schemas_take_what_the_language_shows() {
    let core = core_pack().unwrap();
    let check = |name: &str, input: serde_json::Value| {
        let action = core
            .actions
            .iter()
            .find(|action| action.reference.name() == name)
            .unwrap();
        action.parameters.validate(input.as_object().unwrap())
    };
    assert!(check("set", json!({"any": {"thing": 1}})).is_ok());
    assert!(check("noop", json!({})).is_ok());
    assert!(check("noop", json!({"x": 1})).is_err());
    assert!(check("sleep", json!({"seconds": 0.5})).is_ok());
    assert!(check("sleep", json!({"for": "1h"})).is_ok());
    assert!(check("sleep", json!({})).is_err());
    assert!(check("sleep", json!({"for": "1h", "seconds": 1})).is_err());
    let filled = check("http", json!({"url": "http://127.0.0.1/"})).unwrap();
    assert_eq!(filled["method"], "GET");
    assert!(
        check(
            "inquiry",
            json!({"prompt": "go?", "timeout": "1h", "quorum": 2})
        )
        .is_ok()
    );
    assert!(check("notify", json!({"channel": "ops"})).is_err());
}

#[test]
fn definitions_survive_the_way_through_json() {
    let core = core_pack().unwrap();
    let text = serde_json::to_string(&core).unwrap();
    let back: attune_pack::PackSource = serde_json::from_str(&text).unwrap();
    assert_eq!(back, core);
}

#[test]
fn every_error_code_has_a_page() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let code = regex::Regex::new(r"PACK\d{3}").unwrap();
    let mut folders = vec![here.join("src")];
    let mut seen = BTreeSet::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let text = std::fs::read_to_string(path).unwrap();
                seen.extend(code.find_iter(&text).map(|found| found.as_str().to_owned()));
            }
        }
    }
    assert!(seen.len() > 10, "{seen:?}");
    for code in seen {
        let page = here.join(format!("../../docs/errors/{code}.md"));
        let text = std::fs::read_to_string(&page).unwrap_or_else(|_| panic!("{code} has no page"));
        assert!(text.starts_with(&format!("# {code}: ")), "{code}");
    }
}
