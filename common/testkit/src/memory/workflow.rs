//! Workflows and their versions, in memory.

mod change;

use super::catalogue::{Catalogue, change, check_program};
use super::{MemoryStore, check, page};
use async_trait::async_trait;
use attune_pack::{ActionDef, Runner};
use attune_port::{
    ChangeKind, Expect, PackRegistration, Page, PageRequest, RegisteredAction, RegistrationChange,
    ReleaseKind, StoreError, VersionName, WorkflowFilter, WorkflowOrigin, WorkflowOutcome,
    WorkflowPut, WorkflowRecord, WorkflowRelease, WorkflowRow, WorkflowStore, WorkflowVersion,
    WorkflowVersionDetail,
};
use attune_types::{ProgramHash, Ref, Timestamp};
use std::collections::BTreeMap;

/// Who decides on an action, and whether it is there.
#[derive(Clone, Debug)]
struct Standing {
    origin: WorkflowOrigin,
    filed: Option<ProgramHash>,
    present: bool,
    disabled: bool,
}

#[derive(Default)]
pub(super) struct Workflows {
    standing: BTreeMap<Ref, Standing>,
    versions: BTreeMap<Ref, Vec<WorkflowVersionDetail>>,
    releases: BTreeMap<Ref, Vec<WorkflowRelease>>,
}

impl Workflows {
    fn version(
        &mut self,
        record: &WorkflowRecord,
        def: &ActionDef,
        origin: WorkflowOrigin,
        (by, at): (&str, Timestamp),
    ) {
        let all = self.versions.entry(def.reference.clone()).or_default();
        if let Some(known) = all.iter_mut().find(|one| one.version.hash == record.hash) {
            known.def = def.clone();
            known.source = record.source.clone();
            known.tags = record.tags.clone();
            return;
        }
        let number = all.len() as u32 + 1;
        all.push(WorkflowVersionDetail {
            version: WorkflowVersion {
                reference: def.reference.clone(),
                number,
                hash: record.hash.clone(),
                version: record.version.clone(),
                origin,
                created_at: at,
                created_by: by.to_owned(),
                current: false,
            },
            def: def.clone(),
            source: record.source.clone(),
            tags: record.tags.clone(),
        });
    }

    fn find(&self, reference: &Ref, hash: &ProgramHash) -> Option<&WorkflowVersionDetail> {
        let all = self.versions.get(reference)?;
        all.iter().find(|one| one.version.hash == *hash)
    }

    fn note(
        &mut self,
        reference: &Ref,
        hash: &ProgramHash,
        what: ReleaseKind,
        (by, at): (&str, Timestamp),
    ) {
        let Some(number) = self.find(reference, hash).map(|one| one.version.number) else {
            return;
        };
        let all = self.releases.entry(reference.clone()).or_default();
        all.push(WorkflowRelease {
            entry: all.len() as u32 + 1,
            at,
            by: by.to_owned(),
            what,
            number,
        });
    }
}

/// The actions of a registration: what is current afterwards, and what is said of it.
pub(super) fn put_actions(
    catalogue: &mut Catalogue,
    actions: &[RegisteredAction],
    pack: &PackRegistration,
    now: Timestamp,
) -> Vec<RegistrationChange> {
    let mut changes = Vec::new();
    let by = (pack.by.as_str(), now);
    let mut said = |reference: &Ref, change: ChangeKind| {
        changes.push(RegistrationChange {
            kind: "action".to_owned(),
            reference: reference.clone(),
            change,
        });
    };
    for action in actions {
        let reference = &action.def.reference;
        let is_workflow = action.def.runner == Runner::Workflow;
        let record = pack.workflows.iter().find(|one| one.hash == action.program);
        if is_workflow && let Some(record) = record {
            let workflows = &mut catalogue.workflows;
            workflows.version(record, &action.def, WorkflowOrigin::Pack, by);
        }
        let old = catalogue.actions.get(reference).cloned();
        let standing = catalogue.workflows.standing.get(reference).cloned();
        let present = standing.as_ref().is_some_and(|one| one.present);
        let filed = standing.as_ref().and_then(|one| one.filed.clone());
        let people = standing
            .as_ref()
            .is_some_and(|one| one.origin == WorkflowOrigin::Api);
        let differs = old
            .as_ref()
            .is_some_and(|old| old.program != action.program);
        let same = filed.as_ref() == Some(&action.program);
        let stays = is_workflow && differs && present && (people || same);
        let disabled = standing.as_ref().is_some_and(|one| one.disabled);
        catalogue.workflows.standing.insert(
            reference.clone(),
            Standing {
                origin: if stays && people {
                    WorkflowOrigin::Api
                } else {
                    WorkflowOrigin::Pack
                },
                filed: Some(action.program.clone()),
                present: true,
                disabled,
            },
        );
        if stays {
            if same {
                said(reference, ChangeKind::Unchanged);
            } else {
                said(reference, ChangeKind::Kept);
                let what = ReleaseKind::Beside;
                let workflows = &mut catalogue.workflows;
                workflows.note(reference, &action.program, what, by);
            }
            continue;
        }
        if is_workflow && (differs || !present) {
            let what = ReleaseKind::Registered;
            let workflows = &mut catalogue.workflows;
            workflows.note(reference, &action.program, what, by);
        }
        let old = old.map(|old| (present, old.def == action.def && !differs));
        said(reference, change(old));
        catalogue.actions.insert(
            reference.clone(),
            RegisteredAction {
                pack_hash: pack.content_hash.clone(),
                enabled: !disabled,
                ..action.clone()
            },
        );
    }
    for (reference, standing) in &mut catalogue.workflows.standing {
        let held = actions.iter().any(|one| one.def.reference == *reference);
        if reference.pack() != pack.def.reference || held || standing.filed.is_none() {
            continue;
        }
        standing.filed = None;
        if standing.origin == WorkflowOrigin::Pack {
            standing.present = false;
            if let Some(action) = catalogue.actions.get_mut(reference) {
                action.enabled = false;
            }
            said(reference, ChangeKind::Gone);
        }
    }
    changes
}

