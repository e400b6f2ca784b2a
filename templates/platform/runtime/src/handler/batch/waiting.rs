//! Messages that wait: they are parked, and taken up when their turn has come.

use uuid::Uuid;

use super::Batch;
use crate::handler::applied_sequence::{EventPosition, Verdict, decide};
use crate::handler::handler_error::HandlerError;
use crate::handler::message::Message;
use crate::handler::parked::{ParkedMessage, ParkedReason};
use platform_contract::envelope::Envelope;

impl Batch<'_> {
    /// Takes up what waits for an aggregate as far as that is possible now; whether anything was.
    ///
    /// An error is the first message's; the batch is then as it was before.
    pub async fn drain(&mut self, aggregate: Uuid) -> Result<bool, HandlerError> {
        let mut moved = false;
        loop {
            let key = self.key(aggregate);
            let Some((sequence, waiting)) = key.parked.head() else {
                return Ok(moved);
            };
            let waiting = waiting.clone();
            if key.queue.is_some() {
                return Ok(moved);
            }
            match self.take_up(aggregate, sequence, waiting).await {
                Ok(ParkedProgress::Done) => moved = true,
                Ok(ParkedProgress::Unfinished) => return Ok(true),
                Ok(ParkedProgress::Waits) => return Ok(moved),
                Err(_) if moved => return Ok(true),
                Err(error) => return Err(error),
            }
        }
    }

    /// Gives up the first message that waits for an aggregate.
    pub fn give_up_head(&mut self, aggregate: Uuid, failure: String) {
        let parked = &mut self.key(aggregate).parked;
        let head = parked.head().map(|(sequence, _)| sequence);
        if let Some(waiting) = head.and_then(|sequence| parked.remove(sequence)) {
            self.give_up(aggregate, waiting.message, failure, 1);
        }
    }

    async fn take_up(
        &mut self,
        aggregate: Uuid,
        sequence: u64,
        parked_message: ParkedMessage,
    ) -> Result<ParkedProgress, HandlerError> {
        let envelope = parked_message.message.envelope()?;
        let position = EventPosition::from(&envelope);
        let applied = self.key(aggregate).applied;
        match decide(applied, self.is_mid_topic(aggregate), position) {
            Verdict::Gap(_) => return Ok(ParkedProgress::Waits),
            Verdict::Duplicate => {}
            Verdict::Fork => self.fork(&envelope),
            // It stands for events, up to its own.
            Verdict::Snapshot
                if parked_message.is_snapshot_instead()
                    && applied.is_none_or(|applied| applied.sequence < sequence) =>
            {
                return Ok(ParkedProgress::Waits);
            }
            Verdict::Snapshot if parked_message.is_snapshot_instead() => {}
            Verdict::Next | Verdict::Baseline | Verdict::Snapshot => {
                match self.handle(&envelope).await {
                    Err(HandlerError::NewerVersion(_)) => return Ok(ParkedProgress::Waits),
                    Err(error) => return Err(error),
                    Ok(writes) => {
                        let unfinished = writes.unfinished;
                        self.merge(aggregate, writes);
                        if unfinished {
                            return Ok(ParkedProgress::Unfinished);
                        }
                        self.key(aggregate).applied = Some(position.applied());
                    }
                }
            }
        }
        self.key(aggregate).parked.remove(sequence);
        self.erase_deleted(&envelope);
        Ok(ParkedProgress::Done)
    }

    pub(super) async fn park(
        &mut self,
        message: &Message,
        envelope: &Envelope,
        reason: ParkedReason,
    ) -> Result<(), HandlerError> {
        let parked_message = ParkedMessage {
            message: message.clone(),
            reason,
            since: envelope.time,
        };
        let (context, aggregate) = (self.context, envelope.subject);
        let parked = &mut self.key(aggregate).parked;
        Ok(parked
            .put(context, aggregate, envelope.sequence, parked_message)
            .await?)
    }
}

/// How far the work on a parked message came.
enum ParkedProgress {
    /// It is done with.
    Done,
    /// Part of its effects is still to come.
    Unfinished,
    /// Its turn has not come.
    Waits,
}
