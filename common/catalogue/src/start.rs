//! Preparing a run: from "this action with these parameters" to the row and event that open it.
//!
//! The one place where a run's header is put together, whoever starts it: REST, a rule, or a parent
//! run. Secret values are sealed here, after they were checked and before there is an event that could
//! hold them. Does no IO.

use crate::Snapshot;
use attune_flow::program::{ProgramKind, RunLimits};
use attune_flow::run::{Event, Origin, Parent, RunHeader, RunState, Secrets, Withheld};
use attune_pack::{FieldError, Runner};
use attune_port::{
    CarriedHistory, KeyStore, NewRun, RegisteredAction, RunKey, StoreError, StoredEvent,
};
use attune_types::{
    ErrorInfo, JsonMap, NulByte, Ref, RunId, Timestamp, code, find_nul, pointer_escape,
};
use serde_json::json;
use std::collections::BTreeMap;

/// What is asked for.
#[derive(Clone, Debug)]
pub struct StartRequest {
    /// Id of the new run.
    pub run: RunId,
    /// The action; a workflow is one.
    pub action: Ref,
    /// As given, not yet validated.
    pub parameters: JsonMap,
    /// What started it.
    pub origin: Origin,
    /// The task that waits for it.
    pub parent: Option<Parent>,
    /// How many runs stand above it.
    pub depth: u32,
    /// Login of who started it.
    pub started_by: String,
    /// Labels by the caller.
    pub labels: BTreeMap<String, String>,
    /// W3C `traceparent`.
    pub trace: Option<String>,
    /// Address of the API as actions see it.
    pub api_url: String,
    /// The idempotency key that names the run.
    pub key: Option<RunKey>,
}

/// What opening a run takes beside the request.
#[derive(Clone, Copy)]
pub struct Opening<'a> {
    /// The time.
    pub at: Timestamp,
    /// Bytes that nobody can guess.
    pub entropy: [u8; 16],
    /// What seals secret values.
    pub keys: &'a dyn KeyStore,
}

/// Why a run cannot be opened.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum StartError {
    /// The catalogue has no such action.
    #[error("there is no action `{action}`{}", .nearest.as_ref().map(|name| format!("; did you mean `{name}`?")).unwrap_or_default())]
    UnknownAction {
        /// What was asked for.
        action: Ref,
        /// The nearest name that exists.
        nearest: Option<String>,
    },
    /// The action is gone from its pack, or somebody disabled the workflow.
    #[error(
        "`{action}` is disabled and cannot be started: it is no longer in its pack, or somebody disabled it"
    )]
    Disabled {
        /// What was asked for.
        action: Ref,
    },
    /// The parameters do not fit the action's schema.
    #[error("the parameters of `{action}` are not right: {}", list(.errors))]
    Invalid {
        /// What was asked for.
        action: Ref,
        /// All that is wrong, each with its place.
        errors: Vec<FieldError>,
    },
    /// Runs are nested too deeply.
    #[error(
        "`{action}` would be run number {depth} above one another; the limit is {limit} (`limits.depth`)"
    )]
    TooDeep {
        /// What was asked for.
        action: Ref,
        /// Its depth.
        depth: u32,
        /// The limit.
        limit: u32,
    },
    /// Secret values cannot be sealed, so nothing may be stored.
    #[error("`{action}` is given secret values, and they cannot be sealed: {reason}")]
    NotSealed {
        /// What was asked for.
        action: Ref,
        /// What is missing.
        reason: String,
    },
    /// A value holds a character that cannot be stored.
    #[error("{0}")]
    Nul(#[from] NulByte),
}

fn list(errors: &[FieldError]) -> String {
    let all: Vec<String> = errors
        .iter()
        .map(|error| format!("{}: {}", error.pointer, error.message))
        .collect();
    all.join("; ")
}

impl StartError {
    /// The same as the error of a task that was to start it.
    pub fn to_error_info(&self) -> ErrorInfo {
        let code = match self {
            Self::TooDeep { .. } => code::DEPTH_LIMIT,
            Self::Invalid { .. } | Self::Nul(_) => code::INPUT_INVALID,
            Self::UnknownAction { .. } | Self::Disabled { .. } | Self::NotSealed { .. } => {
                code::START_FAILED
            }
        };
        let info = ErrorInfo::new(code, self.to_string());
        match self {
            Self::Invalid { errors, .. } => info.with_details(json!({ "errors": errors })),
            _ => info,
        }
    }
}

/// Checks the request and puts together what opens the run.
///
/// # Errors
/// [`StartError`], with all wrong parameters at once.
pub fn prepare(
    catalogue: &Snapshot,
    request: StartRequest,
    opening: &Opening<'_>,
) -> Result<NewRun, StartError> {
    let action =
        catalogue
            .actions
            .get(&request.action)
            .ok_or_else(|| StartError::UnknownAction {
                nearest: catalogue.nearest_action(&request.action),
                action: request.action.clone(),
            })?;
    if !action.enabled {
        return Err(StartError::Disabled {
            action: request.action,
        });
    }
    open(catalogue, action, request, opening)
}

