//! Claims of jobs.
//!
//! A job is claimed by writing its document with a due time after the longest time that the attempt
//! may take, by the database's clock. Whoever claims it again (the process is dead, or was held up
//! for too long) raises the document's version, and with that the first one's outcome is void: so an
//! event has one outcome, committed together with the command it comes back as, though the outside
//! world may have been asked more than once, under the same idempotency key.

use std::time::Duration;

use serde_json::json;
use uuid::Uuid;

use super::{EffectRunners, commit, put};
use crate::Runtime;
use crate::handler::effect::Job;
use crate::handler::{Attempts, due, stuck};
use platform_contract::envelope::Envelope;
use platform_contract::value::Timestamp;
use platform_ports::engine::{Document, Documents, DocumentsQuery, EngineError};

/// How much longer than an attempt its claim lasts, in milliseconds.
const MARGIN_MS: u64 = 1_000;

/// A job that is this process's for the time of an attempt.
pub(super) struct JobClaim {
    pub document: Document,
    pub job: Job,
    pub event: Envelope,
    pub now: Timestamp,
}

/// Claims jobs that are due: of each key the first one only. How long until the next is due, too.
pub(super) async fn claim(
    runtime: &Runtime,
    runners: &EffectRunners,
    limit: usize,
) -> Result<(Vec<JobClaim>, Option<Duration>), EngineError> {
    let engine = &runtime.engine;
    if limit == 0 {
        return Ok((Vec::new(), None));
    }
    let peek = engine.peek(&[Documents::Jobs]).await?;
    if !peek.holds(Documents::Jobs) {
        return Ok((Vec::new(), None));
    }
    let query = DocumentsQuery {
        collection: Documents::Jobs,
        group: None,
        due_by: Some(peek.now),
        heads_only: true,
        after: None,
        limit: u32::try_from(limit).unwrap_or(u32::MAX),
    };
    let mut claimed = Vec::new();
    for document in engine.documents(&query).await? {
        match readable(&document, runners) {
            Ok((job, event, attempts)) => {
                claimed.extend(claim_one(runtime, attempts, document, job, event).await?);
            }
            // It must not hold up others again and again.
            Err(why) => {
                let body = document.body.clone();
                stuck::set_aside(runtime, Documents::Jobs, document, body, why, 0).await?;
                runtime.jobs_wake_up.notify_one();
            }
        }
    }
    let pause = due::next(&**engine, Documents::Jobs, peek.now).await?;
    Ok((claimed, pause))
}

/// What a job says, and how it is tried; an error: why it never can be.
fn readable(
    document: &Document,
    runners: &EffectRunners,
) -> Result<(Job, Envelope, Attempts), String> {
    let job = Job::read(document).map_err(|error| error.to_string())?;
    let runner = runners.get(job.handler.as_str());
    let runner = runner.ok_or_else(|| stuck::no_effect(&job.handler))?;
    let event = job.message.envelope();
    let event = event.map_err(|error| format!("its event cannot be read: {error}"))?;
    let key: Result<Uuid, _> = document.key.parse();
    key.map_err(|error| format!("`{}` is no key of a job: {error}", document.key))?;
    Ok((job, event, runner.attempts()))
}

async fn claim_one(
    runtime: &Runtime,
    attempts: Attempts,
    document: Document,
    mut job: Job,
    event: Envelope,
) -> Result<Option<JobClaim>, EngineError> {
    let now = runtime.engine.now().await?;
    // An attempt whose process died counts like any other.
    let died = job.attempts > 0 && job.last.is_none();
    let why = died.then(|| "the process died during the attempt".to_owned());
    let ran_out = exhausted(&job, attempts, now);
    if !ran_out {
        job.attempts += 1;
        job.first = job.first.or(Some(now));
        job.last = None;
    } else {
        job.last = job.last.or(why);
    }
    let claimed = Document {
        due: Some(now.plus_millis(attempts.timeout_ms.saturating_add(MARGIN_MS))),
        body: json!(job),
        ..document
    };
    let write = put(claimed.clone());
    Ok(commit(runtime, vec![write]).await?.then(|| JobClaim {
        document: Document {
            version: claimed.version + 1,
            ..claimed
        },
        job,
        event,
        now,
    }))
}

/// Whether there is no attempt left.
pub(super) fn exhausted(job: &Job, attempts: Attempts, now: Timestamp) -> bool {
    let late = |first: Timestamp| now.millis_since(first) >= attempts.give_up_after_ms;
    job.attempts >= attempts.limit.max(1) || job.first.is_some_and(late)
}
