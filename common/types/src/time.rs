//! Points in time and lengths of time. The clock itself is a port; here is only the arithmetic.

/// A point in time, UTC; RFC 3339 in JSON.
pub type Timestamp = jiff::Timestamp;
/// A length of time.
pub type Duration = std::time::Duration;

/// A text that is no length of time.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a duration: write seconds (`30`, `0.5`) or units (`1h30m`, `250ms`, `2d`)")]
pub struct DurationError(pub String);

/// The longest duration that is accepted: 100 years, so that adding one to a time cannot overflow.
const LONGEST_SECONDS: f64 = 100.0 * 365.25 * 86_400.0;

/// Reads seconds (`90`, `0.2`) or units (`1h30m`, `250ms`, `2d`, `1w`).
///
/// # Errors
/// [`DurationError`] for anything else, for negative lengths and for more than 100 years.
pub fn parse_duration(text: &str) -> Result<Duration, DurationError> {
    let wrong = || DurationError(text.to_owned());
    let trimmed = text.trim();
    if let Ok(seconds) = trimmed.parse::<f64>() {
        return seconds_to_duration(seconds).ok_or_else(wrong);
    }
    let mut rest = trimmed;
    let mut total = 0.0;
    let mut parts = 0;
    while !rest.is_empty() {
        let digits = rest
            .find(|c: char| !(c.is_ascii_digit() || c == '.'))
            .ok_or_else(wrong)?;
        let number: f64 = rest[..digits].parse().map_err(|_| wrong())?;
        rest = rest[digits..].trim_start();
        let letters = rest
            .find(|c: char| !c.is_ascii_alphabetic())
            .unwrap_or(rest.len());
        total += number
            * match &rest[..letters] {
                "us" => 0.000_001,
                "ms" => 0.001,
                "s" | "sec" | "second" | "seconds" => 1.0,
                "m" | "min" | "minute" | "minutes" => 60.0,
                "h" | "hour" | "hours" => 3_600.0,
                "d" | "day" | "days" => 86_400.0,
                "w" | "week" | "weeks" => 604_800.0,
                _ => return Err(wrong()),
            };
        rest = rest[letters..].trim_start();
        parts += 1;
    }
    if parts == 0 {
        return Err(wrong());
    }
    seconds_to_duration(total).ok_or_else(wrong)
}

fn seconds_to_duration(seconds: f64) -> Option<Duration> {
    (seconds.is_finite() && (0.0..=LONGEST_SECONDS).contains(&seconds))
        .then(|| Duration::from_micros((seconds * 1_000_000.0).round() as u64))
}

/// A duration for people: `850ms`, `1.2s`, `3m05s`, `2h10m`.
pub fn format_duration(duration: Duration) -> String {
    let millis = duration.as_millis();
    let seconds = duration.as_secs();
    match seconds {
        0 => format!("{millis}ms"),
        1..60 => format!("{:.1}s", duration.as_secs_f64()),
        60..3_600 => format!("{}m{:02}s", seconds / 60, seconds % 60),
        _ => format!("{}h{:02}m", seconds / 3_600, seconds % 3_600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_seconds_and_units() {
        let cases = [
            ("30", 30_000),
            ("0.2", 200),
            ("1h30m", 5_400_000),
            ("250ms", 250),
            ("2d", 172_800_000),
            (" 1m 5s ", 65_000),
        ];
        for (text, millis) in cases {
            assert_eq!(
                parse_duration(text),
                Ok(Duration::from_millis(millis)),
                "{text}"
            );
        }
    }

    #[test]
    fn refuses_the_rest() {
        for text in [
            "", "soon", "-1", "1x", "h", "inf", "NaN", "1e300", "5 apples",
        ] {
            assert!(parse_duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn formats_for_people() {
        assert_eq!(format_duration(Duration::from_millis(850)), "850ms");
        assert_eq!(format_duration(Duration::from_millis(1_240)), "1.2s");
        assert_eq!(format_duration(Duration::from_secs(185)), "3m05s");
        assert_eq!(format_duration(Duration::from_secs(7_800)), "2h10m");
    }
}
