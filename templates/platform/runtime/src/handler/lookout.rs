//! Looks at the database for all handlers of a service at once: what this process commits, its bells
//! tell; what others have left there, and what an operator asks for, is found here.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::generations::State;
use super::reactor::Reactor;
use super::supervisor::Supervisor;
use crate::Runtime;
use platform_ports::engine::{Documents, DocumentsQuery, EngineError, Peek};

/// How often it is looked.
const LOOK: Duration = Duration::from_secs(2);
/// How often while messages wait that nobody rings for.
const WAITING: Duration = Duration::from_secs(1);
/// How often while a handler begins, or a generation is being made or removed.
const CHANGING: Duration = Duration::from_millis(250);
/// More than a service has handlers.
const ALL: u32 = 10_000;
/// What consumers look after themselves, once they are told that there is any.
const LOOKED_AFTER: [Documents; 3] = [Documents::Parked, Documents::Blocks, Documents::Cursors];

/// Tells consumers that there may be something to look after: the number of the look.
pub(super) type News = watch::Receiver<u64>;

/// Looks until the service shuts down; what is under way is finished first.
pub(super) async fn look_out(runtime: Arc<Runtime>, reactors: Vec<Arc<dyn Reactor>>) {
    let (news, _) = watch::channel(0);
    let supervisor = |reactor| Supervisor::new(&runtime, reactor, news.subscribe());
    let mut lookout = Lookout {
        supervisors: reactors.into_iter().map(supervisor).collect(),
        runtime: Arc::clone(&runtime),
        news,
        waited: false,
    };
    let mut shutdown = runtime.shutdown.clone();
    while !*shutdown.borrow() {
        let pause = lookout.look().await.unwrap_or_else(|error| {
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
    for supervisor in lookout.supervisors {
        supervisor.finish().await;
    }
}

struct Lookout {
    runtime: Arc<Runtime>,
    supervisors: Vec<Supervisor>,
    news: watch::Sender<u64>,
    /// Whether messages waited at the last look.
    waited: bool,
}

impl Lookout {
    /// Looks once, and wakes whom it concerns; how long until the next time.
    async fn look(&mut self) -> Result<Duration, EngineError> {
        // Commands may be left of handlers that are gone.
        let mut collections = vec![Documents::Commands];
        if !self.supervisors.is_empty() {
            collections.push(Documents::Jobs);
            collections.extend(LOOKED_AFTER);
        }
        let peek = self.runtime.engine.peek(&collections).await?;
        if peek.holds(Documents::Commands) {
            self.runtime.commands_wake_up.notify_one();
        }
        if peek.holds(Documents::Jobs) {
            self.runtime.jobs_wake_up.notify_one();
        }
        match self.supervisors.is_empty() {
            true => Ok(LOOK),
            false => self.supervise(&peek).await,
        }
    }

    async fn supervise(&mut self, peek: &Peek) -> Result<Duration, EngineError> {
        let mut states = self.states().await?;
        let (mut changing, mut awaiting) = (false, false);
        for supervisor in &mut self.supervisors {
            let state = states.remove(supervisor.handler()).transpose()?;
            awaiting |= state.as_ref().is_some_and(State::awaits);
            changing |= supervisor.look(state, peek.now);
        }
        let waiting = LOOKED_AFTER.iter().any(|one| peek.holds(*one));
        // Once more when nothing is left, so that gauges say so.
        if waiting || awaiting || std::mem::replace(&mut self.waited, waiting) {
            self.news.send_modify(|look| *look += 1);
        }
        Ok(match (changing, waiting || awaiting) {
            (true, _) => CHANGING,
            (false, true) => WAITING,
            (false, false) => LOOK,
        })
    }

    /// What is kept of every handler, also of those that are gone.
    async fn states(&self) -> Result<BTreeMap<String, Result<State, EngineError>>, EngineError> {
        let query = DocumentsQuery {
            collection: Documents::Projections,
            group: None,
            due_by: None,
            heads_only: false,
            after: None,
            limit: ALL,
        };
        let documents = self.runtime.engine.documents(&query).await?.into_iter();
        let state = |document: platform_ports::engine::Document| {
            let state = State::read(&document);
            (document.key, state)
        };
        Ok(documents.map(state).collect())
    }
}
