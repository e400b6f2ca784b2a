//! Spans of time from outside.

use jiff::SignedDuration;

const DAY: i64 = 86_400;

/// The span of a text as ISO 8601 has it: weeks, days (of 24 hours each), hours, minutes and seconds, each
/// once and in this order, in either direction. Years and months have no length of their own.
pub fn duration(text: &str) -> Option<SignedDuration> {
    let (negative, unsigned) = match text.as_bytes().first()? {
        b'-' => (true, text.get(1..)?),
        b'+' => (false, text.get(1..)?),
        _ => (false, text),
    };
    let parts = unsigned.strip_prefix('P')?;
    let (date, time) = match parts.find('T') {
        Some(at) => parts.split_at(at),
        None => (parts, ""),
    };
    // The library's own parser is not as strict.
    if text.bytes().any(|byte| byte.is_ascii_lowercase()) {
        return None;
    }
    let (weeks, rest) = count(date, 'W')?;
    let (days, rest) = count(rest, 'D')?;
    if !rest.is_empty() || parts.is_empty() {
        return None;
    }
    let seconds = weeks.checked_mul(7)?.checked_add(days)?.checked_mul(DAY)?;
    let time = match time {
        "" => SignedDuration::ZERO,
        time => format!("P{time}").parse().ok()?,
    };
    let span = SignedDuration::from_secs(seconds).checked_add(time)?;
    match negative {
        true => span.checked_neg(),
        false => Some(span),
    }
}

/// The number before a unit that a text begins with, 0 where it does not, and what follows.
fn count(text: &str, unit: char) -> Option<(i64, &str)> {
    let Some((number, rest)) = text.split_once(unit) else {
        return Some((0, text));
    };
    let digits = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| Some((number.parse().ok()?, rest))).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_have_weeks_and_days_besides_what_the_clock_has() {
        for (text, seconds) in [
            ("P1W", 7 * DAY),
            ("P1D", DAY),
            ("-P2W3DT1H", -(17 * DAY + 3_600)),
            ("PT90M", 5_400),
            ("+PT0S", 0),
        ] {
            assert_eq!(
                duration(text),
                Some(SignedDuration::from_secs(seconds)),
                "{text}"
            );
        }
        assert_eq!(
            duration("P1DT1.5S"),
            Some(SignedDuration::from_millis(86_401_500))
        );
        for text in [
            "",
            "P",
            "PT",
            "P1",
            "P1DT",
            "P1D1W",
            "P1M",
            "P1Y",
            "P-1D",
            "P1.5D",
            "PT-1H",
            "--P1D",
            "1h",
            "pt1h",
            "PT1h",
            "P1WT",
            "P99999999999999999999D",
            "P9223372036854775807W",
        ] {
            assert_eq!(duration(text), None, "{text}");
        }
    }
}
