//! Leases: fair shares, epochs, takeover.

use super::Harness;
use super::fixture::LONG;
use anyhow::Result;
use attune_port::Lease;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use uuid::Uuid;

const SHORT: Duration = Duration::from_millis(50);

fn names(count: usize) -> Vec<String> {
    (0..count).map(|n| format!("r{n:02}")).collect()
}

async fn balance(
    harness: &dyn Harness,
    member: Uuid,
    resources: &[String],
    ttl: Duration,
) -> Result<BTreeMap<String, u64>> {
    let leases: Vec<Lease> = harness
        .stores()
        .leases
        .balance("things", member, "m", resources, ttl)
        .await?;
    Ok(leases
        .into_iter()
        .map(|lease| (lease.resource, lease.epoch))
        .collect())
}

fn disjoint(shares: &[&BTreeMap<String, u64>]) -> bool {
    let mut seen = BTreeSet::new();
    shares
        .iter()
        .flat_map(|share| share.keys())
        .all(|name| seen.insert(name))
}

/// The first takes all; a second gets its half as the first gives up; nothing is owned twice.
pub async fn fair_shares(harness: &dyn Harness) -> Result<()> {
    let all = names(16);
    let (a, b, c) = (Uuid::new_v4(), Uuid::new_v4(), Uuid::new_v4());
    assert_eq!(balance(harness, a, &all, LONG).await?.len(), 16);
    assert!(balance(harness, b, &all, LONG).await?.is_empty());
    let of_a = balance(harness, a, &all, LONG).await?;
    let of_b = balance(harness, b, &all, LONG).await?;
    assert_eq!((of_a.len(), of_b.len()), (8, 8));
    assert!(disjoint(&[&of_a, &of_b]));
    balance(harness, c, &all, LONG).await?;
    let of_a = balance(harness, a, &all, LONG).await?;
    let of_b = balance(harness, b, &all, LONG).await?;
    let of_c = balance(harness, c, &all, LONG).await?;
    assert_eq!((of_a.len(), of_b.len(), of_c.len()), (6, 6, 4));
    assert!(disjoint(&[&of_a, &of_b, &of_c]));
    let members = harness.stores().leases.members("things").await?;
    assert_eq!(members.len(), 3);
    assert_eq!(
        members
            .iter()
            .map(|member| member.leases.len())
            .sum::<usize>(),
        16
    );
    assert!(harness.stores().leases.members("others").await?.is_empty());
    Ok(())
}

/// A renewed lease keeps its epoch; one that changes hands gets a higher one.
pub async fn renewal_keeps_the_epoch(harness: &dyn Harness) -> Result<()> {
    let all = names(4);
    let (a, b) = (Uuid::new_v4(), Uuid::new_v4());
    let first = balance(harness, a, &all, LONG).await?;
    assert_eq!(balance(harness, a, &all, LONG).await?, first);
    balance(harness, b, &all, LONG).await?;
    let kept = balance(harness, a, &all, LONG).await?;
    assert_eq!(kept.len(), 2);
    assert!(
        kept.iter()
            .all(|(name, epoch)| first.get(name) == Some(epoch))
    );
    let taken = balance(harness, b, &all, LONG).await?;
    assert_eq!(taken.len(), 2);
    assert!(
        taken
            .iter()
            .all(|(name, epoch)| first.get(name) < Some(epoch))
    );
    Ok(())
}

/// What a silent member holds is taken over, with a higher epoch; when it comes back it is told.
pub async fn lapsed_leases_are_taken_over(harness: &dyn Harness) -> Result<()> {
    let all = names(3);
    let (a, b) = (Uuid::new_v4(), Uuid::new_v4());
    let first = balance(harness, a, &all, SHORT).await?;
    harness.pass(SHORT * 6).await;
    let second = balance(harness, b, &all, LONG).await?;
    assert_eq!(second.len(), 3);
    assert!(
        second
            .iter()
            .all(|(name, epoch)| first.get(name) < Some(epoch))
    );
    let members = harness.stores().leases.members("things").await?;
    assert_eq!(
        members.iter().map(|member| member.id).collect::<Vec<_>>(),
        [b]
    );
    assert!(balance(harness, a, &all, LONG).await?.is_empty());
    Ok(())
}

/// What a leaving member had can be taken at once.
pub async fn leaving_hands_back_at_once(harness: &dyn Harness) -> Result<()> {
    let all = names(3);
    let (a, b) = (Uuid::new_v4(), Uuid::new_v4());
    let first = balance(harness, a, &all, LONG).await?;
    harness.stores().leases.leave("things", a).await?;
    let second = balance(harness, b, &all, LONG).await?;
    assert_eq!(second.len(), 3);
    assert!(
        second
            .iter()
            .all(|(name, epoch)| first.get(name) < Some(epoch))
    );
    Ok(())
}

/// Resources come and go; one that comes back has a higher epoch still.
pub async fn resources_may_change(harness: &dyn Harness) -> Result<()> {
    let a = Uuid::new_v4();
    let first = balance(harness, a, &names(3), LONG).await?;
    let fewer = balance(harness, a, &names(1), LONG).await?;
    assert_eq!(fewer.keys().collect::<Vec<_>>(), ["r00"]);
    let again = balance(harness, a, &names(3), LONG).await?;
    assert_eq!(again.len(), 3);
    assert_eq!(again["r00"], first["r00"]);
    assert!(again["r02"] > first["r02"]);
    assert!(balance(harness, a, &[], LONG).await?.is_empty());
    Ok(())
}

/// With more members than resources some have none.
pub async fn more_members_than_resources(harness: &dyn Harness) -> Result<()> {
    let one = names(1);
    let (a, b) = (Uuid::new_v4(), Uuid::new_v4());
    assert_eq!(balance(harness, a, &one, LONG).await?.len(), 1);
    assert!(balance(harness, b, &one, LONG).await?.is_empty());
    assert_eq!(balance(harness, a, &one, LONG).await?.len(), 1);
    Ok(())
}

/// Members that balance at the same time never own the same thing, and in the end own everything.
pub async fn concurrent_balances_never_overlap(harness: &dyn Harness) -> Result<()> {
    let all = names(16);
    let members: Vec<Uuid> = (0..5).map(|_| Uuid::new_v4()).collect();
    let mut shares = Vec::new();
    for _ in 0..4 {
        let round = members
            .iter()
            .map(|member| balance(harness, *member, &all, LONG));
        shares = futures::future::join_all(round)
            .await
            .into_iter()
            .collect::<Result<Vec<_>>>()?;
    }
    assert!(disjoint(&shares.iter().collect::<Vec<_>>()));
    assert_eq!(shares.iter().map(BTreeMap::len).sum::<usize>(), 16);
    assert!(shares.iter().all(|share| share.len() <= 4));
    Ok(())
}
