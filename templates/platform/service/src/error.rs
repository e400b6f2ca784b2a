//! Why a service does not start, with what to do about it.

use std::net::SocketAddr;
use std::path::PathBuf;

use crate::config::ConfigError;
use crate::telemetry::TelemetryError;
use platform_ports::broker::BrokerError;
use platform_ports::engine::EngineError;
use platform_ports::engine::OpenError;
use platform_ports::location::Location;
use platform_runtime::handler::ReplayError;
use platform_runtime::handler::dead_letters::DeadLetterError;

/// Why a service does not start, or a command was in vain.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    /// The environment makes no sense.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Logs or traces cannot start.
    #[error(transparent)]
    Telemetry(#[from] TelemetryError),
    /// The runtime of the process cannot start.
    #[error("the process cannot start its threads: {0}")]
    Threads(#[source] std::io::Error),
    /// A folder cannot be made.
    #[error("`{}` cannot be made: {source}; `{variable}` or `DATA_DIR` says where it is", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// The variable that names the file in it.
        variable: &'static str,
        /// Why not.
        source: std::io::Error,
    },
    /// The database cannot be used.
    #[error("database `{at}`: {source}; `DATABASE_URL` says where it is")]
    Database {
        /// Where it is.
        at: Location,
        /// Why not.
        source: OpenError,
    },
    /// The cache cannot be used.
    #[error("cache `{at}`: {source}; `CACHE_URL` says where it is")]
    Cache {
        /// Where it is.
        at: Location,
        /// Why not.
        source: OpenError,
    },
    /// The broker cannot be used.
    #[error("broker `{at}`: {source}; `BROKER_URL` says where it is")]
    Broker {
        /// Where it is.
        at: Location,
        /// Why not.
        source: BrokerError,
    },
    /// Nothing can be received at the address.
    #[error("cannot listen on {address}: {source}; stop who does, or choose others by {variables}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// The variables that say it.
        variables: &'static str,
        /// Why not.
        source: std::io::Error,
    },
    /// A task of the service ended by itself.
    #[error("a part of the service has failed; the log says more")]
    Ended,
    /// The database failed.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// A handler does not see its messages again.
    #[error(transparent)]
    Replay(#[from] ReplayError),
    /// Nothing was done about a dead letter.
    #[error(transparent)]
    DeadLetter(#[from] DeadLetterError),
}

impl ServiceError {
    /// The exit code: 3 when the database was made for another description, 2 when the caller has to change
    /// something first, 1 otherwise.
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::Database {
                source: OpenError::Older(_),
                ..
            } => 3,
            Self::Database {
                source: OpenError::Released,
                ..
            } => 2,
            Self::Config(_) | Self::Telemetry(_) | Self::Replay(ReplayError::Unknown(_)) => 2,
            _ => 1,
        }
    }
}
