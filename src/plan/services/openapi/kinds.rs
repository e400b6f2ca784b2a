//! The schemas of the language's own types: each takes what the runtime's `schema::form` takes.

use serde_json::{Value, json};

use super::patterns;
use crate::model::{DecimalFormat, Scalar};

/// The schema of a value of a type that the language has.
pub(super) fn scalar(scalar: &Scalar) -> Value {
    match scalar {
        Scalar::String | Scalar::Text => json!({ "type": "string", "pattern": patterns::TEXT }),
        Scalar::Bool => json!({ "type": "boolean" }),
        Scalar::Int => integer(i64::MIN),
        Scalar::Float => json!({
            "type": "number", "format": "double", "minimum": f64::MIN, "maximum": f64::MAX,
        }),
        Scalar::Decimal(format) => json!({
            "type": "string", "format": "decimal", "pattern": patterns::decimal(*format, true),
            "examples": [decimal(*format)],
        }),
        Scalar::Uuid => uuid(),
        Scalar::Date => {
            json!({ "type": "string", "format": "date", "pattern": patterns::DATE })
        }
        Scalar::Timestamp => timestamp(),
        Scalar::Duration => json!({
            "type": "string", "pattern": patterns::DURATION,
            "description": "A span of time as ISO 8601 has it: weeks, days (of 24 hours), hours, minutes \
                            and seconds.",
            "examples": ["PT1H30M", "P2W"],
        }),
        Scalar::Bytes => json!({
            "type": "string", "contentEncoding": "base64", "pattern": patterns::bytes(0, None),
        }),
        Scalar::Json => json!({}),
    }
}

/// A UUID in its hyphenated form.
pub(super) fn uuid() -> Value {
    json!({ "type": "string", "format": "uuid", "pattern": patterns::UUID })
}

/// An instant.
pub(super) fn timestamp() -> Value {
    json!({ "type": "string", "format": "date-time", "pattern": patterns::TIMESTAMP })
}

/// A whole number of 64 bit, at least `minimum`.
pub(super) fn integer(minimum: i64) -> Value {
    json!({ "type": "integer", "format": "int64", "minimum": minimum, "maximum": i64::MAX })
}

/// One as it is shown.
fn decimal(format: DecimalFormat) -> String {
    let whole = u8::from(format.precision > format.scale);
    match format.scale {
        0 => whole.to_string(),
        scale => format!("{whole}.{:0>width$}", "", width = usize::from(scale)),
    }
}
