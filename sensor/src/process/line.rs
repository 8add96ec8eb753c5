//! One line of a sensor's output. Pure: text in, an event or a complaint out.

use attune_catalogue::Snapshot;
use attune_pack::SensorDef;
use attune_types::{JsonValue, Ref, find_nul};
use serde::Deserialize;

/// Longest line that is read.
pub(crate) const MOST_BYTES: usize = 1 << 20;

/// What a sensor wrote.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    trigger: Option<Ref>,
    #[serde(default)]
    payload: Option<JsonValue>,
    #[serde(default)]
    dedupe: Option<String>,
    #[serde(default)]
    cursor: Option<JsonValue>,
}

/// What it means.
#[derive(Debug, PartialEq)]
pub(crate) struct Noticed {
    /// The event's trigger and payload; none on a line that only moves the cursor.
    pub(crate) event: Option<(Ref, JsonValue)>,
    /// Text that makes a repetition of the same event recognisable.
    pub(crate) dedupe: Option<String>,
    /// Where the sensor stands after it.
    pub(crate) cursor: Option<JsonValue>,
}

/// Reads one line.
///
/// # Errors
/// What is wrong with it, for people; the sensor goes on.
pub(crate) fn read(
    line: &str,
    sensor: &SensorDef,
    catalogue: &Snapshot,
) -> Result<Noticed, String> {
    if line.len() > MOST_BYTES {
        return Err(format!("a line of {} bytes is too long", line.len()));
    }
    let written: Written = serde_json::from_str(line)
        .map_err(|error| format!("a line is not as expected ({error}): {}", short(line)))?;
    let event = match written.trigger {
        None if written.cursor.is_some() && written.payload.is_none() => None,
        None => return Err(format!("a line names no `trigger`: {}", short(line))),
        Some(trigger) => {
            let payload = written
                .payload
                .unwrap_or_else(|| JsonValue::Object(Default::default()));
            Some((
                trigger.clone(),
                check(&trigger, payload, sensor, catalogue)?,
            ))
        }
    };
    Ok(Noticed {
        event,
        dedupe: written.dedupe,
        cursor: written.cursor,
    })
}

fn check(
    trigger: &Ref,
    payload: JsonValue,
    sensor: &SensorDef,
    catalogue: &Snapshot,
) -> Result<JsonValue, String> {
    if !sensor.triggers.contains(trigger) {
        return Err(format!(
            "the trigger `{trigger}` is not among the `triggers` of the sensor"
        ));
    }
    let known = catalogue
        .triggers
        .get(trigger)
        .ok_or_else(|| format!("there is no trigger `{trigger}`"))?;
    if let Some(nul) = find_nul(&payload) {
        return Err(nul.to_string());
    }
    known.payload.validate_open(&payload).map_err(|errors| {
        let all: Vec<String> = errors
            .iter()
            .map(|error| format!("{}: {}", error.pointer, error.message))
            .collect();
        format!("a payload does not fit `{trigger}`: {}", all.join("; "))
    })
}

fn short(line: &str) -> String {
    let cut: String = line.chars().take(200).collect();
    if cut.len() < line.len() {
        format!("{cut} ...")
    } else {
        cut
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use attune_pack::from_files;

    fn world() -> (SensorDef, Snapshot) {
        let source = from_files([
            ("pack.yaml", "ref: disk\nlabel: Disk\nversion: 1.0.0\n"),
            (
                "triggers/full.yaml",
                "ref: disk.full\nlabel: Full\npayload:\n  used: {type: integer, required: true}\n",
            ),
            (
                "sensors/watch.yaml",
                "ref: disk.watch\nlabel: Watch\nrunner: shell\nentry_point: watch.sh\ntriggers: [disk.full]\n",
            ),
            ("sensors/watch.sh", "#!/bin/sh\n"),
        ])
        .unwrap();
        let triggers = source
            .triggers
            .iter()
            .map(|trigger| (trigger.reference.clone(), trigger.clone()))
            .collect();
        let catalogue = Snapshot {
            triggers,
            ..Snapshot::default()
        };
        (source.sensors[0].clone(), catalogue)
    }

    #[test]
    fn a_whole_line_is_an_event_with_its_cursor() {
        let (sensor, catalogue) = world();
        let line =
            r#"{"trigger": "disk.full", "payload": {"used": 93}, "dedupe": "a", "cursor": 7}"#;
        let noticed = read(line, &sensor, &catalogue).unwrap();
        let (trigger, payload) = noticed.event.unwrap();
        assert_eq!(trigger.as_str(), "disk.full");
        assert_eq!(payload["used"], 93);
        assert_eq!(noticed.dedupe.as_deref(), Some("a"));
        assert_eq!(noticed.cursor, Some(7.into()));
    }

    #[test]
    fn a_line_may_only_move_the_cursor() {
        let (sensor, catalogue) = world();
        let noticed = read(r#"{"cursor": {"offset": 10}}"#, &sensor, &catalogue).unwrap();
        assert_eq!(noticed.event, None);
    }

    #[test]
    fn every_other_line_is_refused_with_a_reason() {
        let (sensor, catalogue) = world();
        let cases = [
            ("hello", "not as expected"),
            (r#"{"payload": {}}"#, "names no `trigger`"),
            (r#"{"trigger": "disk.full"}"#, "used"),
            (
                r#"{"trigger": "disk.full", "payload": {"used": "x"}}"#,
                "used",
            ),
            (r#"{"trigger": "disk.gone", "payload": {}}"#, "not among"),
            (r#"{"trigger": "disk.full", "payloat": {}}"#, "payloat"),
            (
                r#"{"trigger": "disk.full", "payload": {"used": 1, "x": "a\u0000"}}"#,
                "NUL",
            ),
        ];
        for (line, says) in cases {
            let refused = read(line, &sensor, &catalogue).unwrap_err();
            assert!(refused.contains(says), "{line}: {refused}");
        }
    }
}
