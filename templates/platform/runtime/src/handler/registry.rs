//! The handlers of a service: registered by its generated wiring, started with it.

use std::collections::BTreeSet;
use std::sync::Arc;

use tokio::task::JoinSet;
use uuid::Uuid;

use super::causality::Replicas;
use super::dispatcher::dispatch;
use super::effect::{EffectDoing, EffectReactor};
use super::generations::{Begun, State};
use super::lookout::look_out;
use super::metrics;
use super::policy::PolicyReactor;
use super::reactor::{Reactor, Reactors, Scope};
use super::replica::ReplicaReactor;
use super::worker::{Doings, work};
use super::{Effect, Policy, Replicated};
use crate::Runtime;
use crate::recovery_request::replay_topic;
use platform_ports::broker::{BrokerError, Topic};
use platform_ports::engine::{EngineError, WriteSet};

/// The handlers of a service.
#[derive(Default, Clone)]
pub struct Handlers {
    reactors: Vec<Arc<dyn Reactor>>,
    pub(super) doings: Doings,
}

impl Handlers {
    /// The same with a replica.
    pub fn replica<R: Replicated>(mut self) -> Self {
        self.reactors.push(Arc::new(ReplicaReactor::<R>::new()));
        self
    }

    /// The same with a policy.
    pub fn policy<P: Policy>(mut self) -> Self {
        self.reactors.push(Arc::new(PolicyReactor::<P>::new()));
        self
    }

    /// The same with an effect.
    pub fn effect<E: Effect>(mut self, effect: E) -> Self {
        self.reactors.push(Arc::new(EffectReactor::<E>::new()));
        let doing = Arc::new(EffectDoing(Arc::new(effect)));
        self.doings.insert(E::HANDLER, doing);
        self
    }

