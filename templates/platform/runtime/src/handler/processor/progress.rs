//! How far messages have been handled, and what that completes.

use std::collections::BTreeMap;

use super::{DecodedMessage, MessageProcessor};
use crate::handler::handler_state::HandlerState;
use crate::handler::message::{Content, Message};
use platform_contract::value::Timestamp;
use platform_ports::engine::{DocumentWrite, EngineError, OffsetAdvance};

impl MessageProcessor {
    /// The write that notes which partitions have answered a request that was waited for.
    pub(super) async fn completed(
        &self,
        done: &[DecodedMessage],
    ) -> Result<Option<DocumentWrite>, EngineError> {
        let answers = done.iter().filter_map(|read| match read.content {
            Content::RequestComplete(request) => Some((request, read.message.partition)),
            _ => None,
        });
        let answers: Vec<_> = answers.collect();
        if answers.is_empty() {
            return Ok(None);
        }
        let handler = self.context.descriptor.id;
        let engine = &self.context.runtime.engine;
        let Some((mut state, version)) = HandlerState::load(&**engine, handler).await? else {
            return Ok(None);
        };
        let Some(generation_state) = state.generations.get_mut(&self.context.generation) else {
            return Ok(None);
        };
        let mut awaited = false;
        for (request, partition) in answers {
            awaited |= generation_state.answered(request, partition);
        }
        Ok(awaited.then(|| state.put(handler, version)))
    }

    /// How far these have come in their partitions, and as of when.
    pub(super) fn offsets(
        &self,
        done: &[DecodedMessage],
        as_of: &BTreeMap<u32, Timestamp>,
    ) -> Vec<OffsetAdvance> {
        let last = done
            .iter()
            .map(|read| (read.message.partition, &read.message));
        let last: BTreeMap<u32, &Message> = last.collect();
        let offset = |(number, last)| self.offset(last, as_of.get(&number).copied());
        last.into_iter().map(offset).collect()
    }

    pub(super) fn offset(&self, last: &Message, as_of: Option<Timestamp>) -> OffsetAdvance {
        let topic_partition = (last.topic.clone(), last.partition);
        OffsetAdvance {
            handler: self.context.descriptor.id.to_owned(),
            generation: self.context.generation,
            topic_id: self
                .topic_ids
                .get(&topic_partition)
                .cloned()
                .unwrap_or_default(),
            topic: topic_partition.0,
            partition: topic_partition.1,
            next: last.offset + 1,
            as_of,
        }
    }
}
