//! A snapshot of the catalogue that follows the store.
//!
//! Readers take an `Arc` and are never blocked by IO. The snapshot is replaced when a notice on the
//! bus says that the catalogue changed, and, since notices may be lost, when its generation is found
//! to differ at the regular look. While the store is away the last snapshot stays.

use attune_flow::program::Limits;
use attune_pack::{TriggerDef, suggest};
use attune_port::{
    Address, Bus, CatalogueStore, PackRecord, PageRequest, RegisteredAction, RegisteredRule,
    RegisteredSensor, StoreError,
};
use attune_types::Ref;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Mutex, watch};
use tokio_util::sync::CancellationToken;

/// How often the generation is compared without a notice.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// All of the catalogue at one generation.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// The store's generation that it shows.
    pub generation: u64,
    /// Actions, the disabled ones too.
    pub actions: HashMap<Ref, Arc<RegisteredAction>>,
    /// Packs by name.
    pub packs: BTreeMap<String, PackRecord>,
    /// Rules, in order of reference.
    pub rules: Vec<RegisteredRule>,
    /// Sensors that are in their packs.
    pub sensors: Vec<RegisteredSensor>,
    /// Triggers by reference.
    pub triggers: HashMap<Ref, TriggerDef>,
    /// What the installation allows of definitions and runs.
    pub limits: Limits,
}

impl Snapshot {
    /// The enabled action of that name.
    pub fn action(&self, reference: &Ref) -> Option<&Arc<RegisteredAction>> {
        self.actions.get(reference).filter(|action| action.enabled)
    }

    /// The name of an enabled action that is nearest to a mistyped one.
    pub fn nearest_action(&self, reference: &Ref) -> Option<String> {
        let names = self
            .actions
            .values()
            .filter(|action| action.enabled)
            .map(|action| action.def.reference.as_str());
        suggest(reference.as_str(), names).map(ToOwned::to_owned)
    }
}

/// Follows the catalogue.
pub struct Directory {
    store: Arc<dyn CatalogueStore>,
    current: watch::Sender<Arc<Snapshot>>,
    limits: Limits,
    loading: Mutex<()>,
}

impl Directory {
    /// Reads the catalogue for the first time.
    ///
    /// # Errors
    /// [`StoreError`] if it could not be read.
    pub async fn open(store: Arc<dyn CatalogueStore>) -> Result<Arc<Self>, StoreError> {
        Self::open_with(store, Limits::default()).await
    }

    /// The same, with limits of the installation's own.
    ///
    /// # Errors
    /// [`StoreError`] if it could not be read.
    pub async fn open_with(
        store: Arc<dyn CatalogueStore>,
        limits: Limits,
    ) -> Result<Arc<Self>, StoreError> {
        let directory = Self {
            store,
            current: watch::Sender::new(Arc::default()),
            limits,
            loading: Mutex::new(()),
        };
        directory.reload().await?;
        Ok(Arc::new(directory))
    }

    /// The catalogue as last seen.
    pub fn current(&self) -> Arc<Snapshot> {
        Arc::clone(&self.current.borrow())
    }

    /// Told of every new snapshot.
    pub fn changes(&self) -> watch::Receiver<Arc<Snapshot>> {
        self.current.subscribe()
    }

    /// Reads the catalogue again if the store has moved on, and gives the present one.
    ///
    /// # Errors
    /// [`StoreError`] if it could not be read; the old snapshot stays.
    pub async fn refresh(&self) -> Result<Arc<Snapshot>, StoreError> {
        if self.store.generation().await? != self.current.borrow().generation {
            self.reload().await?;
        }
        Ok(self.current())
    }

    async fn reload(&self) -> Result<(), StoreError> {
        let _one_at_a_time = self.loading.lock().await;
        // Read before the rest: a change in between makes the snapshot look older than it is, and
        // so only causes one more reload.
        let generation = self.store.generation().await?;
        let (packs, rules, sensors, triggers, retired) = tokio::try_join!(
            self.store.packs(),
            self.store.rules(),
            self.store.sensors(),
            self.store.triggers(),
            self.store.retired_actions(),
        )?;
        let mut actions: HashMap<Ref, Arc<RegisteredAction>> = retired
            .into_iter()
            .map(|action| (action.def.reference.clone(), Arc::new(action)))
            .collect();
        let mut page = PageRequest {
            limit: 1_000,
            cursor: None,
        };
        loop {
            let part = self.store.actions(None, &page).await?;
            actions.extend(
                part.items
                    .into_iter()
                    .map(|action| (action.def.reference.clone(), Arc::new(action))),
            );
            match part.next {
                Some(next) => page.cursor = Some(next),
                None => break,
            }
        }
        let snapshot = Snapshot {
            generation,
            actions,
            packs: packs
                .into_iter()
                .map(|pack| (pack.def.reference.clone(), pack))
                .collect(),
            rules,
            sensors,
            triggers: triggers
                .into_iter()
                .map(|trigger| (trigger.reference.clone(), trigger))
                .collect(),
            limits: self.limits,
        };
        self.current.send_replace(Arc::new(snapshot));
        Ok(())
    }

    /// Keeps the snapshot fresh until `stop`.
    pub async fn follow(self: Arc<Self>, bus: Arc<dyn Bus>, stop: CancellationToken) {
        let mut notices = bus.subscribe(Address::Catalogue, 16).await.ok();
        let mut look = tokio::time::interval(LOOK_EVERY);
        look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                notice = next(&mut notices) => match notice {
                    Some(delivery) => drop(delivery.ack().await),
                    None => notices = None,
                },
                _ = look.tick() => {}
            }
            if let Err(error) = self.refresh().await {
                tracing::warn!(%error, "the catalogue could not be read; the last one stays in use");
            }
        }
    }
}

/// The next notice; waits for ever without a subscription, so that only the regular look is left.
async fn next(
    notices: &mut Option<Box<dyn attune_port::Consumer>>,
) -> Option<attune_port::Delivery> {
    match notices {
        Some(consumer) => consumer.next().await,
        None => std::future::pending().await,
    }
}
