//! The world of one test: a service with its files, and everybody else.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Instant;

use serde_json::Value;
use uuid::Uuid;

use super::examples::{Phase, Row, ago};
use super::peers::{Message, Peers};
use super::program::{self, Log, PATIENCE, Program};
use super::requests::Answers;
use super::storage::{StartingPoint, Storage};
use super::{Error, Subject, TestResult};
use platform_contract::envelope::{Change, Envelope, partition_of};
use platform_contract::value::Timestamp;
use platform_ports::broker::Broker;
use platform_ports::engine::{Engine, OutboxEvent, Save, SaveTo, Stored, WriteSet};
use platform_runtime::publisher::PublishedAggregate;

/// What has become of a world.
pub(super) struct End {
    /// The service's state.
    pub state: Value,
    /// What requests were answered with.
    pub answers: Answers,
    /// The fail points that instances came to.
    pub passed: BTreeSet<String>,
}

/// A service with its files, and everybody else.
pub(super) struct World {
    pub subject: Arc<Subject>,
    pub storage: Storage,
    pub engine: Arc<dyn Engine>,
    pub broker: Arc<dyn Broker>,
    pub peers: Peers,
    /// The instances of the service that run.
    pub programs: Vec<Program>,
    /// Ids that the reference has under others.
    pub renamed: BTreeMap<Uuid, Uuid>,
    /// What requests were answered with.
    pub answers: Answers,
    /// The fail points that instances came to which say so, as far as these have ended in order.
    pub passed: BTreeSet<String>,
    pub log: Log,
}

impl World {
    /// A world whose service has never run, and in which nobody answers.
    pub async fn new(subject: &Arc<Subject>) -> TestResult<Self> {
        let storage = Storage::new(subject).await?;
        Self::migrate(subject, &storage).await?;
        let world = Self::open(subject, storage).await?;
        for row in &subject.examples.rows {
            world.put(row).await?;
        }
        Ok(world)
    }

    /// Lets the service begin to listen, until it has nothing to do, and ends it.
    pub async fn settle(&mut self) -> TestResult {
        self.start().await?;
        // Before that, nothing may go by: what goes by a handler before it begins is not its own.
        self.until_begun().await?;
        self.peers.answer().await?;
        self.until_ready().await?;
        self.until_settled().await?;
        self.stop_all().await
    }

    /// A world as that of one that has settled.
    pub async fn again(subject: &Arc<Subject>, starting_point: &StartingPoint) -> TestResult<Self> {
        match starting_point {
            StartingPoint::Files(files) => {
                let world = Self::open(subject, Storage::with(files)?).await?;
                world.peers.answer().await?;
                Ok(world)
            }
            StartingPoint::Fresh => {
                let mut world = Self::new(subject).await?;
                world.settle().await?;
                Ok(world)
            }
        }
    }

    async fn migrate(subject: &Subject, storage: &Storage) -> TestResult {
        let migrated = program::run(subject, &storage.at, &["migrate"]).await?;
        if !migrated.status.success() {
            let why = String::from_utf8_lossy(&migrated.stderr).into_owned();
            return Err(format!("its database could not be made: {why}").into());
        }
        Ok(())
    }

    async fn open(subject: &Arc<Subject>, storage: Storage) -> TestResult<Self> {
        let engine = storage.engine(subject).await?;
        let broker = storage.broker(subject)?;
        Ok(Self {
            subject: Arc::clone(subject),
            storage,
            engine,
            peers: Peers::new(subject, &broker),
            broker,
            programs: Vec::new(),
            renamed: BTreeMap::new(),
            answers: Answers::default(),
            passed: BTreeSet::new(),
            log: Log::default(),
        })
    }

