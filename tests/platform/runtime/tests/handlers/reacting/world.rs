//! A desk over real files: any number of processes' worth of it at once.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use platform_contract::envelope::partition_of;
use platform_ports::broker::{Broker, Topic};
use platform_ports::engine::{Documents, Engine, Find, Found, Generation, Options};
use platform_ports::outage::{Dependency, Outage};
use platform_runtime::handler::Handlers;
use platform_runtime::recovery_request::commands_topic;
use platform_runtime::unit_of_work::CommandExecutor;
use platform_runtime::wake_up::WakeUp;
use platform_runtime::{Executor, Runtime};
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;
use uuid::Uuid;

use super::domain::{BOOK_COPIES, BOOKS, CARDS, Domain, MakeCard, NoteOnCard, TABLES};
use super::library::Library;
use platform_support::place::{self, Place};

pub const PARTITIONS: u32 = 3;

/// How long a test waits for something that has to happen.
const PATIENCE: Duration = Duration::from_secs(30);

/// A place with the desk's database and the broker, and a library that answers.
pub struct World {
    pub broker: Arc<dyn Broker>,
    pub library: Arc<Library>,
    // Before the folder, so that nothing writes into it when it goes.
    _answering: JoinSet<()>,
    place: Place,
}

/// One process of the desk.
pub struct Desk {
    pub runtime: Arc<Runtime>,
    pub handlers: Handlers,
    shutdown: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

impl World {
    pub async fn new() -> Self {
        let place = Place::new(&TABLES);
        let broker = broker(place.path()).await;
        let library = Arc::new(Library::default());
        let mut answering = JoinSet::new();
        answering.spawn(Arc::clone(&library).answer(Arc::clone(&broker)));
        Self {
            broker,
            library,
            _answering: answering,
            place,
        }
    }

    pub fn folder(&self) -> &Path {
        self.place.path()
    }

    /// A process of the desk, whose handlers have begun.
    pub async fn desk(&self, handlers: Handlers) -> Desk {
        let desk = Desk::start(self.folder(), Arc::clone(&self.broker), handlers).await;
        until("the handlers have begun", async || {
            let ready = desk.handlers.ready(&desk.runtime).await;
            ready.is_ok().then_some(())
        })
        .await;
        desk
    }
}

/// The broker in a folder, with its topics.
pub async fn broker(folder: &Path) -> Arc<dyn Broker> {
    let at = place::config("desk", folder).broker;
    let broker = place::broker()
        .open(&at, Outage::alone(Dependency::Broker))
        .expect("a broker");
    let topics = [BOOKS.to_owned(), commands_topic("example", "library")];
    let topics = topics.map(|name| Topic {
        name,
        partitions: PARTITIONS,
    });
    broker.ensure_topics(&topics).await.expect("topics");
    broker
}

/// The desk's database in a folder.
pub async fn engine(folder: &Path) -> Arc<dyn Engine> {
    let at = place::config("desk", folder).database;
    let database = TABLES.database();
    database.migrate(&at).await.expect("migrated");
    let engine = database.open(&at, &[], Options::default()).await;
    engine.expect("open")
}

impl Desk {
    /// Starts a process of the desk.
    pub async fn start(folder: &Path, broker: Arc<dyn Broker>, handlers: Handlers) -> Self {
        let engine = engine(folder).await;
        let begun = handlers.begin_on_new(&*engine, PARTITIONS).await;
        begun.expect("begun, where the database is new");
        Self::start_on(engine, broker, handlers)
    }

