//! A generated system that runs: `cargo run`, with every service a process of its own.

// Each test program uses a part of it.
#![allow(dead_code)]

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use cargo_microdb::plan::names::environment;
use tempfile::TempDir;

use crate::workspace::{InTurn, cargo, target};

/// How long something may take that has to happen.
const PATIENCE: Duration = Duration::from_secs(60);

/// How long a start may take: cargo waits while another test builds in the same target directory.
const START: Duration = Duration::from_secs(900);

/// Where services run.
pub trait Site {
    /// The address of a service.
    fn url(&self, service: &str) -> String;

    /// Waits until something is there.
    fn until<T>(&self, what: &str, look: impl Fn() -> Option<T>) -> T;
}

/// A running system; it is stopped, and what it remembers goes, when this is dropped.
pub struct System<'a> {
    workspace: &'a InTurn,
    /// Its databases and its broker.
    data: TempDir,
    /// Where its servers are.
    servers: Vec<(String, String)>,
    /// The ports of the services: the workspace's own may be taken.
    ports: BTreeMap<String, u16>,
    runner: Child,
    log: Arc<Mutex<Vec<String>>>,
}

impl<'a> System<'a> {
    /// Starts the services of a workspace on empty databases, and waits until all are ready.
    pub fn start(workspace: &'a InTurn) -> Self {
        Self::start_on(workspace, Vec::new())
    }