/// As [`prepare`], for an action that is not in the catalogue: a definition that came with the
/// request.
///
/// # Errors
/// [`StartError`], with all wrong parameters at once.
pub fn prepare_inline(
    catalogue: &Snapshot,
    action: &RegisteredAction,
    request: StartRequest,
    opening: &Opening<'_>,
) -> Result<NewRun, StartError> {
    open(catalogue, action, request, opening)
}

fn open(
    catalogue: &Snapshot,
    action: &RegisteredAction,
    request: StartRequest,
    opening: &Opening<'_>,
) -> Result<NewRun, StartError> {
    let limits = catalogue.limits.run;
    let limit = limits.depth;
    if request.depth >= limit {
        return Err(StartError::TooDeep {
            action: request.action,
            depth: request.depth + 1,
            limit,
        });
    }
    // What the run above passes on is not seen here; of that only the type is checked.
    let passed = request.parent.as_ref().and_then(|p| p.secrets.as_ref());
    let parameters = action
        .def
        .parameters
        .validate_around(&request.parameters, &|text| passed?.hidden_type(text))
        .map_err(|errors| StartError::Invalid {
            action: request.action.clone(),
            errors,
        })?;
    for (name, value) in &parameters {
        if let Some(nul) = find_nul(value) {
            let pointer = format!("/{}{}", pointer_escape(name), nul.pointer);
            return Err(NulByte { pointer }.into());
        }
    }
    let pack = catalogue.packs.get(request.action.pack());
    let mut header = RunHeader {
        run: request.run,
        program: action.program.clone(),
        action: request.action,
        version: action.version.clone(),
        kind: if action.def.runner == Runner::Workflow {
            ProgramKind::Workflow
        } else {
            ProgramKind::Action
        },
        parameters,
        pack_config: pack.map(|pack| pack.config.clone()).unwrap_or_default(),
        packs: pins(catalogue, action),
        parent: request.parent,
        depth: request.depth,
        origin: request.origin,
        started_by: request.started_by,
        hidden: action.def.parameters.secrets().to_vec(),
        secrets: None,
        labels: request.labels,
        trace: request.trace,
        api_url: request.api_url,
        limits: (limits != RunLimits::default()).then_some(limits),
        rerun: None,
    };
    header.secrets = sealed(catalogue, &mut header, opening)?;
    let mut key = request.key;
    if header.secrets.is_some()
        && let Some(key) = &mut key
    {
        // The hash of a request with a secret in it would let values be tried out.
        let hash = opening.keys.fingerprint(key.body_hash.as_bytes());
        key.body_hash = hash.map_err(|error| not_sealed(&header.action, error))?;
    }
    Ok(new_run(header, key, opening.at))
}

/// Takes the secret values out of all that the run is given and seals them: parameters, configuration,
/// and the payload of the event behind it.
fn sealed(
    catalogue: &Snapshot,
    header: &mut RunHeader,
    opening: &Opening<'_>,
) -> Result<Option<Secrets>, StartError> {
    let config = catalogue.packs.get(header.action.pack());
    let config = config.map_or(&[][..], |pack| pack.def.config.secrets());
    let payload = match &header.origin {
        Origin::Rule { trigger, .. } => catalogue.triggers.get(trigger),
        Origin::Request | Origin::Parent => None,
    };
    let payload = payload.map_or(&[][..], |trigger| trigger.payload.secrets());
    let Some(withheld) = Withheld::from(header, config, payload, opening.entropy) else {
        return Ok(None);
    };
    let sealed = opening.keys.seal(&withheld.name(), &withheld.values());
    let sealed = sealed.map_err(|error| not_sealed(&header.action, error))?;
    Ok(Some(withheld.into_secrets(sealed)))
}

fn not_sealed(action: &Ref, error: StoreError) -> StartError {
    StartError::NotSealed {
        action: action.clone(),
        reason: match error {
            StoreError::Invalid(reason) => reason,
            other => other.to_string(),
        },
    }
}

/// The versions of all packs whose files the run may come to execute. A workflow may call any
/// action, so it pins all packs; a plain action pins its own.
fn pins(catalogue: &Snapshot, action: &RegisteredAction) -> BTreeMap<String, String> {
    let own = action.def.reference.pack();
    catalogue
        .packs
        .iter()
        .filter(|(name, _)| action.def.runner == Runner::Workflow || name.as_str() == own)
        .map(|(name, pack)| (name.clone(), pack.content_hash.clone()))
        .collect()
}

pub(crate) fn new_run(header: RunHeader, key: Option<RunKey>, at: Timestamp) -> NewRun {
    let row = RunState::opened(header.clone(), at).run_row();
    NewRun {
        event: first_event(&header, at),
        header,
        row,
        key,
        carried: CarriedHistory::default(),
    }
}

/// The event that opens a run, as stored.
pub fn first_event(header: &RunHeader, at: Timestamp) -> StoredEvent {
    let (kind, version, data) = attune_wire::encode_event(&Event::RunOpened {
        at,
        header: Box::new(header.clone()),
    });
    StoredEvent {
        seq: 1,
        at,
        kind: kind.to_owned(),
        version,
        data,
    }
}
