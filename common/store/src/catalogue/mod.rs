//! Packs and what they hold, on PostgreSQL.
//!
//! Owns the tables of the catalogue. Every change raises `installation.generation` in its own
//! transaction, so that who sees the new number sees the new contents.

mod register;

pub(crate) use register::put_programs;

use crate::columns::uint;
use crate::cursor;
use crate::error::Failure as _;
use crate::json;
use crate::pool::PgStore;
use crate::time::time;
use async_trait::async_trait;
use attune_pack::{ActionDef, PackDef, RuleDef, SensorDef, TriggerDef};
use attune_port::{
    CatalogueStore, PackRecord, PackRegistration, Page, PageRequest, RegisteredAction,
    RegisteredRule, RegisteredSensor, RegistrationReport, StoreError, WorkflowRecord,
};
use attune_types::{JsonMap, ProgramHash, Ref};
use bytes::Bytes;
use serde::de::DeserializeOwned;
use sqlx::Row as _;
use sqlx::postgres::PgRow;

fn def<T: DeserializeOwned>(row: &PgRow) -> Result<T, StoreError> {
    json::decode("a definition", row.try_get("def").store()?)
}

fn pack_record(row: &PgRow) -> Result<PackRecord, StoreError> {
    let def: PackDef = def(row)?;
    let set: JsonMap = json::decode("a pack's configuration", row.try_get("config").store()?)?;
    let mut config = def.config.defaults();
    config.extend(set);
    Ok(PackRecord {
        def,
        content_hash: row.try_get("content_hash").store()?,
        path: row.try_get("path").store()?,
        config,
        registered_at: time(row, "registered_at")?,
        registered_by: row.try_get("registered_by").store()?,
    })
}

pub(crate) fn action(row: &PgRow) -> Result<RegisteredAction, StoreError> {
    Ok(RegisteredAction {
        def: def::<ActionDef>(row)?,
        program: ProgramHash(row.try_get("program").store()?),
        version: row.try_get("version").store()?,
        pack_hash: row.try_get("pack_hash").store()?,
        enabled: row.try_get("present").store()?,
    })
}

#[async_trait]
impl CatalogueStore for PgStore {
    async fn register(&self, pack: PackRegistration) -> Result<RegistrationReport, StoreError> {
        register::register(self, pack).await
    }

    async fn put_programs(&self, programs: Vec<WorkflowRecord>) -> Result<(), StoreError> {
        let mut connection = self.people.acquire().await.store()?;
        register::put_programs(&mut connection, &programs).await
    }

    async fn generation(&self) -> Result<u64, StoreError> {
        let row = sqlx::query(include_str!("generation.sql"))
            .fetch_one(&self.people)
            .await
            .store()?;
        Ok(uint(row.try_get("generation").store()?))
    }

    async fn packs(&self) -> Result<Vec<PackRecord>, StoreError> {
        let rows = sqlx::query(include_str!("packs.sql"))
            .bind(None::<String>)
            .fetch_all(&self.people)
            .await
            .store()?;
        rows.iter().map(pack_record).collect()
    }

    async fn pack(&self, name: &str) -> Result<Option<PackRecord>, StoreError> {
        sqlx::query(include_str!("packs.sql"))
            .bind(Some(name))
            .fetch_optional(&self.people)
            .await
            .store()?
            .map(|row| pack_record(&row))
            .transpose()
    }

    async fn archive(&self, content_hash: &str) -> Result<Option<Bytes>, StoreError> {
        sqlx::query(include_str!("archive.sql"))
            .bind(content_hash)
            .fetch_optional(&self.people)
            .await
            .store()?
            .map(|row| {
                row.try_get::<Vec<u8>, _>("archive")
                    .map(Bytes::from)
                    .store()
            })
            .transpose()
    }

    async fn actions(
        &self,
        pack: Option<&str>,
        page: &PageRequest,
    ) -> Result<Page<RegisteredAction>, StoreError> {
        let rows = sqlx::query(include_str!("actions.sql"))
            .bind(pack)
            .bind(cursor::read::<String>(page)?)
            .bind(cursor::fetch(page))
            .fetch_all(&self.people)
            .await
            .store()?;
        let items = rows.iter().map(action).collect::<Result<Vec<_>, _>>()?;
        Ok(cursor::page(items, page, |action| {
            action.def.reference.as_str().to_owned()
        }))
    }

    async fn retired_actions(&self) -> Result<Vec<RegisteredAction>, StoreError> {
        let rows = sqlx::query(include_str!("retired_actions.sql"))
            .fetch_all(&self.people)
            .await
            .store()?;
        rows.iter().map(action).collect()
    }

    async fn action(&self, reference: &Ref) -> Result<Option<RegisteredAction>, StoreError> {
        sqlx::query(include_str!("action.sql"))
            .bind(reference.as_str())
            .fetch_optional(&self.people)
            .await
            .store()?
            .map(|row| action(&row))
            .transpose()
    }

    async fn program(&self, hash: &ProgramHash) -> Result<Option<WorkflowRecord>, StoreError> {
        sqlx::query(include_str!("program.sql"))
            .bind(&hash.0)
            .fetch_optional(&self.people)
            .await
            .store()?
            .map(|row| {
                let reference: String = row.try_get("reference").store()?;
                Ok(WorkflowRecord {
                    hash: ProgramHash(row.try_get("hash").store()?),
                    reference: json::parse("a reference", &reference)?,
                    version: row.try_get("version").store()?,
                    program: row.try_get("program").store()?,
                    source: row.try_get("source").store()?,
                    tags: Vec::new(),
                })
            })
            .transpose()
    }

    async fn triggers(&self) -> Result<Vec<TriggerDef>, StoreError> {
        let rows = sqlx::query(include_str!("triggers.sql"))
            .fetch_all(&self.people)
            .await
            .store()?;
        rows.iter().map(def).collect()
    }

    async fn sensors(&self) -> Result<Vec<RegisteredSensor>, StoreError> {
        let rows = sqlx::query(include_str!("sensors.sql"))
            .fetch_all(&self.people)
            .await
            .store()?;
        rows.iter()
            .map(|row| {
                let def: SensorDef = def(row)?;
                Ok(RegisteredSensor {
                    enabled: def.enabled,
                    pack_hash: row.try_get("pack_hash").store()?,
                    def,
                })
            })
            .collect()
    }

    async fn rules(&self) -> Result<Vec<RegisteredRule>, StoreError> {
        let rows = sqlx::query(include_str!("rules.sql"))
            .fetch_all(&self.people)
            .await
            .store()?;
        rows.iter()
            .map(|row| {
                let file: RuleDef = def(row)?;
                Ok(RegisteredRule {
                    def: RuleDef {
                        enabled: row.try_get("enabled").store()?,
                        ..file
                    },
                    present: row.try_get("present").store()?,
                    changed_at: time(row, "changed_at")?,
                })
            })
            .collect()
    }

    async fn set_rule_enabled(&self, rule: &Ref, enabled: bool) -> Result<bool, StoreError> {
        let mut transaction = self.people.begin().await.store()?;
        let done = sqlx::query(include_str!("enable_rule.sql"))
            .bind(rule.as_str())
            .bind(enabled)
            .execute(&mut *transaction)
            .await
            .store()?;
        if done.rows_affected() > 0 {
            sqlx::query(include_str!("lock.sql"))
                .execute(&mut *transaction)
                .await
                .store()?;
        }
        transaction.commit().await.store()?;
        Ok(done.rows_affected() > 0)
    }
}
