//! The parent of all run actors. One run's end, even by panic, ends nothing else.

use super::registry::Registry;
use ractor::{Actor, ActorProcessingErr, ActorRef, SupervisionEvent};
use std::sync::{Arc, OnceLock, Weak};

/// Supervises the run actors of one process.
pub(crate) struct Supervisor;

/// The registry that is told; set right after both exist.
pub(crate) type Told = Arc<OnceLock<Weak<Registry>>>;

impl Actor for Supervisor {
    type Msg = ();
    type State = Told;
    type Arguments = Told;

    async fn pre_start(
        &self,
        _myself: ActorRef<()>,
        told: Told,
    ) -> Result<Told, ActorProcessingErr> {
        Ok(told)
    }

    async fn handle_supervisor_evt(
        &self,
        _myself: ActorRef<()>,
        event: SupervisionEvent,
        told: &mut Told,
    ) -> Result<(), ActorProcessingErr> {
        let Some(registry) = told.get().and_then(Weak::upgrade) else {
            return Ok(());
        };
        match event {
            SupervisionEvent::ActorTerminated(actor, _, _) => {
                registry.ended(actor.get_id());
            }
            SupervisionEvent::ActorFailed(actor, error) => {
                if let Some(run) = registry.ended(actor.get_id()) {
                    registry.panicked(run, &error.to_string()).await;
                }
            }
            _ => {}
        }
        Ok(())
    }
}
