//! The settings of `core.cron` and `core.interval`, checked when a pack is loaded.
//!
//! Owns what a schema cannot say: that an expression is a cron expression, that a zone exists, that
//! a time is one. Never computes a tick: the sensor service does, by the same [`parse_cron`].

use attune_types::{JsonMap, JsonValue, Timestamp, parse_duration};

/// What is wrong, with the key it belongs to.
pub(crate) struct Wrong {
    pub(crate) key: &'static str,
    pub(crate) message: String,
    pub(crate) help: &'static str,
}

/// Checks the parameters of a built-in time trigger; others are fine.
pub(crate) fn check(trigger: &str, parameters: &JsonMap) -> Vec<Wrong> {
    let mut wrong = Vec::new();
    let text = |key: &str| parameters.get(key).and_then(JsonValue::as_str);
    match trigger {
        "core.interval" => {
            let every = match parameters.get("every") {
                Some(JsonValue::String(text)) => Some(text.clone()),
                Some(JsonValue::Number(number)) => Some(number.to_string()),
                _ => None,
            };
            if let Some(every) = every {
                let message = match parse_duration(&every) {
                    Ok(every) if every.as_millis() >= 100 => None,
                    Ok(_) => Some("an interval is at least 100 ms".to_owned()),
                    Err(error) => Some(error.to_string()),
                };
                if let Some(message) = message {
                    wrong.push(Wrong {
                        key: "every",
                        message,
                        help: "write `every: 30s` or `every: 1h30m`",
                    });
                }
            }
        }
        "core.cron" => {
            if let Some(expression) = text("expression")
                && let Err(error) = parse_cron(expression)
            {
                wrong.push(Wrong {
                    key: "expression",
                    message: format!("`{expression}` is no cron expression: {error}"),
                    help: "five fields: minute, hour, day of month, month, day of week; six with seconds first",
                });
            }
            if let Some(zone) = text("timezone")
                && jiff::tz::TimeZone::get(zone).is_err()
            {
                wrong.push(Wrong {
                    key: "timezone",
                    message: format!("`{zone}` is no known time zone"),
                    help: "use a name such as `UTC` or `Europe/Berlin`",
                });
            }
        }
        "core.at" => {
            if let Some(at) = text("at")
                && at.parse::<Timestamp>().is_err()
            {
                wrong.push(Wrong {
                    key: "at",
                    message: format!("`{at}` is no point in time"),
                    help: "write RFC 3339: `2030-01-31T08:00:00Z`",
                });
            }
        }
        _ => {}
    }
    wrong
}

/// Reads a cron expression: five fields, or six with seconds first.
///
/// # Errors
/// Why it is none.
pub fn parse_cron(expression: &str) -> Result<croner::Cron, croner::errors::CronError> {
    croner::parser::CronParser::builder()
        .seconds(croner::parser::Seconds::Optional)
        .build()
        .parse(expression)
}
