//! Packs and what they hold, in memory.

use super::{MemoryStore, check, page, workflow};
use async_trait::async_trait;
use attune_pack::{PolicyDef, RuleDef, TriggerDef};
use attune_port::{
    CatalogueStore, ChangeKind, PackRecord, PackRegistration, Page, PageRequest, RegisteredAction,
    RegisteredRule, RegisteredSensor, RegistrationChange, RegistrationReport, StoreError,
    WorkflowRecord,
};
use attune_types::{ProgramHash, Ref};
use bytes::Bytes;
use std::collections::BTreeMap;

#[derive(Default)]
pub(super) struct Catalogue {
    pub(super) generation: u64,
    pub(super) packs: BTreeMap<String, PackRecord>,
    pub(super) archives: BTreeMap<String, Bytes>,
    pub(super) programs: BTreeMap<ProgramHash, WorkflowRecord>,
    pub(super) actions: BTreeMap<Ref, RegisteredAction>,
    pub(super) workflows: workflow::Workflows,
    triggers: BTreeMap<Ref, Item<TriggerDef>>,
    sensors: BTreeMap<Ref, Item<RegisteredSensor>>,
    policies: BTreeMap<Ref, Item<PolicyDef>>,
    /// As the file says, beside how it stands.
    rules: BTreeMap<Ref, (RuleDef, RegisteredRule)>,
}

struct Item<T> {
    it: T,
    present: bool,
}

/// What happened to one thing that the pack holds.
pub(super) fn change(old: Option<(bool, bool)>) -> ChangeKind {
    match old {
        Some((true, true)) => ChangeKind::Unchanged,
        Some((true, false)) => ChangeKind::Changed,
        _ => ChangeKind::New,
    }
}

struct Report {
    changes: Vec<RegistrationChange>,
}

impl Report {
    /// `old`: whether it was present, and whether it was the same.
    fn add(&mut self, kind: &str, reference: &Ref, old: Option<(bool, bool)>) {
        self.changes.push(RegistrationChange {
            kind: kind.to_owned(),
            reference: reference.clone(),
            change: change(old),
        });
    }

    fn gone(&mut self, kind: &str, reference: &Ref) {
        self.changes.push(RegistrationChange {
            kind: kind.to_owned(),
            reference: reference.clone(),
            change: ChangeKind::Gone,
        });
    }

    /// Marks as gone what a pack no longer holds.
    fn retire<T>(&mut self, kind: &str, pack: &str, items: &mut BTreeMap<Ref, Item<T>>) {
        let held: Vec<Ref> = self.changes.iter().map(|c| c.reference.clone()).collect();
        for (reference, item) in items {
            if reference.pack() == pack && item.present && !held.contains(reference) {
                item.present = false;
                self.gone(kind, reference);
            }
        }
    }
}

impl Catalogue {
    fn register(
        &mut self,
        pack: PackRegistration,
        now: attune_types::Timestamp,
    ) -> Vec<RegistrationChange> {
        let name = pack.def.reference.clone();
        let mut all = Vec::new();
        self.generation += 1;
        self.archives
            .entry(pack.content_hash.clone())
            .or_insert_with(|| pack.archive.clone());
        for program in &pack.workflows {
            let known = self.programs.entry(program.hash.clone());
            known.or_insert_with(|| program.clone());
        }

        let mut report = Report {
            changes: Vec::new(),
        };
        report.changes = workflow::put_actions(self, &pack.actions, &pack, now);
        all.append(&mut report.changes);

        for def in pack.triggers {
            let old = self.triggers.get(&def.reference);
            report.add(
                "trigger",
                &def.reference,
                old.map(|old| (old.present, old.it == def)),
            );
            self.triggers.insert(
                def.reference.clone(),
                Item {
                    it: def,
                    present: true,
                },
            );
        }
        report.retire("trigger", &name, &mut self.triggers);
        all.append(&mut report.changes);

        for def in pack.sensors {
            let old = self.sensors.get(&def.reference);
            report.add(
                "sensor",
                &def.reference,
                old.map(|old| (old.present, old.it.def == def)),
            );
            let sensor = RegisteredSensor {
                enabled: def.enabled,
                pack_hash: pack.content_hash.clone(),
                def,
            };
            let reference = sensor.def.reference.clone();
            self.sensors.insert(
                reference,
                Item {
                    it: sensor,
                    present: true,
                },
            );
        }
        report.retire("sensor", &name, &mut self.sensors);
        all.append(&mut report.changes);

        for def in pack.policies {
            let old = self.policies.get(&def.reference);
            report.add(
                "policy",
                &def.reference,
                old.map(|old| (old.present, old.it == def)),
            );
            self.policies.insert(
                def.reference.clone(),
                Item {
                    it: def,
                    present: true,
                },
            );
        }
        report.retire("policy", &name, &mut self.policies);
        all.append(&mut report.changes);

        for file in pack.rules {
            let reference = file.reference.clone();
            let old = self.rules.get(&reference);
            report.add(
                "rule",
                &reference,
                old.map(|(old, now)| (now.present, *old == file)),
            );
            let enabled = match old {
                Some((old, now)) if old.enabled == file.enabled => now.def.enabled,
                _ => file.enabled,
            };
            let unchanged =
                old.filter(|(old, now)| *old == file && now.present && now.def.enabled == enabled);
            let stands = RegisteredRule {
                changed_at: unchanged.map_or(now, |(_, now)| now.changed_at),
                def: RuleDef {
                    enabled,
                    ..file.clone()
                },
                present: true,
            };
            self.rules.insert(reference, (file, stands));
        }
        let held: Vec<Ref> = report.changes.iter().map(|c| c.reference.clone()).collect();
        for (reference, (_, rule)) in &mut self.rules {
            if reference.pack() == name && rule.present && !held.contains(reference) {
                rule.present = false;
                rule.changed_at = now;
                report.gone("rule", reference);
            }
        }
        all.append(&mut report.changes);

        self.packs.insert(
            name,
            PackRecord {
                config: pack.def.config.defaults(),
                def: pack.def,
                content_hash: pack.content_hash,
                path: pack.path,
                registered_at: now,
                registered_by: pack.by,
            },
        );
        all
    }
}

