//! The world of one test: a service with its files, and everybody else.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Output;
use std::sync::Arc;
use std::time::Instant;

use serde_json::Value;
use uuid::Uuid;

use super::asking::Answers;
use super::examples::{Part, Row, ago};
use super::peers::{Message, Peers};
use super::places::{Begun, Places};
use super::program::{self, Log, PATIENCE, Program};
use super::{Error, Step, Subject};
use platform_contract::envelope::{Change, Envelope, partition_of};
use platform_contract::value::Timestamp;
use platform_ports::broker::Broker;
use platform_ports::engine::{Engine, OutboxEvent, Save, SaveTo, Stored, WriteSet};
use platform_ports::fail_point;
use platform_runtime::publisher::PublishedAggregate;

/// What has become of a world.
pub(super) struct End {
    /// The service's state.
    pub state: Value,
    /// What requests were answered with.
    pub answers: Answers,
    /// The holds that instances came to.
    pub passed: BTreeSet<String>,
}

/// A service with its files, and everybody else.
pub(super) struct World {
    pub subject: Arc<Subject>,
    pub places: Places,
    pub engine: Arc<dyn Engine>,
    pub broker: Arc<dyn Broker>,
    pub peers: Peers,
    /// The instances of the service that run.
    pub programs: Vec<Program>,
    /// Ids that the reference has under others.
    pub renamed: BTreeMap<Uuid, Uuid>,
    /// What requests were answered with.
    pub answers: Answers,
    /// The holds that instances came to which say so, as far as these have ended in order.
    pub passed: BTreeSet<String>,
    log: Log,
}

impl World {
    /// A world whose service has never run, and in which nobody answers.
    pub async fn new(subject: &Arc<Subject>) -> Step<Self> {
        let places = Places::new(subject).await?;
        Self::migrate(subject, &places).await?;
        let world = Self::open(subject, places).await?;
        for row in &subject.examples.rows {
            world.put(row).await?;
        }
        Ok(world)
    }

    /// Lets the service begin to listen, until it has nothing to do, and ends it.
    pub async fn settle(&mut self) -> Step {
        self.start().await?;
        // Before that, nothing may go by: what goes by a handler before it begins is not its own.
        self.until_begun().await?;
        self.peers.answer().await?;
        self.until_ready().await?;
        self.until_settled().await?;
        self.stop_all().await
    }

    /// A world as that of one that has settled.
    pub async fn again(subject: &Arc<Subject>, begun: &Begun) -> Step<Self> {
        match begun {
            Begun::Files(files) => {
                let world = Self::open(subject, Places::with(files)?).await?;
                world.peers.answer().await?;
                Ok(world)
            }
            Begun::Anew => {
                let mut world = Self::new(subject).await?;
                world.settle().await?;
                Ok(world)
            }
        }
    }

    async fn migrate(subject: &Subject, places: &Places) -> Step {
        let migrated = program::run(subject, &places.at, &["migrate"]).await?;
        if !migrated.status.success() {
            let why = String::from_utf8_lossy(&migrated.stderr).into_owned();
            return Err(format!("its database could not be made: {why}").into());
        }
        Ok(())
    }

    async fn open(subject: &Arc<Subject>, places: Places) -> Step<Self> {
        let engine = places.engine(subject).await?;
        let broker = places.broker(subject)?;
        Ok(Self {
            subject: Arc::clone(subject),
            places,
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
    async fn put(&self, row: &Row) -> Step {
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

    /// Starts an instance of the service.
    pub async fn start(&mut self) -> Step {
        self.start_with(None).await
    }

    /// Starts an instance that says which of the places it comes to where it could be held.
    pub async fn start_noting(&mut self) -> Step {
        self.start_with(Some(fail_point::NONE)).await
    }

    /// Starts an instance that stays for good at a place that the runtime names.
    pub async fn start_held(&mut self, place: &str) -> Step {
        self.start_with(Some(place)).await
    }

    /// Starts an instance to which nobody answers at the broker's location.
    pub async fn start_alone(&mut self) -> Step {
        let at = self.places.without_broker()?;
        let program = Program::start(&self.subject, &at, None).await?;
        self.log = program.log();
        self.programs.push(program);
        Ok(())
    }

    async fn start_with(&mut self, hold: Option<&str>) -> Step {
        let program = Program::start(&self.subject, &self.places.at, hold).await?;
        self.log = program.log();
        self.programs.push(program);
        Ok(())
    }

    /// The instance that was started last.
    pub fn program(&mut self) -> Step<&mut Program> {
        Ok(self.programs.last_mut().ok_or("no instance runs")?)
    }

    /// Kills the instance that was started last.
    pub async fn kill(&mut self) -> Step {
        self.programs.pop().ok_or("no instance runs")?.kill().await
    }

    /// Ends all instances in order.
    pub async fn stop_all(&mut self) -> Step {
        for program in self.programs.drain(..) {
            self.passed.extend(program.stop().await?);
        }
        Ok(())
    }

    /// Lets the service's command line do something.
    pub async fn command(&self, arguments: &[&str]) -> Step<Output> {
        program::run(&self.subject, &self.places.at, arguments).await
    }

    /// Waits until all handlers have begun to listen.
    pub async fn until_begun(&self) -> Step {
        until("the handlers have begun", async || {
            Ok(self.status().await?.map(|_| ()))
        })
        .await
    }

    /// Waits until the instance says that it can serve.
    pub async fn until_ready(&mut self) -> Step {
        let client = self.program()?.client.clone();
        until("the service is ready", async || {
            let ready = client.get("/health/ready").await?;
            Ok((ready.status == 200).then_some(()))
        })
        .await
    }

    /// Lets all of it happen that has not happened yet, one part after the other: the copies that a
    /// decision finds must not depend on who was first.
    pub async fn hear_all(&self) -> Step {
        for part in self.peers.parts() {
            self.hear(part, async |peers, all| peers.publish(all).await)
                .await?;
        }
        Ok(())
    }

    /// Lets a part happen, told in some way, and waits until it was heard.
    pub async fn hear(&self, part: Part, tell: impl AsyncFn(&Peers, Vec<Message>) -> Step) -> Step {
        self.peers.commit(part).await;
        tell(&self.peers, self.peers.messages(part)).await?;
        self.peers.note_told(part);
        self.until_settled().await
    }

    /// Waits until nothing is left to be done, ends all instances, and gives what has become of it.
    pub async fn end(mut self) -> Step<End> {
        let ended = async {
            self.until_settled().await?;
            self.stop_all().await?;
            self.whole().await
        };
        match ended.await {
            Ok(state) => {
                self.places.remove().await?;
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
pub(super) async fn until<T>(what: &str, ask: impl AsyncFn() -> Step<Option<T>>) -> Step<T> {
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
