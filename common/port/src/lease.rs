//! Leases: who owns which shard or sensor, by rows and the database's clock.

use crate::StoreError;
use async_trait::async_trait;
use std::time::Duration;
use uuid::Uuid;

/// One owned resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// Name of the resource within its group (`7`, `core.disk`).
    pub resource: String,
    /// Raised at each change of owner; fences writes of former owners.
    pub epoch: u64,
}

/// A member of a group as `members` lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its id.
    pub id: Uuid,
    /// Its name, for people.
    pub name: String,
    /// How long ago it was heard of.
    pub seen_ago: Duration,
    /// What it owns.
    pub leases: Vec<Lease>,
}

/// Fair sharing of named resources among the live members of a group.
#[async_trait]
pub trait LeaseStore: Send + Sync {
    /// One heartbeat: tells that `member` lives, renews what it holds, gives up what is above its
    /// fair share (all resources divided by live members, rounded up), takes free or lapsed ones up
    /// to it, and answers what it owns now. A taken resource has a raised epoch; a renewed one keeps
    /// it. Resources of the group that are not in `resources` are dropped.
    ///
    /// # Errors
    /// [`StoreError`] if nothing changed; what was held lapses after its `ttl`.
    async fn balance(
        &self,
        group: &str,
        member: Uuid,
        name: &str,
        resources: &[String],
        ttl: Duration,
    ) -> Result<Vec<Lease>, StoreError>;

    /// Hands everything back at once and leaves the group.
    ///
    /// # Errors
    /// [`StoreError`] if it did not happen; the leases lapse by themselves.
    async fn leave(&self, group: &str, member: Uuid) -> Result<(), StoreError>;

    /// The live members of a group.
    ///
    /// # Errors
    /// [`StoreError`] if they could not be read.
    async fn members(&self, group: &str) -> Result<Vec<Member>, StoreError>;
}
