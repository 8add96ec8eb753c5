//! A change to one workflow: what is asked, on what condition, what it does and what came of it.
//!
//! Owns the data, and the decisions that every store makes in the same way. Pure. Called by the stores
//! within their transactions.

use super::{ReleaseKind, WorkflowRow};
use crate::WorkflowRecord;
use attune_pack::{ActionDef, PackDef};

/// On what condition a workflow is changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Expect {
    /// None.
    #[default]
    Anything,
    /// There is none of that name, or it is the same already.
    New,
    /// It stands as it did when it had this etag.
    Etag(String),
}

impl Expect {
    /// Whether a workflow stands as expected; `New` is judged by [`WorkflowPut::settled`].
    pub fn meets(&self, now: Option<&WorkflowRow>) -> bool {
        match self {
            Self::Anything | Self::New => true,
            Self::Etag(etag) => now.is_some_and(|row| row.etag == *etag),
        }
    }
}

/// A checked definition, to be made the current version of its workflow.
#[derive(Clone, Debug)]
pub struct WorkflowPut {
    /// Its Program and text.
    pub record: WorkflowRecord,
    /// Its entry of the catalogue.
    pub def: ActionDef,
    /// Its pack, where that is not known yet: an empty one of that name is made.
    pub pack: PackDef,
    /// Content hash of that empty pack.
    pub pack_hash: String,
    /// On what condition.
    pub expect: Expect,
    /// Login of who gives it.
    pub by: String,
}

impl WorkflowPut {
    /// What it comes to where nothing is to be changed: the workflow does not stand as expected, or
    /// is the same already.
    pub fn settled(&self, now: Option<&WorkflowRow>) -> Option<WorkflowOutcome> {
        if !self.expect.meets(now) {
            return Some(WorkflowOutcome::Changed);
        }
        let row = now.filter(|row| row.action.enabled)?;
        let same = row.action.program == self.record.hash
            && row.action.def == self.def
            && row.source == self.record.source
            && row.tags == self.record.tags;
        if same {
            return Some(WorkflowOutcome::unchanged(row.clone()));
        }
        (self.expect == Expect::New).then_some(WorkflowOutcome::Exists)
    }

    /// What it does to the workflow; `known`: it had a version of that content before.
    pub fn change(&self, now: Option<&WorkflowRow>, known: bool) -> WorkflowChange {
        match now {
            None => WorkflowChange::New,
            Some(_) if !known => WorkflowChange::NewVersion,
            Some(row) if row.action.program != self.record.hash => WorkflowChange::Activated,
            Some(row) if row.action.enabled => WorkflowChange::Text,
            Some(_) => WorkflowChange::Enabled,
        }
    }
}

/// What came of a change to one workflow.
#[derive(Clone, Debug)]
pub enum WorkflowOutcome {
    /// It stands as asked.
    Done {
        /// What was needed for it.
        change: WorkflowChange,
        /// Whether its pack was made for it.
        new_pack: bool,
        /// How it stands now.
        row: Box<WorkflowRow>,
    },
    /// There is no such workflow, or no such version of it.
    Unknown,
    /// There is one already, and another.
    Exists,
    /// It no longer stands as expected.
    Changed,
    /// The name is that of an action that is no workflow.
    NotAWorkflow,
    /// The beginning of a hash fits several versions.
    Ambiguous,
}

impl WorkflowOutcome {
    /// It stood as asked already.
    pub fn unchanged(row: WorkflowRow) -> Self {
        Self::Done {
            change: WorkflowChange::Unchanged,
            new_pack: false,
            row: Box::new(row),
        }
    }
}

/// What a change to one workflow did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WorkflowChange {
    /// The workflow is new.
    New,
    /// It has a new version.
    NewVersion,
    /// A version that it had before is current again.
    Activated,
    /// The same version, given in another form.
    Text,
    /// The same version, and it can be started again.
    Enabled,
    /// It can no longer be started.
    Disabled,
    /// Nothing.
    Unchanged,
}

impl WorkflowChange {
    /// What making a version current does.
    pub const fn of_activation(current: bool) -> Self {
        if current {
            Self::Enabled
        } else {
            Self::Activated
        }
    }

    /// What stands in the record of what was current when; none if that stays as it was.
    pub const fn release(self) -> Option<ReleaseKind> {
        match self {
            Self::New | Self::NewVersion => Some(ReleaseKind::Registered),
            Self::Activated | Self::Enabled => Some(ReleaseKind::Activated),
            Self::Disabled => Some(ReleaseKind::Disabled),
            Self::Text | Self::Unchanged => None,
        }
    }
}
