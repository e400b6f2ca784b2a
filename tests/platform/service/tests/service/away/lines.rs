//! What is logged while a server is away: a line when that begins, and one when it is over.

use std::time::{Duration, Instant};

use platform_testing::http::Answer;
use serde_json::Value;

use super::proxy::Proxy;
use super::{Kind, Own, PATIENCE, Running, free_port};
use crate::domain;
use platform_support::kafka::Server as Kafka;
use platform_support::redis::server::{Own as Redis, Settings};

/// How many failures an outage has in these tests, at least.
const MANY: u64 = 20;

/// A server that can be taken away and given back.
enum Away {
    /// One of the tests', behind a proxy of this test's own.
    Behind {
        port: u16,
        server: String,
        proxy: Option<Proxy>,
    },
    /// One of this test's own.
    Redis(Redis),
    /// One of this test's own.
    Kafka(Kafka),
}

impl Away {
    /// A server of a kind that is there, and its host as the service is told.
    async fn new(kind: Kind) -> Option<(Self, String, String)> {
        // These tell their clients where they are themselves, or may do so: a proxy to one would be passed by.
        if kind == Kind::Kafka {
            let server = Kafka::prepare()?;
            server.run("up");
            let host = server.brokers();
            return Some((Self::Kafka(server), String::new(), host));
        }
        if kind == Kind::Redis {
            kind.served()?;
            let server = Redis::start(Settings::default());
            let (host, port) = server.address();
            return Some((Self::Redis(server), String::new(), format!("{host}:{port}")));
        }
        let (access, server) = kind.served()?;
        let port = free_port();
        let proxy = Some(Proxy::open(port, &server).await);
        let away = Self::Behind {
            port,
            server,
            proxy,
        };
        Some((away, access, format!("127.0.0.1:{port}")))
    }

    async fn goes(&mut self) {
        match self {
            Self::Behind { proxy, .. } => *proxy = None,
            Self::Redis(server) => server.kill(),
            Self::Kafka(server) => drop(server.run("down")),
        }
    }

    async fn comes_back(&mut self) {
        match self {
            Self::Behind {
                port,
                server,
                proxy,
            } => *proxy = Some(Proxy::open(*port, server).await),
            Self::Redis(server) => server.again(),
            Self::Kafka(server) => drop(server.run("up")),
        }
    }
}

impl Kind {
    /// What keeps clients to the host that they are told, where servers name themselves.
    const fn only_this(self) -> &'static str {
        match self {
            Self::Mongodb => "?directConnection=true",
            _ => "",
        }
    }

    /// What of a service is on such a server, as its log calls it.
    const fn part(self) -> &'static str {
        match self {
            Self::Kafka => "broker",
            _ => "database",
        }
    }
}

impl Running {
    /// Waits until what a service is on has answered after any failure.
    async fn has_no_outage(&mut self, part: &str) {
        let (end, name) = (
            Instant::now() + PATIENCE,
            format!("microdb_outage{{dependency=\"{part}\"}} "),
        );
        while metric(&self.client.get("/metrics").await.expect("metrics"), &name) > 0 {
            assert!(Instant::now() < end, "{}", self.written());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Sends requests until many failures were counted; how many it could not answer.
    async fn has_failed(&mut self, part: &str) -> u64 {
        let (end, mut put_off) = (Instant::now() + PATIENCE, 0);
        let name = format!("microdb_outage_failures_total{{dependency=\"{part}\"}} ");
        while metric(&self.client.get("/metrics").await.expect("metrics"), &name) < MANY {
            assert!(Instant::now() < end, "{}", self.written());
            let (one, other) = tokio::join!(
                self.client.get("/accounts"),
                self.client.get("/accounts?limit=1")
            );
            for answer in [one, other] {
                put_off += u64::from(answer.expect("an answer").status == 503);
            }
        }
        put_off
    }
}

/// The value of a metric.
fn metric(metrics: &Answer, name: &str) -> u64 {
    let text = metrics.text();
    let value = text.lines().find_map(|line| line.strip_prefix(name));
    value.map_or(0, |value| value.parse().expect("a number"))
}

/// The lines of a log that tell of something, from this place on.
fn lines(log: &str, from: usize) -> Vec<Value> {
    let lines = log[from..].lines();
    let lines = lines.filter_map(|line| serde_json::from_str::<Value>(line).ok());
    lines.collect()
}

fn says(line: &Value, what: &str) -> bool {
    line["message"].as_str().is_some_and(|it| it.contains(what))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outage_has_a_line_when_it_begins_and_one_when_it_is_over() {
    for kind in Kind::ALL {
        let Some((mut server, access, host)) = Away::new(*kind).await else {
            continue;
        };
        let (place, own, part) = (domain::place(), Own::new(*kind), kind.part());
        let at = own.at(&access, &host) + kind.only_this();
        let mut running = Running::start(kind.service(place.path(), Some(&at), ""));
        running.is_ready().await;
        // A server that was slow at the start is no outage any more.
        running.has_no_outage(part).await;
        let before = running.written().len();
        server.goes().await;
        let put_off = running.has_failed(part).await;
        server.comes_back().await;
        let over = format!("the {part} answers again");
        running.has_written(&over).await;
        running.is_ready().await;

        let mut said = lines(&running.written(), before);
        // How many there were by then, where the machine is slow.
        said.retain(|line| !says(line, "is still out"));
        let [begun, ended] = said.as_slice() else {
            panic!("{kind:?}: {said:#?}");
        };
        assert_eq!(begun["level"], "WARN", "{begun}");
        assert!(says(ended, &over), "{ended}");
        assert!(ended["failures"].as_u64() >= Some(MANY), "{ended}");
        assert_eq!(ended["requests"].as_u64(), Some(put_off), "{ended}");
    }
}
