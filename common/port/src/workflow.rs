//! Workflows and their versions: numbered, immutable, one of them current.
//!
//! Owns what may be asked of and done to one workflow at a time. Whole packs are registered through
//! [`crate::CatalogueStore::register`], which adds to the same versions. Who decides which version is
//! current: a registration for a workflow of a pack, people for one that they made or changed over
//! the API. The second stays through registrations; the pack's content then becomes a version beside
//! it.

mod change;

pub use change::{Expect, WorkflowChange, WorkflowOutcome, WorkflowPut};

use crate::{Page, PageRequest, RegisteredAction, StoreError};
use async_trait::async_trait;
use attune_pack::ActionDef;
use attune_types::{ProgramHash, Ref, Timestamp};
use std::fmt;
use std::str::FromStr;

/// Where a version of a workflow came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WorkflowOrigin {
    /// The files of a pack.
    Pack,
    /// A request.
    Api,
}

impl WorkflowOrigin {
    /// `pack` or `api`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pack => "pack",
            Self::Api => "api",
        }
    }
}

impl FromStr for WorkflowOrigin {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "pack" => Ok(Self::Pack),
            "api" => Ok(Self::Api),
            other => Err(format!("`{other}` is no origin of a workflow")),
        }
    }
}

/// Which workflows to list; all of it must hold. Disabled ones are among them.
#[derive(Clone, Debug, Default)]
pub struct WorkflowFilter {
    /// Of this pack.
    pub pack: Option<String>,
    /// With this text in reference, label, description or tags; upper and lower case are the same.
    pub text: Option<String>,
    /// Carrying all of these tags.
    pub tags: Vec<String>,
    /// Whether it can be started.
    pub enabled: Option<bool>,
}

/// A workflow as it stands.
#[derive(Clone, Debug)]
pub struct WorkflowRow {
    /// Its current version as an action; `enabled` says whether it can be started.
    pub action: RegisteredAction,
    /// Number of the current version.
    pub number: u32,
    /// Who decides which version is current.
    pub origin: WorkflowOrigin,
    /// Hash of what its pack holds under this name, if the pack has it: another one than the current
    /// after a roll back or a change over the API.
    pub filed: Option<ProgramHash>,
    /// Somebody disabled it; otherwise, if it is not enabled, it is gone from its pack.
    pub disabled: bool,
    /// Its tags.
    pub tags: Vec<String>,
    /// The text of the current version as last given; none in lists.
    pub source: Option<String>,
    /// When another version became current, or it was disabled or enabled.
    pub changed_at: Timestamp,
    /// Login of who did that.
    pub changed_by: String,
    /// Differs whenever anything of the above does; empty in lists.
    pub etag: String,
}

/// A version of a workflow. Its Program never changes; its text may be given again in another form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkflowVersion {
    /// The workflow.
    pub reference: Ref,
    /// From 1, by the order of first registration.
    pub number: u32,
    /// Its identity.
    pub hash: ProgramHash,
    /// Version text for people.
    pub version: String,
    /// Where it first came from.
    pub origin: WorkflowOrigin,
    /// When it was first registered.
    pub created_at: Timestamp,
    /// Login of who did that.
    pub created_by: String,
    /// Whether a run started now would follow it.
    pub current: bool,
}

/// A version with what it holds.
#[derive(Clone, Debug)]
pub struct WorkflowVersionDetail {
    /// The version.
    pub version: WorkflowVersion,
    /// Its entry of the catalogue.
    pub def: ActionDef,
    /// The text that it was compiled from.
    pub source: Option<String>,
    /// Its tags.
    pub tags: Vec<String>,
}

/// How a version is named by people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VersionName {
    /// By number.
    Number(u32),
    /// By hash, or by the first characters of it.
    Hash(String),
}

/// Shortest beginning of a hash that names a version.
const SHORTEST_HASH: usize = 8;

impl FromStr for VersionName {
    type Err = String;

