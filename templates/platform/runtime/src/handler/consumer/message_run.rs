//! Runs of messages: what was read of the partitions, as it is handled together.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{AT_ONCE, Consumer};
use crate::handler::message::Message;
use crate::handler::positions::ReadError;
use platform_contract::envelope::Control;
use platform_ports::broker::{Delivery, Polled, Subscription};

/// How many messages are handled at a time, in several transactions.
const TOGETHER: usize = 2_048;
/// How long a policy or an effect may go without noting that it has read heartbeats only.
const IDLE: Duration = Duration::from_secs(5);

/// Messages of one or several partitions that are handled together.
#[derive(Default)]
pub(super) struct MessageRun {
    pub messages: Vec<Message>,
    /// The offset of the next message of each of its partitions.
    pub next: BTreeMap<u32, i64>,
}

impl MessageRun {
    fn has_room_for(&self, messages: usize) -> bool {
        self.messages.len() + messages <= AT_ONCE as usize
    }
}

impl Consumer {
    /// Messages as runs of whole partitions, each no larger than a transaction may be.
    pub(super) fn runs(&mut self, found: BTreeMap<u32, Vec<Delivery>>) -> Vec<MessageRun> {
        let projection = self.processor.context.descriptor.projection.is_some();
        let beats = |delivery: &Delivery| Control::is_heartbeat(&delivery.wire);
        let mut runs: Vec<MessageRun> = Vec::new();
        for (number, deliveries) in found {
            let Some(partition) = self.partitions.get_mut(&number) else {
                continue;
            };
            partition.read(&deliveries);
            if !projection && partition.noted.elapsed() < IDLE && deliveries.iter().all(beats) {
                partition.next = deliveries
                    .last()
                    .map_or(partition.next, |last| last.offset + 1);
                continue;
            }
            let open = runs.pop_if(|run| run.has_room_for(deliveries.len()));
            let mut run = open.unwrap_or_default();
            run.messages.extend(deliveries.into_iter().map(Into::into));
            run.next.insert(number, partition.next);
            runs.push(run);
        }
        runs
    }
}

/// What else there is to read without waiting, of other partitions; and what comes after that.
pub(super) async fn poll_more(
    subscription: &mut dyn Subscription,
    first: Vec<Delivery>,
) -> Result<(BTreeMap<u32, Vec<Delivery>>, Option<Polled>), ReadError> {
    let (mut found, mut messages) = (BTreeMap::new(), 0);
    let mut next = Polled::Messages(first);
    loop {
        match next {
            Polled::Messages(deliveries) => {
                let Some(first) = deliveries.first() else {
                    return Ok((found, None));
                };
                if found.contains_key(&first.partition) {
                    return Ok((found, Some(Polled::Messages(deliveries))));
                }
                messages += deliveries.len();
                found.insert(first.partition, deliveries);
            }
            other => return Ok((found, Some(other))),
        }
        if messages >= TOGETHER {
            return Ok((found, None));
        }
        next = subscription.poll(AT_ONCE, 0).await?;
    }
}
