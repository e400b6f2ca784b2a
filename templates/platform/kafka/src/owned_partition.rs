//! A partition that a member reads.

use std::sync::Arc;
use std::time::Duration;

use platform_ports::broker::{Assignment, Delivery};
use rdkafka::Message;
use rdkafka::consumer::BaseConsumer;
use rdkafka::consumer::base_consumer::PartitionQueue;
use rdkafka::error::RDKafkaErrorCode as Code;
use tokio::sync::Notify;

use super::codec;
use super::error;
use super::member::MemberContext;

/// How many bytes of payload are read at once, unless the first message alone has more.
const MAX_BYTES: usize = 8 << 20;

/// A partition that a member reads.
pub struct OwnedPartition {
    /// Where it stood when it was last looked at.
    pub assignment: Assignment,
    /// Its messages, once the client reads it.
    pub queue: Option<PartitionQueue<MemberContext>>,
    /// The offset to read next, once it is known.
    pub position: Option<i64>,
    /// Whether nothing shall be read.
    pub paused: bool,
    /// The offset that had messages waiting when that was last looked at.
    pub waited: Option<i64>,
    /// Why it cannot be read on, while nobody was told.
    pub pending_error: Option<Code>,
}

/// What is found in a queue.
pub enum PartitionRead {
    /// Messages; perhaps none.
    Messages(Vec<Delivery>),
    /// The offset to read next is gone.
    OutOfRange,
    /// What comes next makes no sense to the client, which would pass over it.
    Corrupt(Code),
    /// The client says why it cannot read at the moment.
    Failed(Code),
}

impl OwnedPartition {
    /// A partition that nothing is read of yet.
    pub fn new(assignment: Assignment) -> Self {
        Self {
            assignment,
            queue: None,
            position: None,
            paused: false,
            waited: None,
            pending_error: None,
        }
    }

    /// Whether an offset was in the log when it was last looked at. The log only grows at its end;
    /// if its start has moved since, the client says so.
    pub fn knows(&self, offset: i64) -> bool {
        (self.assignment.start..=self.assignment.end).contains(&offset)
    }

    /// Gives it a queue of its own, which wakes the reader when it has something.
    ///
    /// Before the client reads it, so that none of its messages gets into the common queue.
    pub fn split(
        &mut self,
        consumer: &Arc<BaseConsumer<MemberContext>>,
        topic: &str,
        wake_up: &Arc<Notify>,
    ) {
        let number = i32::try_from(self.assignment.partition).unwrap_or(i32::MAX);
        // The old one, when it goes, takes its callback with it.
        self.queue = None;
        self.queue = consumer.split_partition_queue(topic, number);
        if let Some(queue) = &mut self.queue {
            let wake_up = Arc::clone(wake_up);
            queue.set_nonempty_callback(move || wake_up.notify_one());
        }
    }

    /// What there is to read, `limit` messages at most.
    pub fn read(&mut self, limit: usize) -> PartitionRead {
        let mut messages = Vec::new();
        let mut bytes = 0;
        if let Some(code) = self.pending_error.take() {
            return PartitionRead::of_error(code);
        }
        let (Some(queue), Some(mut position)) = (&self.queue, self.position) else {
            return PartitionRead::Messages(messages);
        };
        while messages.len() < limit && bytes < MAX_BYTES {
            match queue.poll(Duration::ZERO) {
                None => break,
                // What was under way when another offset was asked for.
                Some(Ok(message)) if message.offset() < position => {}
                Some(Ok(message)) => {
                    position = message.offset() + 1;
                    let Assignment {
                        topic, partition, ..
                    } = &self.assignment;
                    let delivery = codec::delivery(topic, *partition, &message);
                    bytes += delivery.wire.payload.len();
                    messages.push(delivery);
                }
                Some(Err(error)) => {
                    let code = error::code(&error).unwrap_or(Code::Unknown);
                    if messages.is_empty() {
                        return PartitionRead::of_error(code);
                    }
                    self.pending_error = Some(code);
                    break;
                }
            }
        }
        self.position = Some(position);
        PartitionRead::Messages(messages)
    }
}

impl PartitionRead {
    /// What an error of the client means.
    fn of_error(code: Code) -> Self {
        match code {
            // Not in the log, or no longer what it was.
            Code::AutoOffsetReset | Code::OffsetOutOfRange | Code::LogTruncation => {
                Self::OutOfRange
            }
            Code::BadMessage
            | Code::BadCompression
            | Code::NotImplemented
            | Code::InvalidMessage
            | Code::InvalidMessageSize => Self::Corrupt(code),
            code => Self::Failed(code),
        }
    }
}
