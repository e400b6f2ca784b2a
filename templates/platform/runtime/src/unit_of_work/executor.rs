//! A unit of work, tried again until nobody was in its way.

use std::marker::PhantomData;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use backon::{BackoffBuilder, ExponentialBuilder};
use prometheus::{HistogramVec, IntCounterVec, register_histogram_vec, register_int_counter_vec};
use uuid::Uuid;

use super::Record;
use super::attempt::{Attempt, AttemptOutcome};
use super::striped_lock::StripedLock;
use crate::decision::Decision;
use crate::{ExecuteError, Executed, Executor, Request, Runtime};
use platform_contract::schema::Column;

/// The pauses between attempts at a unit of work while others change what it has read: as many as it is
/// tried again, each with jitter of up to its length, so that competitors fall out of step.
const PAUSES: ExponentialBuilder = ExponentialBuilder::new()
    .with_min_delay(Duration::from_millis(1))
    .with_max_delay(Duration::from_millis(125))
    .with_max_times(11)
    .with_jitter();

/// Units of work on the same aggregate take turns within this process.
static TURNS: StripedLock = StripedLock::new();

static SECONDS: LazyLock<Option<HistogramVec>> = LazyLock::new(|| {
    register_histogram_vec!(
        "microdb_command_seconds",
        "Time from the start of a command to its commit, by outcome",
        &["command", "outcome"]
    )
    .ok()
});

static CONFLICTS: LazyLock<Option<IntCounterVec>> = LazyLock::new(|| {
    register_int_counter_vec!(
        "microdb_command_conflicts_total",
        "Attempts at a command that were in vain because others changed what it had read",
        &["command"]
    )
    .ok()
});

/// The outcomes of a command.
const OUTCOMES: [&str; 3] = ["done", "refused", "failed"];

/// Lets all that is counted of a command begin at 0.
pub fn declare(command: &str) {
    if let Some(seconds) = &*SECONDS {
        for outcome in OUTCOMES {
            seconds.with_label_values(&[command, outcome]);
        }
    }
    if let Some(conflicts) = &*CONFLICTS {
        conflicts.with_label_values(&[command]);
    }
}

/// Names types without holding a value of any.
type Names<T> = PhantomData<fn() -> T>;

/// The unit of work of a command `C` that `D` decides.
pub struct CommandExecutor<D, C>(Names<(D, C)>);

impl<D: 'static, C: Decision<D>> CommandExecutor<D, C> {
    /// The only one there is.
    pub const fn new() -> Self {
        Self(PhantomData)
    }

    /// One unit of work, tried again on conflicts; `record` is written with its outcome.
    ///
    /// # Errors
    /// As [`Executor::execute`].
    pub async fn run(
        runtime: &Runtime,
        request: &Request,
        record: Option<Record<'_>>,
    ) -> Result<Executed, ExecuteError> {
        let started = Instant::now();
        let outcome = Self::attempts(runtime, request, record).await;
        if let Some(seconds) = &*SECONDS {
            seconds
                .with_label_values(&[C::NAME, outcome_of(&outcome)])
                .observe(started.elapsed().as_secs_f64());
        }
        outcome
    }

    async fn attempts(
        runtime: &Runtime,
        request: &Request,
        record: Option<Record<'_>>,
    ) -> Result<Executed, ExecuteError> {
        let id = target(request);
        let mut attempt = Attempt {
            runtime,
            request,
            id,
            new_id: request.new_id,
            record,
        };
        let _turn = TURNS.lock(id).await;
        let mut pauses = PAUSES.build();
        loop {
            match attempt.run::<D, C>().await? {
                AttemptOutcome::Executed(executed) => return Ok(executed),
                AttemptOutcome::Conflict => count_conflict(C::NAME),
            }
            let pause = pauses.next().ok_or(ExecuteError::Contended)?;
            tokio::time::sleep(pause).await;
            // Something was there, whoever says that it could not be.
            attempt.new_id = false;
        }
    }
}

impl<D: 'static, C: Decision<D>> Default for CommandExecutor<D, C> {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait]
impl<D: 'static, C: Decision<D>> Executor for CommandExecutor<D, C> {
    fn input(&self) -> &'static [Column] {
        C::INPUT
    }

    async fn execute(&self, runtime: &Runtime, request: Request) -> Result<Executed, ExecuteError> {
        Self::run(runtime, &request, None).await
    }
}

/// The aggregate's id; what a command creates without one gets an id derived from the command, so
/// that it is created once.
pub(super) fn target(request: &Request) -> Uuid {
    let derived = || Uuid::new_v5(&request.context.command_id, b"created");
    request.target.unwrap_or_else(derived)
}

fn count_conflict(command: &str) {
    if let Some(conflicts) = &*CONFLICTS {
        conflicts.with_label_values(&[command]).inc();
    }
}

/// The label of an outcome.
fn outcome_of(outcome: &Result<Executed, ExecuteError>) -> &'static str {
    let [done, refused, failed] = OUTCOMES;
    match outcome {
        Ok(Executed::Done { .. }) => done,
        Ok(Executed::Refused(_)) => refused,
        Err(_) => failed,
    }
}
