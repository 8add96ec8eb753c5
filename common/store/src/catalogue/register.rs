//! Making a pack version current, in one transaction.
//!
//! Compares what the pack holds now with what stands in the catalogue, kind by kind, and writes all
//! of it set-wise. A rule keeps whether it is enabled, unless its file changed its mind about that.
//! Which version of a workflow becomes current is in `actions`.

mod actions;

use crate::error::Failure as _;
use crate::json;
use crate::pool::PgStore;
use attune_port::{
    ChangeKind, PackRegistration, RegistrationChange, RegistrationReport, StoreError,
    WorkflowOrigin, WorkflowRecord,
};
use attune_types::{JsonValue, Ref};
use serde::Serialize;
use sqlx::Row as _;
use sqlx::postgres::PgConnection;
use std::collections::BTreeMap;

/// What stands in the catalogue under one kind and reference.
struct Existing {
    def: JsonValue,
    program: Option<String>,
    present: bool,
    enabled: Option<bool>,
    /// Of actions: the version text.
    version: Option<String>,
    /// Of actions: who decides what is current.
    by_people: bool,
    /// Of actions: the Program of what the pack held until now.
    filed: Option<String>,
}

impl Existing {
    /// Whether a registration of this Program leaves current what is: somebody made it so over the
    /// API, or rolled back from the very same.
    fn stays(&self, program: &str) -> bool {
        self.present && (self.by_people || self.filed.as_deref() == Some(program))
    }
}

type Known = BTreeMap<(String, String), Existing>;

/// One table's new contents, as columns.
#[derive(Default)]
struct Items {
    references: Vec<String>,
    defs: Vec<String>,
}

/// Compares and gathers.
struct Survey {
    known: Known,
    changes: Vec<RegistrationChange>,
}

impl Survey {
    fn add<T: Serialize>(
        &mut self,
        items: &mut Items,
        kind: &str,
        reference: &Ref,
        def: &T,
        program: Option<&str>,
    ) -> Result<Option<Existing>, StoreError> {
        let text = json::encode(def)?;
        let value = serde_json::to_value(def).map_err(|e| StoreError::Invalid(e.to_string()))?;
        let existing = self
            .known
            .remove(&(kind.to_owned(), reference.as_str().to_owned()));
        let change = match &existing {
            Some(old) if old.present => {
                if old.def == value && old.program.as_deref() == program {
                    ChangeKind::Unchanged
                } else {
                    ChangeKind::Changed
                }
            }
            _ => ChangeKind::New,
        };
        self.changes.push(RegistrationChange {
            kind: kind.to_owned(),
            reference: reference.clone(),
            change,
        });
        items.references.push(reference.as_str().to_owned());
        items.defs.push(text);
        Ok(existing)
    }
}

async fn known(connection: &mut PgConnection, pack: &str) -> Result<Known, StoreError> {
    let mut known = Known::new();
    for row in sqlx::query(include_str!("existing.sql"))
        .bind(pack)
        .fetch_all(connection)
        .await
        .store()?
    {
        let key = (
            row.try_get("kind").store()?,
            row.try_get("reference").store()?,
        );
        known.insert(
            key,
            Existing {
                def: row.try_get("def").store()?,
                program: row.try_get("program").store()?,
                present: row.try_get("present").store()?,
                enabled: row.try_get("enabled").store()?,
                version: row.try_get("version").store()?,
                by_people: row
                    .try_get::<Option<String>, _>("origin")
                    .store()?
                    .is_some_and(|origin| origin == WorkflowOrigin::Api.as_str()),
                filed: row.try_get("filed").store()?,
            },
        );
    }
    Ok(known)
}

pub(crate) async fn put_programs(
    connection: &mut PgConnection,
    programs: &[WorkflowRecord],
) -> Result<(), StoreError> {
    for record in programs {
        json::check(&record.program)?;
        record.source.as_deref().map_or(Ok(()), json::check_text)?;
    }
    sqlx::query(include_str!("put_programs.sql"))
        .bind(
            programs
                .iter()
                .map(|p| p.hash.0.clone())
                .collect::<Vec<_>>(),
        )
        .bind(
            programs
                .iter()
                .map(|p| p.reference.as_str().to_owned())
                .collect::<Vec<_>>(),
        )
        .bind(
            programs
                .iter()
                .map(|p| p.version.clone())
                .collect::<Vec<_>>(),
        )
        .bind(
            programs
                .iter()
                .map(|p| json::text(&p.program))
                .collect::<Vec<_>>(),
        )
        .bind(
            programs
                .iter()
                .map(|p| p.source.clone())
                .collect::<Vec<_>>(),
        )
        .execute(connection)
        .await
        .store()?;
    Ok(())
}

