//! Matching a batch of events and storing what follows.

use crate::config::ExecutorConfig;
use crate::run::Registry;
use attune_catalogue::{KeyRows, Opening, Snapshot, StartRequest, prepare};
use attune_flow::run::Origin;
use attune_port::{Ingest, Ingested, NewEnforcement, StoreError};
use attune_rules::{CompiledRule, Reason, RuleIndex, TriggerEvent, Verdict};
use attune_template::{Ambient, KeyRef, KeySet};
use attune_types::{EnforcementId, RunId};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError, Weak};

/// Rules compiled for one generation of the catalogue.
struct Compiled {
    generation: u64,
    index: RuleIndex,
    catalogue: Arc<Snapshot>,
}

/// Matches events.
pub(crate) struct Matcher {
    registry: Weak<Registry>,
    compiled: Mutex<Option<Arc<Compiled>>>,
}

impl Matcher {
    pub(crate) fn new(registry: &Arc<Registry>) -> Arc<Self> {
        Arc::new(Self {
            registry: Arc::downgrade(registry),
            compiled: Mutex::new(None),
        })
    }

    /// The rules as the catalogue has them now; compiled again when it has changed.
    fn rules(&self, catalogue: &Arc<Snapshot>) -> Arc<Compiled> {
        let mut compiled = self.compiled.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(ready) = compiled.as_ref()
            && ready.generation == catalogue.generation
        {
            return Arc::clone(ready);
        }
        let rules = catalogue
            .rules
            .iter()
            .filter(|rule| rule.present && rule.def.enabled)
            .filter_map(|rule| {
                let config = catalogue
                    .packs
                    .get(rule.def.reference.pack())
                    .map(|pack| pack.config.clone())
                    .unwrap_or_default();
                CompiledRule::compile(rule.def.clone(), config)
                    .inspect_err(|error| {
                        tracing::error!(rule = %rule.def.reference, %error, "the rule cannot be used");
                    })
                    .ok()
            })
            .collect();
        let ready = Arc::new(Compiled {
            generation: catalogue.generation,
            index: RuleIndex::new(rules),
            catalogue: Arc::clone(catalogue),
        });
        *compiled = Some(Arc::clone(&ready));
        ready
    }

    /// Matches events and stores them with all that follows; then has the new runs looked at. If the
    /// store refuses the batch for what is in it, each event is stored by itself, so that the one
    /// that is at fault stops only itself; it is left out and logged.
    ///
    /// # Errors
    /// [`StoreError`] if the store is away; what was not stored is to come again.
    pub(crate) async fn ingest(&self, events: Vec<TriggerEvent>) -> Result<(), StoreError> {
        match self.ingest_together(events.clone()).await {
            Err(error) if !error.is_transient() => {}
            other => return other,
        }
        for event in events {
            let (id, trigger) = (event.id, event.trigger.clone());
            match self.ingest_together(vec![event]).await {
                Err(error) if !error.is_transient() => {
                    tracing::error!(event = %id, %trigger, %error, "what follows from the event cannot be stored");
                }
                other => other?,
            }
        }
        Ok(())
    }

    async fn ingest_together(&self, events: Vec<TriggerEvent>) -> Result<(), StoreError> {
        let Some(registry) = self.registry.upgrade() else {
            return Ok(());
        };
        if events.is_empty() {
            return Ok(());
        }
        let deps = &registry.shared.deps;
        let rules = self.rules(&deps.directory.current());
        let wanted: BTreeSet<KeyRef> = events
            .iter()
            .flat_map(|event| rules.index.listening(event))
            .flat_map(|rule| rule.keys().iter().cloned())
            .collect();
        let wanted: Vec<KeyRef> = wanted.into_iter().collect();
        let rows = KeyRows::read(&*deps.stores.keys, &wanted).await?;
        let mut batch = Vec::with_capacity(events.len());
        for event in events {
            let ambient = Ambient {
                now: deps.clock.now(),
                entropy: deps.clock.entropy(),
            };
            let verdicts = rules.index.evaluate_with_keys(&event, ambient, |rule| {
                KeySet::closed(rows.seen_by(rule.rule().reference.pack(), rule.keys()))
            });
            let opening = Opening {
                at: ambient.now,
                entropy: deps.clock.entropy(),
                keys: &*deps.stores.keys,
            };
            let enforcements = verdicts
                .into_iter()
                .map(|verdict| {
                    enforce(
                        &rules.catalogue,
                        &registry.shared.config,
                        &event,
                        verdict,
                        &opening,
                    )
                })
                .inspect(|enforcement| {
                    let verdict = enforcement.explanation.reason.as_str();
                    deps.metrics.rules.verdicts(verdict, 1);
                })
                .collect();
            batch.push(Ingest {
                event,
                enforcements,
            });
        }
        let opened: Vec<RunId> = deps
            .stores
            .events
            .ingest(batch)
            .await?
            .into_iter()
            .flat_map(|ingested| match ingested {
                Ingested::Done { opened } => opened,
                Ingested::Already => Vec::new(),
            })
            .collect();
        registry.shared.performer.hint_runs(&registry, opened);
        Ok(())
    }
}

/// A verdict as it is stored: with the run that it opens, or with why it opens none after all.
fn enforce(
    catalogue: &Snapshot,
    config: &ExecutorConfig,
    event: &TriggerEvent,
    verdict: Verdict,
    opening: &Opening<'_>,
) -> NewEnforcement {
    let id = EnforcementId(event.id.derive(&format!("enforcement:{}", verdict.rule)));
    let mut enforcement = NewEnforcement {
        id,
        rule: verdict.rule.clone(),
        fired: verdict.fired,
        explanation: verdict.explanation,
        dedupe: verdict.dedupe,
        run: None,
    };
    if !verdict.fired {
        return enforcement;
    }
    let request = StartRequest {
        run: RunId::of_rule(&verdict.rule, event.id),
        action: verdict.action,
        parameters: verdict.input.unwrap_or_default(),
        origin: Origin::Rule {
            rule: verdict.rule.clone(),
            event: event.id,
            trigger: event.trigger.clone(),
            payload: event.payload.clone(),
            time: event.at,
        },
        parent: None,
        depth: 0,
        started_by: format!("rule:{}", verdict.rule),
        labels: BTreeMap::new(),
        trace: None,
        api_url: config.api_url.clone(),
        key: None,
    };
    match prepare(catalogue, request, opening) {
        Ok(run) => enforcement.run = Some(Box::new(run)),
        Err(error) => {
            tracing::warn!(rule = %verdict.rule, event = %event.id, %error, "the rule matched, but its action could not be started");
            enforcement.fired = false;
            enforcement.explanation.reason = Reason::Error;
            enforcement.explanation.message = format!("it matched, but {error}");
        }
    }
    enforcement
}
