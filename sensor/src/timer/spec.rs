//! When a timer ticks. Pure: times in, times out.

use attune_types::{Duration, JsonMap, JsonValue, Timestamp, canonical_json, parse_duration};
use croner::Cron;
use jiff::SignedDuration;
use jiff::tz::TimeZone;
use uuid::Uuid;

/// How late a cron tick may still be made up for after nobody was there to make it.
const CRON_WINDOW: Duration = Duration::from_secs(3_600);

/// A timer's rhythm.
#[derive(Clone, Debug)]
pub(crate) enum Spec {
    /// Every so often, counted from the first time.
    Interval(Duration),
    /// By a cron expression on the clocks of a time zone.
    Cron(Box<Cron>, TimeZone),
}

/// What to do about a timer whose time has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Due {
    /// The time to tick for; none if all that passed is too old.
    pub(crate) tick: Option<Timestamp>,
    /// The next time, in the future.
    pub(crate) next: Timestamp,
    /// Times that passed without a tick.
    pub(crate) missed: u64,
}

impl Spec {
    /// Reads a timer trigger's parameters; none for a trigger that is no timer.
    pub(crate) fn parse(trigger: &str, parameters: &JsonMap) -> Option<Result<Self, String>> {
        match trigger {
            "core.interval" => Some(interval(parameters)),
            "core.cron" => Some(cron(parameters)),
            _ => None,
        }
    }

    /// The first time for a timer that is made at `now`.
    pub(crate) fn first(&self, now: Timestamp) -> Option<Timestamp> {
        match self {
            Self::Interval(every) => now.checked_add(signed(*every)).ok(),
            Self::Cron(cron, zone) => after(cron, zone, now),
        }
    }

    /// What to do at `now` about a timer that was due at `at` (not in the future). Of the times that
    /// passed only the last is made up for: for an interval always, for cron within an hour; never one
    /// from before `since`, when nobody wanted it.
    pub(crate) fn due(&self, at: Timestamp, now: Timestamp, since: Timestamp) -> Option<Due> {
        let (last, passed, next) = match self {
            Self::Interval(every) => {
                let step = i64::try_from(every.as_micros()).ok()?.max(1);
                let behind = now.as_microsecond().saturating_sub(at.as_microsecond());
                let laps = behind / step;
                let last = at.as_microsecond() + laps * step;
                (
                    Timestamp::from_microsecond(last).ok()?,
                    u64::try_from(laps).unwrap_or(0) + 1,
                    Timestamp::from_microsecond(last + step).ok()?,
                )
            }
            Self::Cron(cron, zone) => {
                let next = after(cron, zone, now)?;
                let last = before_or_at(cron, zone, now).unwrap_or(at).max(at);
                // Counting what passed by the minute for months helps nobody.
                let passed = 1 + u64::from(last > at);
                (last, passed, next)
            }
        };
        let recent = match self {
            Self::Interval(_) => true,
            Self::Cron(..) => now.duration_since(last) <= signed(CRON_WINDOW),
        };
        let tick = (recent && last >= since).then_some(last);
        Some(Due {
            tick,
            next,
            missed: passed - u64::from(tick.is_some()),
        })
    }
}

/// The name of the timer for one pair of trigger and parameters: rules that ask for the same share it.
pub(crate) fn key(trigger: &str, parameters: &JsonMap) -> String {
    let text = format!(
        "{trigger}{}",
        canonical_json(&JsonValue::Object(parameters.clone()))
    );
    format!(
        "{trigger}:{}",
        Uuid::new_v5(&Uuid::NAMESPACE_OID, text.as_bytes()).simple()
    )
}

fn interval(parameters: &JsonMap) -> Result<Spec, String> {
    let text = match parameters.get("every") {
        Some(JsonValue::String(text)) => text.clone(),
        Some(JsonValue::Number(number)) => number.to_string(),
        _ => return Err("`every` is missing".to_owned()),
    };
    let every = parse_duration(&text).map_err(|error| error.to_string())?;
    if every < Duration::from_millis(100) {
        return Err("`every` is at least 100 ms".to_owned());
    }
    Ok(Spec::Interval(every))
}

fn cron(parameters: &JsonMap) -> Result<Spec, String> {
    let text = |key: &str| parameters.get(key).and_then(JsonValue::as_str);
    let expression = text("expression").ok_or("`expression` is missing")?;
    let cron = attune_pack::parse_cron(expression).map_err(|error| error.to_string())?;
    let zone = text("timezone").unwrap_or("UTC");
    let zone = TimeZone::get(zone).map_err(|error| error.to_string())?;
    Ok(Spec::Cron(Box::new(cron), zone))
}

