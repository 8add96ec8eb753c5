//! Runs as actors: who owns which, how they are loaded, decided, committed and acted upon.

mod actor;
mod below;
mod care;
mod commit;
mod count;
mod end;
mod keys;
mod load;
mod owner;
mod perform;
mod registry;
mod rest;
mod route;
mod slot;
mod step;
mod supervisor;
mod ticket;

pub(crate) use owner::Owner;
pub(crate) use registry::{Registry, Shared};
pub(crate) use ticket::Ticket;

use crate::config::{Deps, ExecutorConfig};
use crate::live::Live;
use attune_batch::Batcher;
use ractor::Actor;
use std::sync::{Arc, OnceLock};

/// Starts everything that actors share, and the supervisor above them.
///
/// # Errors
/// `ExecutorError` if the number of shards could not be read or the supervisor not be started.
pub(crate) async fn start(
    deps: Deps,
    config: ExecutorConfig,
) -> Result<Arc<Registry>, crate::ExecutorError> {
    let shards = deps.stores.runs.shards().await?;
    let told = supervisor::Told::new(OnceLock::new());
    let (supervisor, _) =
        supervisor::Supervisor::spawn(None, supervisor::Supervisor, Arc::clone(&told))
            .await
            .map_err(|error| crate::ExecutorError::Actor(error.to_string()))?;
    let shared = Shared {
        loader: load::Loader::start(&deps),
        commits: commit::start(&deps),
        performer: perform::Performer::start(&deps, &config, shards),
        live: Live::start(Arc::clone(&deps.bus), Arc::clone(&deps.clock)),
        shards,
        deps,
        config,
    };
    let registry = Registry::new(shared, supervisor.get_cell());
    // Set once, here; a second set cannot happen.
    drop(told.set(Arc::downgrade(&registry)));
    Ok(registry)
}

/// The committer: appends of many actors in one transaction. Answers with the runs that got a place.
type Commits = Batcher<attune_port::Append, Committed>;
/// What became of one append.
type Committed = Result<Vec<attune_types::RunId>, attune_port::AppendError>;