fn check_pack(pack: &PackRegistration) -> Result<(), StoreError> {
    check::typed(&pack.def)?;
    pack.actions
        .iter()
        .try_for_each(|action| check::typed(&action.def))?;
    pack.triggers.iter().try_for_each(check::typed)?;
    pack.sensors.iter().try_for_each(check::typed)?;
    pack.rules.iter().try_for_each(check::typed)?;
    pack.policies.iter().try_for_each(check::typed)?;
    pack.workflows.iter().try_for_each(check_program)
}

pub(super) fn check_program(program: &WorkflowRecord) -> Result<(), StoreError> {
    check::value(&program.program)?;
    program.source.as_deref().map_or(Ok(()), check::text)
}

#[async_trait]
impl CatalogueStore for MemoryStore {
    async fn register(&self, pack: PackRegistration) -> Result<RegistrationReport, StoreError> {
        check_pack(&pack)?;
        let now = self.now();
        let name = pack.def.reference.clone();
        let content_hash = pack.content_hash.clone();
        let mut changes = self.lock().catalogue.register(pack, now);
        changes.sort_by(|a, b| (&a.kind, &a.reference).cmp(&(&b.kind, &b.reference)));
        Ok(RegistrationReport {
            pack: name,
            content_hash,
            changes,
        })
    }

    async fn put_programs(&self, programs: Vec<WorkflowRecord>) -> Result<(), StoreError> {
        programs.iter().try_for_each(check_program)?;
        let mut state = self.lock();
        for program in programs {
            let known = &mut state.catalogue.programs;
            known.entry(program.hash.clone()).or_insert(program);
        }
        Ok(())
    }

    async fn generation(&self) -> Result<u64, StoreError> {
        Ok(self.lock().catalogue.generation)
    }

    async fn packs(&self) -> Result<Vec<PackRecord>, StoreError> {
        Ok(self.lock().catalogue.packs.values().cloned().collect())
    }

    async fn pack(&self, name: &str) -> Result<Option<PackRecord>, StoreError> {
        Ok(self.lock().catalogue.packs.get(name).cloned())
    }

    async fn archive(&self, content_hash: &str) -> Result<Option<Bytes>, StoreError> {
        Ok(self.lock().catalogue.archives.get(content_hash).cloned())
    }

    async fn actions(
        &self,
        pack: Option<&str>,
        request: &PageRequest,
    ) -> Result<Page<RegisteredAction>, StoreError> {
        let actions = self
            .lock()
            .catalogue
            .actions
            .values()
            .filter(|a| a.enabled && pack.is_none_or(|pack| a.def.reference.pack() == pack))
            .cloned()
            .collect();
        page::page(actions, request, false, |action: &RegisteredAction| {
            action.def.reference.as_str().to_owned()
        })
    }

    async fn retired_actions(&self) -> Result<Vec<RegisteredAction>, StoreError> {
        let state = self.lock();
        let actions = state.catalogue.actions.values();
        Ok(actions.filter(|action| !action.enabled).cloned().collect())
    }

    async fn action(&self, reference: &Ref) -> Result<Option<RegisteredAction>, StoreError> {
        Ok(self.lock().catalogue.actions.get(reference).cloned())
    }

    async fn program(&self, hash: &ProgramHash) -> Result<Option<WorkflowRecord>, StoreError> {
        Ok(self.lock().catalogue.programs.get(hash).cloned())
    }

    async fn triggers(&self) -> Result<Vec<TriggerDef>, StoreError> {
        let state = self.lock();
        let items = state.catalogue.triggers.values();
        Ok(items
            .filter(|item| item.present)
            .map(|item| item.it.clone())
            .collect())
    }

    async fn sensors(&self) -> Result<Vec<RegisteredSensor>, StoreError> {
        let state = self.lock();
        let items = state.catalogue.sensors.values();
        Ok(items
            .filter(|item| item.present)
            .map(|item| item.it.clone())
            .collect())
    }

    async fn rules(&self) -> Result<Vec<RegisteredRule>, StoreError> {
        let state = self.lock();
        Ok(state
            .catalogue
            .rules
            .values()
            .map(|(_, rule)| rule.clone())
            .collect())
    }

    async fn set_rule_enabled(&self, rule: &Ref, enabled: bool) -> Result<bool, StoreError> {
        let now = self.now();
        let mut state = self.lock();
        let Some((_, stands)) = state.catalogue.rules.get_mut(rule) else {
            return Ok(false);
        };
        if stands.def.enabled != enabled {
            stands.def.enabled = enabled;
            stands.changed_at = now;
        }
        state.catalogue.generation += 1;
        Ok(true)
    }
}