impl Catalogue {
    fn workflow(&self, reference: &Ref) -> Option<WorkflowRow> {
        let action = self.actions.get(reference)?;
        let version = self.workflows.find(reference, &action.program)?;
        let standing = self.workflows.standing.get(reference)?;
        let last = self.workflows.releases.get(reference)?.last()?;
        let mut row = WorkflowRow {
            action: action.clone(),
            number: version.version.number,
            origin: standing.origin,
            filed: standing.filed.clone(),
            disabled: standing.disabled,
            tags: version.tags.clone(),
            source: version.source.clone(),
            changed_at: last.at,
            changed_by: last.by.clone(),
            etag: String::new(),
        };
        // Anything that tells two states apart will do; a quote would not stand in a header.
        let state = format!(
            "{:?} {:?} {:?} {standing:?}",
            row.action, row.tags, row.source
        );
        let sum = state.bytes().fold(7u64, |sum, byte| {
            sum.wrapping_mul(1_000_003) ^ u64::from(byte)
        });
        row.etag = format!("{sum:016x}");
        Some(row)
    }

    fn numbered(&self, reference: &Ref) -> Vec<WorkflowVersionDetail> {
        let current = self.actions.get(reference).map(|action| &action.program);
        let all = self.workflows.versions.get(reference);
        all.into_iter()
            .flatten()
            .cloned()
            .map(|mut one| {
                one.version.current = current == Some(&one.version.hash);
                one
            })
            .collect()
    }

    fn named(&self, reference: &Ref, name: &VersionName) -> Vec<WorkflowVersionDetail> {
        let mut all = self.numbered(reference);
        all.retain(|one| match name {
            VersionName::Number(number) => one.version.number == *number,
            VersionName::Hash(hash) => one.version.hash.0.starts_with(hash),
        });
        all.truncate(2);
        all
    }
}

#[async_trait]
impl WorkflowStore for MemoryStore {
    async fn workflows(
        &self,
        filter: &WorkflowFilter,
        request: &PageRequest,
    ) -> Result<Page<WorkflowRow>, StoreError> {
        let state = self.lock();
        let catalogue = &state.catalogue;
        let rows = catalogue
            .actions
            .keys()
            .filter_map(|reference| catalogue.workflow(reference))
            .filter(|row| fits(filter, row))
            .map(|row| WorkflowRow {
                source: None,
                etag: String::new(),
                ..row
            })
            .collect();
        page::page(rows, request, false, |row: &WorkflowRow| {
            row.action.def.reference.as_str().to_owned()
        })
    }

    async fn workflow(&self, reference: &Ref) -> Result<Option<WorkflowRow>, StoreError> {
        Ok(self.lock().catalogue.workflow(reference))
    }

    async fn put_workflow(&self, put: WorkflowPut) -> Result<WorkflowOutcome, StoreError> {
        check_program(&put.record)?;
        check::typed(&put.def)?;
        let now = self.now();
        self.lock().catalogue.put(put, now)
    }

    async fn activate_version(
        &self,
        reference: &Ref,
        version: &VersionName,
        expect: &Expect,
        by: &str,
    ) -> Result<WorkflowOutcome, StoreError> {
        let now = self.now();
        let mut state = self.lock();
        state
            .catalogue
            .activate(reference, version, expect, (by, now))
    }

    async fn disable_workflow(
        &self,
        reference: &Ref,
        expect: &Expect,
        by: &str,
    ) -> Result<WorkflowOutcome, StoreError> {
        let now = self.now();
        self.lock().catalogue.disable(reference, expect, (by, now))
    }

    async fn versions(
        &self,
        reference: &Ref,
        request: &PageRequest,
    ) -> Result<Page<WorkflowVersion>, StoreError> {
        let all = self.lock().catalogue.numbered(reference);
        let all = all.into_iter().map(|one| one.version).collect();
        page::page(all, request, true, |one: &WorkflowVersion| {
            number(one.number)
        })
    }

    async fn version(
        &self,
        reference: &Ref,
        version: &VersionName,
    ) -> Result<Vec<WorkflowVersionDetail>, StoreError> {
        Ok(self.lock().catalogue.named(reference, version))
    }

    async fn releases(
        &self,
        reference: &Ref,
        request: &PageRequest,
    ) -> Result<Page<WorkflowRelease>, StoreError> {
        let state = self.lock();
        let all = state.catalogue.workflows.releases.get(reference);
        let all = all.cloned().unwrap_or_default();
        page::page(all, request, true, |one: &WorkflowRelease| {
            number(one.entry)
        })
    }
}

fn number(number: u32) -> (i64, u128) {
    (i64::from(number), 0)
}

fn fits(filter: &WorkflowFilter, row: &WorkflowRow) -> bool {
    let def = &row.action.def;
    let mut text = format!("{}\n{}", def.reference, def.label).to_lowercase();
    for more in def.description.iter().chain(&row.tags) {
        text.push('\n');
        text.push_str(&more.to_lowercase());
    }
    filter
        .pack
        .as_ref()
        .is_none_or(|pack| def.reference.pack() == pack)
        && filter
            .text
            .as_ref()
            .is_none_or(|wanted| text.contains(&wanted.to_lowercase()))
        && filter.tags.iter().all(|tag| row.tags.contains(tag))
        && filter
            .enabled
            .is_none_or(|enabled| row.action.enabled == enabled)
}
