//! What operators do about what stands still, whatever it is.

use std::collections::BTreeSet;
use std::sync::Arc;

use uuid::Uuid;

use super::dead_letters::{self, DeadLetter, DeadLetterError, QueueStatus};
use super::event_handler::HandlerContext;
use super::handler_state::HandlerState;
use super::registry::Handlers;
use super::stuck::StuckDocuments;
use super::{blocked_queue, gaps, outbox};
use crate::Runtime;
use platform_ports::engine::EngineError;

impl Handlers {
    /// All that stands still, of one handler or of all: messages, commands and jobs that could not be
    /// handled, with what waits behind them; messages before which others are missing; and messages that
    /// the broker refuses, under the name of `outbox`.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn dead_letters(
        &self,
        runtime: &Runtime,
        handler: Option<&str>,
    ) -> Result<Vec<DeadLetter>, EngineError> {
        let engine = &*runtime.engine;
        let known: BTreeSet<&str> = self.ids().into_iter().collect();
        let mut dead_letters = dead_letters::list(engine, handler).await?;
        dead_letters.extend(gaps::list(engine, &known).await?);
        dead_letters.extend(self.stuck(runtime).list().await?);
        dead_letters.extend(outbox::list(engine).await?);
        dead_letters
            .retain(|dead_letter| handler.is_none_or(|handler| handler == dead_letter.handler));
        Ok(dead_letters)
    }

    /// Tries the first of a key again, and what is behind it.
    ///
    /// # Errors
    /// When there is none, or the database or the broker does not answer.
    pub async fn retry(
        &self,
        runtime: &Arc<Runtime>,
        handler: &str,
        key: Uuid,
    ) -> Result<QueueStatus, DeadLetterError> {
        if handler == outbox::NAME && outbox::retry(runtime, key).await? {
            return Ok(QueueStatus::UnderWay);
        }
        if self.stuck(runtime).retry(handler, key).await? {
            return Ok(QueueStatus::UnderWay);
        }
        let context = self.blocked(runtime, handler, key).await?;
        match dead_letters::retry(&context, key).await {
            Err(DeadLetterError::Nothing { .. }) if gaps::retry(&context, key).await? => {
                Ok(QueueStatus::UnderWay)
            }
            settled => settled,
        }
    }

    /// Gives up the first of a key, and tries what is behind it.
    ///
    /// # Errors
    /// When there is none, or the database does not answer.
    pub async fn discard(
        &self,
        runtime: &Arc<Runtime>,
        handler: &str,
        key: Uuid,
    ) -> Result<QueueStatus, DeadLetterError> {
        if handler == outbox::NAME && outbox::discard(runtime, key).await? {
            return Ok(QueueStatus::UnderWay);
        }
        if self.stuck(runtime).discard(handler, key).await? {
            return Ok(QueueStatus::UnderWay);
        }
        let context = match self.blocked(runtime, handler, key).await {
            Err(DeadLetterError::UnknownHandler(_))
                if dead_letters::forget(&*runtime.engine, handler, key).await? =>
            {
                return Ok(QueueStatus::Empty);
            }
            context => context?,
        };
        match dead_letters::discard(&context, key).await {
            Err(DeadLetterError::Nothing { .. }) if gaps::discard(&context, key).await? => {
                Ok(QueueStatus::Empty)
            }
            settled => settled,
        }
    }

    fn stuck<'a>(&self, runtime: &'a Runtime) -> StuckDocuments<'a> {
        let effects = self.effect_runners.keys().copied().collect();
        StuckDocuments { runtime, effects }
    }

    /// The generation of a handler in which a key is blocked, or else waits; the one that counts when
    /// none is.
    async fn blocked(
        &self,
        runtime: &Arc<Runtime>,
        handler: &str,
        key: Uuid,
    ) -> Result<HandlerContext, DeadLetterError> {
        let context = self
            .context(runtime, handler)
            .ok_or_else(|| DeadLetterError::UnknownHandler(handler.to_owned()))?;
        let Some((state, _)) = HandlerState::load(&*runtime.engine, handler).await? else {
            return Ok(context);
        };
        let others = state.generations.keys().copied();
        for generation in std::iter::once(state.active).chain(others) {
            let context = context.at(generation);
            let blocked_key =
                blocked_queue::blocked_key(&*runtime.engine, &context.group(key)).await?;
            if blocked_key.is_some() || gaps::waits(&context, key).await? {
                return Ok(context);
            }
        }
        Ok(context.at(state.active))
    }
}
