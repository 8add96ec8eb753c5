//! What is counted around the engine: workers, rules, sensors, HTTP, the database pool.
//!
//! Owns names, labels and buckets. Called by the worker pools, the trigger path, the sensor service,
//! the API and the composition root.

use std::time::Duration;

use super::handle::{Counter, Counters, Gauge, Gauges, Histogram, Histograms, Registrar};

const REQUEST: &[f64] = &[
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0,
    60.0,
];
const METHODS: [&str; 7] = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];

/// Worker slots and attempts, by pool.
#[derive(Debug)]
pub struct WorkerMetrics {
    slots: Gauges<2>,
    /// Attempts that no live worker listed any more.
    pub attempts_lost: Counter,
    /// Attempts sent while no live worker had the labels that they ask for.
    pub attempts_without_worker: Counter,
}

impl WorkerMetrics {
    pub(super) fn new(add: &Registrar<'_>) -> Self {
        Self {
            slots: add.gauges(
                "attune_worker_slots",
                "Places for running actions, by whether one runs there.",
                ["pool", "state"],
            ),
            attempts_lost: add.counter(
                "attune_attempts_lost_total",
                "Attempts that no live worker listed any more.",
            ),
            attempts_without_worker: add.counter(
                "attune_attempts_without_worker_total",
                "Attempts sent while no live worker had the labels that they ask for.",
            ),
        }
    }

    /// How many slots of a pool are in use and free.
    pub fn slots(&self, pool: &str, used: usize, free: usize) {
        self.slots.with([pool, "used"]).set(used);
        self.slots.with([pool, "free"]).set(free);
    }
}

/// Rules and templates.
#[derive(Debug)]
pub struct RuleMetrics {
    verdicts: Counters<1>,
    /// From the receipt of a trigger event to the commit of its verdicts.
    pub event_duration: Histogram,
    template_errors: Counters<1>,
}

impl RuleMetrics {
    pub(super) fn new(add: &Registrar<'_>) -> Self {
        Self {
            verdicts: add.counters(
                "attune_rule_verdicts_total",
                "Rules held against an event, by what came of it.",
                ["verdict"],
            ),
            event_duration: add.histogram(
                "attune_event_duration_seconds",
                "From the receipt of a trigger event to the commit of its verdicts.",
                REQUEST,
            ),
            template_errors: add.counters(
                "attune_template_errors_total",
                "Templates that could not be rendered.",
                ["where"],
            ),
        }
    }

    /// So many rules came to this verdict: `fired`, `unmatched`, `deduplicated`, `failed`.
    pub fn verdicts(&self, verdict: &str, count: u64) {
        self.verdicts.with([verdict]).add(count);
    }

    /// A template in a place of this kind (`rule`, `task`, ...) could not be rendered.
    pub fn template_error(&self, place: &str) {
        self.template_errors.with([place]).inc();
    }
}

/// Sensors and schedules.
#[derive(Debug)]
pub struct SensorMetrics {
    /// Sensors that are running here.
    pub running: Gauge,
    /// Sensor processes that ended and were started again.
    pub restarts: Counter,
    /// Events that sensors gave.
    pub events: Counter,
    /// Schedule ticks that fired.
    pub ticks: Counter,
    /// Schedule ticks that were due while nobody could fire them.
    pub misses: Counter,
}

impl SensorMetrics {
    pub(super) fn new(add: &Registrar<'_>) -> Self {
        Self {
            running: add.gauge(
                "attune_sensors_running",
                "Sensors that run in this process.",
            ),
            restarts: add.counter(
                "attune_sensor_restarts_total",
                "Sensor processes that ended and were started again.",
            ),
            events: add.counter("attune_sensor_events_total", "Events that sensors gave."),
            ticks: add.counter("attune_schedule_ticks_total", "Schedule ticks that fired."),
            misses: add.counter(
                "attune_schedule_misses_total",
                "Schedule ticks that were due while nobody could fire them.",
            ),
        }
    }
}

/// HTTP requests, by route.
#[derive(Debug)]
pub struct HttpMetrics {
    requests: Counters<3>,
    duration: Histograms<2>,
}

impl HttpMetrics {
    pub(super) fn new(add: &Registrar<'_>) -> Self {
        Self {
            requests: add.counters(
                "attune_http_requests_total",
                "Requests answered.",
                ["route", "method", "status"],
            ),
            duration: add.histograms(
                "attune_http_request_duration_seconds",
                "From a request's head to the head of its answer.",
                ["route", "method"],
                REQUEST,
            ),
        }
    }

    /// A request was answered. `route` is the pattern, such as `/executions/{id}`, never the path.
    pub fn answered(&self, route: &str, method: &str, status: u16, took: Duration) {
        // Anybody may invent a method; it is no label.
        let method = METHODS
            .into_iter()
            .find(|known| *known == method)
            .unwrap_or("other");
        self.requests
            .with([route, method, &status.to_string()])
            .inc();
        self.duration.with([route, method]).took(took);
    }
}

/// Connections to the database.
#[derive(Debug)]
pub struct PoolMetrics {
    connections: Gauges<1>,
}

impl PoolMetrics {
    pub(super) fn new(add: &Registrar<'_>) -> Self {
        Self {
            connections: add.gauges(
                "attune_pool_connections",
                "Connections of the database pool, by whether they are in use.",
                ["state"],
            ),
        }
    }

    /// How many connections are in use and idle.
    pub fn set(&self, used: usize, idle: usize) {
        self.connections.with(["used"]).set(used);
        self.connections.with(["idle"]).set(idle);
    }
}
