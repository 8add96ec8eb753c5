//! Workflows: versions and which one is current. Who decides that is in `people`.

mod people;

pub use people::{
    disabled_until_enabled_by_hand, roll_backs_last_until_the_pack_changes,
    what_people_made_survives_registrations,
};

use super::Harness;
use super::fixture::reference;
use anyhow::{Context as _, Result, bail};
use attune_port::{
    Expect, PackRegistration, PageRequest, RegisteredAction, ReleaseKind, WorkflowChange,
    WorkflowFilter, WorkflowOrigin, WorkflowOutcome, WorkflowPut, WorkflowRecord, WorkflowRow,
};
use attune_types::{JsonValue, ProgramHash, Ref};
use bytes::Bytes;
use serde::de::DeserializeOwned;
use serde_json::json;

fn def<T: DeserializeOwned>(value: JsonValue) -> Result<T> {
    Ok(serde_json::from_value(value)?)
}

/// A full-length hash that begins with `seed`.
fn hash(seed: &str) -> ProgramHash {
    ProgramHash(format!("{seed:0<64}"))
}

fn record(name: &str, seed: &str) -> Result<WorkflowRecord> {
    Ok(WorkflowRecord {
        hash: hash(seed),
        reference: reference(name)?,
        version: "1.0.0".to_owned(),
        program: json!({"seed": seed}),
        source: Some(format!("ref: {name} # {seed}")),
        tags: vec!["nightly".to_owned(), format!("of-{seed}")],
    })
}

fn action(name: &str, label: &str, seed: &str) -> Result<RegisteredAction> {
    Ok(RegisteredAction {
        def: def(json!({"ref": name, "label": label, "runner": "workflow"}))?,
        program: hash(seed),
        version: "1.0.0".to_owned(),
        pack_hash: "c1".to_owned(),
        enabled: true,
    })
}

/// A pack with the workflow `demo.w` of that Program.
fn pack(seed: &str) -> Result<PackRegistration> {
    Ok(PackRegistration {
        def: def(json!({"ref": "demo", "label": "Demo", "version": "1.0.0"}))?,
        content_hash: format!("c{seed}"),
        archive: Bytes::new(),
        path: None,
        actions: vec![action("demo.w", "Work", seed)?],
        workflows: vec![record("demo.w", seed)?],
        triggers: Vec::new(),
        sensors: Vec::new(),
        rules: Vec::new(),
        policies: Vec::new(),
        by: "packer".to_owned(),
    })
}

fn put(name: &str, seed: &str, expect: Expect) -> Result<WorkflowPut> {
    let pack = reference(name)?.pack().to_owned();
    Ok(WorkflowPut {
        record: record(name, seed)?,
        def: action(name, "By hand", seed)?.def,
        pack: def(json!({"ref": pack, "label": pack, "version": "0.0.0"}))?,
        pack_hash: "ad0c".to_owned(),
        expect,
        by: "ada".to_owned(),
    })
}

fn done(outcome: WorkflowOutcome) -> Result<(WorkflowChange, WorkflowRow)> {
    match outcome {
        WorkflowOutcome::Done { change, row, .. } => Ok((change, *row)),
        other => bail!("not done: {other:?}"),
    }
}

async fn stands(harness: &dyn Harness, name: &Ref) -> Result<(u32, bool, WorkflowOrigin)> {
    let row = harness.stores().workflows.workflow(name).await?;
    let row = row.context("no such workflow")?;
    let action = harness.stores().catalogue.action(name).await?;
    let action = action.context("no such action")?;
    assert_eq!(action.program, row.action.program);
    assert_eq!(action.enabled, row.action.enabled);
    Ok((row.number, row.action.enabled, row.origin))
}

async fn history(harness: &dyn Harness, name: &Ref) -> Result<Vec<(ReleaseKind, u32)>> {
    let page = PageRequest::default();
    let releases = harness.stores().workflows.releases(name, &page).await?;
    Ok(releases
        .items
        .iter()
        .rev()
        .map(|one| (one.what, one.number))
        .collect())
}

