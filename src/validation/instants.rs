//! Dates, instants and spans of time as the description writes them, in their one JSON form.

use std::str::FromStr;

use jiff::{SignedDuration, Timestamp, civil};

use crate::description::raw::RawDuration;

/// A date: `2026-01-31`.
pub(super) fn date(text: &str) -> Option<String> {
    let date = civil::Date::from_str(text).ok()?;
    // The parser knows more forms than this one, and years outside of four digits.
    (date.to_string() == text && date.year() >= 0).then(|| text.to_owned())
}

/// An instant with its offset, in UTC to the microsecond: `2026-01-31T12:00:00.000000Z`.
pub(super) fn timestamp(text: &str) -> Option<String> {
    let instant = Timestamp::from_str(text).ok()?;
    let micros = Timestamp::from_microsecond(instant.as_microsecond()).ok()?;
    let form = format!("{micros:.6}");
    // Texts order as instants do only while the year has four digits.
    (form.len() == "2026-01-31T12:00:00.000000Z".len()).then_some(form)
}

/// A span of time, from the language's form (`48h`) to that of ISO 8601 (`PT48H`).
pub(super) fn duration(text: &str) -> Option<String> {
    let millis = i64::try_from(RawDuration::read(text)?.millis).ok()?;
    // Values are counted in microseconds.
    millis.checked_mul(1_000)?;
    Some(SignedDuration::from_millis(millis).to_string())
}

/// The microseconds of a span in its JSON form.
pub(super) fn micros(text: &str) -> Option<i128> {
    Some(SignedDuration::from_str(text).ok()?.as_micros())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_one_form() {
        assert_eq!(date("2000-02-29").as_deref(), Some("2000-02-29"));
        for text in [
            "2000-02-30",
            "20000229",
            "2000-02-29T00:00:00",
            "-000001-01-01",
        ] {
            assert_eq!(date(text), None, "{text}");
        }
        let midnight = "1970-01-01T00:00:00.000000Z";
        assert_eq!(
            timestamp("1970-01-01T01:00:00+01:00").as_deref(),
            Some(midnight)
        );
        assert_eq!(
            timestamp("1970-01-01T00:00:00.0000001Z").as_deref(),
            Some(midnight)
        );
        for text in [
            "1970-01-01T00:00:00",
            "1970-01-01",
            "9999-12-31T23:59:59-01:00",
        ] {
            assert_eq!(timestamp(text), None, "{text}");
        }
        for (text, form) in [
            ("2d", "PT48H"),
            ("1w", "PT168H"),
            ("90s", "PT1M30S"),
            ("1ms", "PT0.001S"),
            ("0s", "PT0S"),
        ] {
            assert_eq!(duration(text).as_deref(), Some(form), "{text}");
        }
        assert_eq!(micros("PT1.5S"), Some(1_500_000));
    }
}
