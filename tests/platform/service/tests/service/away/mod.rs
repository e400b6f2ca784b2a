//! The servers that a service stands on, when they are wrong, missing or away: what is said, and that
//! nothing of what gives access is said by anybody.

mod lines;
mod messages;
mod proxy;
mod secrets;

use std::io::Read;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use platform_mongodb::Mongodb;
use platform_ports::engine::Driver;
use platform_postgres::Postgres;
use platform_redis::Redis;
use platform_testing::http::{Answer, Client};

use crate::domain::TABLES;
use crate::process::program;
use platform_support::servers::server;

/// How long something may take that has to happen.
const PATIENCE: Duration = Duration::from_secs(60);

/// A kind of server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Postgres,
    Mongodb,
    Redis,
    Kafka,
}

impl Kind {
    const ALL: &[Self] = &[Self::Postgres, Self::Mongodb, Self::Redis, Self::Kafka];

    /// What makes the service one of this kind: a variable and its value.
    const fn choice(self) -> (&'static str, &'static str) {
        match self {
            Self::Postgres => ("TEST_DATABASE", "postgres"),
            Self::Mongodb => ("TEST_DATABASE", "mongodb"),
            Self::Redis => ("TEST_DATABASE", "redis"),
            Self::Kafka => ("TEST_BROKER", "kafka"),
        }
    }

    /// The variable that tells the service where the server is.
    fn variable(self) -> &'static str {
        match self.choice().0 {
            "TEST_BROKER" => "BROKER_URL",
            _ => "DATABASE_URL",
        }
    }

    /// The scheme of a location.
    const fn scheme(self) -> &'static str {
        self.choice().1
    }

    /// A location: who enters, with `@`, a host with its port, and what a test has there.
    fn at(self, access: &str, host: &str, name: &str) -> String {
        let place = match self {
            Self::Postgres => name.to_owned(),
            Self::Mongodb => name.to_owned(),
            Self::Redis => format!("?prefix={name}"),
            Self::Kafka => format!("?prefix={name}."),
        };
        format!("{}://{access}{host}/{place}", self.scheme())
    }

    /// The server of the tests: who may enter, with `@`, and host and port.
    fn served(self) -> Option<(String, String)> {
        let named = match self {
            Self::Postgres => server("TEST_POSTGRES_URL"),
            Self::Mongodb => server("TEST_MONGODB_URL"),
            Self::Redis => server("TEST_REDIS_URL"),
            Self::Kafka => server("TEST_KAFKA_BROKERS"),
        }?;
        let rest = named.split_once("://").map_or(&*named, |(_, rest)| rest);
        let rest = rest.split(['/', '?']).next().unwrap_or_default();
        Some(match rest.rsplit_once('@') {
            Some((access, host)) => (format!("{access}@"), host.to_owned()),
            None => (String::new(), rest.to_owned()),
        })
    }

    /// The example service of this kind, at this location if one is given.
    fn service(self, folder: &Path, at: Option<&str>, arguments: &str) -> Command {
        let mut command = program(folder, arguments);
        let (variable, value) = self.choice();
        command
            .env_remove("TEST_DATABASE")
            .env_remove("TEST_BROKER");
        command.env_remove("DATABASE_URL").env_remove("BROKER_URL");
        command.env(variable, value);
        if let Some(at) = at {
            command.env(self.variable(), at);
        }
        command
    }
}

/// What a test has for itself on a server; it goes when this is dropped.
struct Own {
    kind: Kind,
    name: String,
}

impl Own {
    fn new(kind: Kind) -> Self {
        let name = format!("servers-{}", uuid::Uuid::now_v7().simple());
        // The others come about by being used.
        if matches!(kind, Kind::Postgres) {
            platform_support::place::postgres::make(&name, TABLES.postgres);
        }
        Self { kind, name }
    }

    /// Where it is: who enters, with `@`, and a host with its port.
    fn at(&self, access: &str, host: &str) -> String {
        self.kind.at(access, host, &self.name)
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        let kind = match self.kind {
            Kind::Postgres => Postgres.test_server(),
            Kind::Mongodb => Mongodb.test_server(),
            Kind::Redis => Redis.test_server(),
            // Its topics are left to the server of the tests.
            Kind::Kafka => None,
        };
        if let Some(kind) = kind {
            platform_support::place::remove(kind, &self.name);
        }
    }
}

/// A port that nobody has at the moment.
fn free_port() -> u16 {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    taken.local_addr().expect("its address").port()
}

/// A service at work, and all that it writes; killed when this is dropped.
struct Running {
    child: Child,
    client: Client,
    written: Arc<Mutex<String>>,
}

impl Running {
    fn start(mut command: Command) -> Self {
        let port = free_port();
        let mut child = command
            .env("BANK_PORT", port.to_string())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the service starts");
        let written = Arc::<Mutex<String>>::default();
        keep(child.stdout.take().expect("its output"), &written);
        keep(child.stderr.take().expect("its log"), &written);
        Self {
            child,
            client: Client::new(format!("http://127.0.0.1:{port}")),
            written,
        }
    }

    /// What it has written so far.
    fn written(&self) -> String {
        let written = self.written.lock();
        written.unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        let sent = Command::new("kill").args([format!("-{name}"), id]).status();
        assert!(sent.expect("the program `kill`").success());
    }

    /// What it answers, once there is an answer that will do.
    async fn until(&mut self, what: &str, path: &str, will_do: impl Fn(&Answer) -> bool) -> Answer {
        let end = Instant::now() + PATIENCE;
        let mut last = String::new();
        while Instant::now() < end {
            let ended = self.child.try_wait().expect("its state");
            assert!(ended.is_none(), "{what}: it ended: {}", self.written());
            if let Ok(answer) = self.client.get(path).await {
                if will_do(&answer) {
                    return answer;
                }
                last = answer.text();
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("{what}: {last}\n{}", self.written())
    }

    /// Why it is not ready, as soon as it says so of this.
    async fn waits_for(&mut self, part: &str) -> String {
        let is_about = |answer: &Answer| answer.status == 503 && answer.text().contains(part);
        let answer = self.until(part, "/health/ready", is_about).await;
        answer.text()
    }

    /// Waits until it has written this.
    async fn has_written(&mut self, what: &str) {
        let end = Instant::now() + PATIENCE;
        while !self.written().contains(what) {
            assert!(Instant::now() < end, "`{what}` in {}", self.written());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    async fn is_ready(&mut self) {
        let is_ready = |answer: &Answer| answer.status == 200;
        self.until("it is ready", "/health/ready", is_ready).await;
    }

    /// What it says when it ends by itself, or why it waits.
    async fn refuses_or_waits(&mut self) -> String {
        let end = Instant::now() + PATIENCE;
        while Instant::now() < end {
            if let Some(status) = self.child.try_wait().expect("its state") {
                assert_eq!(status.code(), Some(1), "{}", self.written());
                // Its last words may still be on their way.
                tokio::time::sleep(Duration::from_millis(200)).await;
                return self.written();
            }
            if let Ok(answer) = self.client.get("/health/ready").await
                && answer.status == 503
            {
                return answer.text();
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("it neither ends nor waits: {}", self.written())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It has ended already when it was refused.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Keeps what is written.
fn keep(mut from: impl Read + Send + 'static, into: &Arc<Mutex<String>>) {
    let into = Arc::clone(into);
    std::thread::spawn(move || {
        let mut some = [0; 4096];
        while let Ok(read @ 1..) = from.read(&mut some) {
            let mut into = into.lock().unwrap_or_else(PoisonError::into_inner);
            into.push_str(&String::from_utf8_lossy(&some[..read]));
        }
    });
}
