//! What the parts of one running service share.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use serde_json::Value;
use tokio::sync::{Notify, watch};
use uuid::Uuid;

use crate::context::Context;
use crate::wake_up::WakeUp;
use platform_contract::schema::{Column, Violation};
use platform_ports::broker::Broker;
use platform_ports::cache::Cache;
use platform_ports::engine::{DocumentWrite, Engine, EngineError};
use platform_ports::outage::{Cause, Dependency, Outages};

/// What the parts of one running service share.
pub struct Runtime {
    /// The system, in kebab case.
    pub system: &'static str,
    /// The context, in kebab case.
    pub context: &'static str,
    /// This process, among others of the same service.
    pub instance: Uuid,
    /// Its database.
    pub engine: Arc<dyn Engine>,
    /// The cache before it, where there is one.
    pub cache: Option<Arc<dyn Cache>>,
    /// The broker.
    pub broker: Arc<dyn Broker>,
    /// What of all these is out.
    pub outages: Arc<Outages>,
    /// How many partitions every topic has.
    pub partitions: u32,
    /// The commands that policies and effects can hand over, by name.
    pub commands: BTreeMap<&'static str, Arc<dyn Executor>>,
    /// Sent after a commit that wrote into the outbox.
    pub outbox_wake_up: WakeUp,
    /// Sent after a commit that wrote commands.
    pub commands_wake_up: Notify,
    /// Sent after a commit that wrote jobs.
    pub jobs_wake_up: Notify,
    /// Sent after a commit that recorded what is to be erased.
    pub erasures_wake_up: Notify,
    /// Sent after a commit that began a generation of a handler, or brought what one waits for.
    pub generations_wake_up: Notify,
    /// Becomes true when the service shuts down.
    pub shutdown: watch::Receiver<bool>,
}

impl Runtime {
    /// Where this service's messages say that they come from: `/fintech/loan`.
    pub fn source(&self) -> String {
        format!("/{}/{}", self.system, self.context)
    }
}

/// A command with its input, ready for its unit of work.
#[derive(Debug)]
pub struct Request {
    /// The aggregate it is on. When it creates: the id to give, `None` for one that is derived from
    /// the command's id.
    pub target: Option<Uuid>,
    /// Whether nothing can stand under the target's id yet, so that there is nothing to look for.
    pub new_id: bool,
    /// The input's JSON form.
    pub input: Value,
    /// Who asks, when, and why.
    pub context: Context,
    /// Documents that are written in the same unit of work, also when the command is refused: the
    /// message that is done with it.
    pub with: Vec<DocumentWrite>,
    /// Documents that are written besides [`with`](Self::with) when the command is refused, in the
    /// same unit of work.
    pub when_refused: Vec<DocumentWrite>,
    /// The versions of which the aggregate must have one (`If-Match`); `None`: any.
    pub if_version: Option<Vec<u64>>,
}

/// What became of a command.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Executed {
    /// It took effect.
    Done {
        /// The aggregate.
        id: Uuid,
        /// The version it has now.
        version: u64,
        /// What callers are shown, in JSON as it is sent: the same bytes whenever it is answered; `None`
        /// when it was deleted.
        view: Option<String>,
    },
    /// It was refused; nothing changed, but [`Request::with`] is written.
    Refused(Refused),
}

/// A refusal of a command.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Refused {
    /// Its name: declared, or built in (`not_found`, `deleted`, `wrong_status`, `<field>_taken`,
    /// `still_referenced`, `invalid`, `version_mismatch`).
    pub name: String,
    /// A sentence for people.
    pub detail: String,
    /// The status of its answer by HTTP, where it is declared; those that are built in have theirs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub http: Option<u16>,
    /// For `invalid`: what is wrong with which member.
    pub violations: Vec<Violation>,
    /// How many more violations there are than are named.
    #[serde(default)]
    pub omitted: usize,
}

/// Why a command could not be carried out at all. It may be sent again.
#[derive(Debug, thiserror::Error)]
pub enum ExecuteError {
    /// The engine failed, or too many others changed the same aggregate.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The same aggregate was changed by others each time it was tried.
    #[error("too many others changed the same aggregate")]
    Contended,
    /// The outbox is full.
    #[error("the outbox is full: the broker has not taken messages for long")]
    OutboxFull,
    /// The decision did what its description does not allow.
    #[error("the decision of `{command}` {what}")]
    Broken {
        /// The command.
        command: &'static str,
        /// What it did.
        what: String,
    },
}

/// Carries out one kind of command.
#[async_trait]
pub trait Executor: Send + Sync {
    /// What is known of its input's members.
    fn input(&self) -> &'static [Column] {
        &[]
    }

    /// One unit of work, tried again on conflicts.
    async fn execute(&self, runtime: &Runtime, request: Request) -> Result<Executed, ExecuteError>;
}

impl Cause for ExecuteError {
    fn cause(&self) -> Option<Dependency> {
        match self {
            Self::Engine(error) => error.cause(),
            Self::OutboxFull => Some(Dependency::Broker),
            Self::Contended | Self::Broken { .. } => None,
        }
    }
}
