//! Services as processes, and what they cost (Linux only).

use std::collections::HashMap;
use std::fs;
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::client::Client;

/// How long a service may take until it is ready.
const PATIENCE: Duration = Duration::from_secs(30);

/// How many ticks of `/proc/*/stat` a second has, on every Linux.
const TICKS: f64 = 100.0;

/// A service that runs, until it is dropped.
pub struct Service {
    /// Where it listens.
    pub port: u16,
    /// How long it took from its start until it was ready.
    pub ready_after: Duration,
    child: Child,
}

impl Service {
    /// Starts the program, and waits until it is ready.
    pub fn start(program: Command) -> Self {
        Self::start_until(program, "/health/ready")
    }

    /// Starts the program, and waits until it has something at this path.
    pub fn start_until(mut program: Command, path: &str) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);
        let started = Instant::now();
        let child = program
            .env("PORT", port.to_string())
            .env("RUST_LOG", "warn")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut service = Self {
            port,
            child,
            ready_after: Duration::ZERO,
        };
        while !Client::connect(port).is_ok_and(|mut client| client.has(path)) {
            assert!(
                started.elapsed() < PATIENCE,
                "{program:?} does not get ready"
            );
            std::thread::sleep(Duration::from_millis(1));
        }
        service.ready_after = started.elapsed();
        service
    }

    /// How long it has used processors, in seconds.
    pub fn processor(&self) -> f64 {
        let text = self.read("stat");
        // After the name, which may hold anything: the fields from the third on.
        let (_, fields) = text.rsplit_once(") ").unwrap();
        let fields: Vec<_> = fields.split(' ').collect();
        let ticks = |field: usize| fields[field - 3].parse::<f64>().unwrap();
        (ticks(14) + ticks(15)) / TICKS
    }

    /// Its memory that is in use, in MiB.
    pub fn resident(&self) -> f64 {
        let text = self.read("status");
        let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = line
            .and_then(|line| line.split_whitespace().next())
            .unwrap();
        kib.parse::<f64>().unwrap() / 1024.0
    }

    /// How often each of its threads has waited for something, by the threads' numbers.
    pub fn waits(&self) -> HashMap<String, u64> {
        let threads = fs::read_dir(format!("/proc/{}/task", self.child.id())).unwrap();
        let waits = threads.filter_map(|thread| {
            // A thread may end at any time.
            let status = fs::read_to_string(thread.ok()?.path().join("status")).ok()?;
            let field = |name: &str| status.lines().find_map(|line| line.strip_prefix(name));
            let waits = field("voluntary_ctxt_switches:")?.trim().parse().ok()?;
            Some((field("Pid:")?.trim().to_owned(), waits))
        });
        waits.collect()
    }

    /// One of its counters.
    pub fn counter(&self, name: &str) -> f64 {
        let mut client = Client::connect(self.port).unwrap();
        let metrics = client.get("/metrics");
        let mut lines = metrics.lines();
        let value = lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        value.map_or(0.0, |value| value.parse().unwrap())
    }

    fn read(&self, file: &str) -> String {
        fs::read_to_string(format!("/proc/{}/{file}", self.child.id())).unwrap()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
