//! Decimals as whole numbers of their last digit: exact, and comparable on every engine.

/// The whole number that `text` is times `10^scale`; `None` when it is no plain decimal
/// (`-?[0-9]+(\.[0-9]+)?`), has other than zeros after `scale` digits, or more than 38 digits.
pub fn to_scaled(text: &str, scale: u8) -> Option<i128> {
    let negative = text.starts_with('-');
    let (whole, fraction) = parts(text)?;
    let fraction = fraction.trim_end_matches('0');
    let missing = usize::from(scale).checked_sub(fraction.len())?;
    let digits = format!("{whole}{fraction}{:0<missing$}", "");
    let digits = digits.trim_start_matches('0');
    if digits.len() > 38 {
        return None;
    }
    let number: i128 = if digits.is_empty() {
        0
    } else {
        digits.parse().ok()?
    };
    Some(if negative { -number } else { number })
}

/// The digits before and after the point; `None` when it is no plain decimal.
pub fn parts(text: &str) -> Option<(&str, &str)> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = match digits.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (digits, None),
    };
    let plain = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let are_plain = plain(whole) && fraction.is_none_or(plain);
    are_plain.then_some((whole, fraction.unwrap_or_default()))
}

/// The decimal with exactly `scale` digits after the point: `to_scaled` turned around.
pub fn from_scaled(number: i128, scale: u8) -> String {
    let sign = if number < 0 { "-" } else { "" };
    let scale = usize::from(scale);
    let digits = format!("{:0>width$}", number.unsigned_abs(), width = scale + 1);
    let (whole, fraction) = digits.split_at(digits.len() - scale);
    if fraction.is_empty() {
        format!("{sign}{whole}")
    } else {
        format!("{sign}{whole}.{fraction}")
    }
}
