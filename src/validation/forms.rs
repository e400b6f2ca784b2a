//! Values of the language's own types, from what was written to their one JSON form.

use serde_json::{Map as JsonMap, Value as Json, json};

use super::instants;
use crate::description::raw::RawLiteral;
use crate::diagnostics::Diagnostic;
use crate::model::{DecimalFormat, Scalar};

/// What is wrong with a value, and what to do about it.
pub(super) struct Wrong {
    problem: String,
    help: Option<String>,
}

impl Wrong {
    pub(super) fn new(problem: impl Into<String>) -> Self {
        Self {
            problem: problem.into(),
            help: None,
        }
    }

    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The finding about what stands at `span` for `what`.
    pub(super) fn finding(self, what: &str, span: crate::diagnostics::Span) -> Diagnostic {
        let message = format!("{what}: {}", self.problem);
        let finding = Diagnostic::error("wrong-value", message).at(span, "");
        finding.help(
            self.help
                .unwrap_or_else(|| "give it a value that is allowed, or remove it".to_owned()),
        )
    }
}

/// A value of one of the language's own types.
pub(super) fn scalar(scalar: Scalar, raw: &RawLiteral) -> Result<Json, Wrong> {
    match (scalar, raw) {
        (Scalar::Json, _) => any(raw),
        (Scalar::Bool, RawLiteral::Bool(value)) => Ok(json!(value)),
        (Scalar::Int, RawLiteral::Integer(value)) => Ok(json!(value)),
        (Scalar::Float, RawLiteral::Integer(value)) => Ok(json!(*value as f64)),
        // There is one zero.
        (Scalar::Float, RawLiteral::Float(value)) if *value == 0.0 => Ok(json!(0.0)),
        (Scalar::Float, RawLiteral::Float(value)) if value.is_finite() => Ok(json!(value)),
        (Scalar::Float, RawLiteral::Float(_)) => Err(Wrong::new("a float here is finite")),
        (Scalar::Bool | Scalar::Int | Scalar::Float, _) => {
            let what = match scalar {
                Scalar::Bool => "`true` or `false`",
                Scalar::Int => "an integer",
                _ => "a number",
            };
            Err(Wrong::new(format!(
                "{what} is expected, not {}",
                raw.words()
            )))
        }
        (_, RawLiteral::Text(text)) => written(scalar, text),
        _ => Err(
            Wrong::new(format!("a string is expected, not {}", raw.words()))
                .help(format!("write it as a string: {}", example(scalar))),
        ),
    }
}

/// A value that is written as a string.
fn written(scalar: Scalar, text: &str) -> Result<Json, Wrong> {
    let (form, what) = match scalar {
        Scalar::Decimal(format) => return decimal(format, text),
        Scalar::Uuid => (uuid(text), "a uuid"),
        Scalar::Date => (instants::date(text), "a date"),
        Scalar::Timestamp => (instants::timestamp(text), "a timestamp with its offset"),
        Scalar::Duration => (instants::duration(text), "a duration"),
        Scalar::Bytes => (base64(text), "base64"),
        // PostgreSQL has no such character in its texts.
        _ if text.contains('\0') => {
            return Err(Wrong::new("it contains the character U+0000"));
        }
        _ => return Ok(json!(text)),
    };
    form.map(Json::String).ok_or_else(|| {
        let wrong = Wrong::new(format!("`{text}` is not {what}"));
        wrong.help(format!("write it as {}", example(scalar)))
    })
}

fn example(scalar: Scalar) -> &'static str {
    match scalar {
        Scalar::Decimal(_) => "`\"1.50\"`",
        Scalar::Uuid => "`\"01890a5d-ac96-774b-bcce-b302099a8057\"`",
        Scalar::Date => "`\"2026-01-31\"`",
        Scalar::Timestamp => "`\"2026-01-31T12:00:00Z\"`",
        Scalar::Duration => "`\"30s\"`",
        Scalar::Bytes => "`\"aGVsbG8=\"`",
        _ => "`\"text\"`",
    }
}

