//! What is missing before the messages of an aggregate: it is asked for, and given up when nobody has it
//! any more.

use uuid::Uuid;

use super::Batch;
use crate::handler::applied_sequence::EventPosition;
use crate::handler::blocked_queue;
use crate::handler::handler_error::HandlerError;
use crate::handler::message::Message;
use crate::handler::parked::ParkedReason;
use crate::handler::recovery::{self, RecoveryRequest};
use platform_contract::envelope::Envelope;
use platform_ports::engine::AppliedSequence;

impl Batch<'_> {
    /// Learns from a state that was told instead of events that the owner does not have them any more.
    ///
    /// Where nothing of the aggregate was seen, they are from before the start: what comes after them is
    /// the beginning. Otherwise an operator has to decide.
    pub async fn owner_lacks(
        &mut self,
        message: &Message,
        envelope: &Envelope,
    ) -> Result<(), HandlerError> {
        let aggregate = envelope.subject;
        let begins_anywhere = self.is_mid_topic(aggregate);
        let key = self.key(aggregate);
        if key.queue.is_some() || (key.applied.is_none() && begins_anywhere) {
            return Ok(());
        }
        let next = key.applied.map_or(1, |applied| applied.sequence + 1);
        let first = key.parked.head().map(|(first, _)| first);
        let missing = first.unwrap_or(envelope.sequence.saturating_add(1)) > next;
        match (missing, key.applied) {
            (false, _) => Ok(()),
            (true, None) => self.begin_behind(envelope, first).await,
            (true, Some(_)) => self.lose(message, envelope, next).await,
        }
    }

    /// Gives up what is missing before what waits for an aggregate, or what waits first when nothing is: the
    /// applied sequence moves. Whether there was anything.
    pub fn pass_over(&mut self, aggregate: Uuid) -> bool {
        let (context, begins_anywhere) = (self.context, self.is_mid_topic(aggregate));
        let key = self.key(aggregate);
        let Some((first, waiting)) = key.parked.head() else {
            return false;
        };
        let next = match key.applied {
            Some(applied) => applied.sequence + 1,
            None if begins_anywhere => first,
            None => 1,
        };
        let takes_first = first <= next || waiting.is_snapshot_instead();
        if key.queue.is_some() || waiting.is_unfinished() {
            return false;
        }
        let sequence = if takes_first { first } else { first - 1 };
        if takes_first {
            key.parked.remove(first);
        }
        tracing::warn!(
            handler = context.descriptor.id,
            %aggregate,
            from = next,
            to = sequence,
            "given up: these events have no effect"
        );
        // Without an id, so that a snapshot of the same sequence is still of use.
        let event = None;
        key.applied = Some(AppliedSequence { sequence, event });
        if context.descriptor.projection.is_some() {
            let request = recovery::recorded(context, RecoveryRequest::Snapshot(aggregate));
            self.documents.push(request);
        }
        true
    }

    /// The first sequence that is missing before what waits for an aggregate.
    pub fn missing(&mut self, aggregate: Uuid) -> Option<u64> {
        let mid_topic = self.is_mid_topic(aggregate);
        let key = self.key(aggregate);
        let (first, _) = key.parked.head()?;
        let from = match key.applied {
            Some(applied) => applied.sequence + 1,
            None if mid_topic => return None,
            None => 1,
        };
        let is_missing = first > from && key.queue.is_none();
        (is_missing && !key.parked.is_lost()).then_some(from)
    }

    pub(super) async fn gap(
        &mut self,
        message: &Message,
        envelope: &Envelope,
        from: u64,
    ) -> Result<(), HandlerError> {
        self.park(message, envelope, ParkedReason::Gap).await?;
        self.request_from(envelope.subject, from);
        Ok(())
    }

    /// Asks for the events from a sequence on, unless they wait already, or are lost.
    fn request_from(&mut self, aggregate: Uuid, from: u64) {
        let parked = &self.key(aggregate).parked;
        let missing = parked.head().is_none_or(|(first, _)| first > from);
        if missing && !parked.is_lost() {
            self.requests.push(RecoveryRequest::Resend(aggregate, from));
        }
    }

    /// A policy or an effect has no use for a snapshot, except that it tells of events that never
    /// came.
    pub(super) fn state_told(&mut self, aggregate: Uuid, sequence: u64) {
        let mid_topic = self.is_mid_topic(aggregate);
        let key = self.key(aggregate);
        let from = match key.applied {
            _ if key.queue.is_some() => return,
            None if mid_topic => return,
            None => 1,
            Some(applied) if applied.sequence >= sequence => return,
            Some(applied) => applied.sequence + 1,
        };
        self.request_from(aggregate, from);
    }

    /// Begins with the first event that waits, or behind the state that was told.
    async fn begin_behind(
        &mut self,
        envelope: &Envelope,
        first: Option<u64>,
    ) -> Result<(), HandlerError> {
        let applied = match first {
            Some(first) => AppliedSequence {
                sequence: first.saturating_sub(1),
                event: None,
            },
            None => EventPosition::from(envelope).applied(),
        };
        tracing::warn!(
            handler = self.context.descriptor.id,
            aggregate = %envelope.subject,
            sequence = applied.sequence,
            "the events up to this one are gone from their owner's log: it begins behind them"
        );
        self.key(envelope.subject).applied = Some(applied);
        match self.drain(envelope.subject).await {
            // The one that waits fails on its own account, when its turn comes.
            Ok(_) | Err(HandlerError::Poison(_) | HandlerError::NewerVersion(_)) => Ok(()),
            Err(transient) => Err(transient),
        }
    }

    /// Notes that the events from `next` on are gone, which an operator has to know.
    async fn lose(
        &mut self,
        message: &Message,
        envelope: &Envelope,
        next: u64,
    ) -> Result<(), HandlerError> {
        let (handler, aggregate) = (self.context.descriptor.id, envelope.subject);
        tracing::error!(
            handler,
            %aggregate,
            sequence = next,
            "an event is missing, and its owner does not have it any more; its key waits until somebody \
             discards the gap"
        );
        blocked_queue::count(handler);
        let parked = &mut self.key(aggregate).parked;
        match parked.head() {
            Some(_) => parked.lose_head(),
            None => {
                self.park(message, envelope, ParkedReason::SnapshotInstead)
                    .await?
            }
        }
        Ok(())
    }
}