    /// The same with these variables, which say where its servers are.
    pub fn start_on(workspace: &'a InTurn, servers: Vec<(String, String)>) -> Self {
        workspace.cargo(&["build", "--workspace"]);
        let data = TempDir::new().unwrap();
        let mut ports = BTreeMap::new();
        for entry in std::fs::read_dir(workspace.path().join("services")).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            let free = TcpListener::bind("127.0.0.1:0").unwrap();
            ports.insert(name, free.local_addr().unwrap().port());
        }
        let (runner, log) = run(workspace, &data, &servers, &ports, &[]);
        let system = Self {
            workspace,
            data,
            servers,
            ports,
            runner,
            log,
        };
        system.ready();
        system
    }

    /// Ends it as Ctrl-C does, and starts it again on the same files.
    pub fn restart(&mut self) {
        self.interrupt();
        self.start_again();
    }

    /// Starts it again on the same files, when it has ended.
    pub fn start_again(&mut self) {
        self.start_again_with(&[]);
    }

    /// The same with these words for what runs the services.
    pub fn start_again_with(&mut self, words: &[&str]) {
        let on = (self.workspace, &self.data);
        (self.runner, self.log) = run(on.0, on.1, &self.servers, &self.ports, words);
        self.ready();
    }

    /// Tries to start it once more beside the one that runs; with what it is refused.
    pub fn start_another(&self) -> String {
        let mut command = command(self.workspace, &self.data, &self.servers, &self.ports, &[]);
        let output = command.stderr(Stdio::piped()).output().unwrap();
        assert!(!output.status.success(), "it has run beside the other");
        String::from_utf8(output.stderr).unwrap()
    }

    /// Where it keeps its data.
    pub fn data(&self) -> &Path {
        self.data.path()
    }

    /// Lets a service's program do something; what it says.
    pub fn command(&self, program: &str, arguments: &[&str]) -> String {
        let output = Command::new(target().join("debug").join(program))
            .args(arguments)
            .current_dir(self.workspace.path())
            .env("DATA_DIR", self.data.path())
            .output()
            .unwrap();
        assert!(output.status.success(), "{program}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// What was said since the last start by what runs the services, or by them.
    pub fn said(&self, what: &str) -> Option<String> {
        let log = self.log.lock().unwrap();
        log.iter().find(|line| line.contains(what)).cloned()
    }

    /// Sends a signal to what runs the services, and to nobody else.
    pub fn signal(&self, name: &str) {
        signal(name, self.runner.id());
    }

    /// Waits for the end of what runs the services.
    pub fn ended(&mut self) -> ExitStatus {
        self.runner.wait().unwrap()
    }

    /// Whether a service has said this since the last start.
    pub fn has_said(&self, service: &str, what: &str) -> bool {
        let label = format!("{service} | ");
        let log = self.log.lock().unwrap();
        log.iter()
            .any(|line| line.trim_start().starts_with(&label) && line.contains(what))
    }

    /// Whether nobody listens any more where a service did.
    pub fn is_free(&self, service: &str) -> bool {
        TcpListener::bind(("127.0.0.1", self.ports[service])).is_ok()
    }

    /// The names of the services.
    pub fn services(&self) -> Vec<&str> {
        self.ports.keys().map(String::as_str).collect()
    }

    /// A text with the services' own ports in place of those they have here.
    pub fn with_ports(&self, text: &str) -> String {
        let lock = std::fs::read_to_string(self.workspace.path().join("microdb.lock")).unwrap();
        let mut text = text.to_owned();
        for line in lock.lines() {
            if let ["port", service, port] = line.split(' ').collect::<Vec<_>>()[..] {
                text = text.replace(
                    &format!("127.0.0.1:{port}"),
                    &format!("127.0.0.1:{}", self.ports[service]),
                );
            }
        }
        text
    }

    /// Kills a service with SIGKILL, as nothing can be done about.
    pub fn kill(&self, service: &str) {
        self.signal_service(service, "KILL");
    }

    /// Sends a signal to a service.
    pub fn signal_service(&self, service: &str, name: &str) {
        let label = format!("{service} | started as process ");
        let log = self.log.lock().unwrap();
        let started = log.iter().rev().find_map(|line| line.split_once(&label));
        if let Some((_, process)) = started {
            signal(name, process.trim());
        }
    }

    /// Waits until every service says that it is ready.
    fn ready(&self) {
        for service in self.services() {
            let url = format!("{}/health/ready", self.url(service));
            let what = format!("{service} is ready");
            self.within(START, &what, || ureq::get(&url).call().ok());
        }
    }

    fn within<T>(&self, patience: Duration, what: &str, look: impl Fn() -> Option<T>) -> T {
        let started = Instant::now();
        loop {
            if let Some(found) = look() {
                return found;
            }
            if started.elapsed() > patience {
                panic!(
                    "waited in vain: {what}\n{}",
                    self.log.lock().unwrap().join("\n")
                );
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Sends the whole group what Ctrl-C sends, and waits for its end.
    pub fn interrupt(&mut self) {
        let group = format!("-{}", self.runner.id());
        // It is gone already when it did not start.
        let _ = Command::new("kill")
            .args(["-s", "INT", "--", &group])
            .stderr(Stdio::null())
            .status();
        let _ = self.runner.wait();
    }
}

impl Site for System<'_> {
    fn url(&self, service: &str) -> String {
        format!("http://127.0.0.1:{}", self.ports[service])
    }

    fn until<T>(&self, what: &str, look: impl Fn() -> Option<T>) -> T {
        self.within(PATIENCE, what, look)
    }
}

impl Drop for System<'_> {
    fn drop(&mut self) {
        self.interrupt();
    }
}

/// Sends a signal to a process, which may have ended before.
fn signal(name: &str, process: impl ToString) {
    let _ = Command::new("kill")
        .args(["-s", name, &process.to_string()])
        .stderr(Stdio::null())
        .status()
        .unwrap();
}

/// `cargo run` in a group of its own, and what it says.
fn run(
    workspace: &InTurn,
    data: &TempDir,
    servers: &[(String, String)],
    ports: &BTreeMap<String, u16>,
    words: &[&str],
) -> (Child, Arc<Mutex<Vec<String>>>) {
    let mut runner = command(workspace, data, servers, ports, words)
        .spawn()
        .unwrap();
    let lines = BufReader::new(runner.stdout.take().unwrap()).lines();
    let log = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&log);
    std::thread::spawn(move || {
        for line in lines.map_while(Result::ok) {
            kept.lock().unwrap().push(line);
        }
    });
    (runner, log)
}

fn command(
    workspace: &InTurn,
    data: &TempDir,
    servers: &[(String, String)],
    ports: &BTreeMap<String, u16>,
    words: &[&str],
) -> Command {
    use std::os::unix::process::CommandExt;
    let mut command = cargo(workspace.path());
    command
        .args(["run", "--quiet", "--"])
        .args(words)
        .env("DATA_DIR", data.path())
        .env("NO_COLOR", "1")
        .envs(servers.iter().map(|(name, value)| (name, value)))
        .stdout(Stdio::piped())
        .process_group(0);
    for (service, port) in ports {
        let variable = format!("{}_PORT", environment(service));
        command.env(variable, port.to_string());
    }
    command
}
