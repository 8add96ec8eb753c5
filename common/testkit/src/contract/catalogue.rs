//! Packs: registration, versions, rules that stay as people set them.

use super::Harness;
use super::fixture::reference;
use anyhow::{Context as _, Result};
use attune_port::{
    ChangeKind, PackRegistration, PageRequest, RegisteredAction, RegistrationReport, WorkflowRecord,
};
use attune_types::{JsonValue, ProgramHash};
use bytes::Bytes;
use serde::de::DeserializeOwned;
use serde_json::json;

fn def<T: DeserializeOwned>(value: JsonValue) -> Result<T> {
    Ok(serde_json::from_value(value)?)
}

fn program(hash: &str, name: &str) -> Result<WorkflowRecord> {
    Ok(WorkflowRecord {
        hash: ProgramHash(hash.to_owned()),
        reference: reference(name)?,
        version: "1".to_owned(),
        program: json!({"tasks": [], "a": 1}),
        source: Some(format!("ref: {name}")),
        tags: Vec::new(),
    })
}

fn action(name: &str, label: &str, hash: &str) -> Result<RegisteredAction> {
    let value = json!({"ref": name, "label": label, "runner": "shell", "entry_point": "a.sh",
        "output_format": "json", "parameter_delivery": "stdin"});
    Ok(RegisteredAction {
        def: def(value)?,
        program: ProgramHash(hash.to_owned()),
        version: "1".to_owned(),
        pack_hash: "c1".to_owned(),
        enabled: true,
    })
}

fn pack(content_hash: &str) -> Result<PackRegistration> {
    let rule = |name: &str, enabled: bool| {
        json!({"ref": name, "label": "R", "trigger": "demo.alert", "action": "demo.greet",
            "match": "all", "enabled": enabled})
    };
    Ok(PackRegistration {
        def: def(json!({"ref": "demo", "label": "Demo", "version": "1.0.0"}))?,
        content_hash: content_hash.to_owned(),
        archive: Bytes::from_static(b"tar \0 bytes"),
        path: Some("packs/demo".to_owned()),
        actions: vec![
            action("demo.greet", "Greet", "p1")?,
            action("demo.wave", "Wave", "p2")?,
        ],
        workflows: vec![program("p1", "demo.greet")?, program("p2", "demo.wave")?],
        triggers: vec![def(json!({"ref": "demo.alert", "label": "Alert"}))?],
        sensors: vec![def(
            json!({"ref": "demo.watch", "label": "Watch", "runner": "python",
            "entry_point": "w.py", "triggers": ["demo.alert"]}),
        )?],
        rules: vec![def(rule("demo.on", true))?, def(rule("demo.off", false))?],
        policies: vec![def(
            json!({"ref": "demo.careful", "label": "Careful", "rules": [],
            "default": "allow"}),
        )?],
        by: "ada".to_owned(),
    })
}

fn change(report: &RegistrationReport, name: &str) -> Option<ChangeKind> {
    report
        .changes
        .iter()
        .find(|change| change.reference.as_str() == name)
        .map(|change| change.change)
}

