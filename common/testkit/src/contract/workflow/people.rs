//! Workflows that both a pack and people decide about.

use super::{API, PACK, done, hash, history, pack, put, stands};
use crate::contract::Harness;
use crate::contract::fixture::reference;
use anyhow::Result;
use attune_port::{
    ChangeKind, Expect, PageRequest, ReleaseKind, VersionName, WorkflowChange, WorkflowOutcome,
};

/// What people rolled back stays so until the pack brings another content.
pub async fn roll_backs_last_until_the_pack_changes(harness: &dyn Harness) -> Result<()> {
    let stores = harness.stores();
    let workflows = &stores.workflows;
    let name = reference("demo.w")?;
    stores.catalogue.register(pack("a1a1a1a1")?).await?;
    stores.catalogue.register(pack("b2")?).await?;
    let short = VersionName::Hash("a1a1a1a1".to_owned());
    let anything = Expect::Anything;
    let (change, row) = done(
        workflows
            .activate_version(&name, &short, &anything, "ada")
            .await?,
    )?;
    assert_eq!((change, row.number), (WorkflowChange::Activated, 1));
    assert_eq!((row.origin, row.filed.clone()), (PACK, Some(hash("b2"))));
    assert_eq!(row.changed_by, "ada");
    let one = VersionName::Number(1);
    let (change, _) = done(
        workflows
            .activate_version(&name, &one, &anything, "ada")
            .await?,
    )?;
    assert_eq!(change, WorkflowChange::Unchanged);
    let report = stores.catalogue.register(pack("b2")?).await?;
    assert_eq!(report.changes[0].change, ChangeKind::Unchanged);
    assert_eq!(stands(harness, &name).await?, (1, true, PACK));
    let report = stores.catalogue.register(pack("c3")?).await?;
    assert_eq!(report.changes[0].change, ChangeKind::Changed);
    assert_eq!(stands(harness, &name).await?, (3, true, PACK));
    assert_eq!(
        history(harness, &name).await?,
        [
            (ReleaseKind::Registered, 1),
            (ReleaseKind::Registered, 2),
            (ReleaseKind::Activated, 1),
            (ReleaseKind::Registered, 3)
        ]
    );
    for wrong in [VersionName::Number(9), VersionName::Hash("f".repeat(8))] {
        let none = workflows
            .activate_version(&name, &wrong, &anything, "ada")
            .await?;
        assert!(matches!(none, WorkflowOutcome::Unknown), "{none:?}");
        assert!(workflows.version(&name, &wrong).await?.is_empty());
    }
    let stale = Expect::Etag(row.etag);
    let stale = workflows
        .activate_version(&name, &one, &stale, "ada")
        .await?;
    assert!(matches!(stale, WorkflowOutcome::Changed), "{stale:?}");
    Ok(())
}

