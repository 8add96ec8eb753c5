//! Filters on times and lengths of time. Zones are `UTC` or offsets (`+02:00`): names of zones would
//! need files of the machine.

use super::Signature;
use super::call::Call;
use crate::error::Fault;
use attune_types::{Timestamp, parse_duration};
use jiff::Zoned;
use jiff::fmt::strtime;
use jiff::tz::{Offset, TimeZone};
use tera::Value;

pub(super) const FILTERS: &[Signature] = &[
    Signature::new("parse_datetime", &["format", "timezone"], 0, parse_datetime),
    Signature::new(
        "format_datetime",
        &["format", "timezone"],
        0,
        format_datetime,
    ),
    Signature::new("date", &["format", "timezone"], 0, format_datetime),
    Signature::new("timestamp", &[], 0, |call| {
        Ok(instant(call)?.as_second().into())
    }),
    Signature::new("duration", &[], 0, |call| {
        let text = call.any_text()?;
        let duration = parse_duration(&text).map_err(|_| {
            Fault::wrong_type("`duration` was given a text that is no length of time")
                .help("write seconds (`30`) or units (`1h30m`, `250ms`, `2d`)")
        })?;
        Ok(if duration.subsec_nanos() == 0 {
            Value::from(duration.as_secs())
        } else {
            Value::from(duration.as_secs_f64())
        })
    }),
    Signature::new("add_duration", &["duration"], 1, |call| {
        let by = duration_arg(call)?;
        let instant = instant(call)?;
        shift(instant.checked_add(by))
    }),
    Signature::new("subtract_duration", &["duration"], 1, |call| {
        let by = duration_arg(call)?;
        let instant = instant(call)?;
        shift(instant.checked_sub(by))
    }),
];

fn duration_arg(call: &mut Call<'_>) -> Result<std::time::Duration, Fault> {
    let value = call.need("duration")?;
    let text = call.text_of(value)?;
    parse_duration(&text).map_err(|_| {
        Fault::wrong_type(format!("`{}` needs a length of time", call.name))
            .help("write seconds (`30`) or units (`1h30m`, `250ms`, `2d`)")
    })
}

fn shift(result: Result<Timestamp, jiff::Error>) -> Result<Value, Fault> {
    result
        .map(|instant| Value::from(instant.to_string()))
        .map_err(|_| Fault::wrong_type("this time is outside the years that exist here"))
}

/// The input as a point in time: RFC 3339 text, or seconds since 1970.
fn instant(call: &mut Call<'_>) -> Result<Timestamp, Fault> {
    let wrong = || {
        Fault::wrong_type("this is no point in time")
            .help("a time is RFC 3339 (`2026-01-31T12:00:00Z`) or seconds since 1970; `parse_datetime(format=...)` reads others")
    };
    if let Some(seconds) = call.input.as_i64() {
        return Timestamp::from_second(seconds).map_err(|_| wrong());
    }
    if let Some(seconds) = call.input.as_f64() {
        let micros = seconds * 1_000_000.0;
        // What is out of range saturates and is refused just after.
        return Timestamp::from_microsecond(micros as i64).map_err(|_| wrong());
    }
    let text = call.text()?.trim();
    text.parse().map_err(|_| wrong())
}

fn zone(call: &mut Call<'_>) -> Result<TimeZone, Fault> {
    let wrong = || Fault::wrong_type("a time zone is `UTC` or an offset such as `+02:00`");
    let Some(text) = call.text_arg("timezone")? else {
        return Ok(TimeZone::UTC);
    };
    if matches!(text, "UTC" | "utc" | "Z") {
        return Ok(TimeZone::UTC);
    }
    let (sign, rest) = match text.split_at_checked(1) {
        Some(("+", rest)) => (1, rest),
        Some(("-", rest)) => (-1, rest),
        _ => return Err(wrong()),
    };
    let (hours, minutes) = rest.split_once(':').unwrap_or((rest, "0"));
    let hours: i32 = hours.parse().map_err(|_| wrong())?;
    let minutes: i32 = minutes.parse().map_err(|_| wrong())?;
    if !(0..=23).contains(&hours) || !(0..=59).contains(&minutes) {
        return Err(wrong());
    }
    Offset::from_seconds(sign * (hours * 3_600 + minutes * 60))
        .map(Offset::to_time_zone)
        .map_err(|_| wrong())
}

fn parse_datetime(call: &mut Call<'_>) -> Result<Value, Fault> {
    let zone = zone(call)?;
    let Some(format) = call.text_arg("format")? else {
        return Ok(Value::from(instant(call)?.to_string()));
    };
    let text = call.text()?;
    let wrong =
        || Fault::wrong_type("`parse_datetime` was given a text that does not fit the format");
    let parsed = strtime::parse(format, text).map_err(|_| wrong())?;
    // A format without an offset is read in the given zone.
    let instant = match parsed.to_timestamp() {
        Ok(instant) => instant,
        Err(_) => parsed
            .to_datetime()
            .or_else(|_| parsed.to_date().map(|date| date.at(0, 0, 0, 0)))
            .and_then(|local| local.to_zoned(zone))
            .map_err(|_| wrong())?
            .timestamp(),
    };
    Ok(Value::from(instant.to_string()))
}

fn format_datetime(call: &mut Call<'_>) -> Result<Value, Fault> {
    let zone = zone(call)?;
    let pattern = call.text_arg("format")?.unwrap_or("%Y-%m-%dT%H:%M:%S%:z");
    let instant = instant(call)?;
    let value = format(&instant.to_zoned(zone), pattern)?;
    call.built(value)
}

/// Formats by strftime's letters.
pub(super) fn format(time: &Zoned, pattern: &str) -> Result<Value, Fault> {
    // Widths (`%999d`) could otherwise make much of little.
    let wide = pattern
        .as_bytes()
        .windows(4)
        .any(|window| window.iter().all(u8::is_ascii_digit));
    if pattern.len() > 256 || wide {
        return Err(Fault::limit(
            "this format of a time is too long or too wide",
        ));
    }
    strtime::format(pattern, time)
        .map(Value::from)
        .map_err(|_| {
            Fault::wrong_type("this is no format of a time")
                .help("it is written as for strftime: `%Y-%m-%d %H:%M`")
        })
}
