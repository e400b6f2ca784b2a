//! Does the jobs of effects.

mod claim;

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use prometheus::IntCounterVec;
use serde_json::json;
use tokio::task::JoinSet;
use uuid::Uuid;

use self::claim::{JobClaim, claim, exhausted};
use super::command::{self, PendingCommand};
use super::contention;
use super::due;
use super::effect::{EffectRunner, Job};
use super::handler_error::HandlerError;
use super::{Attempt, ErasedOutcome, metrics, stuck};
use crate::Runtime;
use crate::clock;
use platform_contract::FollowUp;
use platform_contract::value::Timestamp;
use platform_ports::engine::{Document, DocumentWrite, Documents, EngineError, WriteSet};
use platform_ports::fail_point;

/// How many attempts run at a time.
const AT_ONCE: usize = 16;

pub(super) static DONE: LazyLock<IntCounterVec> =
    LazyLock::new(|| metrics::counter("microdb_effects_done_total", "Effects that were done."));
pub(super) static RETRIED: LazyLock<IntCounterVec> = LazyLock::new(|| {
    metrics::counter(
        "microdb_effects_retried_total",
        "Attempts at effects that have to be made again.",
    )
});
pub(super) static GAVE_UP: LazyLock<IntCounterVec> = LazyLock::new(|| {
    metrics::counter(
        "microdb_effects_gave_up_total",
        "Effects that were given up.",
    )
});

/// The effects of a service, by their ids.
pub(super) type EffectRunners = BTreeMap<&'static str, Arc<dyn EffectRunner>>;

/// Does jobs until the service shuts down; attempts under way are finished first.
pub(super) async fn work_off_jobs(runtime: Arc<Runtime>, runners: Arc<EffectRunners>) {
    let mut shutdown = runtime.shutdown.clone();
    let mut under_way = JoinSet::new();
    while !*shutdown.borrow() {
        let pause = match claim(&runtime, &runners, AT_ONCE - under_way.len()).await {
            Ok((claimed, pause)) => {
                for claim in claimed {
                    let (runtime, runners) = (Arc::clone(&runtime), Arc::clone(&runners));
                    under_way.spawn(async move { claim.run(&runtime, &runners).await });
                }
                pause
            }
            Err(error) => {
                runtime.outages.failed(
                    &error,
                    || tracing::warn!(%error, "jobs could not be claimed"),
                );
                Some(due::SOON)
            }
        };
        tokio::select! {
            Some(_) = under_way.join_next() => {}
            () = runtime.jobs_wake_up.notified(), if under_way.len() < AT_ONCE => {}
            () = due::wait(pause) => {}
            _ = shutdown.wait_for(|down| *down) => {}
        }
    }
    while under_way.join_next().await.is_some() {}
}

impl JobClaim {
    /// Makes the attempt and writes down what became of it.
    async fn run(self, runtime: &Runtime, runners: &EffectRunners) {
        let handler = self.job.handler.clone();
        let Some(runner) = runners.get(handler.as_str()) else {
            return;
        };
        if let Err(error) = self.settle(runtime, &**runner).await {
            runtime.outages.failed(&error, || {
                tracing::warn!(
                    handler,
                    %error,
                    "what became of an effect could not be written; its job is taken up again"
                );
            });
        }
    }

    async fn settle(self, runtime: &Runtime, runner: &dyn EffectRunner) -> Result<(), EngineError> {
        // What was claimed with a failure in it has no attempt left.
        if let Some(why) = self.job.last.clone() {
            return self.give_up(runtime, runner, &why).await;
        }
        let attempt = Attempt {
            idempotency_key: self.key(),
            number: self.job.attempts,
            now: clock::told(self.now),
        };
        let outcome = runner.attempt(&self.event, attempt).await;
        fail_point::reach("effect.after-attempt").await;
        match outcome {
            Ok(ErasedOutcome::Done(follow_up)) => self.finish(runtime, follow_up, &DONE).await,
            Ok(ErasedOutcome::GiveUp(follow_up)) => self.finish(runtime, follow_up, &GAVE_UP).await,
            Ok(ErasedOutcome::Retry(why)) => self.retry(runtime, runner, why).await,
            Err(error) => self.retry(runtime, runner, error.to_string()).await,
        }
    }

