//! Workflows and their versions, on PostgreSQL.
//!
//! Owns the tables `workflow_release` (the versions) and `workflow_history` (what was current when),
//! and the reading of both. Changes are in `change`; registrations of whole packs add to the same
//! tables through [`note_versions`] and [`note_history`].

mod change;

use crate::columns::ord;
use crate::cursor;
use crate::error::Failure as _;
use crate::json;
use crate::pool::PgStore;
use crate::time::time;
use async_trait::async_trait;
use attune_pack::ActionDef;
use attune_port::{
    Expect, Page, PageRequest, ReleaseKind, StoreError, VersionName, WorkflowFilter,
    WorkflowOrigin, WorkflowOutcome, WorkflowPut, WorkflowRecord, WorkflowRelease, WorkflowRow,
    WorkflowStore, WorkflowVersion, WorkflowVersionDetail,
};
use attune_types::{ProgramHash, Ref};
use sqlx::Row as _;
use sqlx::postgres::{PgConnection, PgRow};

fn number(row: &PgRow, column: &str) -> Result<u32, StoreError> {
    let number: i32 = row.try_get(column).store()?;
    u32::try_from(number).map_err(|_| StoreError::Corrupt(format!("`{column}` is {number}")))
}

fn origin(row: &PgRow) -> Result<WorkflowOrigin, StoreError> {
    json::parse("an origin", &row.try_get::<String, _>("origin").store()?)
}

fn workflow(row: &PgRow) -> Result<WorkflowRow, StoreError> {
    Ok(WorkflowRow {
        action: crate::catalogue::action(row)?,
        number: number(row, "number")?,
        origin: origin(row)?,
        filed: row
            .try_get::<Option<String>, _>("filed")
            .store()?
            .map(ProgramHash),
        disabled: row.try_get("disabled").store()?,
        tags: row.try_get("tags").store()?,
        source: row.try_get("source").store()?,
        changed_at: time(row, "at")?,
        changed_by: row.try_get("actor").store()?,
        etag: row.try_get("etag").store()?,
    })
}

fn version(row: &PgRow) -> Result<WorkflowVersion, StoreError> {
    let reference: String = row.try_get("reference").store()?;
    Ok(WorkflowVersion {
        reference: json::parse("a reference", &reference)?,
        number: number(row, "number")?,
        hash: ProgramHash(row.try_get("hash").store()?),
        version: row.try_get("version").store()?,
        origin: origin(row)?,
        created_at: time(row, "created_at")?,
        created_by: row.try_get("created_by").store()?,
        current: row.try_get("current").store()?,
    })
}

/// One workflow, inside of whatever transaction.
async fn get(
    connection: &mut PgConnection,
    reference: &Ref,
) -> Result<Option<WorkflowRow>, StoreError> {
    sqlx::query(include_str!("get.sql"))
        .bind(reference.as_str())
        .fetch_optional(connection)
        .await
        .store()?
        .map(|row| workflow(&row))
        .transpose()
}

async fn find(
    connection: &mut PgConnection,
    reference: &Ref,
    name: &VersionName,
) -> Result<Vec<WorkflowVersionDetail>, StoreError> {
    let (number, hash) = match name {
        VersionName::Number(number) => (i32::try_from(*number).ok(), None),
        VersionName::Hash(hash) => (None, Some(hash.as_str())),
    };
    sqlx::query(include_str!("version.sql"))
        .bind(reference.as_str())
        .bind(number)
        .bind(hash)
        .fetch_all(connection)
        .await
        .store()?
        .iter()
        .map(|row| {
            Ok(WorkflowVersionDetail {
                version: version(row)?,
                def: json::decode::<ActionDef>("a definition", row.try_get("def").store()?)?,
                source: row.try_get("source").store()?,
                tags: row.try_get("tags").store()?,
            })
        })
        .collect()
}

/// Versions that there are now, with their texts, all at once. The Programs must be stored already.
pub(crate) async fn note_versions(
    connection: &mut PgConnection,
    given: &[(&WorkflowRecord, &ActionDef)],
    origin: WorkflowOrigin,
    by: &str,
) -> Result<(), StoreError> {
    if given.is_empty() {
        return Ok(());
    }
    let texts = |text: fn(&WorkflowRecord) -> String| -> Vec<String> {
        given.iter().map(|(record, _)| text(record)).collect()
    };
    let defs = given
        .iter()
        .map(|(_, def)| json::encode(def))
        .collect::<Result<Vec<_>, _>>()?;
    let tags = given
        .iter()
        .map(|(record, _)| json::encode(&record.tags))
        .collect::<Result<Vec<_>, _>>()?;
    let sources: Vec<Option<String>> = given
        .iter()
        .map(|(record, _)| record.source.clone())
        .collect();
    sqlx::query(include_str!("put_versions.sql"))
        .bind(texts(|record| record.reference.as_str().to_owned()))
        .bind(texts(|record| record.hash.0.clone()))
        .bind(texts(|record| record.version.clone()))
        .bind(defs)
        .bind(sources)
        .bind(tags)
        .bind(origin.as_str())
        .bind(by)
        .execute(connection)
        .await
        .store()?;
    Ok(())
}

