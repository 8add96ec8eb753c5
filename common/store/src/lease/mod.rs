//! Leases on PostgreSQL: who owns which shard or sensor.
//!
//! Owns `lease` and `lease_member`. A lease is held for as long as its owner is a live member, by the
//! database's clock. A balance is one short transaction under a lock of its family; what changes hands
//! is written to the lease rows, which an append share-locks: so a takeover waits for the appends that
//! are under way, and every later one of the former owner sees the raised epoch.

mod share;

use crate::columns::{int, uint};
use crate::error::Failure as _;
use crate::json;
use crate::pool::PgStore;
use crate::time;
use async_trait::async_trait;
use attune_port::{Lease, LeaseStore, Member, StoreError};
use share::{Change, Held, Standing, share};
use sqlx::Row as _;
use std::time::Duration;
use uuid::Uuid;

#[async_trait]
impl LeaseStore for PgStore {
    async fn balance(
        &self,
        group: &str,
        member: Uuid,
        name: &str,
        resources: &[String],
        ttl: Duration,
    ) -> Result<Vec<Lease>, StoreError> {
        for text in resources.iter().map(String::as_str).chain([group, name]) {
            json::check_text(text)?;
        }
        let mut transaction = self.engine.begin().await.store()?;
        sqlx::query(include_str!("lock.sql"))
            .bind(group)
            .execute(&mut *transaction)
            .await
            .store()?;
        sqlx::query(include_str!("beat.sql"))
            .bind(group)
            .bind(member)
            .bind(name)
            .bind(time::seconds(ttl))
            .execute(&mut *transaction)
            .await
            .store()?;
        let rows = sqlx::query(include_str!("survey.sql"))
            .bind(group)
            .bind(resources)
            .fetch_all(&mut *transaction)
            .await
            .store()?;
        let mut live = 1;
        let mut standing = Vec::with_capacity(rows.len());
        for row in &rows {
            let owner: Option<Uuid> = row.try_get("owner").store()?;
            let held: bool = row.try_get("held").store()?;
            live = uint(row.try_get("live").store()?);
            standing.push(Standing {
                resource: row.try_get("resource").store()?,
                wanted: row.try_get("wanted").store()?,
                epoch: uint(row.try_get("epoch").store()?),
                held: match owner {
                    Some(owner) if owner == member => Held::Own,
                    Some(_) if held => Held::Other,
                    Some(_) => Held::Lapsed,
                    None => Held::Free,
                },
            });
        }
        let (leases, changes) = share(standing, usize::try_from(live).unwrap_or(1));
        if !changes.is_empty() {
            let owner = |change: &Change| change.taken.then_some(member);
            sqlx::query(include_str!("share.sql"))
                .bind(group)
                .bind(
                    changes
                        .iter()
                        .map(|c| c.resource.clone())
                        .collect::<Vec<_>>(),
                )
                .bind(changes.iter().map(owner).collect::<Vec<_>>())
                .bind(changes.iter().map(|c| int(c.epoch)).collect::<Vec<_>>())
                .execute(&mut *transaction)
                .await
                .store()?;
            sqlx::query(include_str!("tidy.sql"))
                .bind(group)
                .execute(&mut *transaction)
                .await
                .store()?;
        }
        transaction.commit().await.store()?;
        Ok(leases)
    }

    async fn leave(&self, group: &str, member: Uuid) -> Result<(), StoreError> {
        let mut transaction = self.engine.begin().await.store()?;
        sqlx::query(include_str!("lock.sql"))
            .bind(group)
            .execute(&mut *transaction)
            .await
            .store()?;
        sqlx::query(include_str!("leave.sql"))
            .bind(group)
            .bind(member)
            .execute(&mut *transaction)
            .await
            .store()?;
        transaction.commit().await.store()
    }

    async fn members(&self, group: &str) -> Result<Vec<Member>, StoreError> {
        let rows = sqlx::query(include_str!("members.sql"))
            .bind(group)
            .fetch_all(&self.people)
            .await
            .store()?;
        rows.iter()
            .map(|row| {
                let resources: Vec<String> = row.try_get("resources").store()?;
                let epochs: Vec<i64> = row.try_get("epochs").store()?;
                Ok(Member {
                    id: row.try_get("id").store()?,
                    name: row.try_get("name").store()?,
                    seen_ago: time::duration(row.try_get("seen_ago").store()?),
                    leases: resources
                        .into_iter()
                        .zip(epochs)
                        .map(|(resource, epoch)| Lease {
                            resource,
                            epoch: uint(epoch),
                        })
                        .collect(),
                })
            })
            .collect()
    }
}
