//! Consumes recovery requests from the commands topic, and accepts each once.

use std::collections::HashSet;
use std::sync::Arc;

use super::open_request;
use crate::Runtime;
use crate::group_member::{GroupMember, GroupMemberError, OffsetReset};
use crate::recovery_request::commands_topic;
use platform_contract::envelope::Control;
use platform_ports::broker::{BrokerError, Delivery, Polled};
use platform_ports::engine::{CommitError, WriteSet};

/// The handler's id under which offsets are kept, and its group.
const HANDLER: &str = "owner";

/// How many requests are accepted in one write at most.
const AT_ONCE: u32 = 50;

/// A member of the group that accepts requests.
pub struct RequestConsumer {
    runtime: Arc<Runtime>,
    member: GroupMember,
}

/// Why requests could not be accepted; nothing was.
#[derive(Debug, thiserror::Error)]
pub enum RequestConsumerError {
    /// They could not be read.
    #[error(transparent)]
    GroupMember(#[from] GroupMemberError),
    /// The engine failed, or another process accepted the same.
    #[error(transparent)]
    Commit(#[from] CommitError),
}

impl RequestConsumer {
    /// Joins the group.
    ///
    /// # Errors
    /// When the broker fails.
    pub async fn join(runtime: Arc<Runtime>) -> Result<Self, BrokerError> {
        let topic = commands_topic(runtime.system, runtime.context);
        let member =
            GroupMember::join(Arc::clone(&runtime), HANDLER, &[topic], OffsetReset::Start).await?;
        Ok(Self { runtime, member })
    }

    /// Waits for requests, `wait_ms` at most, and accepts them.
    ///
    /// # Errors
    /// When engine or broker fail; the group has to be joined anew then.
    pub async fn accept_next(&mut self, wait_ms: u64) -> Result<(), RequestConsumerError> {
        match self.member.poll(AT_ONCE, wait_ms).await? {
            Polled::Messages(messages) => self.accept(&messages).await,
            _ => Ok(()),
        }
    }

    /// Accepts the requests among the messages of a partition, and notes that they were read.
    async fn accept(&mut self, messages: &[Delivery]) -> Result<(), RequestConsumerError> {
        let Some(last) = messages.last() else {
            return Ok(());
        };
        let engine = self.runtime.engine.as_ref();
        let now = engine.now().await.map_err(CommitError::from)?;
        let mut write = WriteSet::default();
        let mut ids = HashSet::new();
        // Other commands in the topic are for others to read.
        for message in messages.iter().filter(|message| Control::is(&message.wire)) {
            let request = match Control::from_wire(&message.wire) {
                Ok(request) => request,
                Err(error) => {
                    tracing::warn!(%error, offset = message.offset, "a request is passed over");
                    continue;
                }
            };
            if let Some(id) = request.request()
                && ids.insert(id)
            {
                let accepted = open_request::accept(engine, id, request, now).await;
                write.documents.extend(accepted.map_err(CommitError::from)?);
            }
        }
        let advance = self.member.advance(last);
        write.offsets.push(advance.clone());
        engine.commit(write).await?;
        self.member
            .commit(&advance)
            .await
            .map_err(GroupMemberError::from)?;
        Ok(())
    }
}