/// What happened to which version of which workflow, all at once.
pub(crate) async fn note_history(
    connection: &mut PgConnection,
    given: &[(&Ref, &ProgramHash, ReleaseKind)],
    by: &str,
) -> Result<(), StoreError> {
    if given.is_empty() {
        return Ok(());
    }
    let (mut references, mut hashes, mut what) = (Vec::new(), Vec::new(), Vec::new());
    for (reference, hash, kind) in given {
        references.push(reference.as_str().to_owned());
        hashes.push(hash.0.clone());
        what.push(kind.as_str().to_owned());
    }
    sqlx::query(include_str!("note.sql"))
        .bind(references)
        .bind(hashes)
        .bind(what)
        .bind(by)
        .execute(connection)
        .await
        .store()?;
    Ok(())
}

#[async_trait]
impl WorkflowStore for PgStore {
    async fn workflows(
        &self,
        filter: &WorkflowFilter,
        page: &PageRequest,
    ) -> Result<Page<WorkflowRow>, StoreError> {
        let rows = sqlx::query(include_str!("list.sql"))
            .bind(&filter.pack)
            .bind(&filter.text)
            .bind(&filter.tags)
            .bind(filter.enabled)
            .bind(cursor::read::<String>(page)?)
            .bind(cursor::fetch(page))
            .fetch_all(&self.people)
            .await
            .store()?;
        let items = rows.iter().map(workflow).collect::<Result<Vec<_>, _>>()?;
        Ok(cursor::page(items, page, |row| {
            row.action.def.reference.as_str().to_owned()
        }))
    }

    async fn workflow(&self, reference: &Ref) -> Result<Option<WorkflowRow>, StoreError> {
        let mut connection = self.people.acquire().await.store()?;
        get(&mut connection, reference).await
    }

    async fn put_workflow(&self, put: WorkflowPut) -> Result<WorkflowOutcome, StoreError> {
        change::put(self, put).await
    }

    async fn activate_version(
        &self,
        reference: &Ref,
        version: &VersionName,
        expect: &Expect,
        by: &str,
    ) -> Result<WorkflowOutcome, StoreError> {
        change::activate(self, reference, version, expect, by).await
    }

    async fn disable_workflow(
        &self,
        reference: &Ref,
        expect: &Expect,
        by: &str,
    ) -> Result<WorkflowOutcome, StoreError> {
        change::disable(self, reference, expect, by).await
    }

    async fn versions(
        &self,
        reference: &Ref,
        page: &PageRequest,
    ) -> Result<Page<WorkflowVersion>, StoreError> {
        let rows = self
            .numbered(include_str!("versions.sql"), reference, page)
            .await?;
        let items = rows.iter().map(version).collect::<Result<Vec<_>, _>>()?;
        Ok(cursor::page(items, page, |version| version.number))
    }

    async fn version(
        &self,
        reference: &Ref,
        version: &VersionName,
    ) -> Result<Vec<WorkflowVersionDetail>, StoreError> {
        let mut connection = self.people.acquire().await.store()?;
        find(&mut connection, reference, version).await
    }

    async fn releases(
        &self,
        reference: &Ref,
        page: &PageRequest,
    ) -> Result<Page<WorkflowRelease>, StoreError> {
        let rows = self
            .numbered(include_str!("releases.sql"), reference, page)
            .await?;
        let items = rows
            .iter()
            .map(|row| {
                let what: String = row.try_get("what").store()?;
                Ok(WorkflowRelease {
                    entry: number(row, "entry")?,
                    at: time(row, "at")?,
                    by: row.try_get("actor").store()?,
                    what: json::parse("an entry", &what)?,
                    number: number(row, "number")?,
                })
            })
            .collect::<Result<Vec<_>, StoreError>>()?;
        Ok(cursor::page(items, page, |release| release.entry))
    }
}

impl PgStore {
    /// A page of what a workflow has in numbered rows, the newest first.
    async fn numbered(
        &self,
        query: &'static str,
        reference: &Ref,
        page: &PageRequest,
    ) -> Result<Vec<PgRow>, StoreError> {
        let before = cursor::read::<u32>(page)?
            .map(|number| ord(usize::try_from(number).unwrap_or(usize::MAX)));
        sqlx::query(query)
            .bind(reference.as_str())
            .bind(before)
            .bind(cursor::fetch(page))
            .fetch_all(&self.people)
            .await
            .store()
    }
}
