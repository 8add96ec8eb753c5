//! The executor as a whole: its roles, started together and stopped in order.

use crate::config::{Deps, ExecutorConfig};
use crate::run::{self, Owner};
use crate::trigger::{self, Matcher};
use crate::{ExecutorError, pump};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// How long running commits may take at shutdown.
const DRAIN: Duration = Duration::from_secs(5);

/// The run-owning part of the executor: shards, rules, the sweep.
pub struct Executor;

impl Executor {
    /// Runs until `stop`, then hands its shards back.
    ///
    /// # Errors
    /// [`ExecutorError`] if it could not start.
    pub async fn run(
        deps: Deps,
        config: ExecutorConfig,
        stop: CancellationToken,
    ) -> Result<(), ExecutorError> {
        let registry = run::start(deps, config).await?;
        let matcher = Matcher::new(&registry);
        let mut parts = JoinSet::new();
        parts.spawn(trigger::run(
            Arc::clone(&registry),
            Arc::clone(&matcher),
            stop.clone(),
        ));
        parts.spawn(pump::run(Arc::clone(&registry), matcher, stop.clone()));
        parts.spawn(Owner::new(Arc::clone(&registry)).run(stop.clone()));
        let ended = loop {
            tokio::select! {
                () = stop.cancelled() => break Ok(()),
                part = parts.join_next() => match part {
                    Some(Err(error)) => {
                        tracing::error!(%error, "a part of the executor broke; it stops, so that others take over");
                        stop.cancel();
                        break Err(ExecutorError::Part(error.to_string()));
                    }
                    Some(Ok(())) => {}
                    None => break Ok(()),
                },
            }
        };
        if tokio::time::timeout(DRAIN, async { while parts.join_next().await.is_some() {} })
            .await
            .is_err()
        {
            tracing::warn!("some parts did not stop in time; what they held is taken up elsewhere");
        }
        ended
    }
}