    /// Up to seven digits are a number; anything longer of hexadecimal digits is (the beginning of)
    /// a hash.
    fn from_str(text: &str) -> Result<Self, String> {
        if text.len() < SHORTEST_HASH
            && let Ok(number) = text.parse()
        {
            return Ok(Self::Number(number));
        }
        let hexadecimal = text
            .bytes()
            .all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
        if hexadecimal && (SHORTEST_HASH..=64).contains(&text.len()) {
            return Ok(Self::Hash(text.to_owned()));
        }
        Err(format!(
            "a version is named by its number, or by at least {SHORTEST_HASH} characters of its hash"
        ))
    }
}

impl fmt::Display for VersionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{number}"),
            Self::Hash(hash) => f.write_str(hash),
        }
    }
}

/// One entry of the record of what was current when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkflowRelease {
    /// From 1, without gaps.
    pub entry: u32,
    /// When.
    pub at: Timestamp,
    /// Login of who did it.
    pub by: String,
    /// What was done.
    pub what: ReleaseKind,
    /// The version that it was done with.
    pub number: u32,
}

/// What was done with a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReleaseKind {
    /// Registered, and so made current.
    Registered,
    /// Registered with its pack, but kept beside what people made current over the API.
    Beside,
    /// Made current again by hand.
    Activated,
    /// The workflow was disabled.
    Disabled,
}

impl ReleaseKind {
    /// Stable text.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Registered => "registered",
            Self::Beside => "beside",
            Self::Activated => "activated",
            Self::Disabled => "disabled",
        }
    }
}

impl FromStr for ReleaseKind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        [
            Self::Registered,
            Self::Beside,
            Self::Activated,
            Self::Disabled,
        ]
        .into_iter()
        .find(|kind| kind.as_str() == text)
        .ok_or_else(|| format!("`{text}` is nothing that happens to a version"))
    }
}

/// Workflows, one at a time. Every change raises the generation of the catalogue and adds to the
/// record of what was current when.
#[async_trait]
pub trait WorkflowStore: Send + Sync {
    /// Workflows in order of reference, the disabled ones too.
    ///
    /// # Errors
    /// [`StoreError`] if they could not be read.
    async fn workflows(
        &self,
        filter: &WorkflowFilter,
        page: &PageRequest,
    ) -> Result<Page<WorkflowRow>, StoreError>;

    /// One workflow with its text.
    ///
    /// # Errors
    /// [`StoreError`] if it could not be read.
    async fn workflow(&self, reference: &Ref) -> Result<Option<WorkflowRow>, StoreError>;

    /// Makes a definition current and the workflow startable: a new version unless it has been one
    /// before.
    ///
    /// # Errors
    /// [`StoreError`] if nothing changed.
    async fn put_workflow(&self, put: WorkflowPut) -> Result<WorkflowOutcome, StoreError>;

    /// Makes a version current again and the workflow startable.
    ///
    /// # Errors
    /// [`StoreError`] if nothing changed.
    async fn activate_version(
        &self,
        reference: &Ref,
        version: &VersionName,
        expect: &Expect,
        by: &str,
    ) -> Result<WorkflowOutcome, StoreError>;

    /// Disables a workflow: no new runs; everything else stays.
    ///
    /// # Errors
    /// [`StoreError`] if nothing changed.
    async fn disable_workflow(
        &self,
        reference: &Ref,
        expect: &Expect,
        by: &str,
    ) -> Result<WorkflowOutcome, StoreError>;

    /// The versions of a workflow, the newest first.
    ///
    /// # Errors
    /// [`StoreError`] if they could not be read.
    async fn versions(
        &self,
        reference: &Ref,
        page: &PageRequest,
    ) -> Result<Page<WorkflowVersion>, StoreError>;

    /// The versions of a workflow that a name fits: none, one, or two of several where it is the
    /// beginning of more than one hash.
    ///
    /// # Errors
    /// [`StoreError`] if they could not be read.
    async fn version(
        &self,
        reference: &Ref,
        version: &VersionName,
    ) -> Result<Vec<WorkflowVersionDetail>, StoreError>;

    /// The record of what was current when, the newest first.
    ///
    /// # Errors
    /// [`StoreError`] if it could not be read.
    async fn releases(
        &self,
        reference: &Ref,
        page: &PageRequest,
    ) -> Result<Page<WorkflowRelease>, StoreError>;
}

#[cfg(test)]
mod tests;