const PACK: WorkflowOrigin = WorkflowOrigin::Pack;
const API: WorkflowOrigin = WorkflowOrigin::Api;

/// A registration with another content makes the next version; the same makes none.
pub async fn registrations_number_versions(harness: &dyn Harness) -> Result<()> {
    let stores = harness.stores();
    let name = reference("demo.w")?;
    for seed in ["a1", "a1", "b2", "b2"] {
        stores.catalogue.register(pack(seed)?).await?;
    }
    assert_eq!(stands(harness, &name).await?, (2, true, PACK));
    let page = PageRequest::default();
    let versions = stores.workflows.versions(&name, &page).await?.items;
    let shown: Vec<_> = versions
        .iter()
        .map(|one| (one.number, one.hash.clone(), one.current, one.origin))
        .collect();
    assert_eq!(
        shown,
        [(2, hash("b2"), true, PACK), (1, hash("a1"), false, PACK)]
    );
    assert_eq!(versions[0].created_by, "packer");
    assert_eq!(
        history(harness, &name).await?,
        [(ReleaseKind::Registered, 1), (ReleaseKind::Registered, 2)]
    );
    // Back to the first content: the same version again, as a new entry of the record.
    stores.catalogue.register(pack("a1")?).await?;
    assert_eq!(stands(harness, &name).await?, (1, true, PACK));
    assert_eq!(history(harness, &name).await?.len(), 3);
    let row = stores.workflows.workflow(&name).await?.context("gone")?;
    assert_eq!(row.source.as_deref(), Some("ref: demo.w # a1"));
    assert_eq!(row.tags, ["nightly", "of-a1"]);
    assert_eq!(row.filed, Some(hash("a1")));
    assert_eq!(row.changed_by, "packer");
    // Another form of the same content is no version, but what is shown.
    let mut again = pack("a1")?;
    again.workflows[0].source = Some("ref: demo.w # tidier".to_owned());
    stores.catalogue.register(again).await?;
    let row = stores.workflows.workflow(&name).await?.context("gone")?;
    assert_eq!(row.source.as_deref(), Some("ref: demo.w # tidier"));
    assert_eq!(row.number, 1);
    Ok(())
}

/// Put: new, the same, another form, another content; on condition.
pub async fn puts_and_conditions(harness: &dyn Harness) -> Result<()> {
    let workflows = &harness.stores().workflows;
    let generation = harness.stores().catalogue.generation().await?;
    let first = workflows
        .put_workflow(put("own.w", "a1", Expect::New)?)
        .await?;
    let WorkflowOutcome::Done {
        change,
        new_pack,
        row,
    } = first
    else {
        bail!("not done: {first:?}");
    };
    assert_eq!((change, new_pack), (WorkflowChange::New, true));
    assert_eq!((row.number, row.origin, row.filed.clone()), (1, API, None));
    assert!(harness.stores().catalogue.generation().await? > generation);
    let pack = harness.stores().catalogue.pack("own").await?;
    assert_eq!(pack.context("no pack")?.registered_by, "ada");
    let program = harness.stores().catalogue.program(&hash("a1")).await?;
    assert!(program.is_some());

    let generation = harness.stores().catalogue.generation().await?;
    for expect in [
        Expect::Anything,
        Expect::New,
        Expect::Etag(row.etag.clone()),
    ] {
        let (change, same) = done(workflows.put_workflow(put("own.w", "a1", expect)?).await?)?;
        assert_eq!(change, WorkflowChange::Unchanged);
        assert_eq!(same.etag, row.etag);
    }
    assert_eq!(harness.stores().catalogue.generation().await?, generation);
    let exists = workflows
        .put_workflow(put("own.w", "b2", Expect::New)?)
        .await?;
    assert!(matches!(exists, WorkflowOutcome::Exists), "{exists:?}");

    let mut tidier = put("own.w", "a1", Expect::Anything)?;
    tidier.record.source = Some("ref: own.w # tidier".to_owned());
    let (change, tidier) = done(workflows.put_workflow(tidier).await?)?;
    assert_eq!((change, tidier.number), (WorkflowChange::Text, 1));
    assert_ne!(tidier.etag, row.etag);
    let stale = put("own.w", "b2", Expect::Etag(row.etag.clone()))?;
    let stale = workflows.put_workflow(stale).await?;
    assert!(matches!(stale, WorkflowOutcome::Changed), "{stale:?}");
    let fresh = put("own.w", "b2", Expect::Etag(tidier.etag))?;
    let (change, row) = done(workflows.put_workflow(fresh).await?)?;
    assert_eq!((change, row.number), (WorkflowChange::NewVersion, 2));
    // An earlier content is an earlier version.
    let (change, row) = done(
        workflows
            .put_workflow(put("own.w", "a1", Expect::Anything)?)
            .await?,
    )?;
    assert_eq!((change, row.number), (WorkflowChange::Activated, 1));
    let none = put("own.none", "c3", Expect::Etag(row.etag))?;
    let none = workflows.put_workflow(none).await?;
    assert!(matches!(none, WorkflowOutcome::Changed), "{none:?}");
    assert!(workflows.workflow(&reference("own.none")?).await?.is_none());
    Ok(())
}

