//! What Kafka's errors mean to those who use the broker.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use platform_ports::broker::BrokerError;
use platform_ports::outage::Outage;
use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::ConsumerContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};

/// What a client's log calls lines that come of a broker which is away: connections that fail, requests
/// without an answer, partitions that nobody leads, coordinators that are not there.
const CONNECTION: [&str; 8] = [
    "FAIL",
    "ERROR",
    "APIVERSION",
    "REQTMOUT",
    "SESSTMOUT",
    "METADATA",
    "METADATAUPDATE",
    "GETPID",
];

/// How long a rejection is remembered while connections fail for whatever reason.
const REMEMBERED: Duration = Duration::from_secs(30);

/// What the clients last reported of their connections.
pub struct ConnectionHealth {
    brokers: String,
    last: Mutex<Option<ConnectionError>>,
    outage: Arc<Outage>,
}

struct ConnectionError {
    code: Code,
    reason: String,
    at: Instant,
}

impl ConnectionHealth {
    /// Nothing is known yet.
    pub fn new(brokers: &str, outage: Arc<Outage>) -> Self {
        Self {
            brokers: brokers.to_owned(),
            last: Mutex::default(),
            outage,
        }
    }

    fn remember(&self, code: Code, reason: &str) {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        // That all are down is said after why they are, and that a connection ended after why nobody
        // was let in; what else clients say is not of connections.
        let tells = is_connection(code) || is_rejection(code);
        let said = last.as_ref().is_some_and(|last| {
            let rejected = is_rejection(last.code) && last.at.elapsed() < REMEMBERED;
            code == Code::AllBrokersDown || (rejected && !is_rejection(code))
        });
        if tells && !said {
            *last = Some(ConnectionError {
                code,
                reason: reason.to_owned(),
                at: Instant::now(),
            });
        }
    }

    /// An error of a client that is nobody's in particular.
    pub fn note_error(&self, error: &KafkaError, reason: &str) {
        if let Some(code) = code(error) {
            self.remember(code, reason);
        }
    }

    /// A broker has answered.
    pub fn answered(&self) {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// A line of a client's log. That the producer stops at a gap is called experimental at every start;
    /// it is what is wanted. Each client says of each connection by itself that it fails.
    pub fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        let line = || tracing::warn!(facility, message, "kafka");
        match level {
            _ if facility == "CONFWARN" => tracing::debug!(facility, message, "kafka"),
            RDKafkaLogLevel::Emerg
            | RDKafkaLogLevel::Alert
            | RDKafkaLogLevel::Critical
            | RDKafkaLogLevel::Error
            | RDKafkaLogLevel::Warning => match CONNECTION.contains(&facility) {
                true => self.outage.failed(message, line),
                false => line(),
            },
            RDKafkaLogLevel::Notice | RDKafkaLogLevel::Info | RDKafkaLogLevel::Debug => {
                tracing::debug!(facility, message, "kafka");
            }
        }
    }

    /// What a failure means for whoever asked for `what`.
    pub fn error(&self, what: &str, error: &KafkaError) -> BrokerError {
        match code(error) {
            Some(code) => self.failure(what, code),
            // The text of such an error has the value in it, perhaps a password.
            None => match error {
                KafkaError::ClientConfig(_, why, name, _) => {
                    BrokerError::Unusable(format!("{what}: the setting {name}: {why}"))
                }
                error => BrokerError::Unusable(format!("{what}: {error}")),
            },
        }
    }

    /// The same, from the code alone.
    pub fn failure(&self, what: &str, code: Code) -> BrokerError {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let why = last.as_ref().filter(|_| is_connection(code));
        let (code, reason) = why.map_or((code, ""), |error| (error.code, error.reason.as_str()));
        let advice = match code {
            Code::Authentication | Code::SaslAuthenticationFailed => "check user and password",
            Code::SSL => "check the certificates, and whether it is asked for TLS",
            code if is_forbidden(code) => "the user lacks a right (an ACL)",
            _ => "check that it runs and that this is its address",
        };
        let text = format!("Kafka at {}: {what}: {code}; {advice}", self.brokers);
        let text = if reason.is_empty() {
            text
        } else {
            format!("{text} ({reason})")
        };
        if is_passing(code) {
            BrokerError::Unavailable(text)
        } else {
            BrokerError::Unusable(text)
        }
    }
}

/// The code of an error, if it has one.
pub fn code(error: &KafkaError) -> Option<Code> {
    match error {
        KafkaError::AdminOp(code) => Some(*code),
        error => error.rdkafka_error_code(),
    }
}

/// Whether nothing is known but that nobody answered.
fn is_connection(code: Code) -> bool {
    matches!(
        code,
        Code::BrokerTransportFailure
            | Code::AllBrokersDown
            | Code::OperationTimedOut
            | Code::RequestTimedOut
            | Code::Resolve
            | Code::TimedOutQueue
            | Code::MessageTimedOut
    )
}

/// Whether they do not let the client in.
fn is_rejection(code: Code) -> bool {
    matches!(
        code,
        Code::Authentication
            | Code::SaslAuthenticationFailed
            | Code::UnsupportedSASLMechanism
            | Code::SSL
    )
}

fn is_forbidden(code: Code) -> bool {
    matches!(
        code,
        Code::TopicAuthorizationFailed
            | Code::GroupAuthorizationFailed
            | Code::ClusterAuthorizationFailed
    )
}

fn is_passing(code: Code) -> bool {
    !is_forbidden(code)
        && !is_rejection(code)
        && !matches!(
            code,
            Code::PolicyViolation
                | Code::InvalidTopic
                | Code::InvalidPartitions
                | Code::InvalidReplicationFactor
                | Code::InvalidConfig
                | Code::UnsupportedVersion
                | Code::InvalidArgument
        )
}

/// Whether the broker will never take this message.
pub fn is_refusal(code: Code) -> bool {
    matches!(
        code,
        Code::MessageSizeTooLarge
            | Code::MessageBatchTooLarge
            | Code::InvalidMessageSize
            | Code::InvalidRecord
            | Code::InvalidTimestamp
            | Code::PolicyViolation
    )
}

/// The context of a client that only queries.
pub struct QueryContext(pub Arc<ConnectionHealth>);

impl ClientContext for QueryContext {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        self.0.log(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.0.note_error(&error, reason);
    }
}

impl ConsumerContext for QueryContext {}
