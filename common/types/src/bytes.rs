//! Sizes as people write them: `256 KiB`, `4 MiB`, `1000`.

/// Why a text is no size.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a size: write bytes (`1000`) or units (`256 KiB`, `4 MiB`, `1 GiB`)")]
pub struct SizeError(pub String);

const UNITS: [(&str, u64); 4] = [
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
    ("B", 1),
];

/// Bytes of a text such as `4 MiB`; a number alone is bytes.
///
/// # Errors
/// [`SizeError`] if it is none.
pub fn parse_bytes(text: &str) -> Result<u64, SizeError> {
    let wrong = || SizeError(text.to_owned());
    let trimmed = text.trim();
    let (number, unit) = UNITS
        .iter()
        .find_map(|(name, unit)| {
            let end = trimmed.len().checked_sub(name.len())?;
            let (number, tail) = trimmed.split_at_checked(end)?;
            tail.eq_ignore_ascii_case(name).then_some((number, *unit))
        })
        .unwrap_or((trimmed, 1));
    let number: u64 = number.trim().parse().map_err(|_| wrong())?;
    number.checked_mul(unit).ok_or_else(wrong)
}

/// A size in the largest unit that gives a whole number.
pub fn format_bytes(bytes: u64) -> String {
    let (name, unit) = UNITS
        .iter()
        .find(|(_, unit)| bytes >= *unit && bytes.is_multiple_of(*unit))
        .copied()
        .unwrap_or(("B", 1));
    match name {
        "B" => format!("{bytes} bytes"),
        _ => format!("{} {name}", bytes / unit),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_go_there_and_back() {
        for (text, bytes, shown) in [
            ("256 KiB", 256 << 10, "256 KiB"),
            ("4MiB", 4 << 20, "4 MiB"),
            ("1 gib", 1 << 30, "1 GiB"),
            ("1000", 1_000, "1000 bytes"),
            ("12 B", 12, "12 bytes"),
            ("1024 KiB", 1 << 20, "1 MiB"),
        ] {
            assert_eq!(parse_bytes(text), Ok(bytes));
            assert_eq!(format_bytes(bytes), shown);
        }
        for wrong in ["", "KiB", "4 MB", "-1", "1.5 MiB", "99999999999 GiB"] {
            assert!(parse_bytes(wrong).is_err(), "{wrong}");
        }
    }
}
