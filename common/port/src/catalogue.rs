//! Packs and what they hold: immutable, content-hashed versions, and which one is current.

use crate::{Page, PageRequest, StoreError};
use async_trait::async_trait;
use attune_pack::{ActionDef, PackDef, PolicyDef, RuleDef, SensorDef, TriggerDef};
use attune_types::{JsonMap, JsonValue, ProgramHash, Ref, Timestamp};
use bytes::Bytes;

/// A checked pack, to be made current in one transaction.
#[derive(Clone, Debug)]
pub struct PackRegistration {
    /// Its description.
    pub def: PackDef,
    /// SHA-256 of its files.
    pub content_hash: String,
    /// All its files, for workers (tar).
    pub archive: Bytes,
    /// The folder it came from, if from a folder.
    pub path: Option<String>,
    /// Its actions; workflows are among them.
    pub actions: Vec<RegisteredAction>,
    /// Its workflows' Programs and sources, and one wrapping Program per plain action.
    pub workflows: Vec<WorkflowRecord>,
    /// Its triggers.
    pub triggers: Vec<TriggerDef>,
    /// Its sensors.
    pub sensors: Vec<SensorDef>,
    /// Its rules; one that exists keeps whether it is enabled unless its file changed that.
    pub rules: Vec<RuleDef>,
    /// Its policies.
    pub policies: Vec<PolicyDef>,
    /// Login of who registers it.
    pub by: String,
}

/// An action with the Program that runs it.
#[derive(Clone, Debug)]
pub struct RegisteredAction {
    /// Its definition.
    pub def: ActionDef,
    /// The Program that a run of it follows.
    pub program: ProgramHash,
    /// Version text for people.
    pub version: String,
    /// Content hash of the pack version that it is from.
    pub pack_hash: String,
    /// False: gone from its pack, or disabled by somebody; kept for history.
    pub enabled: bool,
}

/// A Program as stored.
#[derive(Clone, Debug)]
pub struct WorkflowRecord {
    /// Its content hash.
    pub hash: ProgramHash,
    /// The workflow or action.
    pub reference: Ref,
    /// Version text.
    pub version: String,
    /// The Program (`Program::to_json`).
    pub program: JsonValue,
    /// The text that it was compiled from; none for a plain action.
    pub source: Option<String>,
    /// Its tags, by which people find it.
    pub tags: Vec<String>,
}

/// What a registration did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegistrationReport {
    /// The pack.
    pub pack: String,
    /// Its content hash.
    pub content_hash: String,
    /// What changed.
    pub changes: Vec<RegistrationChange>,
}

/// One thing that a registration touched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegistrationChange {
    /// `action`, `rule` ...
    pub kind: String,
    /// Which.
    pub reference: Ref,
    /// What happened to it.
    pub change: ChangeKind,
}

/// What happened to something at registration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeKind {
    /// It was not there before.
    New,
    /// Its content is another; a new version.
    Changed,
    /// It is as it was.
    Unchanged,
    /// It is no longer in the pack: disabled, its history kept.
    Gone,
    /// Its content is another, but what people made current over the API stays so: the pack's
    /// content is a version beside it.
    Kept,
}

/// A pack as lists show it.
#[derive(Clone, Debug)]
pub struct PackRecord {
    /// Its description.
    pub def: PackDef,
    /// Content hash of the current version.
    pub content_hash: String,
    /// The folder it came from.
    pub path: Option<String>,
    /// Its configuration: defaults of its schema, overridden by what was set.
    pub config: JsonMap,
    /// When this version became current.
    pub registered_at: Timestamp,
    /// Login of who registered it.
    pub registered_by: String,
}

/// A rule as it stands.
#[derive(Clone, Debug)]
pub struct RegisteredRule {
    /// Its definition; `enabled` says how it stands now.
    pub def: RuleDef,
    /// False: gone from its pack.
    pub present: bool,
    /// When it was last changed.
    pub changed_at: Timestamp,
}

/// A sensor as it stands.
#[derive(Clone, Debug)]
pub struct RegisteredSensor {
    /// Its definition.
    pub def: SensorDef,
    /// Content hash of the pack version that it is from.
    pub pack_hash: String,
    /// Whether it is to run.
    pub enabled: bool,
}

/// Packs, actions, triggers, sensors, rules.
#[async_trait]
pub trait CatalogueStore: Send + Sync {
    /// Makes a pack version current: all of it or nothing. Raises the generation.
    ///
    /// # Errors
    /// [`StoreError`] if nothing changed.
    async fn register(&self, pack: PackRegistration) -> Result<RegistrationReport, StoreError>;

    /// Stores Programs without naming them as any action's current one (inline definitions).
    ///
    /// # Errors
    /// [`StoreError`] if none was stored.
    async fn put_programs(&self, programs: Vec<WorkflowRecord>) -> Result<(), StoreError>;

    /// Raised by every change of the catalogue: caches keyed by it are right for ever.
    ///
    /// # Errors
    /// [`StoreError`] if it could not be read.
    async fn generation(&self) -> Result<u64, StoreError>;

    /// All current packs.
    ///
    /// # Errors
    /// [`StoreError`] if they could not be read.
    async fn packs(&self) -> Result<Vec<PackRecord>, StoreError>;

    /// One pack.
    ///
    /// # Errors
    /// [`StoreError`] if it could not be read.
    async fn pack(&self, name: &str) -> Result<Option<PackRecord>, StoreError>;

    /// The files of a pack version.
    ///
    /// # Errors
    /// [`StoreError`] if they could not be read.
    async fn archive(&self, content_hash: &str) -> Result<Option<Bytes>, StoreError>;

    /// Enabled actions in order of reference, of one pack if given.
    ///
    /// # Errors
    /// [`StoreError`] if they could not be read.
    async fn actions(
        &self,
        pack: Option<&str>,
        page: &PageRequest,
    ) -> Result<Page<RegisteredAction>, StoreError>;

    /// All actions that are not enabled: gone from their packs, or disabled workflows.
    ///
    /// # Errors
    /// [`StoreError`] if they could not be read.
    async fn retired_actions(&self) -> Result<Vec<RegisteredAction>, StoreError>;

    /// One action, enabled or not.
    ///
    /// # Errors
    /// [`StoreError`] if it could not be read.
    async fn action(&self, reference: &Ref) -> Result<Option<RegisteredAction>, StoreError>;

    /// A Program by hash.
    ///
    /// # Errors
    /// [`StoreError`] if it could not be read.
    async fn program(&self, hash: &ProgramHash) -> Result<Option<WorkflowRecord>, StoreError>;

    /// All triggers.
    ///
    /// # Errors
    /// [`StoreError`] if they could not be read.
    async fn triggers(&self) -> Result<Vec<TriggerDef>, StoreError>;

    /// All sensors that are in their packs.
    ///
    /// # Errors
    /// [`StoreError`] if they could not be read.
    async fn sensors(&self) -> Result<Vec<RegisteredSensor>, StoreError>;

    /// All rules, in order of reference.
    ///
    /// # Errors
    /// [`StoreError`] if they could not be read.
    async fn rules(&self) -> Result<Vec<RegisteredRule>, StoreError>;

    /// Turns a rule on or off. Answers whether there is such a rule. Raises the generation.
    ///
    /// # Errors
    /// [`StoreError`] if nothing changed.
    async fn set_rule_enabled(&self, rule: &Ref, enabled: bool) -> Result<bool, StoreError>;
}