    async fn retry(
        mut self,
        runtime: &Runtime,
        runner: &dyn EffectRunner,
        why: String,
    ) -> Result<(), EngineError> {
        let attempts = runner.attempts();
        let now = runtime.engine.now().await?;
        if exhausted(&self.job, attempts, now) {
            return self.give_up(runtime, runner, &why).await;
        }
        tracing::info!(
            handler = self.job.handler,
            attempt = self.job.attempts,
            why,
            "an effect is tried again"
        );
        RETRIED.with_label_values(&[&self.job.handler]).inc();
        let doubled = 1_u64 << (self.job.attempts.saturating_sub(1)).min(32);
        let pause = attempts
            .first_pause_ms
            .saturating_mul(doubled)
            .min(attempts.max_pause_ms);
        self.job.last = Some(why);
        self.postpone(runtime, now.plus_millis(pause)).await
    }

    async fn give_up(
        self,
        runtime: &Runtime,
        runner: &dyn EffectRunner,
        why: &str,
    ) -> Result<(), EngineError> {
        tracing::warn!(
            handler = self.job.handler,
            attempts = self.job.attempts,
            why,
            "an effect is given up"
        );
        match runner.gave_up(&self.event, why) {
            Ok(follow_up) => self.finish(runtime, follow_up, &GAVE_UP).await,
            Err(HandlerError::Transient(error)) => Err(error),
            Err(HandlerError::Poison(error) | HandlerError::NewerVersion(error)) => {
                let why = format!("it was given up ({why}), which cannot be told: {error}");
                self.set_aside(runtime, why).await
            }
        }
    }

    /// Makes a dead letter of the job. When it is retried, all its attempts are made again.
    async fn set_aside(self, runtime: &Runtime, why: String) -> Result<(), EngineError> {
        let attempts = self.job.attempts;
        let afresh = json!(Job {
            attempts: 0,
            first: None,
            last: None,
            ..self.job
        });
        let jobs = Documents::Jobs;
        stuck::set_aside(runtime, jobs, self.document, afresh, why, attempts).await
    }

    /// The key of the job, which every attempt hands to the provider.
    fn key(&self) -> Uuid {
        self.document.key.parse().unwrap_or_default()
    }

    /// The outcome, and the command it comes back as: once.
    async fn finish(
        self,
        runtime: &Runtime,
        follow_up: Option<FollowUp>,
        counted: &IntCounterVec,
    ) -> Result<(), EngineError> {
        let mut writes = vec![DocumentWrite::Delete {
            collection: Documents::Jobs,
            key: self.document.key.clone(),
            expected: self.document.version,
        }];
        let follows = follow_up.is_some();
        writes.extend(follow_up.map(|follow_up| self.command(follow_up, self.now)));
        fail_point::reach("effect.before-outcome").await;
        if commit(runtime, writes).await? {
            counted.with_label_values(&[&self.job.handler]).inc();
            if follows {
                runtime.commands_wake_up.notify_one();
            }
            // The key's next job may be due.
            runtime.jobs_wake_up.notify_one();
        }
        Ok(())
    }

    fn command(&self, follow_up: FollowUp, now: Timestamp) -> DocumentWrite {
        let id = command::id(self.key(), &self.job.handler, 0, follow_up.target, 0);
        let pending = PendingCommand {
            command: follow_up.command.to_owned(),
            target: follow_up.target,
            input: follow_up.input,
            since: now,
            ..self.job.follow_up.clone()
        };
        pending.put(id, 0)
    }

    async fn postpone(self, runtime: &Runtime, due: Timestamp) -> Result<(), EngineError> {
        let document = Document {
            due: Some(due),
            body: json!(self.job),
            ..self.document
        };
        commit(runtime, vec![put(document)]).await.map(|_| ())
    }
}

fn put(document: Document) -> DocumentWrite {
    DocumentWrite::Put {
        collection: Documents::Jobs,
        expected: document.version,
        document,
    }
}

/// Whether the writes were applied; if not, another process has claimed the job since.
async fn commit(runtime: &Runtime, documents: Vec<DocumentWrite>) -> Result<bool, EngineError> {
    contention::commit(&*runtime.engine, WriteSet::of_documents(documents)).await
}
