//! Handles for counting: thin, cheap to clone, unable to fail.
//!
//! Owns the boundary to the `prometheus` crate, whose types do not leave this folder. A label takes
//! a bounded number of values; what comes beyond is counted as `other`, so that no caller can fill
//! the memory of the process or of Prometheus.

use std::{
    collections::HashSet,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use prometheus::{
    HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry,
    core::Collector,
};

/// How many values a label may have.
const LABEL_VALUES: usize = 256;
const OTHER: &str = "other";

/// A number that only grows.
#[derive(Debug, Clone)]
pub struct Counter(IntCounter);

impl Counter {
    /// One more.
    pub fn inc(&self) {
        self.0.inc();
    }

    /// So many more.
    pub fn add(&self, count: u64) {
        self.0.inc_by(count);
    }

    /// The count so far.
    #[must_use]
    pub fn get(&self) -> u64 {
        self.0.get()
    }
}

/// A number that goes up and down.
#[derive(Debug, Clone)]
pub struct Gauge(IntGauge);

impl Gauge {
    /// It is now this.
    pub fn set(&self, value: usize) {
        self.0.set(i64::try_from(value).unwrap_or(i64::MAX));
    }

    /// One more until the returned value is dropped.
    #[must_use]
    pub fn hold(&self) -> Held {
        self.0.inc();
        Held(self.0.clone())
    }

    /// What it is now.
    #[must_use]
    pub fn get(&self) -> i64 {
        self.0.get()
    }
}

/// One of what a [`Gauge`] counts; it is gone when this is dropped.
#[derive(Debug)]
pub struct Held(IntGauge);

impl Drop for Held {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// A distribution.
#[derive(Debug, Clone)]
pub struct Histogram(prometheus::Histogram);

impl Histogram {
    /// One more that took this long.
    pub fn took(&self, duration: Duration) {
        self.0.observe(duration.as_secs_f64());
    }

    /// One more of this size.
    pub fn size(&self, size: usize) {
        // Sizes are far below what a double holds exactly.
        self.0
            .observe(u32::try_from(size).map_or(f64::from(u32::MAX), f64::from));
    }

    /// How many there were.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.0.get_sample_count()
    }
}

/// The values that a label has had, up to the limit.
#[derive(Debug, Clone, Default)]
struct Label(Arc<RwLock<HashSet<String>>>);

impl Label {
    fn bound<'value>(&self, value: &'value str) -> &'value str {
        let known = |seen: &HashSet<String>| seen.contains(value);
        if known(&self.0.read().unwrap_or_else(PoisonError::into_inner)) {
            return value;
        }
        let mut seen = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if seen.len() < LABEL_VALUES || known(&seen) {
            seen.insert(value.to_owned());
            value
        } else {
            OTHER
        }
    }
}

/// Metrics of one name that differ by labels.
#[derive(Debug)]
pub(crate) struct Family<V, const N: usize> {
    vec: V,
    labels: [Label; N],
}

impl<V, const N: usize> Family<V, N> {
    fn bound<'value>(&self, values: [&'value str; N]) -> [&'value str; N] {
        std::array::from_fn(|index| self.labels[index].bound(values[index]))
    }
}

impl<const N: usize> Family<IntCounterVec, N> {
    pub(crate) fn with(&self, values: [&str; N]) -> Counter {
        Counter(self.vec.with_label_values(&self.bound(values)))
    }
}

impl<const N: usize> Family<IntGaugeVec, N> {
    pub(crate) fn with(&self, values: [&str; N]) -> Gauge {
        Gauge(self.vec.with_label_values(&self.bound(values)))
    }
}

impl<const N: usize> Family<HistogramVec, N> {
    pub(crate) fn with(&self, values: [&str; N]) -> Histogram {
        Histogram(self.vec.with_label_values(&self.bound(values)))
    }
}

pub(crate) type Counters<const N: usize> = Family<IntCounterVec, N>;
pub(crate) type Gauges<const N: usize> = Family<IntGaugeVec, N>;
pub(crate) type Histograms<const N: usize> = Family<HistogramVec, N>;

/// Makes metrics and registers them.
pub(crate) struct Registrar<'registry> {
    registry: &'registry Registry,
}

#[expect(
    clippy::expect_used,
    reason = "names, labels and buckets are constants; the tests register every one of them"
)]
impl<'registry> Registrar<'registry> {
    pub(crate) fn new(registry: &'registry Registry) -> Self {
        Self { registry }
    }

    pub(crate) fn counter(&self, name: &str, help: &str) -> Counter {
        let counter = IntCounter::new(name, help).expect("a valid name");
        Counter(self.register(counter))
    }

    pub(crate) fn gauge(&self, name: &str, help: &str) -> Gauge {
        let gauge = IntGauge::new(name, help).expect("a valid name");
        Gauge(self.register(gauge))
    }

    pub(crate) fn histogram(&self, name: &str, help: &str, buckets: &[f64]) -> Histogram {
        let options = HistogramOpts::new(name, help).buckets(buckets.to_vec());
        let histogram = prometheus::Histogram::with_opts(options).expect("a valid name");
        Histogram(self.register(histogram))
    }

    pub(crate) fn counters<const N: usize>(
        &self,
        name: &str,
        help: &str,
        labels: [&str; N],
    ) -> Counters<N> {
        let vec = IntCounterVec::new(Opts::new(name, help), &labels).expect("a valid name");
        self.family(vec)
    }

    pub(crate) fn gauges<const N: usize>(
        &self,
        name: &str,
        help: &str,
        labels: [&str; N],
    ) -> Gauges<N> {
        let vec = IntGaugeVec::new(Opts::new(name, help), &labels).expect("a valid name");
        self.family(vec)
    }

    pub(crate) fn histograms<const N: usize>(
        &self,
        name: &str,
        help: &str,
        labels: [&str; N],
        buckets: &[f64],
    ) -> Histograms<N> {
        let options = HistogramOpts::new(name, help).buckets(buckets.to_vec());
        let vec = HistogramVec::new(options, &labels).expect("a valid name");
        self.family(vec)
    }

    fn family<V: Collector + Clone + 'static, const N: usize>(&self, vec: V) -> Family<V, N> {
        Family {
            vec: self.register(vec),
            labels: std::array::from_fn(|_| Label::default()),
        }
    }

    fn register<C: Collector + Clone + 'static>(&self, collector: C) -> C {
        self.registry
            .register(Box::new(collector.clone()))
            .expect("a name used once");
        collector
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_takes_no_more_than_its_number_of_values() {
        let registry = Registry::new();
        let family = Registrar::new(&registry).counters("c", "c", ["queue"]);
        for number in 0..LABEL_VALUES + 50 {
            family.with([&format!("q{number}")]).inc();
        }
        family.with(["q0"]).inc();
        assert_eq!(family.with(["q0"]).get(), 2, "a known value stays itself");
        assert_eq!(family.with([OTHER]).get(), 50);
        let series = registry.gather()[0].get_metric().len();
        assert_eq!(series, LABEL_VALUES + 1);
    }

    #[test]
    fn what_is_held_is_counted_until_dropped() {
        let registry = Registry::new();
        let gauge = Registrar::new(&registry).gauge("g", "g");
        let one = gauge.hold();
        let two = gauge.hold();
        assert_eq!(gauge.get(), 2);
        drop(one);
        assert_eq!(gauge.get(), 1);
        drop(two);
        assert_eq!(gauge.get(), 0);
    }
}
