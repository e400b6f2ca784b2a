//! One command of a policy or an effect: from what it says to its unit of work.

use std::sync::Arc;

use tokio::task::JoinSet;
use tracing::Instrument;
use uuid::Uuid;

use super::command::{PendingCommand, RefusedCommand};
use super::contention::commit;
use super::deferred::{self, DeferredInput};
use super::event_handler::HandlersById;
use super::handler_error::{HandlerError, panic_message};
use crate::context::{Caller, Context};
use crate::{ExecuteError, Executed, Request, Runtime};
use platform_contract::value::Timestamp;
use platform_ports::engine::{Document, DocumentWrite, Documents, EngineError, WriteSet};
use platform_ports::fail_point;
use platform_ports::outage::{Cause, Dependency};

/// What became of a command, in a task of its own, so that a panic ends nothing else.
pub(super) async fn carry_out(
    runtime: &Arc<Runtime>,
    handlers: &Arc<HandlersById>,
    document: &Document,
    pending: &PendingCommand,
    now: Timestamp,
) -> Result<Option<Executed>, NotExecuted> {
    let (runtime, handlers) = (Arc::clone(runtime), Arc::clone(handlers));
    let (document, pending) = (document.clone(), pending.clone());
    let execute = async move { execute(&runtime, &handlers, &document, &pending, now).await };
    let mut task = JoinSet::new();
    task.spawn(execute.in_current_span());
    match task.join_next().await {
        Some(Ok(executed)) => executed,
        Some(Err(ended)) => Err(NotExecuted::Panicked(match ended.try_into_panic() {
            Ok(panic) => panic_message(&*panic).to_owned(),
            Err(ended) => ended.to_string(),
        })),
        None => Ok(None),
    }
}

/// What became of a command; `None` when its policy does not want it after all.
async fn execute(
    runtime: &Runtime,
    handlers: &HandlersById,
    document: &Document,
    pending: &PendingCommand,
    now: Timestamp,
) -> Result<Option<Executed>, NotExecuted> {
    let executor = runtime
        .commands
        .get(pending.command.as_str())
        .ok_or(NotExecuted::Unknown)?;
    let id: Uuid = document.key.parse().map_err(|_| NotExecuted::Unknown)?;
    let caller = Caller::Handler(pending.handler.clone());
    let mut context = Context::new(caller, now, id, pending.correlation.clone());
    context.traceparent.clone_from(&pending.traceparent);
    let refused = RefusedCommand {
        pending: pending.clone(),
        position: document.position,
        refused: None,
    };
    let kept = pending.keep_refusals.then(|| DocumentWrite::Put {
        collection: Documents::DeadLetters,
        expected: 0,
        document: refused.document(id),
    });
    let done_with = DocumentWrite::Delete {
        collection: Documents::Commands,
        key: document.key.clone(),
        expected: document.version,
    };
    let input = match deferred::input(runtime, handlers, pending, &context).await? {
        DeferredInput::Command(input) => input,
        DeferredInput::Nothing => {
            write(runtime, vec![done_with]).await?;
            return Ok(None);
        }
        DeferredInput::Refused(refused) => {
            write(runtime, std::iter::once(done_with).chain(kept).collect()).await?;
            return Ok(Some(Executed::Refused(refused)));
        }
    };
    let request = Request {
        target: pending.target,
        new_id: false,
        input,
        context,
        with: vec![done_with],
        when_refused: kept.into_iter().collect(),
        if_version: None,
    };
    fail_point::reach("command.before-commit").await;
    Ok(Some(executor.execute(runtime, request).await?))
}

/// Why a command was not carried out.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotExecuted {
    /// It is none of this program's.
    #[error("it is none of this program's commands")]
    Unknown,
    /// Its unit of work failed.
    #[error(transparent)]
    Failed(#[from] ExecuteError),
    /// Its policy, asked again, cannot tell what it says.
    #[error("{0}")]
    Deferred(String),
    /// What carries it out has panicked.
    #[error("it panicked: {0}")]
    Panicked(String),
    /// The database failed.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

impl NotExecuted {
    /// Whether the command, or what is made of it, is at fault, rather than something that passes by
    /// itself.
    pub fn is_its_own_fault(&self) -> bool {
        match self {
            Self::Unknown | Self::Deferred(_) | Self::Panicked(_) => true,
            Self::Failed(ExecuteError::Broken { .. }) => true,
            Self::Failed(ExecuteError::Contended | ExecuteError::OutboxFull) => false,
            Self::Failed(ExecuteError::Engine(error)) | Self::Engine(error) => {
                matches!(error, EngineError::Corrupt(_) | EngineError::BadCursor)
            }
        }
    }
}

impl Cause for NotExecuted {
    fn cause(&self) -> Option<Dependency> {
        match self {
            Self::Failed(error) => error.cause(),
            Self::Engine(error) => error.cause(),
            Self::Unknown | Self::Deferred(_) | Self::Panicked(_) => None,
        }
    }
}

impl From<HandlerError> for NotExecuted {
    fn from(error: HandlerError) -> Self {
        match error {
            HandlerError::Transient(error) => Self::Engine(error),
            HandlerError::Poison(why) | HandlerError::NewerVersion(why) => Self::Deferred(why),
        }
    }
}

/// Writes documents, unless somebody else has just done so.
pub(super) async fn write(
    runtime: &Runtime,
    documents: Vec<DocumentWrite>,
) -> Result<(), EngineError> {
    let write = WriteSet::of_documents(documents);
    commit(&*runtime.engine, write).await.map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::NotExecuted;
    use crate::ExecuteError;
    use platform_ports::engine::EngineError;

    #[test]
    fn what_passes_by_itself_is_no_fault_of_the_command() {
        let engine = |corrupt: bool| match corrupt {
            true => EngineError::Corrupt("no such table".to_owned()),
            false => EngineError::Unavailable("disk full".to_owned()),
        };
        let transient = [
            NotExecuted::Engine(engine(false)),
            NotExecuted::Failed(engine(false).into()),
            NotExecuted::Failed(ExecuteError::Contended),
            NotExecuted::Failed(ExecuteError::OutboxFull),
        ];
        assert!(transient.iter().all(|why| !why.is_its_own_fault()));
        let broken = ExecuteError::Broken {
            command: "Burn",
            what: "panicked".to_owned(),
        };
        let own = [
            NotExecuted::Unknown,
            NotExecuted::Deferred("it panicked".to_owned()),
            NotExecuted::Panicked("on fire".to_owned()),
            NotExecuted::Failed(broken),
            NotExecuted::Failed(engine(true).into()),
            NotExecuted::Engine(engine(true)),
        ];
        assert!(own.iter().all(NotExecuted::is_its_own_fault));
    }
}
