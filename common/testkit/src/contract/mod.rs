//! The contract suite of the stores: what the docstrings of the ports promise, as tests that run on
//! every adapter.
//!
//! A test file implements [`Harness`] and calls [`store_contract!`](crate::store_contract), which makes
//! one test per property, each on a store of its own. Times are tested against the store's own clock,
//! which the harness lets pass; a test waits for what must have happened, never for what should.

pub mod catalogue;
pub mod dedupe;
pub mod event;
pub mod fixture;
pub mod identity;
pub mod inbox;
pub mod key;
pub mod lease;
pub mod load;
pub mod read;
pub mod run;
pub mod schedule;
pub mod slot;
pub mod tag;
pub mod work;
pub mod workflow;

use crate::{FakeClock, MemoryStore};
use async_trait::async_trait;
use attune_port::{Clock as _, Stores};
use attune_types::Timestamp;
use std::time::Duration;

/// An empty store under test.
#[async_trait]
pub trait Harness: Send + Sync {
    /// The store.
    fn stores(&self) -> &Stores;
    /// The time by the store's clock, or close to it.
    fn now(&self) -> Timestamp;
    /// Lets at least so much time pass for the store.
    async fn pass(&self, time: Duration);
}

/// The stores in memory under a clock set by hand.
pub struct MemoryHarness {
    stores: Stores,
    clock: FakeClock,
}

impl MemoryHarness {
    /// An empty one.
    pub fn new() -> Self {
        let clock = FakeClock::default();
        Self {
            stores: MemoryStore::new(clock.clone()).stores(),
            clock,
        }
    }
}

impl Default for MemoryHarness {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait]
impl Harness for MemoryHarness {
    fn stores(&self) -> &Stores {
        &self.stores
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    async fn pass(&self, time: Duration) {
        self.clock.advance(time);
    }
}

/// Makes one `#[tokio::test]` per property of the contract. The expression is a future that gives a
/// [`Harness`] in an `anyhow::Result`; it is evaluated once per test.
#[macro_export]
macro_rules! store_contract {
    ($harness:expr) => {
        $crate::store_contract!(@group $harness, run: [
            opens_once, takes_over_a_history, key_names_one_request, repeated_in_one_call, keeps_what_it_is_given,
            appends_and_loads, gap_in_events_is_refused, wrong_seq_fails_that_run_only,
            wrong_epoch_fails_that_run_only, takeover_fences_the_former_owner,
            two_writers_one_wins, nul_fails_that_run_only, big_payload_comes_back,
            large_batch, one_append_per_run_in_a_batch,
        ]);
        $crate::store_contract!(@group $harness, load: [
            snapshot_shortens_the_load, quarantine_takes_a_run_out, quarantine_tells_the_parent, active_runs_in_pages,
            terminal_run_is_not_active,
        ]);
        $crate::store_contract!(@group $harness, inbox: [
            commands_wait_until_answered, commands_for_nobody_are_dropped, end_clears_the_inbox,
            append_sends_to_other_runs, refused_append_leaves_no_trace, timers_fall_due_in_order,
            forgotten_runs_fall_due, next_wake_lies_ahead, ended_runs_may_be_asked_to_undo,
            ended_runs_may_be_asked_to_go_on, whoever_had_a_lost_run_retried_is_told,
        ]);
        $crate::store_contract!(@group $harness, event: [
            recorded_once, ingested_once, recorded_then_ingested, fired_runs_are_opened,
            pending_until_seen, emitted_by_an_append,
            events_and_enforcements_in_pages, events_with_nul_are_refused,
        ]);
        $crate::store_contract!(@group $harness, dedupe: [
            dedupe_text_is_held_while_its_run_is_active, dedupe_within_one_batch,
            concurrent_ingests_fire_once,
        ]);
        $crate::store_contract!(@group $harness, work: [
            claimed_once, claims_need_an_active_run, settled_attempts_cannot_be_claimed,
            heartbeat_names_what_is_settled, silent_claims_are_lost, goodbye_loses_at_once,
            workers_are_listed, queues_are_known_while_in_use, log_lines_in_order, log_positions_miss_nothing,
        ]);
        $crate::store_contract!(@group $harness, lease: [
            fair_shares, renewal_keeps_the_epoch, lapsed_leases_are_taken_over,
            leaving_hands_back_at_once, resources_may_change, more_members_than_resources,
            concurrent_balances_never_overlap,
        ]);
        $crate::store_contract!(@group $harness, schedule: [
            made_once, ticks_once, ticks_in_one_batch, skips, cursors_are_kept, statuses_are_kept,
        ]);
        $crate::store_contract!(@group $harness, slot: [
            places_go_round_in_order, lines_are_told_apart, refused_ones_stand_in_no_line,
            the_oldest_make_room, ended_runs_get_no_place, a_refused_end_keeps_the_place, a_place_is_asked_for_again,
            no_place_is_lost, many_at_once_keep_the_limit,
        ]);
        $crate::store_contract!(@group $harness, catalogue: [
            registers_and_reads_back, reports_what_changed, enabled_rules_stay_enabled,
            generation_rises, programs_are_stored_once, actions_in_pages,
        ]);
        $crate::store_contract!(@group $harness, workflow: [
            registrations_number_versions, puts_and_conditions, plain_actions_keep_their_names,
            roll_backs_last_until_the_pack_changes, what_people_made_survives_registrations,
            disabled_until_enabled_by_hand, workflows_are_found,
        ]);
        $crate::store_contract!(@group $harness, identity: [
            logins_are_unique, updates_end_sessions, tokens_until_revoked, audit_newest_first,
            identities_in_pages,
        ]);
        $crate::store_contract!(@group $harness, key: [
            values_come_back, changes_expect_a_version, sealed_values_belong_to_a_name,
            keys_in_pages,
        ]);
        $crate::store_contract!(@group $harness, read: [
            lists_newest_first_and_filters, pages_are_complete_under_inserts,
            foreign_cursor_is_refused, tasks_in_the_order_of_the_log, children_are_listed,
            history_goes_on, details_of_a_run, unknown_things_are_none,
        ]);
        $crate::store_contract!(@group $harness, tag: [trace_tags_find_runs]);
    };
    (@group $harness:expr, $group:ident: [$($name:ident),* $(,)?]) => {
        mod $group {
            use super::*;
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $name() -> anyhow::Result<()> {
                    let harness = $harness.await?;
                    $crate::contract::$group::$name(&harness).await
                }
            )*
        }
    };
}