    /// The same on an engine of its own.
    pub fn start_on(engine: Arc<dyn Engine>, broker: Arc<dyn Broker>, handlers: Handlers) -> Self {
        let (shutdown, down) = watch::channel(false);
        let commands: [(&'static str, Arc<dyn Executor>); 2] = [
            (
                "MakeCard",
                Arc::new(CommandExecutor::<Domain, MakeCard>::new()),
            ),
            (
                "NoteOnCard",
                Arc::new(CommandExecutor::<Domain, NoteOnCard>::new()),
            ),
        ];
        let runtime = Arc::new(Runtime {
            system: "example",
            context: "desk",
            instance: Uuid::now_v7(),
            engine,
            cache: None,
            broker,
            outages: Arc::default(),
            partitions: PARTITIONS,
            commands: BTreeMap::from(commands),
            outbox_wake_up: WakeUp::default(),
            commands_wake_up: Notify::new(),
            jobs_wake_up: Notify::new(),
            erasures_wake_up: Notify::new(),
            generations_wake_up: Notify::new(),
            shutdown: down,
        });
        let tasks = handlers.spawn(&runtime);
        Self {
            runtime,
            handlers,
            shutdown,
            tasks,
        }
    }

    /// Shuts it down, in order.
    pub async fn stop(mut self) {
        self.shutdown.send_replace(true);
        let ended = async { while self.tasks.join_next().await.is_some() {} };
        tokio::time::timeout(PATIENCE, ended)
            .await
            .expect("it stops");
    }

    /// The sequence up to which a handler has come with a book.
    pub async fn applied(&self, handler: &str, generation: Generation, book: Uuid) -> Option<u64> {
        let engine = &self.runtime.engine;
        let applied_sequences = engine.applied_sequences(handler, generation, &[book]).await;
        applied_sequences
            .expect("applied_sequences")
            .first()
            .map(|(_, applied)| applied.sequence)
    }

    /// Waits until a handler has come so far with a book.
    pub async fn reaches(&self, handler: &str, book: Uuid, sequence: u64) {
        let what = format!("{handler} has come to {sequence} with {book}");
        until(&what, async || {
            let applied = self.applied(handler, 0, book).await;
            (applied >= Some(sequence)).then_some(())
        })
        .await;
    }

    pub async fn count(&self, collection: Documents) -> u64 {
        self.runtime.engine.count(collection).await.expect("count")
    }

    /// Waits until a collection of documents has so many.
    pub async fn holds(&self, collection: Documents, number: u64) {
        until(&format!("{number} {collection:?}"), async || {
            (self.count(collection).await == number).then_some(())
        })
        .await;
    }

    /// The text of a card.
    pub async fn card(&self, id: Uuid) -> String {
        let found = self.runtime.engine.load(&CARDS, 0, id).await;
        match found.expect("a card") {
            Found::Live(row) => row.members["text"].as_str().unwrap_or_default().to_owned(),
            other => panic!("{other:?}"),
        }
    }

    /// The texts of all cards, in the order of their words.
    pub async fn cards(&self) -> Vec<String> {
        let find = Find {
            schema: &CARDS,
            generation: 0,
            equals: Vec::new(),
            range: None,
            order: &[("text", false)],
            after: None,
            limit: 1_000,
        };
        let page = self.runtime.engine.find(&find).await.expect("cards");
        let text =
            |row: platform_ports::engine::Stored| row.members["text"].as_str().map(str::to_owned);
        page.rows.into_iter().filter_map(text).collect()
    }

    /// Waits until the cards say this.
    pub async fn cards_say(&self, texts: &[&str]) {
        let started = Instant::now();
        while self.cards().await != texts {
            assert!(
                started.elapsed() < PATIENCE,
                "{:?} and not {texts:?}",
                self.cards().await
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Makes a card.
    pub async fn make_card(&self, id: Uuid, text: &str) {
        let context = platform_runtime::context::Context::new(
            platform_runtime::context::Caller::Anonymous,
            platform_contract::value::Timestamp::now(),
            Uuid::now_v7(),
            Uuid::now_v7(),
        );
        let request = platform_runtime::Request {
            target: Some(id),
            input: serde_json::json!({ "text": text }),
            context,
            with: Vec::new(),
            when_refused: Vec::new(),
            if_version: None,
            new_id: false,
        };
        let executor = &self.runtime.commands["MakeCard"];
        executor
            .execute(&self.runtime, request)
            .await
            .expect("made");
    }

    /// The title and version of a copy.
    pub async fn copy(&self, generation: Generation, book: Uuid) -> Option<(String, u64)> {
        let engine = &self.runtime.engine;
        match engine.load(&BOOK_COPIES, generation, book).await {
            Ok(Found::Live(row)) => Some((row.members["title"].as_str()?.to_owned(), row.version)),
            Ok(_) => None,
            Err(error) => panic!("{error}"),
        }
    }
}

/// Books that are in the same partition.
pub fn neighbours(number: usize) -> Vec<Uuid> {
    std::iter::repeat_with(Uuid::now_v7)
        .filter(|book| partition_of(*book, PARTITIONS) == 0)
        .take(number)
        .collect()
}

/// Waits until something is there.
pub async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(started.elapsed() < PATIENCE, "waited in vain: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
