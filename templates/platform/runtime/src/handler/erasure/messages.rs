//! Messages that wait, dead letters and jobs without the personal data in them.

use serde::Deserialize;
use serde_json::{Value, json};

use super::Rewritten;
use crate::erasure::{ERASED, Emptied};
use crate::handler::blocked_queue::{QueuedMessage, queued_message};
use crate::handler::effect::Job;
use crate::handler::message::Message;
use crate::handler::parked::{ParkedMessage, parked_message};
use crate::handler::stuck;
use platform_ports::engine::Document;

/// A message that waits.
pub(super) fn emptied_parked(document: &Document, before: u64, emptied: Emptied) -> Rewritten {
    let parked = parked_message(document);
    match emptied_message(&parked.message, before, emptied) {
        Some(message) => Rewritten::To(json!(ParkedMessage { message, ..parked })),
        None => Rewritten::Same,
    }
}

/// A dead letter, or a message that waits behind one.
pub(super) fn emptied_queued(document: &Document, before: u64, emptied: Emptied) -> Rewritten {
    let Ok(queued) = queued_message(document) else {
        // What nobody can read is not kept either.
        return Rewritten::To(Value::Null);
    };
    match emptied_message(&queued.message, before, emptied) {
        Some(message) => Rewritten::To(json!(QueuedMessage {
            message,
            failure: queued.failure.as_ref().map(|_| ERASED.to_owned()),
            ..queued
        })),
        None => Rewritten::Same,
    }
}

/// A job, unless it is being tried.
pub(super) fn emptied_job(document: &Document, before: u64, emptied: Emptied) -> Rewritten {
    let of_job = |body: &Value| emptied_job_body(body, before, emptied);
    if let Some(rewritten) = stuck::rewritten(document, of_job) {
        return rewritten.map_or(Rewritten::Same, Rewritten::To);
    }
    match Job::deserialize(&document.body) {
        Ok(job) if job.attempts > 0 && job.last.is_none() => Rewritten::UnderWay,
        _ => of_job(&document.body).map_or(Rewritten::Same, Rewritten::To),
    }
}

fn emptied_job_body(body: &Value, before: u64, emptied: Emptied) -> Option<Value> {
    let Ok(job) = Job::deserialize(body) else {
        return Some(Value::Null);
    };
    let message = emptied_message(&job.message, before, emptied)?;
    Some(json!(Job {
        message,
        last: job.last.as_ref().map(|_| ERASED.to_owned()),
        ..job
    }))
}

/// A message from before a deletion without personal data; `None`: it stays as it is.
pub(super) fn emptied_message(message: &Message, before: u64, emptied: Emptied) -> Option<Message> {
    let mut message = message.clone();
    match message.envelope() {
        Ok(envelope) if envelope.sequence >= before => return None,
        Ok(envelope) => message.wire = emptied(&envelope)?.to_wire(),
        // What nobody can read is not kept either.
        Err(_) => message.wire.payload = b"{}".to_vec(),
    }
    Some(message)
}
