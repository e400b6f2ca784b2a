//! The attributes of messages: the names of their headers, and reading them.

use std::str::FromStr;

use super::{DecodeError, Wire};

/// The version of CloudEvents; always `1.0`.
pub const SPEC_VERSION: &str = "ce_specversion";
/// The message's id.
pub const ID: &str = "ce_id";
/// The context it comes from.
pub const SOURCE: &str = "ce_source";
/// Its type with the version: `fintech.loan.LoanApproved.v1`.
pub const TYPE: &str = "ce_type";
/// The aggregate's id.
pub const SUBJECT: &str = "ce_subject";
/// When it was recorded (RFC 3339).
pub const TIME: &str = "ce_time";
/// The schema of the data.
pub const DATA_SCHEMA: &str = "ce_dataschema";
/// Extension "sequence": the place in the aggregate's history, with leading zeros, so that texts
/// order as numbers do.
pub const SEQUENCE: &str = "ce_sequence";
/// Extension "partitioning": the key order is kept for.
pub const PARTITION_KEY: &str = "ce_partitionkey";
/// Extension "distributed tracing" (W3C Trace Context).
pub const TRACE_PARENT: &str = "ce_traceparent";
/// Our extension: the id that all messages share which one request set off.
pub const CORRELATION_ID: &str = "ce_correlationid";
/// Our extension: the message or request that caused this one.
pub const CAUSATION_ID: &str = "ce_causationid";
/// Our extension: what the message says of its aggregate.
pub const CHANGE: &str = "ce_change";
/// Our extension: for a snapshot, the last event it stands for.
pub const LAST_EVENT: &str = "ce_lastevent";
/// The media type of the payload.
pub const CONTENT_TYPE: &str = "content-type";

/// The one version of CloudEvents this speaks.
pub const SPEC_VERSION_1: &str = "1.0";
/// The one media type of payloads.
pub const JSON: &str = "application/json";

/// The text of a header that has to be there.
pub fn text<'a>(wire: &'a Wire, name: &'static str) -> Result<&'a str, DecodeError> {
    wire.headers
        .get(name)
        .ok_or_else(|| DecodeError::NotAnEnvelope(format!("it has no header `{name}`")))
}

/// The value of a header that has to be there.
pub fn value<T: FromStr>(wire: &Wire, name: &'static str) -> Result<T, DecodeError> {
    parse(name, text(wire, name)?)
}

/// The value of a header that may be absent.
pub fn optional<T: FromStr>(wire: &Wire, name: &'static str) -> Result<Option<T>, DecodeError> {
    wire.headers
        .get(name)
        .map(|text| parse(name, text))
        .transpose()
}

/// The type with its version apart.
pub fn versioned_type(wire: &Wire) -> Result<(&str, u32), DecodeError> {
    let text = text(wire, TYPE)?;
    text.rsplit_once(".v")
        .and_then(|(kind, version)| Some((kind, version.parse().ok()?)))
        .ok_or_else(|| DecodeError::NotAnEnvelope(format!("the type `{text}` has no version")))
}

/// Refuses what is not CloudEvents 1.0.
pub fn check_spec_version(wire: &Wire) -> Result<(), DecodeError> {
    match text(wire, SPEC_VERSION)? {
        SPEC_VERSION_1 => Ok(()),
        other => Err(DecodeError::NotAnEnvelope(format!(
            "it is of CloudEvents `{other}`, not {SPEC_VERSION_1}"
        ))),
    }
}

fn parse<T: FromStr>(name: &str, text: &str) -> Result<T, DecodeError> {
    text.parse().map_err(|_| {
        DecodeError::NotAnEnvelope(format!("its header `{name}` makes no sense: `{text}`"))
    })
}
