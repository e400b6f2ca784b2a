//! Polls the database for all handlers of a service at once: what this process commits, its wake-ups
//! tell; what others have left there, and what an operator asks for, is found here.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::event_handler::EventHandler;
use super::handler_state::HandlerState;
use super::supervisor::Supervisor;
use crate::Runtime;
use platform_ports::engine::{Documents, DocumentsQuery, EngineError, Peek};

/// How often it polls.
const AT_REST: Duration = Duration::from_secs(2);
/// How often while messages wait that nobody sends a wake-up for.
const WAITING: Duration = Duration::from_secs(1);
/// How often while a handler begins, or a generation is being made or removed.
const CHANGING: Duration = Duration::from_millis(250);
/// More than a service has handlers.
const MOST_HANDLERS: u32 = 10_000;
/// What consumers look after themselves, once they are told that there is any.
const MAINTAINED: [Documents; 3] = [Documents::Parked, Documents::Blocks, Documents::Cursors];

/// Tells consumers that their maintenance is due: the number of the poll.
pub(super) type MaintenanceSignal = watch::Receiver<u64>;

/// Polls until the service shuts down; what is under way is finished first.
pub(super) async fn poll_database(runtime: Arc<Runtime>, handlers: Vec<Arc<dyn EventHandler>>) {
    let (maintenance_due, _) = watch::channel(0);
    let supervisor = |handler| Supervisor::new(&runtime, handler, maintenance_due.subscribe());
    let mut poller = Poller {
        supervisors: handlers.into_iter().map(supervisor).collect(),
        runtime: Arc::clone(&runtime),
        maintenance_due,
        waited: false,
    };
    let mut shutdown = runtime.shutdown.clone();
    while !*shutdown.borrow() {
        let pause = poller.poll().await.unwrap_or_else(|error| {
            runtime.outages.failed(
                &error,
                || tracing::warn!(%error, "handlers could not be looked after"),
            );
            WAITING
        });
        tokio::select! {
            () = runtime.generations_wake_up.notified() => {}
            () = tokio::time::sleep(pause) => {}
            _ = shutdown.wait_for(|down| *down) => {}
        }
    }
    for supervisor in poller.supervisors {
        supervisor.finish().await;
    }
}

struct Poller {
    runtime: Arc<Runtime>,
    supervisors: Vec<Supervisor>,
    maintenance_due: watch::Sender<u64>,
    /// Whether messages waited at the last poll.
    waited: bool,
}

impl Poller {
    /// Polls once, and wakes whom it concerns; how long until the next time.
    async fn poll(&mut self) -> Result<Duration, EngineError> {
        // Commands may be left of handlers that are gone.
        let mut collections = vec![Documents::Commands];
        if !self.supervisors.is_empty() {
            collections.push(Documents::Jobs);
            collections.extend(MAINTAINED);
        }
        let peek = self.runtime.engine.peek(&collections).await?;
        if peek.holds(Documents::Commands) {
            self.runtime.commands_wake_up.notify_one();
        }
        if peek.holds(Documents::Jobs) {
            self.runtime.jobs_wake_up.notify_one();
        }
        match self.supervisors.is_empty() {
            true => Ok(AT_REST),
            false => self.supervise_all(&peek).await,
        }
    }

    async fn supervise_all(&mut self, peek: &Peek) -> Result<Duration, EngineError> {
        let mut states = self.states().await?;
        let (mut changing, mut awaiting) = (false, false);
        for supervisor in &mut self.supervisors {
            let state = states.remove(supervisor.handler()).transpose()?;
            awaiting |= state.as_ref().is_some_and(HandlerState::awaits);
            changing |= supervisor.supervise(state, peek.now);
        }
        let waiting = MAINTAINED.iter().any(|one| peek.holds(*one));
        // Once more when nothing is left, so that gauges say so.
        if waiting || awaiting || std::mem::replace(&mut self.waited, waiting) {
            self.maintenance_due.send_modify(|poll| *poll += 1);
        }
        Ok(match (changing, waiting || awaiting) {
            (true, _) => CHANGING,
            (false, true) => WAITING,
            (false, false) => AT_REST,
        })
    }

    /// What is kept of every handler, also of those that are gone.
    async fn states(
        &self,
    ) -> Result<BTreeMap<String, Result<HandlerState, EngineError>>, EngineError> {
        let query = DocumentsQuery {
            collection: Documents::Projections,
            group: None,
            due_by: None,
            heads_only: false,
            after: None,
            limit: MOST_HANDLERS,
        };
        let documents = self.runtime.engine.documents(&query).await?.into_iter();
        let state = |document: platform_ports::engine::Document| {
            let state = HandlerState::read(&document);
            (document.key, state)
        };
        Ok(documents.map(state).collect())
    }
}