/// What people made or changed over the API stays when packs come and go; the pack's content is a
/// version beside it, and making that current gives the workflow back to the pack.
pub async fn what_people_made_survives_registrations(harness: &dyn Harness) -> Result<()> {
    let stores = harness.stores();
    let workflows = &stores.workflows;
    let (name, own) = (reference("demo.w")?, reference("demo.own")?);
    let anything = Expect::Anything;
    stores.catalogue.register(pack("a1")?).await?;
    done(
        workflows
            .put_workflow(put("demo.own", "d4", Expect::New)?)
            .await?,
    )?;
    let (_, row) = done(
        workflows
            .put_workflow(put("demo.w", "e5", anything.clone())?)
            .await?,
    )?;
    assert_eq!((row.number, row.origin), (2, API));
    let report = stores.catalogue.register(pack("b2")?).await?;
    assert_eq!(report.changes.len(), 1, "{:?}", report.changes);
    assert_eq!(report.changes[0].change, ChangeKind::Kept);
    assert_eq!(stands(harness, &name).await?, (2, true, API));
    assert_eq!(stands(harness, &own).await?, (1, true, API));
    let record = history(harness, &name).await?;
    assert_eq!(record.last(), Some(&(ReleaseKind::Beside, 3)));
    // The same once more says nothing new.
    let report = stores.catalogue.register(pack("b2")?).await?;
    assert_eq!(report.changes[0].change, ChangeKind::Unchanged);
    assert_eq!(history(harness, &name).await?, record);
    // Gone from the pack: still there, since people made it so.
    let mut without = pack("z9")?;
    (without.actions, without.workflows) = (Vec::new(), Vec::new());
    let report = stores.catalogue.register(without).await?;
    assert!(report.changes.is_empty(), "{:?}", report.changes);
    assert_eq!(stands(harness, &name).await?, (2, true, API));
    // Back in the pack, and given back to it.
    stores.catalogue.register(pack("b2")?).await?;
    let three = VersionName::Number(3);
    let (_, row) = done(
        workflows
            .activate_version(&name, &three, &anything, "ada")
            .await?,
    )?;
    assert_eq!((row.origin, row.filed), (PACK, Some(hash("b2"))));
    stores.catalogue.register(pack("c3")?).await?;
    assert_eq!(stands(harness, &name).await?, (4, true, PACK));
    // The very content of the pack, put by hand, is the pack's.
    let (change, row) = done(
        workflows
            .put_workflow(put("demo.w", "e5", anything.clone())?)
            .await?,
    )?;
    assert_eq!((change, row.origin), (WorkflowChange::Activated, API));
    let (_, row) = done(
        workflows
            .put_workflow(put("demo.w", "c3", anything)?)
            .await?,
    )?;
    assert_eq!((row.number, row.origin), (4, PACK));
    Ok(())
}

/// A disabled workflow is kept, stays disabled through registrations, and comes back by hand.
pub async fn disabled_until_enabled_by_hand(harness: &dyn Harness) -> Result<()> {
    let stores = harness.stores();
    let workflows = &stores.workflows;
    let name = reference("demo.w")?;
    let anything = Expect::Anything;
    stores.catalogue.register(pack("a1")?).await?;
    let wrong = Expect::Etag("other".to_owned());
    let refused = workflows.disable_workflow(&name, &wrong, "ada").await?;
    assert!(matches!(refused, WorkflowOutcome::Changed), "{refused:?}");
    let (change, row) = done(workflows.disable_workflow(&name, &anything, "ada").await?)?;
    assert_eq!(change, WorkflowChange::Disabled);
    assert!(!row.action.enabled && row.disabled);
    let (change, _) = done(workflows.disable_workflow(&name, &anything, "bob").await?)?;
    assert_eq!(change, WorkflowChange::Unchanged);
    let retired = stores.catalogue.retired_actions().await?;
    assert_eq!(retired.len(), 1);
    assert_eq!(retired[0].def.reference, name);
    assert!(!retired[0].enabled);
    let page = PageRequest::default();
    assert!(
        stores
            .catalogue
            .actions(None, &page)
            .await?
            .items
            .is_empty()
    );
    stores.catalogue.register(pack("a1")?).await?;
    stores.catalogue.register(pack("b2")?).await?;
    assert_eq!(stands(harness, &name).await?, (2, false, PACK));
    let (change, _) = done(
        workflows
            .put_workflow(put("demo.w", "b2", Expect::New)?)
            .await?,
    )?;
    assert_eq!(change, WorkflowChange::Enabled);
    assert_eq!(stands(harness, &name).await?, (2, true, PACK));
    done(workflows.disable_workflow(&name, &anything, "ada").await?)?;
    let two = VersionName::Number(2);
    let (change, _) = done(
        workflows
            .activate_version(&name, &two, &anything, "ada")
            .await?,
    )?;
    assert_eq!(change, WorkflowChange::Enabled);
    assert!(stores.catalogue.retired_actions().await?.is_empty());
    // Gone from its pack and made current by hand: from now on it is people's.
    let mut without = pack("z9")?;
    (without.actions, without.workflows) = (Vec::new(), Vec::new());
    let report = stores.catalogue.register(without).await?;
    assert_eq!(report.changes[0].change, ChangeKind::Gone);
    assert_eq!(stands(harness, &name).await?, (2, false, PACK));
    let one = VersionName::Number(1);
    done(
        workflows
            .activate_version(&name, &one, &anything, "ada")
            .await?,
    )?;
    assert_eq!(stands(harness, &name).await?, (1, true, API));
    Ok(())
}