    /// The topics that the handlers read, each once.
    pub fn topics(&self) -> Vec<&'static str> {
        let topics: BTreeSet<_> = self.abouts().map(|about| about.topic).collect();
        topics.into_iter().collect()
    }

    /// The ids of the handlers.
    pub fn ids(&self) -> Vec<&'static str> {
        self.abouts().map(|about| about.handler).collect()
    }

    /// Starts all of them; each ends when `runtime.shutdown` becomes true, after what is under way.
    pub fn spawn(&self, runtime: &Arc<Runtime>) -> JoinSet<()> {
        let mut tasks = JoinSet::new();
        let mut replicas = Replicas::default();
        let mut reactors = Reactors::new();
        for reactor in &self.reactors {
            let about = reactor.about();
            if about.projection.is_some() {
                replicas.add(about.topic, about.handler);
            }
            metrics::declare(&about, self.doings.contains_key(about.handler));
            reactors.insert(about.handler, Arc::clone(reactor));
        }
        tasks.spawn(look_out(Arc::clone(runtime), self.reactors.clone()));
        let (replicas, reactors) = (Arc::new(replicas), Arc::new(reactors));
        tasks.spawn(dispatch(Arc::clone(runtime), replicas, reactors));
        if !self.doings.is_empty() {
            let doings = Arc::new(self.doings.clone());
            tasks.spawn(work(Arc::clone(runtime), doings));
        }
        tasks
    }

    /// Whether all of them have what they need to serve; the error says which does not, and why.
    ///
    /// # Errors
    /// [`NotReady`], also when the database does not answer.
    pub async fn ready(&self, runtime: &Runtime) -> Result<(), NotReady> {
        for about in self.abouts() {
            let state = State::load(&*runtime.engine, about.handler).await?;
            let begun = state
                .as_ref()
                .and_then(|(state, _)| state.begun(state.active))
                .ok_or(NotReady::NotStarted(about.handler))?;
            if about.projection.is_some() && !begun.filled {
                return Err(NotReady::NotFilled(about.handler));
            }
        }
        Ok(())
    }

    /// Begins to fill a projection anew, beside the rows that are read until it is done. A running
    /// service sees it through.
    ///
    /// # Errors
    /// When there is no such projection, it is under way already, or the database or the broker does
    /// not answer.
    pub async fn rebuild(&self, runtime: &Arc<Runtime>, handler: &str) -> Result<(), ReplayError> {
        let scope = self
            .scope(runtime, handler)
            .filter(|scope| scope.about.projection.is_some())
            .ok_or_else(|| ReplayError::Unknown(handler.to_owned()))?;
        let partitions = runtime.broker.partitions(scope.about.topic).await?;
        let begun = Begun::at_end(scope.about.topic, &partitions).awaiting(Uuid::now_v7());
        begin(&scope, begun).await
    }

    /// Lets a handler see all events again that the owner still has: a projection is rebuilt, a
    /// policy or an effect does everything again, which has to be asked for. A running service sees
    /// it through.
    ///
    /// # Errors
    /// When there is no such handler, it would do things again without `re_execute`, it is under way
    /// already, or the database or the broker does not answer.
    pub async fn replay(
        &self,
        runtime: &Arc<Runtime>,
        handler: &str,
        re_execute: bool,
    ) -> Result<(), ReplayError> {
        let scope = self
            .scope(runtime, handler)
            .ok_or_else(|| ReplayError::Unknown(handler.to_owned()))?;
        if scope.about.projection.is_some() {
            return self.rebuild(runtime, handler).await;
        }
        if !re_execute {
            return Err(ReplayError::WouldReExecute(handler.to_owned()));
        }
        let request = Uuid::now_v7();
        let name = replay_topic(scope.about.topic, request);
        let topic = Topic {
            name: name.clone(),
            partitions: runtime.partitions,
        };
        runtime.broker.ensure_topics(&[topic]).await?;
        let partitions = runtime.broker.partitions(&name).await?;
        let begun = Begun {
            replay: true,
            ..Begun::at_start(&name, &partitions).awaiting(request)
        };
        begin(&scope, begun).await
    }

    pub(super) fn scope(&self, runtime: &Arc<Runtime>, handler: &str) -> Option<Scope> {
        let mut known = self.reactors.iter();
        let reactor = known.find(|reactor| reactor.about().handler == handler)?;
        Some(Scope::new(Arc::clone(runtime), Arc::clone(reactor), 0))
    }

    pub(super) fn abouts(&self) -> impl Iterator<Item = super::reactor::About> {
        self.reactors.iter().map(|reactor| reactor.about())
    }
}

/// Adds a generation to those that are kept up to date.
async fn begin(scope: &Scope, begun: Begun) -> Result<(), ReplayError> {
    let (engine, handler) = (&scope.runtime.engine, scope.about.handler);
    let mut known = false;
    let added = State::change(&**engine, handler, |state| {
        known = true;
        if state.generations.len() > 1 {
            return None;
        }
        state.add(begun.clone());
        Some(((), WriteSet::default()))
    })
    .await?;
    match added {
        Some(_) => {
            scope.runtime.generations_wake_up.notify_one();
            Ok(())
        }
        None if known => Err(ReplayError::UnderWay(handler.to_owned())),
        // It has never run, so it has nothing to see again.
        None => Err(ReplayError::Unknown(handler.to_owned())),
    }
}

/// A handler that cannot serve yet, or a database that does not answer.
#[derive(Debug, thiserror::Error)]
pub enum NotReady {
    /// A projection has not got all it has to show.
    #[error("`{0}` is not filled yet")]
    NotFilled(&'static str),
    /// A handler has not read its topic yet.
    #[error("`{0}` has not started yet")]
    NotStarted(&'static str),
    /// The database failed.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

/// Why a handler does not see its messages again.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// There is none with this id, or it is of another sort.
    #[error("there is no such handler: `{0}`")]
    Unknown(String),
    /// It would do again what it has done.
    #[error("`{0}` would do again what it has done; say `--re-execute` when that is wanted")]
    WouldReExecute(String),
    /// It is under way already.
    #[error("`{0}` is being rebuilt or replayed already")]
    UnderWay(String),
    /// The database failed.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The broker failed.
    #[error(transparent)]
    Broker(#[from] BrokerError),
}
