//! Configuration, from the environment alone.
//!
//! Every variable is looked for under the context's name first (`MY_CONTEXT_PORT`), then plainly
//! (`PORT`), so that the services of a system can share one environment.

mod limits;
mod reader;
mod settings;
#[cfg(test)]
mod tests;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use self::reader::Reader;
use self::settings::{
    ALLOWED_HOSTS, ALLOWED_ORIGINS, BROKER_URL, CACHE_URL, DATA_DIR, DATABASE_REPLICA_URLS,
    DATABASE_URL, DRAIN_DELAY, EVENT_LOG_DAYS, HOST, LOG_FORMAT, OTLP_ENDPOINT, OUTBOX_LIMIT, PORT,
    RUST_LOG, SHUTDOWN_TIMEOUT,
};
use crate::http::Limits;
use crate::http::admission::{Admission, HostName, Origin};
use crate::http::server::ConnectionLimits;
use crate::telemetry::LogFormat;
use platform_ports::location::Location;

pub use self::settings::{SETTINGS, Setting, help};

const DAY_SECONDS: u64 = 24 * 60 * 60;

/// The servers that a service is described with: what their locations look like.
#[derive(Debug, Clone, Copy, Default)]
pub struct Servers {
    /// Its database, which it cannot do without; `None`: it has a default.
    pub database: Option<&'static str>,
    /// The broker, likewise.
    pub broker: Option<&'static str>,
    /// The cache, where it may have one.
    pub cache: Option<&'static str>,
}

/// What a service is told from outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// The address to listen on.
    pub host: IpAddr,
    /// The port to listen on; 0: any.
    pub port: u16,
    /// The names it is called by besides its machine's own.
    pub hosts: Vec<HostName>,
    /// The origins of web pages that may use it besides its own.
    pub origins: Vec<Origin>,
    /// Where operators have a port of their own.
    pub operators: Option<SocketAddr>,
    /// The service's database.
    pub database: Location,
    /// The read replicas of the database.
    pub replicas: Vec<Location>,
    /// The cache.
    pub cache: Option<Location>,
    /// The broker.
    pub broker: Location,
    /// The form of the log.
    pub log_format: LogFormat,
    /// What is logged, as `RUST_LOG` says it.
    pub log_filter: String,
    /// Where the collector of traces is, if there is one.
    pub collector: Option<String>,
    /// What one request may take.
    pub limits: Limits,
    /// What connections may take.
    pub connections: ConnectionLimits,
    /// How long it serves on, not ready any more, when it is asked to end.
    pub drain_delay: Duration,
    /// How long requests under way are waited for when the service shuts down.
    pub shutdown_timeout: Duration,
    /// How many messages the outbox holds.
    pub outbox_limit: u64,
    /// How long events are kept for replays.
    pub event_log_kept: Duration,
}

/// Variables that make no sense: all of them.
#[derive(Debug, thiserror::Error)]
#[error("the configuration is not usable:{}", list(.0))]
pub struct ConfigError(pub Vec<String>);

fn list(problems: &[String]) -> String {
    problems.iter().map(|one| format!("\n  - {one}")).collect()
}

impl Config {
    /// Reads the environment of this process for the service of `context`.
    ///
    /// # Errors
    /// When variables make no sense; all of them are named.
    pub fn from_env(context: &str, port: u16, servers: Servers) -> Result<Self, ConfigError> {
        Self::from_lookup(context, port, servers, &|name| match std::env::var(name) {
            Ok(value) => Ok(Some(value)),
            Err(std::env::VarError::NotPresent) => Ok(None),
            Err(error) => Err(error.to_string()),
        })
    }

    /// The same for any environment.
    ///
    /// # Errors
    /// When variables make no sense; all of them are named.
    pub fn from_lookup(
        context: &str,
        port: u16,
        servers: Servers,
        lookup: &Lookup<'_>,
    ) -> Result<Self, ConfigError> {
        let mut reader = Reader {
            prefix: prefix(context),
            lookup,
            problems: Vec::new(),
        };
        let data = PathBuf::from(
            reader
                .raw(&DATA_DIR)
                .unwrap_or_else(|| DATA_DIR.default.to_owned()),
        );
        let second = 1_000;
        let kept_days: u64 = reader.value(&EVENT_LOG_DAYS, 30, "a whole number");
        let limits = limits::limits(&mut reader);
        let config = Self {
            host: reader.value(&HOST, Ipv4Addr::LOCALHOST.into(), "an IP address"),
            port: reader.value(&PORT, port, "a port, 0 to 65535"),
            hosts: reader.list(&ALLOWED_HOSTS, "names without ports, as `shop.example`"),
            origins: reader.list(&ALLOWED_ORIGINS, "origins, as `https://shop.example`"),
            operators: limits::operators(&mut reader),
            database: reader.location(
                &DATABASE_URL,
                servers.database,
                Location::file("sqlite", &data.join(format!("{context}.db"))),
            ),
            replicas: reader.locations(&DATABASE_REPLICA_URLS, servers.database),
            cache: reader.maybe_location(&CACHE_URL, servers.cache),
            broker: reader.location(
                &BROKER_URL,
                servers.broker,
                Location::file("embedded", &data.join("broker.db")),
            ),
            log_format: reader.value(&LOG_FORMAT, LogFormat::Pretty, "`pretty` or `json`"),
            log_filter: reader
                .raw(&RUST_LOG)
                .unwrap_or_else(|| RUST_LOG.default.to_owned()),
            collector: reader.raw(&OTLP_ENDPOINT),
            limits,
            connections: limits::connections(&mut reader, limits),
            drain_delay: reader.millis(&DRAIN_DELAY, 0),
            shutdown_timeout: reader.millis(&SHUTDOWN_TIMEOUT, 10 * second),
            outbox_limit: reader.value(&OUTBOX_LIMIT, 100_000, "a whole number"),
            event_log_kept: Duration::from_secs(kept_days.saturating_mul(DAY_SECONDS)),
        };
        if reader.problems.is_empty() {
            Ok(config)
        } else {
            Err(ConfigError(reader.problems))
        }
    }

    /// Who is let in.
    pub(crate) fn admission(&self) -> Admission {
        Admission::new(self.host, &self.hosts, &self.origins)
    }

    /// Who is let in at this address of operators: no page but its own has any business there.
    pub(crate) fn admission_of_operators(&self, address: IpAddr) -> Admission {
        Admission::new(address, &self.hosts, &[])
    }
}

/// Looks up a variable; the error says why its value cannot be read.
pub type Lookup<'a> = dyn Fn(&str) -> Result<Option<String>, String> + 'a;

/// What the names of a context's own variables start with.
pub fn prefix(context: &str) -> String {
    format!("{}_", context.to_uppercase().replace('-', "_"))
}
