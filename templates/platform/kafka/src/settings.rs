//! Where Kafka is, and how it is spoken to.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use rdkafka::ClientConfig;

/// Where Kafka is, who asks, and how topics are made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The brokers to ask first: `host:port`, separated by commas.
    pub brokers: String,
    /// What the names of all topics and groups begin with, so that systems share a cluster.
    pub prefix: String,
    /// How many brokers keep each message; `None`: as many as the cluster does by default. With 3
    /// or more, two of them have to have it before it is acknowledged.
    pub replication: Option<i16>,
    /// How long messages are kept; `None`: as long as the cluster does by default. Whoever has missed
    /// some begins anew from snapshots, so that this is a matter of cost, not of correctness.
    pub retention: Option<Duration>,
    /// The greatest size of a message with key and headers, in bytes. Topics have a limit too.
    pub max_message_bytes: u32,
    /// Whether the connection is encrypted.
    pub tls: bool,
    /// The certificates (PEM) of those who may vouch for the brokers; `None`: the system's.
    pub ca_file: Option<PathBuf>,
    /// The client's own certificate and private key (PEM), where the brokers ask for one.
    pub certificate: Option<(PathBuf, PathBuf)>,
    /// Name and password, where the brokers ask for them.
    pub sasl: Option<Sasl>,
}

/// A name and its password.
#[derive(Clone, PartialEq, Eq)]
pub struct Sasl {
    /// How the password is proven.
    pub mechanism: Mechanism,
    /// The user.
    pub user: String,
    /// The password.
    pub password: String,
}

/// How a password is proven.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mechanism {
    /// It is sent as it is; only with TLS.
    Plain,
    /// SCRAM with SHA-256.
    ScramSha256,
    /// SCRAM with SHA-512.
    ScramSha512,
}

impl Mechanism {
    /// Its name, as Kafka has it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Plain => "PLAIN",
            Self::ScramSha256 => "SCRAM-SHA-256",
            Self::ScramSha512 => "SCRAM-SHA-512",
        }
    }
}

impl fmt::Debug for Sasl {
    /// Without the password.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Sasl")
            .field("mechanism", &self.mechanism)
            .field("user", &self.user)
            .finish_non_exhaustive()
    }
}

impl Settings {
    /// Unencrypted, with nobody's name, as on a developer's machine.
    pub fn new(brokers: impl Into<String>) -> Self {
        Self {
            brokers: brokers.into(),
            prefix: String::new(),
            replication: None,
            retention: None,
            max_message_bytes: 1 << 20,
            tls: false,
            ca_file: None,
            certificate: None,
            sasl: None,
        }
    }

    /// The name in the cluster of a topic or group.
    pub(super) fn full(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    /// What all clients share.
    fn client(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        let protocol = match (self.tls, &self.sasl) {
            (false, None) => "plaintext",
            (true, None) => "ssl",
            (false, Some(_)) => "sasl_plaintext",
            (true, Some(_)) => "sasl_ssl",
        };
        config
            .set("bootstrap.servers", &self.brokers)
            .set("security.protocol", protocol)
            .set("client.id", "microdb")
            .set("allow.auto.create.topics", "false")
            .set("socket.nagle.disable", "true")
            .set("socket.keepalive.enable", "true")
            // Back soon after a broker is.
            .set("reconnect.backoff.max.ms", "1000")
            .set("topic.metadata.refresh.interval.ms", "3000")
            .set("log.connection.close", "false");
        if self.tls {
            let authorities = self.ca_file.as_ref().map(|path| path.to_string_lossy());
            config.set("ssl.ca.location", authorities.as_deref().unwrap_or("probe"));
            if let Some((certificate, key)) = &self.certificate {
                config
                    .set("ssl.certificate.location", certificate.to_string_lossy())
                    .set("ssl.key.location", key.to_string_lossy());
            }
        }
        if let Some(sasl) = &self.sasl {
            config
                .set("sasl.mechanism", sasl.mechanism.as_str())
                .set("sasl.username", &sasl.user)
                .set("sasl.password", &sasl.password);
        }
        config
    }

    /// For questions about topics.
    pub(super) fn metadata(&self) -> ClientConfig {
        self.client()
    }

    /// For messages that must neither get lost nor change places.
    pub(super) fn producer(&self) -> ClientConfig {
        let mut config = self.client();
        config
            .set("enable.idempotence", "true")
            // A message that was refused must not be overtaken by the next: everything stops.
            .set("enable.gapless.guarantee", "true")
            .set("acks", "all")
            .set("message.timeout.ms", "0")
            .set("message.max.bytes", self.max_message_bytes.to_string())
            .set("linger.ms", "1")
            .set("compression.type", "lz4");
        config
    }

    /// For a member of a group.
    pub(super) fn consumer(&self, group: &str) -> ClientConfig {
        let mut config = self.client();
        config
            .set("group.id", self.full(group))
            .set("partition.assignment.strategy", "cooperative-sticky")
            .set("session.timeout.ms", "6000")
            .set("heartbeat.interval.ms", "1000")
            // Who is busy with one batch for longer loses its partitions.
            .set("max.poll.interval.ms", "60000")
            .set("enable.auto.commit", "false")
            .set("enable.auto.offset.store", "false")
            .set("auto.offset.reset", "error")
            // Messages are sent on at once; the wait is how long a partition that is new to the
            // connection waits for the others' request to come back.
            .set("fetch.wait.max.ms", "100")
            .set("fetch.queue.backoff.ms", "5")
            .set("queued.min.messages", "2000")
            .set("queued.max.messages.kbytes", "8192");
        config
    }
}

#[cfg(test)]
mod tests {
    use super::{Mechanism, Sasl, Settings};

    #[test]
    fn passwords_are_not_shown() {
        let mut settings = Settings::new("127.0.0.1:1");
        settings.sasl = Some(Sasl {
            mechanism: Mechanism::Plain,
            user: "somebody".to_owned(),
            password: "hush".to_owned(),
        });
        let shown = format!("{settings:?}");
        assert!(
            shown.contains("somebody") && !shown.contains("hush"),
            "{shown}"
        );
    }
}
