//! Services of a generated system, each a process that is started by itself.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::system::Site;
use crate::workspace::{InTurn, target};

/// How long something may take that has to happen.
const PATIENCE: Duration = Duration::from_secs(60);

/// The services that were started; they end, and what they remember goes, when this is dropped.
pub struct Alone<'a> {
    workspace: &'a InTurn,
    system: &'static str,
    // Before the folder, so that nothing writes into it when it goes.
    running: BTreeMap<&'static str, Process>,
    ports: BTreeMap<&'static str, u16>,
    data: TempDir,
}

struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself, which the test has noticed by then.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl<'a> Alone<'a> {
    /// Empty databases, and nobody on them; `system` is what the programs' names begin with.
    pub fn new(workspace: &'a InTurn, system: &'static str) -> Self {
        workspace.cargo(&["build", "--workspace"]);
        Self {
            workspace,
            system,
            running: BTreeMap::new(),
            ports: BTreeMap::new(),
            data: TempDir::new().unwrap(),
        }
    }

    /// Starts a service, unless it was, and waits until it is ready.
    pub fn start(&mut self, service: &'static str) {
        if self.running.contains_key(service) {
            return;
        }
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let program = format!("{}-{service}", self.system);
        let process = Command::new(target().join("debug").join(program))
            .current_dir(self.workspace.path())
            .env("DATA_DIR", self.data.path())
            .env("PORT", port.to_string())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        self.running.insert(service, Process(process));
        self.ports.insert(service, port);
        let url = format!("{}/health/live", self.url(service));
        self.until(&format!("{service} is up"), || ureq::get(&url).call().ok());
    }
}

impl Site for Alone<'_> {
    fn url(&self, service: &str) -> String {
        format!("http://127.0.0.1:{}", self.ports[service])
    }

    fn until<T>(&self, what: &str, look: impl Fn() -> Option<T>) -> T {
        let started = Instant::now();
        loop {
            if let Some(found) = look() {
                return found;
            }
            assert!(started.elapsed() < PATIENCE, "waited in vain: {what}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}
