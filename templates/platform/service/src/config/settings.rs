//! The variables, as they are called and what they say.

use std::fmt::Write as _;

use super::{Servers, prefix};

/// A variable of the environment.
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    /// Its name without the context's.
    pub name: &'static str,
    /// What holds when it is not set.
    pub default: &'static str,
    /// What it says.
    pub says: &'static str,
}

/// All variables, as `--help` shows them.
pub const SETTINGS: [Setting; 24] = [
    PORT,
    HOST,
    ALLOWED_HOSTS,
    ALLOWED_ORIGINS,
    OPERATORS_PORT,
    OPERATORS_HOST,
    DATA_DIR,
    DATABASE_URL,
    DATABASE_REPLICA_URLS,
    CACHE_URL,
    BROKER_URL,
    LOG_FORMAT,
    BODY_LIMIT,
    REQUEST_TIMEOUT,
    HEAD_LIMIT,
    HEAD_TIMEOUT,
    IDLE_TIMEOUT,
    CONNECTION_LIMIT,
    DRAIN_DELAY,
    SHUTDOWN_TIMEOUT,
    OUTBOX_LIMIT,
    EVENT_LOG_DAYS,
    RUST_LOG,
    OTLP_ENDPOINT,
];

pub(super) const PORT: Setting = setting("PORT", "the service's own", "port to listen on; 0: any");
pub(super) const HOST: Setting = setting("HOST", "127.0.0.1", "address to listen on");
pub(super) const ALLOWED_HOSTS: Setting = setting(
    "ALLOWED_HOSTS",
    "none",
    "names it is called by besides its machine's own, with commas between",
);
pub(super) const ALLOWED_ORIGINS: Setting = setting(
    "ALLOWED_ORIGINS",
    "none",
    "origins of web pages that may use it besides its own, with commas between",
);
pub(super) const OPERATORS_PORT: Setting = setting(
    "OPERATORS_PORT",
    "none",
    "port of their own for operators: health, and metrics, which are on no other then",
);
pub(super) const OPERATORS_HOST: Setting = setting(
    "OPERATORS_HOST",
    "127.0.0.1",
    "address of the operators' port",
);
pub(super) const DATA_DIR: Setting = setting("DATA_DIR", "data", "where database files are kept");
pub(super) const DATABASE_URL: Setting = setting(
    "DATABASE_URL",
    "sqlite:<DATA_DIR>/<context>.db",
    "where the service's database is",
);
pub(super) const DATABASE_REPLICA_URLS: Setting = setting(
    "DATABASE_REPLICA_URLS",
    "none",
    "where read replicas of a PostgreSQL database are, with commas between",
);
pub(super) const CACHE_URL: Setting = setting(
    "CACHE_URL",
    "none",
    "where the cache is, when the service is described with one",
);
pub(super) const BROKER_URL: Setting = setting(
    "BROKER_URL",
    "embedded:<DATA_DIR>/broker.db",
    "where the broker is, the same for all services",
);
pub(super) const LOG_FORMAT: Setting = setting("LOG_FORMAT", "pretty", "`pretty` or `json`");
pub(super) const BODY_LIMIT: Setting = setting(
    "BODY_LIMIT",
    "1048576",
    "longest body of a request, in bytes",
);
pub(super) const REQUEST_TIMEOUT: Setting = setting(
    "REQUEST_TIMEOUT_MS",
    "10000",
    "longest time of a request, in milliseconds",
);
pub(super) const HEAD_LIMIT: Setting =
    setting("HEAD_LIMIT", "16384", "longest head of a request, in bytes");
pub(super) const HEAD_TIMEOUT: Setting = setting(
    "HEAD_TIMEOUT_MS",
    "10000",
    "longest time in which the head of a request comes, in milliseconds",
);
pub(super) const IDLE_TIMEOUT: Setting = setting(
    "IDLE_TIMEOUT_MS",
    "75000",
    "how long a connection without a request is kept, in milliseconds",
);
pub(super) const CONNECTION_LIMIT: Setting = setting(
    "CONNECTION_LIMIT",
    "512",
    "how many connections there are at a time, as far as open files allow",
);
pub(super) const DRAIN_DELAY: Setting = setting(
    "DRAIN_DELAY_MS",
    "0",
    "how long it serves on when it is asked to end, not ready any more, in milliseconds",
);
pub(super) const SHUTDOWN_TIMEOUT: Setting = setting(
    "SHUTDOWN_TIMEOUT_MS",
    "10000",
    "longest wait for requests under way when shutting down, in milliseconds",
);
pub(super) const OUTBOX_LIMIT: Setting = setting(
    "OUTBOX_LIMIT",
    "100000",
    "how many messages wait for the broker before commands are put off",
);
pub(super) const EVENT_LOG_DAYS: Setting = setting(
    "EVENT_LOG_DAYS",
    "30",
    "how many days events are kept for replays",
);
pub(super) const RUST_LOG: Setting = setting(
    "RUST_LOG",
    "info",
    "what is logged, as `info,platform=debug`",
);
pub(super) const OTLP_ENDPOINT: Setting = setting(
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "no traces",
    "collector of traces, `http://127.0.0.1:4318`",
);

const fn setting(name: &'static str, default: &'static str, says: &'static str) -> Setting {
    Setting {
        name,
        default,
        says,
    }
}

/// The variables as `--help` shows them.
pub fn help(context: &str, servers: Servers) -> String {
    let prefix = prefix(context);
    let mut text = format!(
        "Environment (each also with `{prefix}` in front, which goes before the plain name):\n"
    );
    for Setting {
        name,
        default,
        says,
    } in SETTINGS
    {
        let server = match name {
            _ if name == DATABASE_URL.name => servers.database,
            _ if name == BROKER_URL.name => servers.broker,
            _ => None,
        };
        // Writing to a text cannot fail.
        let _ = match server {
            Some(example) => writeln!(text, "  {name:<28} {says}, as {example}"),
            None => writeln!(text, "  {name:<28} {says} [default: {default}]"),
        };
    }
    text
}
