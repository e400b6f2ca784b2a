//! What operators do about what stands still, whatever it is.

use std::collections::BTreeSet;
use std::sync::Arc;

use uuid::Uuid;

use super::dead_letters::{self, DeadLetter, LetterError, Settled};
use super::generations::State;
use super::reactor::Scope;
use super::registry::Handlers;
use super::stuck::Listing;
use super::{gaps, outbox, queue};
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
        let mut letters = dead_letters::list(engine, handler).await?;
        letters.extend(gaps::list(engine, &known).await?);
        letters.extend(self.stuck(runtime).list().await?);
        letters.extend(outbox::list(engine).await?);
        letters.retain(|letter| handler.is_none_or(|handler| handler == letter.handler));
        Ok(letters)
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
    ) -> Result<Settled, LetterError> {
        if handler == outbox::NAME && outbox::retry(runtime, key).await? {
            return Ok(Settled::UnderWay);
        }
        if self.stuck(runtime).retry(handler, key).await? {
            return Ok(Settled::UnderWay);
        }
        let scope = self.blocked(runtime, handler, key).await?;
        match dead_letters::retry(&scope, key).await {
            Err(LetterError::Nothing { .. }) if gaps::retry(&scope, key).await? => {
                Ok(Settled::UnderWay)
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
    ) -> Result<Settled, LetterError> {
        if handler == outbox::NAME && outbox::discard(runtime, key).await? {
            return Ok(Settled::UnderWay);
        }
        if self.stuck(runtime).discard(handler, key).await? {
            return Ok(Settled::UnderWay);
        }
        let scope = match self.blocked(runtime, handler, key).await {
            Err(LetterError::UnknownHandler(_))
                if dead_letters::forget(&*runtime.engine, handler, key).await? =>
            {
                return Ok(Settled::Empty);
            }
            scope => scope?,
        };
        match dead_letters::discard(&scope, key).await {
            Err(LetterError::Nothing { .. }) if gaps::discard(&scope, key).await? => {
                Ok(Settled::Empty)
            }
            settled => settled,
        }
    }

    fn stuck<'a>(&self, runtime: &'a Runtime) -> Listing<'a> {
        let effects = self.doings.keys().copied().collect();
        Listing { runtime, effects }
    }

    /// The generation of a handler in which a key is blocked, or else waits; the one that counts when
    /// none is.
    async fn blocked(
        &self,
        runtime: &Arc<Runtime>,
        handler: &str,
        key: Uuid,
    ) -> Result<Scope, LetterError> {
        let scope = self
            .scope(runtime, handler)
            .ok_or_else(|| LetterError::UnknownHandler(handler.to_owned()))?;
        let Some((state, _)) = State::load(&*runtime.engine, handler).await? else {
            return Ok(scope);
        };
        let others = state.generations.keys().copied();
        for generation in std::iter::once(state.active).chain(others) {
            let scope = scope.at(generation);
            let block = queue::block(&*runtime.engine, &scope.group(key)).await?;
            if block.is_some() || gaps::waits(&scope, key).await? {
                return Ok(scope);
            }
        }
        Ok(scope.at(state.active))
    }
}
