//! Whether a service can do its work.
//!
//! Owns named readiness flags. Whoever depends on something registers a flag and turns it as that
//! thing comes and goes; the operations server shows them all. Never probes anything itself. A
//! service without flags is ready, so register before serving.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use serde::Serialize;

type Flags = Mutex<BTreeMap<String, Option<String>>>;

/// All readiness flags of a process.
#[derive(Debug, Clone, Default)]
pub struct Health {
    /// Per name the reason why it is not ready, `None` once it is.
    flags: Arc<Flags>,
}

/// One flag. Dropping it leaves the flag as it stands.
#[derive(Debug, Clone)]
pub struct Readiness {
    name: String,
    flags: Arc<Flags>,
}

/// What `/readyz` shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Whether every flag is up.
    pub ready: bool,
    /// The names of those that are not, with the reason.
    pub not_ready: BTreeMap<String, String>,
    /// All names.
    pub checks: Vec<String>,
}

impl Health {
    /// No flags yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a flag that is not ready yet. The same name again gives the same flag.
    #[must_use]
    pub fn register(&self, name: &str) -> Readiness {
        let mut flags = self.flags.lock().unwrap_or_else(PoisonError::into_inner);
        flags
            .entry(name.to_owned())
            .or_insert_with(|| Some("starting".to_owned()));
        Readiness {
            name: name.to_owned(),
            flags: Arc::clone(&self.flags),
        }
    }

    /// How things stand.
    #[must_use]
    pub fn report(&self) -> Report {
        let flags = self.flags.lock().unwrap_or_else(PoisonError::into_inner);
        let not_ready: BTreeMap<String, String> = flags
            .iter()
            .filter_map(|(name, reason)| Some((name.clone(), reason.clone()?)))
            .collect();
        Report {
            ready: not_ready.is_empty(),
            not_ready,
            checks: flags.keys().cloned().collect(),
        }
    }
}

impl Readiness {
    /// It works.
    pub fn ready(&self) {
        self.set(None);
    }

    /// It does not, and why. The reason is shown to whoever may ask: no secrets.
    pub fn not_ready(&self, reason: impl Into<String>) {
        self.set(Some(reason.into()));
    }

    fn set(&self, reason: Option<String>) {
        let mut flags = self.flags.lock().unwrap_or_else(PoisonError::into_inner);
        flags.insert(self.name.clone(), reason);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ready_when_every_flag_is_up() {
        let health = Health::new();
        assert!(health.report().ready);
        let database = health.register("database");
        let bus = health.register("bus");
        assert_eq!(health.report().not_ready["database"], "starting");
        database.ready();
        assert!(!health.report().ready);
        bus.ready();
        assert!(health.report().ready);
        bus.not_ready("connection lost");
        let report = health.report();
        assert_eq!(
            report.not_ready.into_iter().collect::<Vec<_>>(),
            [("bus".to_owned(), "connection lost".to_owned())]
        );
        assert_eq!(report.checks, ["bus", "database"]);
    }

    #[test]
    fn the_same_name_is_the_same_flag() {
        let health = Health::new();
        health.register("bus").ready();
        let again = health.register("bus");
        assert!(
            health.report().ready,
            "registering again does not take it down"
        );
        again.not_ready("gone");
        assert!(!health.report().ready);
    }
}
