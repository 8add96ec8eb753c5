//! How a family's resources are shared, as a pure function of how they stand.

use attune_port::Lease;

/// Who holds a resource, seen from the member that balances.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Held {
    /// Itself.
    Own,
    /// A live member.
    Other,
    /// A member that has not been heard of for too long.
    Lapsed,
    /// Nobody.
    Free,
}

/// One resource as it stands.
#[derive(Clone, Debug)]
pub(crate) struct Standing {
    pub(crate) resource: String,
    pub(crate) wanted: bool,
    pub(crate) epoch: u64,
    pub(crate) held: Held,
}

/// One resource that changes hands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) resource: String,
    /// Taken by the member that balances; otherwise given up.
    pub(crate) taken: bool,
    pub(crate) epoch: u64,
}

/// What the member owns after balancing among `live` members (itself included), and what is to be
/// written for that.
pub(crate) fn share(standing: Vec<Standing>, live: usize) -> (Vec<Lease>, Vec<Change>) {
    let wanted = standing.iter().filter(|one| one.wanted).count();
    let fair = wanted.div_ceil(live.max(1));
    let mut leases = Vec::new();
    let mut changes = Vec::new();
    let mut takeable = Vec::new();
    for one in standing {
        let keep = one.wanted && leases.len() < fair;
        match one.held {
            Held::Own if keep => leases.push(Lease {
                resource: one.resource,
                epoch: one.epoch,
            }),
            // Above the fair share, or no longer a resource of the family.
            Held::Own => changes.push(Change {
                resource: one.resource,
                taken: false,
                epoch: one.epoch,
            }),
            Held::Free | Held::Lapsed if one.wanted => takeable.push(one),
            Held::Lapsed | Held::Other if !one.wanted => changes.push(Change {
                resource: one.resource,
                taken: false,
                epoch: one.epoch,
            }),
            _ => {}
        }
    }
    for one in takeable {
        if leases.len() < fair {
            let epoch = one.epoch.saturating_add(1);
            changes.push(Change {
                resource: one.resource.clone(),
                taken: true,
                epoch,
            });
            leases.push(Lease {
                resource: one.resource,
                epoch,
            });
        }
    }
    leases.sort_by(|a, b| a.resource.cmp(&b.resource));
    (leases, changes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn standing(held: &[Held]) -> Vec<Standing> {
        held.iter()
            .enumerate()
            .map(|(n, held)| Standing {
                resource: n.to_string(),
                wanted: true,
                epoch: 5,
                held: *held,
            })
            .collect()
    }

    #[test]
    fn takes_free_and_lapsed_ones_up_to_the_share_with_a_raised_epoch() {
        let (leases, changes) = share(
            standing(&[Held::Free, Held::Lapsed, Held::Other, Held::Free]),
            2,
        );
        let names: Vec<&str> = leases.iter().map(|lease| lease.resource.as_str()).collect();
        assert_eq!(names, ["0", "1"]);
        assert!(leases.iter().all(|lease| lease.epoch == 6));
        assert!(changes.iter().all(|change| change.taken));
    }

    #[test]
    fn keeps_its_epoch_and_gives_up_the_excess() {
        let (leases, changes) = share(standing(&[Held::Own, Held::Own, Held::Own]), 2);
        assert_eq!(leases.len(), 2);
        assert!(leases.iter().all(|lease| lease.epoch == 5));
        assert_eq!(
            changes,
            [Change {
                resource: "2".to_owned(),
                taken: false,
                epoch: 5
            }]
        );
    }

    #[test]
    fn more_members_than_resources_leave_some_without() {
        let (leases, _) = share(standing(&[Held::Other]), 3);
        assert!(leases.is_empty());
    }
}
