//! The envelope as headers and payload, after the Kafka protocol binding of CloudEvents 1.0
//! (<https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/kafka-protocol-binding.md>).

use std::collections::BTreeMap;
use std::str::FromStr;

use super::{Change, DecodeError, Envelope, Wire, headers};

impl Change {
    /// Its text in the header.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Saved => "saved",
            Self::Deleted => "deleted",
            Self::Snapshot => "snapshot",
        }
    }
}

/// A text that says nothing of a change.
#[derive(Debug, thiserror::Error)]
#[error("it is none of saved, deleted and snapshot")]
pub struct UnknownChange;

impl FromStr for Change {
    type Err = UnknownChange;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        [Self::Saved, Self::Deleted, Self::Snapshot]
            .into_iter()
            .find(|change| change.as_str() == text)
            .ok_or(UnknownChange)
    }
}

impl Envelope {
    /// The type with its version: `fintech.loan.LoanApproved.v1`.
    pub fn versioned_kind(&self) -> String {
        format!("{}.v{}", self.kind, self.version)
    }

    /// The form in which it is stored and sent.
    pub fn to_wire(&self) -> Wire {
        let mut headers = BTreeMap::new();
        let mut put = |name: &str, value: String| headers.insert(name.to_owned(), value);
        put(headers::SPEC_VERSION, headers::SPEC_VERSION_1.to_owned());
        put(headers::ID, self.id.to_string());
        put(headers::SOURCE, self.source.clone());
        put(headers::TYPE, self.versioned_kind());
        put(headers::SUBJECT, self.subject.to_string());
        put(headers::TIME, self.time.to_string());
        put(headers::SEQUENCE, format!("{:020}", self.sequence));
        put(headers::PARTITION_KEY, self.subject.to_string());
        put(headers::CORRELATION_ID, self.correlation.to_string());
        put(headers::CAUSATION_ID, self.causation.to_string());
        put(headers::CHANGE, self.change.as_str().to_owned());
        put(
            headers::DATA_SCHEMA,
            format!("urn:microdb:schema:{}:{}", self.kind, self.version),
        );
        put(headers::CONTENT_TYPE, headers::JSON.to_owned());
        if let Some(event) = self.last_event {
            put(headers::LAST_EVENT, event.to_string());
        }
        if let Some(traceparent) = &self.traceparent {
            put(headers::TRACE_PARENT, traceparent.clone());
        }
        let payload = self.data.to_string().into_bytes();
        Wire { headers, payload }
    }

    /// Reads what [`to_wire`](Self::to_wire) wrote; headers it does not know are passed over.
    ///
    /// # Errors
    /// [`DecodeError::NotAnEnvelope`] when a header is missing or makes no sense, or the payload is
    /// no JSON. Whether the type is known is not asked here.
    pub fn from_wire(wire: &Wire) -> Result<Self, DecodeError> {
        headers::check_spec_version(wire)?;
        let (kind, version) = headers::versioned_type(wire)?;
        let data = serde_json::from_slice(&wire.payload).map_err(|error| {
            DecodeError::NotAnEnvelope(format!("its payload is no JSON: {error}"))
        })?;
        Ok(Self {
            id: headers::value(wire, headers::ID)?,
            kind: kind.to_owned(),
            version,
            source: headers::text(wire, headers::SOURCE)?.to_owned(),
            subject: headers::value(wire, headers::SUBJECT)?,
            sequence: headers::value(wire, headers::SEQUENCE)?,
            change: headers::value(wire, headers::CHANGE)?,
            last_event: headers::optional(wire, headers::LAST_EVENT)?,
            time: headers::value(wire, headers::TIME)?,
            correlation: headers::value(wire, headers::CORRELATION_ID)?,
            causation: headers::value(wire, headers::CAUSATION_ID)?,
            traceparent: headers::optional(wire, headers::TRACE_PARENT)?,
            data,
        })
    }
}