fn after(cron: &Cron, zone: &TimeZone, now: Timestamp) -> Option<Timestamp> {
    let local = now.to_zoned(zone.clone());
    let next = cron.find_next_occurrence(&local, false).ok()?;
    Some(next.timestamp())
}

fn before_or_at(cron: &Cron, zone: &TimeZone, now: Timestamp) -> Option<Timestamp> {
    let local = now.to_zoned(zone.clone());
    let last = cron.find_previous_occurrence(&local, true).ok()?;
    Some(last.timestamp())
}

fn signed(duration: Duration) -> SignedDuration {
    SignedDuration::try_from(duration).unwrap_or(SignedDuration::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn time(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn spec(trigger: &str, parameters: serde_json::Value) -> Spec {
        let JsonValue::Object(parameters) = parameters else {
            panic!("not a map")
        };
        Spec::parse(trigger, &parameters).unwrap().unwrap()
    }

    #[test]
    fn an_interval_ticks_on_time_and_goes_on_from_there() {
        let spec = spec("core.interval", json!({"every": "10s"}));
        let at = time("2030-01-01T00:00:00Z");
        let due = spec
            .due(at, time("2030-01-01T00:00:00.2Z"), Timestamp::MIN)
            .unwrap();
        assert_eq!(due.tick, Some(at));
        assert_eq!(due.next, time("2030-01-01T00:00:10Z"));
        assert_eq!(due.missed, 0);
    }

    #[test]
    fn after_downtime_only_the_last_tick_is_made_up_for() {
        let spec = spec("core.interval", json!({"every": 10}));
        let at = time("2030-01-01T00:00:00Z");
        let due = spec
            .due(at, time("2030-01-01T00:01:04Z"), Timestamp::MIN)
            .unwrap();
        assert_eq!(due.tick, Some(time("2030-01-01T00:01:00Z")));
        assert_eq!(due.next, time("2030-01-01T00:01:10Z"));
        assert_eq!(due.missed, 6);
    }

    #[test]
    fn a_tick_from_before_the_rule_was_enabled_is_not_made_up_for() {
        let spec = spec("core.cron", json!({"expression": "0 12 * * *"}));
        let noon = time("2030-01-01T12:00:00Z");
        let enabled = time("2030-01-01T12:20:00Z");
        let due = spec
            .due(noon, time("2030-01-01T12:20:01Z"), enabled)
            .unwrap();
        assert_eq!(due.tick, None);
        assert_eq!(due.next, time("2030-01-02T12:00:00Z"));
    }

    #[test]
    fn a_cron_tick_is_made_up_for_within_an_hour() {
        let spec = spec("core.cron", json!({"expression": "0 12 * * *"}));
        let noon = time("2030-01-01T12:00:00Z");
        let soon = spec
            .due(noon, time("2030-01-01T12:40:00Z"), Timestamp::MIN)
            .unwrap();
        assert_eq!(soon.tick, Some(noon));
        let late = spec
            .due(noon, time("2030-01-01T13:40:00Z"), Timestamp::MIN)
            .unwrap();
        assert_eq!((late.tick, late.missed), (None, 1));
    }

    #[test]
    fn cron_follows_the_clocks_of_its_zone_through_the_change() {
        let spec = spec(
            "core.cron",
            json!({"expression": "30 8 * * *", "timezone": "Europe/Berlin"}),
        );
        // Clocks go forward on 31 March 2030 at 01:00 UTC.
        assert_eq!(
            spec.first(time("2030-03-30T00:00:00Z")),
            Some(time("2030-03-30T07:30:00Z"))
        );
        assert_eq!(
            spec.first(time("2030-03-31T00:00:00Z")),
            Some(time("2030-03-31T06:30:00Z"))
        );
    }

    #[test]
    fn the_key_does_not_depend_on_the_order_of_parameters() {
        let a = json!({"expression": "* * * * *", "timezone": "UTC"});
        let b = json!({"timezone": "UTC", "expression": "* * * * *"});
        let key_of = |value: &JsonValue| key("core.cron", value.as_object().unwrap());
        assert_eq!(key_of(&a), key_of(&b));
        assert_ne!(key_of(&a), key("core.interval", a.as_object().unwrap()));
    }

    #[test]
    fn wrong_parameters_are_refused_with_a_reason() {
        for (trigger, parameters) in [
            ("core.interval", json!({})),
            ("core.interval", json!({"every": "soon"})),
            ("core.interval", json!({"every": 0.01})),
            ("core.cron", json!({"expression": "every day"})),
            (
                "core.cron",
                json!({"expression": "* * * * *", "timezone": "Mars/North"}),
            ),
        ] {
            let refused = Spec::parse(trigger, parameters.as_object().unwrap()).unwrap();
            assert!(refused.is_err(), "{parameters}");
        }
        assert!(Spec::parse("core.webhook", &JsonMap::new()).is_none());
    }
}
