//! Changing one workflow: put, made current again, disabled. Each is one transaction under the lock
//! of the catalogue, so that what was compared is what is changed.

use super::{find, get, note_history, note_versions};
use crate::error::Failure as _;
use crate::json;
use crate::pool::PgStore;
use attune_port::{
    Expect, StoreError, VersionName, WorkflowChange, WorkflowOrigin, WorkflowOutcome, WorkflowPut,
};
use attune_types::{ProgramHash, Ref};
use sqlx::postgres::PgConnection;
use sqlx::{Postgres, Transaction};

type Tx = Transaction<'static, Postgres>;

/// Begins a change: nobody else changes the catalogue until it ends.
async fn begin(store: &PgStore) -> Result<Tx, StoreError> {
    let mut transaction = store.people.begin().await.store()?;
    sqlx::query(include_str!("hold.sql"))
        .execute(&mut *transaction)
        .await
        .store()?;
    Ok(transaction)
}

/// Ends one that changed something.
async fn done(
    mut transaction: Tx,
    reference: &Ref,
    change: WorkflowChange,
    new_pack: bool,
) -> Result<WorkflowOutcome, StoreError> {
    sqlx::query(include_str!("../catalogue/lock.sql"))
        .execute(&mut *transaction)
        .await
        .store()?;
    let row = get(&mut transaction, reference)
        .await?
        .ok_or_else(|| StoreError::Corrupt(format!("`{reference}` is gone after its change")))?;
    transaction.commit().await.store()?;
    Ok(WorkflowOutcome::Done {
        change,
        new_pack,
        row: Box::new(row),
    })
}

async fn note(
    connection: &mut PgConnection,
    reference: &Ref,
    hash: &ProgramHash,
    change: WorkflowChange,
    by: &str,
) -> Result<(), StoreError> {
    let release = change.release().map(|what| (reference, hash, what));
    note_history(connection, release.as_slice(), by).await
}

pub(super) async fn put(store: &PgStore, put: WorkflowPut) -> Result<WorkflowOutcome, StoreError> {
    let reference = &put.def.reference;
    let hash = &put.record.hash;
    let mut tx = begin(store).await?;
    let taken = sqlx::query(include_str!("taken.sql"))
        .bind(reference.as_str())
        .fetch_optional(&mut *tx)
        .await
        .store()?;
    if taken.is_some() {
        return Ok(WorkflowOutcome::NotAWorkflow);
    }
    let now = get(&mut tx, reference).await?;
    if let Some(outcome) = put.settled(now.as_ref()) {
        return Ok(outcome);
    }
    let name = VersionName::Hash(hash.0.clone());
    let known = !find(&mut tx, reference, &name).await?.is_empty();
    let made = sqlx::query(include_str!("put_pack.sql"))
        .bind(reference.pack())
        .bind(json::encode(&put.pack)?)
        .bind(&put.pack_hash)
        .bind(&put.by)
        .execute(&mut *tx)
        .await
        .store()?;
    crate::catalogue::put_programs(&mut tx, std::slice::from_ref(&put.record)).await?;
    let given = [(&put.record, &put.def)];
    note_versions(&mut tx, &given, WorkflowOrigin::Api, &put.by).await?;
    sqlx::query(include_str!("put_action.sql"))
        .bind(reference.as_str())
        .bind(reference.pack())
        .bind(json::encode(&put.def)?)
        .bind(&hash.0)
        .bind(&put.record.version)
        .bind(&put.pack_hash)
        .execute(&mut *tx)
        .await
        .store()?;
    let change = put.change(now.as_ref(), known);
    note(&mut tx, reference, hash, change, &put.by).await?;
    done(tx, reference, change, made.rows_affected() > 0).await
}

pub(super) async fn activate(
    store: &PgStore,
    reference: &Ref,
    version: &VersionName,
    expect: &Expect,
    by: &str,
) -> Result<WorkflowOutcome, StoreError> {
    let mut tx = begin(store).await?;
    let mut found = find(&mut tx, reference, version).await?;
    if found.len() > 1 {
        return Ok(WorkflowOutcome::Ambiguous);
    }
    // A version stands alone where a plain action has taken its workflow's name since.
    let (Some(found), Some(row)) = (found.pop(), get(&mut tx, reference).await?) else {
        return Ok(WorkflowOutcome::Unknown);
    };
    if !expect.meets(Some(&row)) {
        return Ok(WorkflowOutcome::Changed);
    }
    if found.version.current && row.action.enabled {
        return Ok(WorkflowOutcome::unchanged(row));
    }
    let change = WorkflowChange::of_activation(found.version.current);
    sqlx::query(include_str!("activate.sql"))
        .bind(reference.as_str())
        .bind(i32::try_from(found.version.number).unwrap_or(i32::MAX))
        .execute(&mut *tx)
        .await
        .store()?;
    let hash = &found.version.hash;
    note(&mut tx, reference, hash, change, by).await?;
    done(tx, reference, change, false).await
}

pub(super) async fn disable(
    store: &PgStore,
    reference: &Ref,
    expect: &Expect,
    by: &str,
) -> Result<WorkflowOutcome, StoreError> {
    let mut tx = begin(store).await?;
    let Some(row) = get(&mut tx, reference).await? else {
        return Ok(WorkflowOutcome::Unknown);
    };
    if !expect.meets(Some(&row)) {
        return Ok(WorkflowOutcome::Changed);
    }
    if row.disabled {
        return Ok(WorkflowOutcome::unchanged(row));
    }
    sqlx::query(include_str!("disable.sql"))
        .bind(reference.as_str())
        .execute(&mut *tx)
        .await
        .store()?;
    let hash = &row.action.program;
    let change = WorkflowChange::Disabled;
    note(&mut tx, reference, hash, change, by).await?;
    done(tx, reference, change, false).await
}
