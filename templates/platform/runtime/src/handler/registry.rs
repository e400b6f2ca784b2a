//! The handlers of a service: registered by its generated wiring, started with it.

use std::collections::BTreeSet;
use std::sync::Arc;

use tokio::task::JoinSet;
use uuid::Uuid;

use super::causality::ReplicasByTopic;
use super::dispatcher::dispatch;
use super::effect::{EffectHandler, RegisteredEffect};
use super::effect_worker::{EffectRunners, work_off_jobs};
use super::event_handler::{EventHandler, HandlerContext, HandlersById};
use super::generation_state::GenerationState;
use super::handler_state::HandlerState;
use super::metrics;
use super::policy::PolicyHandler;
use super::poller::poll_database;
use super::replica::ReplicaHandler;
use super::{Effect, Policy, Replicated};
use crate::Runtime;
use crate::recovery_request::replay_topic;
use platform_ports::broker::{BrokerError, Topic};
use platform_ports::engine::{EngineError, WriteSet};

/// The handlers of a service.
#[derive(Default, Clone)]
pub struct Handlers {
    handlers: Vec<Arc<dyn EventHandler>>,
    pub(super) effect_runners: EffectRunners,
}

impl Handlers {
    /// The same with a replica.
    pub fn replica<R: Replicated>(mut self) -> Self {
        self.handlers.push(Arc::new(ReplicaHandler::<R>::new()));
        self
    }

    /// The same with a policy.
    pub fn policy<P: Policy>(mut self) -> Self {
        self.handlers.push(Arc::new(PolicyHandler::<P>::new()));
        self
    }

    /// The same with an effect.
    pub fn effect<E: Effect>(mut self, effect: E) -> Self {
        self.handlers.push(Arc::new(EffectHandler::<E>::new()));
        let runner = Arc::new(RegisteredEffect(Arc::new(effect)));
        self.effect_runners.insert(E::HANDLER, runner);
        self
    }

    /// The topics that the handlers read, each once.
    pub fn topics(&self) -> Vec<&'static str> {
        let topics: BTreeSet<_> = self
            .descriptors()
            .map(|descriptor| descriptor.topic)
            .collect();
        topics.into_iter().collect()
    }

    /// The ids of the handlers.
    pub fn ids(&self) -> Vec<&'static str> {
        self.descriptors().map(|descriptor| descriptor.id).collect()
    }

    /// Starts all of them; each ends when `runtime.shutdown` becomes true, after what is under way.
    pub fn spawn(&self, runtime: &Arc<Runtime>) -> JoinSet<()> {
        let mut tasks = JoinSet::new();
        let mut replicas = ReplicasByTopic::default();
        let mut handlers = HandlersById::new();
        for handler in &self.handlers {
            let descriptor = handler.descriptor();
            if descriptor.projection.is_some() {
                replicas.add(descriptor.topic, descriptor.id);
            }
            metrics::declare(&descriptor, self.effect_runners.contains_key(descriptor.id));
            handlers.insert(descriptor.id, Arc::clone(handler));
        }
        tasks.spawn(poll_database(Arc::clone(runtime), self.handlers.clone()));
        let (replicas, handlers) = (Arc::new(replicas), Arc::new(handlers));
        tasks.spawn(dispatch(Arc::clone(runtime), replicas, handlers));
        if !self.effect_runners.is_empty() {
            let runners = Arc::new(self.effect_runners.clone());
            tasks.spawn(work_off_jobs(Arc::clone(runtime), runners));
        }
        tasks
    }

    /// Whether all of them have what they need to serve; the error says which does not, and why.
    ///
    /// # Errors
    /// [`NotReady`], also when the database does not answer.
    pub async fn ready(&self, runtime: &Runtime) -> Result<(), NotReady> {
        for descriptor in self.descriptors() {
            let state = HandlerState::load(&*runtime.engine, descriptor.id).await?;
            let generation_state = state
                .as_ref()
                .and_then(|(state, _)| state.generation(state.active))
                .ok_or(NotReady::NotStarted(descriptor.id))?;
            if descriptor.projection.is_some() && !generation_state.filled {
                return Err(NotReady::NotFilled(descriptor.id));
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
        let context = self
            .context(runtime, handler)
            .filter(|context| context.descriptor.projection.is_some())
            .ok_or_else(|| ReplayError::Unknown(handler.to_owned()))?;
        let partitions = runtime.broker.partitions(context.descriptor.topic).await?;
        let generation_state =
            GenerationState::at_end(context.descriptor.topic, &partitions).awaiting(Uuid::now_v7());
        begin(&context, generation_state).await
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
        let context = self
            .context(runtime, handler)
            .ok_or_else(|| ReplayError::Unknown(handler.to_owned()))?;
        if context.descriptor.projection.is_some() {
            return self.rebuild(runtime, handler).await;
        }
        if !re_execute {
            return Err(ReplayError::WouldReExecute(handler.to_owned()));
        }
        let request = Uuid::now_v7();
        let name = replay_topic(context.descriptor.topic, request);
        let topic = Topic {
            name: name.clone(),
            partitions: runtime.partitions,
        };
        runtime.broker.ensure_topics(&[topic]).await?;
        let partitions = runtime.broker.partitions(&name).await?;
        let generation_state = GenerationState {
            replay: true,
            ..GenerationState::at_start(&name, &partitions).awaiting(request)
        };
        begin(&context, generation_state).await
    }

    pub(super) fn context(&self, runtime: &Arc<Runtime>, id: &str) -> Option<HandlerContext> {
        let mut known = self.handlers.iter();
        let handler = known.find(|handler| handler.descriptor().id == id)?;
        Some(HandlerContext::new(
            Arc::clone(runtime),
            Arc::clone(handler),
            0,
        ))
    }

    /// Whether one of them holds personal data of what it handles.
    pub(crate) fn are_personal(&self) -> bool {
        self.descriptors().any(|descriptor| descriptor.personal)
    }

    pub(super) fn descriptors(
        &self,
    ) -> impl Iterator<Item = super::event_handler::HandlerDescriptor> {
        self.handlers.iter().map(|handler| handler.descriptor())
    }
}

/// Adds a generation to those that are kept up to date.
async fn begin(
    context: &HandlerContext,
    generation_state: GenerationState,
) -> Result<(), ReplayError> {
    let (engine, handler) = (&context.runtime.engine, context.descriptor.id);
    let mut known = false;
    let added = HandlerState::change(&**engine, handler, |state| {
        known = true;
        if state.generations.len() > 1 {
            return None;
        }
        state.add(generation_state.clone());
        Some(((), WriteSet::default()))
    })
    .await?;
    match added {
        Some(_) => {
            context.runtime.generations_wake_up.notify_one();
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