pub(crate) async fn register(
    store: &PgStore,
    pack: PackRegistration,
) -> Result<RegistrationReport, StoreError> {
    let name = pack.def.reference.clone();
    let mut transaction = store.people.begin().await.store()?;
    sqlx::query(include_str!("lock.sql"))
        .execute(&mut *transaction)
        .await
        .store()?;
    let mut survey = Survey {
        known: known(&mut transaction, &name).await?,
        changes: Vec::new(),
    };

    sqlx::query(include_str!("put_pack.sql"))
        .bind(&name)
        .bind(json::encode(&pack.def)?)
        .bind(&pack.content_hash)
        .bind(&pack.path)
        .bind(&pack.by)
        .bind(pack.archive.to_vec())
        .execute(&mut *transaction)
        .await
        .store()?;
    put_programs(&mut transaction, &pack.workflows).await?;

    actions::put(&mut transaction, &pack, &mut survey).await?;

    let mut items = Items::default();
    for trigger in &pack.triggers {
        survey.add(&mut items, "trigger", &trigger.reference, trigger, None)?;
    }
    sqlx::query(include_str!("put_triggers.sql"))
        .bind(&name)
        .bind(items.references)
        .bind(items.defs)
        .execute(&mut *transaction)
        .await
        .store()?;

    let mut items = Items::default();
    for sensor in &pack.sensors {
        survey.add(&mut items, "sensor", &sensor.reference, sensor, None)?;
    }
    sqlx::query(include_str!("put_sensors.sql"))
        .bind(&name)
        .bind(&pack.content_hash)
        .bind(items.references)
        .bind(items.defs)
        .execute(&mut *transaction)
        .await
        .store()?;

    let mut items = Items::default();
    let mut enabled = Vec::new();
    for rule in &pack.rules {
        let existing = survey.add(&mut items, "rule", &rule.reference, rule, None)?;
        enabled.push(match existing {
            Some(old)
                if old.def.get("enabled").and_then(JsonValue::as_bool) == Some(rule.enabled) =>
            {
                old.enabled.unwrap_or(rule.enabled)
            }
            _ => rule.enabled,
        });
    }
    sqlx::query(include_str!("put_rules.sql"))
        .bind(&name)
        .bind(items.references)
        .bind(items.defs)
        .bind(enabled)
        .execute(&mut *transaction)
        .await
        .store()?;

    let mut items = Items::default();
    for policy in &pack.policies {
        survey.add(&mut items, "policy", &policy.reference, policy, None)?;
    }
    sqlx::query(include_str!("put_policies.sql"))
        .bind(&name)
        .bind(items.references)
        .bind(items.defs)
        .execute(&mut *transaction)
        .await
        .store()?;

    let Survey { known, mut changes } = survey;
    let mut gone = Vec::new();
    let (kinds, references): (Vec<String>, Vec<String>) = known
        .into_iter()
        .filter(|(key, old)| old.present && (key.0 != "action" || old.filed.is_some()))
        .map(|(key, old)| {
            if !old.by_people {
                gone.push(key.clone());
            }
            key
        })
        .unzip();
    for (kind, reference) in gone {
        changes.push(RegistrationChange {
            kind,
            reference: json::parse("a reference", &reference)?,
            change: ChangeKind::Gone,
        });
    }
    if !kinds.is_empty() {
        sqlx::query(include_str!("retire.sql"))
            .bind(kinds)
            .bind(references)
            .execute(&mut *transaction)
            .await
            .store()?;
    }
    transaction.commit().await.store()?;
    changes.sort_by(|a, b| (&a.kind, &a.reference).cmp(&(&b.kind, &b.reference)));
    Ok(RegistrationReport {
        pack: name,
        content_hash: pack.content_hash,
        changes,
    })
}