/// A decimal in its canonical form: no leading zeros, every digit of its scale.
fn decimal(format: DecimalFormat, text: &str) -> Result<Json, Wrong> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", text),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let numeric = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !numeric(whole) || !numeric(fraction) {
        let wrong = Wrong::new(format!("`{text}` is not a decimal"));
        return Err(wrong.help(format!("write it as {}", example(Scalar::Decimal(format)))));
    }
    let (whole, fraction) = (
        whole.trim_start_matches('0'),
        fraction.trim_end_matches('0'),
    );
    let (precision, scale) = (usize::from(format.precision), usize::from(format.scale));
    if whole.len() > precision - scale || fraction.len() > scale {
        return Err(Wrong::new(format!(
            "`{text}` does not fit `decimal({precision},{scale})`"
        )));
    }
    let sign = if whole.is_empty() && fraction.is_empty() {
        ""
    } else {
        sign
    };
    let whole = if whole.is_empty() { "0" } else { whole };
    let point = if scale == 0 { "" } else { "." };
    Ok(json!(format!("{sign}{whole}{point}{fraction:0<scale$}")))
}

fn uuid(text: &str) -> Option<String> {
    let parts: Vec<_> = text.split('-').collect();
    let formed = parts.iter().map(|part| part.len()).eq([8, 4, 4, 4, 12])
        && parts
            .iter()
            .all(|part| part.bytes().all(|byte| byte.is_ascii_hexdigit()));
    formed.then(|| text.to_ascii_lowercase())
}

/// Base64 of the standard alphabet, padded, with no bits left over: there is one text of some bytes.
fn base64(text: &str) -> Option<String> {
    let digits = text.trim_end_matches('=');
    let spare = match text.len() - digits.len() {
        0 => 0b00,
        1 => 0b11,
        2 => 0b1111,
        _ => return None,
    };
    let sextet = |byte: u8| match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    };
    let values: Option<Vec<u8>> = digits.bytes().map(sextet).collect();
    let last = values?.last().copied().unwrap_or(0);
    (text.len().is_multiple_of(4) && last & spare == 0).then(|| text.to_owned())
}

/// Any value, as JSON.
fn any(raw: &RawLiteral) -> Result<Json, Wrong> {
    Ok(match raw {
        RawLiteral::Text(text) => json!(text),
        RawLiteral::Integer(value) => json!(value),
        RawLiteral::Float(value) if !value.is_finite() => {
            return Err(Wrong::new("JSON has no such number"));
        }
        RawLiteral::Float(value) => json!(value),
        RawLiteral::Bool(value) => json!(value),
        RawLiteral::List(list) => {
            let elements: Result<Vec<_>, _> =
                list.iter().map(|element| any(&element.value)).collect();
            Json::Array(elements?)
        }
        RawLiteral::Table(table) => {
            let mut object = JsonMap::new();
            for (name, member) in table {
                object.insert(name.clone(), any(&member.value.value)?);
            }
            Json::Object(object)
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_canonical_or_refused() {
        let format = DecimalFormat {
            precision: 4,
            scale: 2,
        };
        let read = |text| decimal(format, text).ok().map(|value| value.to_string());
        for (text, canonical) in [
            ("0", "0.00"),
            ("-0.0", "0.00"),
            ("007.5", "7.50"),
            ("-99.99", "-99.99"),
            ("1.500", "1.50"),
        ] {
            assert_eq!(read(text), Some(format!("\"{canonical}\"")), "{text}");
        }
        for text in [
            "", ".", "1.", ".5", "+1", "1e3", "100", "0.001", "1.2.3", "--1",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn base64_has_one_text_for_some_bytes() {
        for text in ["", "aGVsbG8=", "AA==", "AAA=", "+/+/"] {
            assert_eq!(base64(text).as_deref(), Some(text));
        }
        for text in ["A", "AA", "AB==", "AAB=", "A===", "AA=A", "a-b_", "===="] {
            assert_eq!(base64(text), None, "{text}");
        }
    }
}