/// The name of a plain action is not taken.
pub async fn plain_actions_keep_their_names(harness: &dyn Harness) -> Result<()> {
    let stores = harness.stores();
    let mut plain = pack("a1")?;
    plain.actions[0].def = def(json!({"ref": "demo.w", "label": "W", "runner": "shell",
        "entry_point": "w.sh"}))?;
    stores.catalogue.register(plain).await?;
    let name = reference("demo.w")?;
    assert!(stores.workflows.workflow(&name).await?.is_none());
    let taken = stores
        .workflows
        .put_workflow(put("demo.w", "b2", Expect::Anything)?)
        .await?;
    assert!(matches!(taken, WorkflowOutcome::NotAWorkflow), "{taken:?}");
    let none = stores
        .workflows
        .disable_workflow(&name, &Expect::Anything, "ada")
        .await?;
    assert!(matches!(none, WorkflowOutcome::Unknown), "{none:?}");
    Ok(())
}

/// By pack, text, tags and whether they can be started; page by page.
pub async fn workflows_are_found(harness: &dyn Harness) -> Result<()> {
    let workflows = &harness.stores().workflows;
    for (name, seed) in [
        ("own.b", "a1"),
        ("own.a", "b2"),
        ("other.c", "c3"),
        ("own.B", "d4"),
    ] {
        done(
            workflows
                .put_workflow(put(name, seed, Expect::New)?)
                .await?,
        )?;
    }
    let anything = Expect::Anything;
    workflows
        .disable_workflow(&reference("own.a")?, &anything, "ada")
        .await?;
    let found = async |filter: WorkflowFilter| -> Result<Vec<String>> {
        let (mut names, mut cursor) = (Vec::new(), None);
        loop {
            let request = PageRequest { limit: 2, cursor };
            let page = workflows.workflows(&filter, &request).await?;
            assert!(page.items.iter().all(|row| row.source.is_none()));
            names.extend(
                page.items
                    .iter()
                    .map(|row| row.action.def.reference.as_str().to_owned()),
            );
            cursor = page.next;
            if cursor.is_none() {
                return Ok(names);
            }
        }
    };
    let all = WorkflowFilter::default;
    assert_eq!(found(all()).await?, ["other.c", "own.B", "own.a", "own.b"]);
    let pack = Some("own".to_owned());
    let by_pack = found(WorkflowFilter { pack, ..all() }).await?;
    assert_eq!(by_pack, ["own.B", "own.a", "own.b"]);
    let enabled = Some(false);
    assert_eq!(found(WorkflowFilter { enabled, ..all() }).await?, ["own.a"]);
    let tags = vec!["nightly".to_owned(), "of-c3".to_owned()];
    assert_eq!(found(WorkflowFilter { tags, ..all() }).await?, ["other.c"]);
    for (text, names) in [("BY HAND", 4), ("of-a1", 1), ("%", 0), ("OTHER.", 1)] {
        let text = Some(text.to_owned());
        let filter = WorkflowFilter { text, ..all() };
        assert_eq!(found(filter).await?.len(), names);
    }
    Ok(())
}
