//! Leases in memory.

use super::{MemoryStore, since};
use async_trait::async_trait;
use attune_port::{Lease, LeaseStore, Member, StoreError};
use attune_types::Timestamp;
use std::collections::BTreeMap;
use std::time::Duration;
use uuid::Uuid;

#[derive(Default)]
pub(super) struct Leases {
    groups: BTreeMap<String, Group>,
}

#[derive(Default)]
struct Group {
    members: BTreeMap<Uuid, Seen>,
    /// Owner and epoch; kept when nobody owns it, so that the epoch only grows.
    leases: BTreeMap<String, (Option<Uuid>, u64)>,
}

struct Seen {
    name: String,
    at: Timestamp,
    ttl: Duration,
}

impl Leases {
    pub(super) fn is_held(&self, group: &str, resource: &str, owner: Uuid, epoch: u64) -> bool {
        self.groups
            .get(group)
            .and_then(|group| group.leases.get(resource))
            .is_some_and(|lease| *lease == (Some(owner), epoch))
    }
}

impl Group {
    fn is_live(&self, member: Uuid, now: Timestamp) -> bool {
        self.members
            .get(&member)
            .is_some_and(|seen| since(now, seen.at) < seen.ttl)
    }

    fn owned(&self, member: Uuid) -> Vec<Lease> {
        self.leases
            .iter()
            .filter(|(_, (owner, _))| *owner == Some(member))
            .map(|(resource, (_, epoch))| Lease {
                resource: resource.clone(),
                epoch: *epoch,
            })
            .collect()
    }
}

#[async_trait]
impl LeaseStore for MemoryStore {
    async fn balance(
        &self,
        group: &str,
        member: Uuid,
        name: &str,
        resources: &[String],
        ttl: Duration,
    ) -> Result<Vec<Lease>, StoreError> {
        let now = self.now();
        let mut state = self.lock();
        let group = state.leases.groups.entry(group.to_owned()).or_default();
        group.members.insert(
            member,
            Seen {
                name: name.to_owned(),
                at: now,
                ttl,
            },
        );
        for resource in resources {
            group.leases.entry(resource.clone()).or_insert((None, 0));
        }
        for (resource, lease) in &mut group.leases {
            if !resources.contains(resource) {
                lease.0 = None;
            }
        }
        let live: Vec<Uuid> = group
            .members
            .keys()
            .copied()
            .filter(|id| group.is_live(*id, now))
            .collect();
        let fair = resources.len().div_ceil(live.len().max(1));
        let mut held = 0;
        for lease in group
            .leases
            .values_mut()
            .filter(|lease| lease.0 == Some(member))
        {
            held += 1;
            if held > fair {
                lease.0 = None;
            }
        }
        held = held.min(fair);
        for (resource, (owner, epoch)) in &mut group.leases {
            let takeable = owner.is_none_or(|owner| !live.contains(&owner));
            if takeable && held < fair && resources.contains(resource) {
                *owner = Some(member);
                *epoch += 1;
                held += 1;
            }
        }
        Ok(group.owned(member))
    }

    async fn leave(&self, group: &str, member: Uuid) -> Result<(), StoreError> {
        let mut state = self.lock();
        if let Some(group) = state.leases.groups.get_mut(group) {
            group.members.remove(&member);
            for lease in group.leases.values_mut() {
                if lease.0 == Some(member) {
                    lease.0 = None;
                }
            }
        }
        Ok(())
    }

    async fn members(&self, group: &str) -> Result<Vec<Member>, StoreError> {
        let now = self.now();
        let state = self.lock();
        let Some(group) = state.leases.groups.get(group) else {
            return Ok(Vec::new());
        };
        let mut members: Vec<Member> = group
            .members
            .iter()
            .filter(|(id, _)| group.is_live(**id, now))
            .map(|(id, seen)| Member {
                id: *id,
                name: seen.name.clone(),
                seen_ago: since(now, seen.at),
                leases: group.owned(*id),
            })
            .collect();
        members.sort_by(|a, b| (&a.name, a.id).cmp(&(&b.name, b.id)));
        Ok(members)
    }
}
