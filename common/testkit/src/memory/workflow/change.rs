//! Changing one workflow in memory: put, made current again, disabled.

use super::Standing;
use crate::memory::catalogue::Catalogue;
use attune_pack::Runner;
use attune_port::{
    Expect, PackRecord, RegisteredAction, ReleaseKind, StoreError, VersionName, WorkflowChange,
    WorkflowOrigin, WorkflowOutcome, WorkflowPut,
};
use attune_types::{Ref, Timestamp};

impl Catalogue {
    fn done(
        &mut self,
        reference: &Ref,
        change: WorkflowChange,
        new_pack: bool,
    ) -> Result<WorkflowOutcome, StoreError> {
        self.generation += 1;
        let row = self.workflow(reference);
        let row = row.ok_or_else(|| StoreError::Corrupt("it is gone".to_owned()))?;
        Ok(WorkflowOutcome::Done {
            change,
            new_pack,
            row: Box::new(row),
        })
    }

    pub(super) fn put(
        &mut self,
        put: WorkflowPut,
        now: Timestamp,
    ) -> Result<WorkflowOutcome, StoreError> {
        let reference = put.def.reference.clone();
        let hash = put.record.hash.clone();
        if let Some(action) = self.actions.get(&reference)
            && action.enabled
            && action.def.runner != Runner::Workflow
        {
            return Ok(WorkflowOutcome::NotAWorkflow);
        }
        let row = self.workflow(&reference);
        if let Some(outcome) = put.settled(row.as_ref()) {
            return Ok(outcome);
        }
        let current = row.as_ref().is_some_and(|row| row.action.program == hash);
        let known = self.workflows.find(&reference, &hash).is_some();
        let change = put.change(row.as_ref(), known);
        let new_pack = !self.packs.contains_key(reference.pack());
        if new_pack {
            self.archives.entry(put.pack_hash.clone()).or_default();
            self.packs.insert(
                reference.pack().to_owned(),
                PackRecord {
                    config: put.pack.config.defaults(),
                    def: put.pack.clone(),
                    content_hash: put.pack_hash.clone(),
                    path: None,
                    registered_at: now,
                    registered_by: put.by.clone(),
                },
            );
        }
        self.programs
            .entry(hash.clone())
            .or_insert_with(|| put.record.clone());
        let by = (put.by.as_str(), now);
        let workflows = &mut self.workflows;
        workflows.version(&put.record, &put.def, WorkflowOrigin::Api, by);
        let old = workflows.standing.get(&reference).cloned();
        let filed = old.as_ref().and_then(|old| old.filed.clone());
        let origin = match &old {
            _ if filed.as_ref() == Some(&hash) => WorkflowOrigin::Pack,
            Some(old) if current && old.present => old.origin,
            _ => WorkflowOrigin::Api,
        };
        workflows.standing.insert(
            reference.clone(),
            Standing {
                origin,
                filed,
                present: true,
                disabled: false,
            },
        );
        if let Some(what) = change.release() {
            workflows.note(&reference, &hash, what, by);
        }
        let pack_hash = match self.actions.get(&reference) {
            Some(old) => old.pack_hash.clone(),
            None => put.pack_hash.clone(),
        };
        self.actions.insert(
            reference.clone(),
            RegisteredAction {
                def: put.def,
                program: hash,
                version: put.record.version,
                pack_hash,
                enabled: true,
            },
        );
        self.done(&reference, change, new_pack)
    }

    pub(super) fn activate(
        &mut self,
        reference: &Ref,
        version: &VersionName,
        expect: &Expect,
        by: (&str, Timestamp),
    ) -> Result<WorkflowOutcome, StoreError> {
        let mut found = self.named(reference, version);
        if found.len() > 1 {
            return Ok(WorkflowOutcome::Ambiguous);
        }
        let (Some(found), Some(row)) = (found.pop(), self.workflow(reference)) else {
            return Ok(WorkflowOutcome::Unknown);
        };
        if !expect.meets(Some(&row)) {
            return Ok(WorkflowOutcome::Changed);
        }
        if found.version.current && row.action.enabled {
            return Ok(WorkflowOutcome::unchanged(row));
        }
        let change = WorkflowChange::of_activation(found.version.current);
        if let Some(standing) = self.workflows.standing.get_mut(reference) {
            standing.present = true;
            standing.disabled = false;
            standing.origin = match standing.filed {
                None => WorkflowOrigin::Api,
                Some(_) => found.version.origin,
            };
        }
        if let Some(action) = self.actions.get_mut(reference) {
            action.def = found.def;
            action.program = found.version.hash.clone();
            action.version = found.version.version;
            action.enabled = true;
        }
        let hash = &found.version.hash;
        self.workflows
            .note(reference, hash, ReleaseKind::Activated, by);
        self.done(reference, change, false)
    }

    pub(super) fn disable(
        &mut self,
        reference: &Ref,
        expect: &Expect,
        by: (&str, Timestamp),
    ) -> Result<WorkflowOutcome, StoreError> {
        let Some(row) = self.workflow(reference) else {
            return Ok(WorkflowOutcome::Unknown);
        };
        if !expect.meets(Some(&row)) {
            return Ok(WorkflowOutcome::Changed);
        }
        if row.disabled {
            return Ok(WorkflowOutcome::unchanged(row));
        }
        if let Some(standing) = self.workflows.standing.get_mut(reference) {
            standing.disabled = true;
        }
        if let Some(action) = self.actions.get_mut(reference) {
            action.enabled = false;
        }
        let hash = &row.action.program;
        self.workflows
            .note(reference, hash, ReleaseKind::Disabled, by);
        self.done(reference, WorkflowChange::Disabled, false)
    }
}
