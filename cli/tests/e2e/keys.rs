//! `attune key` against a real server: the commands of the guide, and a run that reads what they set.

use crate::command_line::Attune;
use crate::packs::write;
use crate::world::World;
use attune_rest::{ExecutionDetail, KeyView};
use serde_json::json;
use std::path::Path;
use std::process::{Command, Stdio};

const READER: &str = "ref: shop.read\nlabel: Read\nversion: 1.0.0\nvars:\n\
    \x20 - limits: \"{{ kv.get('limits') }}\"\n  - region: \"{{ kv.get('region', scope='shared') }}\"\n\
    tasks:\n  - name: a\n    action: core.noop\n\
    output_map:\n  limits: \"{{ vars.limits }}\"\n  region: \"{{ vars.region }}\"\n\
    \x20 password: \"{{ kv.get_secret('db/password') }}\"\n";
const PASSWORD: &str = "hunter-two-4711";

/// The commands of the guide's first block.
fn commands() -> Vec<String> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/guide/keys.md");
    let page = std::fs::read_to_string(page).unwrap();
    let (_, block) = page.split_once("```sh\n").unwrap();
    let (block, _) = block.split_once("```").unwrap();
    block.lines().map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_set_read_listed_and_deleted_as_the_guide_says() {
    let world = World::usual().await;
    let home = world.place("home");
    let attune = Attune::of(&world, &home);
    // A key may come before its pack, and that is said.
    let early = attune.run(&["key", "set", "shop", "early", "1"]);
    let note = String::from_utf8(early.stderr).unwrap();
    assert!(early.status.success(), "{note}");
    assert!(note.contains("there is no pack `shop` yet"), "{note}");
    let files = [
        ("pack.yaml", "ref: shop\nlabel: Shop\nversion: 1.0.0\n"),
        ("workflows/read.yaml", READER),
    ];
    let folder = world.place("shop");
    write(&folder, &files);
    world.admin.register(&folder).await;

    std::fs::write(home.join("file"), format!("{PASSWORD}\n")).unwrap();
    let commands = commands();
    let (delete, others) = commands.split_last().unwrap();
    let shell = |line: &str| {
        let output = Command::new("sh")
            .args([
                "-c",
                &line.replacen("attune", env!("CARGO_BIN_EXE_attune"), 1),
            ])
            .env("ATTUNE_URL", world.admin.root())
            .env("ATTUNE_TOKEN", world.admin.token())
            .env("HOME", &home)
            .env("XDG_CONFIG_HOME", &home)
            .current_dir(&home)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let beside = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{line}: {beside}");
        let said = String::from_utf8(output.stdout).unwrap();
        assert!(
            !said.contains(PASSWORD) && !beside.contains(PASSWORD),
            "{line}"
        );
        // The pack `shop` is there now; `shared` is a name that several packs share.
        assert_eq!(
            beside.contains("no pack"),
            line.contains("shared"),
            "{beside}"
        );
        said
    };
    let said: Vec<String> = others.iter().map(|line| shell(line)).collect();
    assert_eq!(said[0].trim(), "shop/limits is set (plain)");
    assert_eq!(said[1].trim(), "shop/db/password is set (secret)");
    for part in ["limits", "db/password", "secret", "early"] {
        assert!(said[3].contains(part), "{}", said[3]);
    }
    assert_eq!(said[4].trim(), "{\"cpu\":2}");

    let listed: Vec<KeyView> = attune.json(0, &["key", "list", "--pack", "shop"]);
    assert_eq!(listed.len(), 3);
    assert!(listed.iter().all(|key| key.value.is_none()));
    let secret: KeyView = attune.json(0, &["key", "get", "shop", "db/password"]);
    assert_eq!(secret.value, Some(json!("********")));
    let shared: KeyView = attune.json(0, &["key", "get", "shared", "region"]);
    assert_eq!(
        (shared.value, shared.readable_by),
        (Some(json!("eu")), vec!["shop".to_owned()])
    );

    // What was set is what a run reads, and its log names the keys without the secret.
    let run: ExecutionDetail = attune.json(0, &["run", "shop.read", "--wait"]);
    let result = json!({"limits": {"cpu": 2}, "region": "eu", "password": "********"});
    assert_eq!(run.execution.result, result);

    shell(delete);
    attune.says(4, &["key", "get", "shop", "limits"]);
    attune.says(4, &["key", "delete", "shop", "limits"]);
    let failed: ExecutionDetail = attune.json(1, &["run", "shop.read", "--wait"]);
    let message = failed.execution.error.unwrap().message;
    assert!(message.contains("limits"), "{message}");
    attune.says(2, &["key", "set", "shop", "limits"]);
    attune.says(2, &["key", "set", "shop", "short", "abc", "--secret"]);
    attune.says(2, &["key", "set", "no.pack", "x", "1"]);
    attune.says(2, &["key", "set", "shop", "bad name", "1"]);
}
