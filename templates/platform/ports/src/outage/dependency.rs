//! What a service stands on, and which errors are due to it.

use crate::broker::BrokerError;
use crate::engine::{CommitError, EngineError};

/// Something that a service stands on, and that may be out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dependency {
    /// Its database.
    Database,
    /// The broker.
    Broker,
    /// The cache before the database.
    Cache,
    /// The collector of traces.
    Collector,
}

impl Dependency {
    /// All of them, each at its number.
    pub(super) const ALL: [Self; 4] = [Self::Database, Self::Broker, Self::Cache, Self::Collector];

    /// What it is called.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Database => "database",
            Self::Broker => "broker",
            Self::Cache => "cache",
            Self::Collector => "collector",
        }
    }
}

/// An error that may be due to something that is out.
pub trait Cause {
    /// What is to blame, unless it is what was to be done itself.
    fn cause(&self) -> Option<Dependency>;
}

impl Cause for EngineError {
    fn cause(&self) -> Option<Dependency> {
        match self {
            Self::Unavailable(_) => Some(Dependency::Database),
            Self::OutboxFull => Some(Dependency::Broker),
            Self::HeldUp(_) | Self::Corrupt(_) | Self::BadCursor => None,
        }
    }
}

impl Cause for CommitError {
    fn cause(&self) -> Option<Dependency> {
        match self {
            Self::Engine(error) => error.cause(),
            Self::OutboxFull => Some(Dependency::Broker),
            Self::Conflict
            | Self::Taken(_)
            | Self::MissingReference(..)
            | Self::StillReferenced(_) => None,
        }
    }
}

impl Cause for BrokerError {
    /// Also where it is not usable until somebody changes something: all meet with that again and again.
    fn cause(&self) -> Option<Dependency> {
        match self {
            Self::Unavailable(_) | Self::Unusable(_) => Some(Dependency::Broker),
        }
    }
}
