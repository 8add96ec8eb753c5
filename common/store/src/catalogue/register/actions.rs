//! The actions of a registration, and the versions of its workflows.
//!
//! A workflow that people made or changed over the API stays as they left it: the pack's content
//! becomes a version beside it. One that was rolled back stays rolled back until the pack brings
//! another content. Everything else is as the pack says.

use super::{Existing, Items, Survey};
use crate::error::Failure as _;
use crate::json;
use crate::workflow::{note_history, note_versions};
use attune_pack::{ActionDef, Runner};
use attune_port::{
    ChangeKind, PackRegistration, RegisteredAction, RegistrationChange, ReleaseKind, StoreError,
    WorkflowOrigin, WorkflowRecord,
};
use attune_types::ProgramHash;
use sqlx::postgres::PgConnection;
use std::collections::HashMap;

/// The rows of table `action`, as columns.
#[derive(Default)]
struct Columns {
    items: Items,
    programs: Vec<String>,
    versions: Vec<String>,
    filed: Vec<String>,
    origins: Vec<String>,
}

impl Columns {
    fn stays(&mut self, action: &RegisteredAction, old: Existing) {
        let reference = action.def.reference.as_str().to_owned();
        let origin = if old.by_people {
            WorkflowOrigin::Api
        } else {
            WorkflowOrigin::Pack
        };
        self.items.references.push(reference);
        self.items.defs.push(json::text(&old.def));
        self.programs.push(old.program.unwrap_or_default());
        self.versions.push(old.version.unwrap_or_default());
        self.filed.push(action.program.0.clone());
        self.origins.push(origin.as_str().to_owned());
    }

    fn filed(&mut self, action: &RegisteredAction) {
        self.programs.push(action.program.0.clone());
        self.versions.push(action.version.clone());
        self.filed.push(action.program.0.clone());
        self.origins.push(WorkflowOrigin::Pack.as_str().to_owned());
    }
}

pub(super) async fn put(
    connection: &mut PgConnection,
    pack: &PackRegistration,
    survey: &mut Survey,
) -> Result<(), StoreError> {
    let records: HashMap<&ProgramHash, &WorkflowRecord> =
        pack.workflows.iter().map(|one| (&one.hash, one)).collect();
    let mut columns = Columns::default();
    let mut versions: Vec<(&WorkflowRecord, &ActionDef)> = Vec::new();
    let mut history = Vec::new();
    for action in &pack.actions {
        let def = &action.def;
        let program = &action.program;
        let is_workflow = def.runner == Runner::Workflow;
        if is_workflow && let Some(record) = records.get(program) {
            versions.push((record, def));
        }
        let key = ("action".to_owned(), def.reference.as_str().to_owned());
        let old = survey.known.get(&key);
        let differs = old.is_some_and(|old| old.program.as_deref() != Some(program.0.as_str()));
        if is_workflow && differs && old.is_some_and(|old| old.stays(&program.0)) {
            let Some(old) = survey.known.remove(&key) else {
                continue;
            };
            let same = old.filed.as_deref() == Some(program.0.as_str());
            survey.changes.push(RegistrationChange {
                kind: key.0,
                reference: def.reference.clone(),
                change: if same {
                    ChangeKind::Unchanged
                } else {
                    ChangeKind::Kept
                },
            });
            if !same {
                history.push((&def.reference, program, ReleaseKind::Beside));
            }
            columns.stays(action, old);
            continue;
        }
        if is_workflow && (differs || old.is_none_or(|old| !old.present)) {
            history.push((&def.reference, program, ReleaseKind::Registered));
        }
        let text = Some(program.0.as_str());
        survey.add(&mut columns.items, "action", &def.reference, def, text)?;
        columns.filed(action);
    }
    sqlx::query(include_str!("../put_actions.sql"))
        .bind(&pack.def.reference)
        .bind(&pack.content_hash)
        .bind(columns.items.references)
        .bind(columns.items.defs)
        .bind(columns.programs)
        .bind(columns.versions)
        .bind(columns.filed)
        .bind(columns.origins)
        .execute(&mut *connection)
        .await
        .store()?;
    note_versions(connection, &versions, WorkflowOrigin::Pack, &pack.by).await?;
    note_history(connection, &history, &pack.by).await
}