/// All of a pack is there after registration, and reads back as it was.
pub async fn registers_and_reads_back(harness: &dyn Harness) -> Result<()> {
    let catalogue = &harness.stores().catalogue;
    let given = pack("c1")?;
    let report = catalogue.register(given.clone()).await?;
    assert_eq!(
        (report.pack.as_str(), report.content_hash.as_str()),
        ("demo", "c1")
    );
    assert_eq!(report.changes.len(), 7);
    assert!(
        report
            .changes
            .iter()
            .all(|change| change.change == ChangeKind::New)
    );
    let stored = catalogue
        .pack("demo")
        .await?
        .context("the pack is missing")?;
    assert_eq!(stored.def, given.def);
    assert_eq!(stored.path.as_deref(), Some("packs/demo"));
    assert_eq!(stored.registered_by, "ada");
    assert_eq!(catalogue.packs().await?.len(), 1);
    assert_eq!(
        catalogue.archive("c1").await?.as_deref(),
        Some(&b"tar \0 bytes"[..])
    );
    assert_eq!(catalogue.archive("c9").await?, None);
    let greet = catalogue
        .action(&reference("demo.greet")?)
        .await?
        .context("no action")?;
    assert_eq!(greet.def, given.actions[0].def);
    assert_eq!((greet.pack_hash.as_str(), greet.enabled), ("c1", true));
    let p1 = catalogue
        .program(&greet.program)
        .await?
        .context("no program")?;
    assert_eq!(
        p1.program.to_string(),
        given.workflows[0].program.to_string()
    );
    assert_eq!(p1.source, given.workflows[0].source);
    assert_eq!(catalogue.triggers().await?, given.triggers);
    assert_eq!(catalogue.sensors().await?[0].def, given.sensors[0]);
    let rules = catalogue.rules().await?;
    assert_eq!(
        rules
            .iter()
            .map(|r| r.def.reference.name())
            .collect::<Vec<_>>(),
        ["off", "on"]
    );
    assert_eq!(rules[1].def, given.rules[0]);
    assert!(catalogue.pack("other").await?.is_none());
    assert!(catalogue.action(&reference("demo.none")?).await?.is_none());
    Ok(())
}

/// The second registration tells what is new, changed, the same and gone; what is gone is kept.
pub async fn reports_what_changed(harness: &dyn Harness) -> Result<()> {
    let catalogue = &harness.stores().catalogue;
    catalogue.register(pack("c1")?).await?;
    let mut next = pack("c2")?;
    next.actions = vec![
        action("demo.greet", "Greet kindly", "p1")?,
        action("demo.sing", "Sing", "p3")?,
    ];
    next.rules.remove(1);
    next.sensors.clear();
    let report = catalogue.register(next.clone()).await?;
    assert_eq!(change(&report, "demo.greet"), Some(ChangeKind::Changed));
    assert_eq!(change(&report, "demo.sing"), Some(ChangeKind::New));
    assert_eq!(change(&report, "demo.wave"), Some(ChangeKind::Gone));
    assert_eq!(change(&report, "demo.off"), Some(ChangeKind::Gone));
    assert_eq!(change(&report, "demo.watch"), Some(ChangeKind::Gone));
    assert_eq!(change(&report, "demo.on"), Some(ChangeKind::Unchanged));
    assert_eq!(change(&report, "demo.alert"), Some(ChangeKind::Unchanged));
    assert_eq!(change(&report, "demo.careful"), Some(ChangeKind::Unchanged));
    let wave = catalogue
        .action(&reference("demo.wave")?)
        .await?
        .context("not kept")?;
    assert!(!wave.enabled);
    assert!(catalogue.program(&wave.program).await?.is_some());
    assert!(catalogue.sensors().await?.is_empty());
    let rules = catalogue.rules().await?;
    assert_eq!(
        rules.iter().map(|rule| rule.present).collect::<Vec<_>>(),
        [false, true]
    );
    let quiet = catalogue.register(next.clone()).await?;
    assert!(
        quiet
            .changes
            .iter()
            .all(|change| change.change == ChangeKind::Unchanged)
    );
    // An action whose Program is another has changed, though its file is the same.
    next.actions[1].program = ProgramHash("p9".to_owned());
    let report = catalogue.register(next).await?;
    assert_eq!(change(&report, "demo.sing"), Some(ChangeKind::Changed));
    let back = catalogue.register(pack("c1")?).await?;
    assert_eq!(change(&back, "demo.wave"), Some(ChangeKind::New));
    // Another pack touches nothing of this one.
    let mut other = pack("x1")?;
    other.def.reference = "other".to_owned();
    (other.actions, other.triggers, other.sensors) = (Vec::new(), Vec::new(), Vec::new());
    (other.rules, other.policies) = (Vec::new(), Vec::new());
    assert!(catalogue.register(other).await?.changes.is_empty());
    assert_eq!(catalogue.packs().await?.len(), 2);
    assert_eq!(
        catalogue
            .rules()
            .await?
            .iter()
            .filter(|rule| rule.present)
            .count(),
        2
    );
    Ok(())
}