    /// Puts an aggregate there, with an event that nobody knows as its history.
    async fn put(&self, row: &Row) -> TestResult {
        let mut owned = self.subject.service.owned.iter();
        let owned = owned
            .find(|owned| owned.name == row.aggregate)
            .ok_or_else(|| format!("the service has no `{}`", row.aggregate))?;
        let mut members = row.members.clone();
        owned.schema.canonical(&mut members);
        let violations = owned.schema.check(&members);
        if !violations.is_empty() {
            return Err(format!("an example is not as described: {violations:?}").into());
        }
        let now = ago();
        let write = WriteSet {
            saves: vec![Save {
                schema: owned.schema,
                generation: 0,
                expected: 0,
                to: SaveTo::Live(Stored {
                    id: row.id,
                    version: 1,
                    created_at: now,
                    updated_at: now,
                    members,
                }),
            }],
            events: vec![self.origin(owned, row.id, now)],
            ..WriteSet::default()
        };
        Ok(self.engine.commit(write).await?)
    }

    fn origin(&self, owned: &PublishedAggregate, aggregate: Uuid, now: Timestamp) -> OutboxEvent {
        let service = &self.subject.service;
        let id = Uuid::new_v5(&aggregate, b"origin");
        let envelope = Envelope {
            id,
            kind: format!("{}.{}.unheard", service.system, service.context),
            version: 1,
            source: format!("/{}/{}", service.system, service.context),
            subject: aggregate,
            sequence: 1,
            change: Change::Saved,
            last_event: None,
            time: now,
            correlation: id.into(),
            causation: id,
            traceparent: None,
            data: Value::Object(serde_json::Map::new()),
        };
        OutboxEvent {
            id,
            aggregate_type: owned.name.to_owned(),
            aggregate_id: aggregate,
            sequence: 1,
            kind: envelope.versioned_kind(),
            topic: owned.topic.to_owned(),
            partition: partition_of(aggregate, service.partitions),
            logged: true,
            wire: envelope.to_wire(),
        }
    }

    /// Waits until all handlers have begun to listen.
    pub async fn until_begun(&self) -> TestResult {
        until("the handlers have begun", async || {
            Ok(self.status().await?.map(|_| ()))
        })
        .await
    }

    /// Waits until the instance says that it can serve.
    pub async fn until_ready(&mut self) -> TestResult {
        let client = self.program()?.client.clone();
        until("the service is ready", async || {
            let ready = client.get("/health/ready").await?;
            Ok((ready.status == 200).then_some(()))
        })
        .await
    }

    /// Lets all of it happen that has not happened yet, one phase after the other: the replicas that a
    /// decision finds must not depend on who was first.
    pub async fn hear_all(&self) -> TestResult {
        for phase in self.peers.phases() {
            self.hear(phase, async |peers, all| peers.publish(all).await)
                .await?;
        }
        Ok(())
    }

    /// Lets a phase happen, told in some way, and waits until it was heard.
    pub async fn hear(
        &self,
        phase: Phase,
        tell: impl AsyncFn(&Peers, Vec<Message>) -> TestResult,
    ) -> TestResult {
        self.peers.commit(phase).await;
        tell(&self.peers, self.peers.messages(phase)).await?;
        self.peers.note_told(phase);
        self.until_settled().await
    }

    /// Waits until nothing is left to be done, ends all instances, and gives what has become of it.
    pub async fn end(mut self) -> TestResult<End> {
        let ended = async {
            self.until_settled().await?;
            self.stop_all().await?;
            self.whole().await
        };
        match ended.await {
            Ok(state) => {
                self.storage.remove().await?;
                Ok(End {
                    state,
                    answers: self.answers,
                    passed: self.passed,
                })
            }
            Err(error) => Err(self.explain(error)),
        }
    }

    /// An error with what the service logged last.
    pub fn explain(&self, error: Error) -> Error {
        format!("{error}\nthe service logged:\n{}", self.log.tail()).into()
    }
}

/// Asks again and again until there is an answer.
pub(super) async fn until<T>(
    what: &str,
    ask: impl AsyncFn() -> TestResult<Option<T>>,
) -> TestResult<T> {
    let started = Instant::now();
    loop {
        if let Some(answer) = ask().await? {
            return Ok(answer);
        }
        if started.elapsed() > PATIENCE {
            return Err(format!("waited in vain until {what}").into());
        }
        tokio::time::sleep(std::time::Duration::from_millis(15)).await;
    }
}
