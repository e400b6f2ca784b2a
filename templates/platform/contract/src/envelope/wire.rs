//! The envelope as headers and payload, after the Kafka protocol binding of CloudEvents 1.0
//! (<https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/kafka-protocol-binding.md>).

use std::str::FromStr;

use super::{Change, DecodeError, Envelope, Headers, Wire, attributes};

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
        let mut headers = Headers::new();
        let mut put = |name, value: String| headers.push(name, &value);
        put(
            attributes::SPEC_VERSION,
            attributes::SPEC_VERSION_1.to_owned(),
        );
        put(attributes::ID, self.id.to_string());
        put(attributes::SOURCE, self.source.clone());
        put(attributes::TYPE, self.versioned_kind());
        put(attributes::SUBJECT, self.subject.to_string());
        put(attributes::TIME, self.time.to_string());
        put(attributes::SEQUENCE, format!("{:020}", self.sequence));
        put(attributes::PARTITION_KEY, self.subject.to_string());
        put(attributes::CORRELATION_ID, self.correlation.to_string());
        put(attributes::CAUSATION_ID, self.causation.to_string());
        put(attributes::CHANGE, self.change.as_str().to_owned());
        put(
            attributes::DATA_SCHEMA,
            format!("urn:microdb:schema:{}:{}", self.kind, self.version),
        );
        put(attributes::CONTENT_TYPE, attributes::JSON.to_owned());
        if let Some(event) = self.last_event {
            put(attributes::LAST_EVENT, event.to_string());
        }
        if let Some(traceparent) = &self.traceparent {
            put(attributes::TRACE_PARENT, traceparent.clone());
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
        attributes::check_spec_version(wire)?;
        let (kind, version) = attributes::versioned_type(wire)?;
        let data = serde_json::from_slice(&wire.payload).map_err(|error| {
            DecodeError::NotAnEnvelope(format!("its payload is no JSON: {error}"))
        })?;
        Ok(Self {
            id: attributes::value(wire, attributes::ID)?,
            kind: kind.to_owned(),
            version,
            source: attributes::text(wire, attributes::SOURCE)?.to_owned(),
            subject: attributes::value(wire, attributes::SUBJECT)?,
            sequence: attributes::value(wire, attributes::SEQUENCE)?,
            change: attributes::value(wire, attributes::CHANGE)?,
            last_event: attributes::optional(wire, attributes::LAST_EVENT)?,
            time: attributes::value(wire, attributes::TIME)?,
            correlation: attributes::value(wire, attributes::CORRELATION_ID)?,
            causation: attributes::value(wire, attributes::CAUSATION_ID)?,
            traceparent: attributes::optional(wire, attributes::TRACE_PARENT)?,
            data,
        })
    }
}