/// A rule that somebody turned on or off stays so, until its file changes its mind.
pub async fn enabled_rules_stay_enabled(harness: &dyn Harness) -> Result<()> {
    let catalogue = &harness.stores().catalogue;
    catalogue.register(pack("c1")?).await?;
    assert!(
        catalogue
            .set_rule_enabled(&reference("demo.off")?, true)
            .await?
    );
    assert!(
        catalogue
            .set_rule_enabled(&reference("demo.on")?, false)
            .await?
    );
    assert!(
        !catalogue
            .set_rule_enabled(&reference("demo.none")?, true)
            .await?
    );
    let stands = || async {
        let rules = catalogue.rules().await?;
        anyhow::Ok(
            rules
                .iter()
                .map(|rule| rule.def.enabled)
                .collect::<Vec<_>>(),
        )
    };
    assert_eq!(stands().await?, [true, false]);
    let mut next = pack("c2")?;
    next.rules[0].label = "Renamed".to_owned();
    catalogue.register(next.clone()).await?;
    assert_eq!(stands().await?, [true, false]);
    // The file of `demo.on` says off, then on again: that counts.
    next.rules[0].enabled = false;
    catalogue.register(next.clone()).await?;
    assert_eq!(stands().await?, [true, false]);
    next.rules[0].enabled = true;
    catalogue.register(next).await?;
    assert_eq!(stands().await?, [true, true]);
    Ok(())
}

/// Each change of the catalogue raises the generation; reading does not.
pub async fn generation_rises(harness: &dyn Harness) -> Result<()> {
    let catalogue = &harness.stores().catalogue;
    let start = catalogue.generation().await?;
    catalogue.register(pack("c1")?).await?;
    let registered = catalogue.generation().await?;
    assert!(registered > start);
    catalogue
        .set_rule_enabled(&reference("demo.off")?, true)
        .await?;
    let enabled = catalogue.generation().await?;
    assert!(enabled > registered);
    catalogue.packs().await?;
    catalogue
        .set_rule_enabled(&reference("demo.none")?, true)
        .await?;
    assert_eq!(catalogue.generation().await?, enabled);
    Ok(())
}

/// A Program is stored once by its hash, whoever brings it.
pub async fn programs_are_stored_once(harness: &dyn Harness) -> Result<()> {
    let catalogue = &harness.stores().catalogue;
    let first = program("h", "demo.inline")?;
    let mut second = first.clone();
    second.program = json!("another text under the same hash");
    catalogue
        .put_programs(vec![first.clone(), first.clone()])
        .await?;
    catalogue.put_programs(vec![second]).await?;
    let stored = catalogue
        .program(&first.hash)
        .await?
        .context("not stored")?;
    assert_eq!(stored.program, first.program);
    assert!(catalogue.action(&first.reference).await?.is_none());
    assert!(
        catalogue
            .program(&ProgramHash("x".to_owned()))
            .await?
            .is_none()
    );
    Ok(())
}

/// Enabled actions in order of reference, page by page, of one pack or of all.
pub async fn actions_in_pages(harness: &dyn Harness) -> Result<()> {
    let catalogue = &harness.stores().catalogue;
    let mut given = pack("c1")?;
    given.actions = ["demo.c", "demo.a", "demo.b", "demo.B"]
        .iter()
        .map(|name| action(name, "x", "p1"))
        .collect::<Result<Vec<_>>>()?;
    catalogue.register(given).await?;
    for pack in [None, Some("demo")] {
        let (mut found, mut cursor) = (Vec::new(), None);
        loop {
            let page = catalogue
                .actions(pack, &PageRequest { limit: 3, cursor })
                .await?;
            found.extend(
                page.items
                    .iter()
                    .map(|a| a.def.reference.as_str().to_owned()),
            );
            cursor = page.next;
            if cursor.is_none() {
                break;
            }
        }
        assert_eq!(found, ["demo.B", "demo.a", "demo.b", "demo.c"]);
    }
    let none = catalogue
        .actions(Some("other"), &PageRequest::default())
        .await?;
    assert!(none.items.is_empty() && none.next.is_none());
    Ok(())
}
