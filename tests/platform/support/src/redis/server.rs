//! A Redis of a test's own, which can be stopped, killed and started again.

use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use uuid::Uuid;

use crate::certificates;

/// How it is started.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// `appendonly`.
    pub append: &'static str,
    /// `appendfsync`.
    pub sync: &'static str,
    /// `maxmemory-policy`.
    pub policy: &'static str,
    /// Whether it is a cluster of one node.
    pub cluster: bool,
    /// `tls-auth-clients`, when it takes TLS and nothing else.
    pub tls: Option<&'static str>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            append: "yes",
            sync: "always",
            policy: "noeviction",
            cluster: false,
            tls: None,
        }
    }
}

/// A server with a folder of its own; both go when this is dropped.
pub struct Own {
    settings: Settings,
    folder: PathBuf,
    port: u16,
    process: Child,
}

impl Own {
    /// Starts one; a cluster of one node has all slots.
    pub fn start(settings: Settings) -> Self {
        let own = Self::start_without_slots(settings);
        own.take_slots();
        own
    }

    /// Starts one; a node of a cluster has no slots yet.
    pub fn start_without_slots(settings: Settings) -> Self {
        let name = format!("microdb-redis-{}", Uuid::now_v7().simple());
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&folder).expect("a folder for the server");
        if settings.tls.is_some() {
            certificates::make(&folder);
        }
        for _ in 0..5 {
            let port = free_port();
            let mut process = start(settings, &folder, port);
            if answers(&mut process, port) {
                return Self {
                    settings,
                    folder,
                    port,
                    process,
                };
            }
            let _ = process.kill();
            let _ = process.wait();
        }
        panic!("no server of Redis started; is `redis-server` installed?");
    }

    /// Where it is.
    pub fn url(&self) -> String {
        let scheme = self.settings.tls.map_or("redis", |_| "rediss");
        format!("{scheme}://127.0.0.1:{}/", self.port)
    }

    /// One of the files of its folder, such as `ca.pem`.
    pub fn file(&self, name: &str) -> String {
        self.folder.join(name).display().to_string()
    }

    /// Its host and port.
    pub fn address(&self) -> (String, String) {
        ("127.0.0.1".to_owned(), self.port.to_string())
    }

    /// Sends it a command, by `redis-cli`.
    pub fn command(&self, words: &[&str]) -> String {
        let mut command = Command::new("redis-cli");
        if self.settings.tls.is_some() {
            command.args(["--tls", "--cacert", &self.file("ca.pem")]);
            command.args(["--cert", &self.file("client.pem")]);
            command.args(["--key", &self.file("client.key")]);
        }
        let output = command
            .args(["-p", &self.port.to_string()])
            .args(words)
            .output()
            .expect("the program `redis-cli`");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Kills it, as `kill -9` does.
    pub fn kill(&mut self) {
        self.process.kill().expect("it is to be killed");
        self.process.wait().expect("it ends");
    }

    /// Sends it a signal.
    pub fn signal(&self, name: &str) {
        let status = Command::new("kill")
            .args(["-s", name, &self.process.id().to_string()])
            .status()
            .expect("the program `kill`");
        assert!(status.success());
    }

    /// Starts it again, where it was.
    pub fn again(&mut self) {
        self.process = start(self.settings, &self.folder, self.port);
        assert!(answers(&mut self.process, self.port), "it starts again");
    }

    fn take_slots(&self) {
        if !self.settings.cluster {
            return;
        }
        self.command(&["cluster", "addslotsrange", "0", "16383"]);
        let end = Instant::now() + Duration::from_secs(20);
        while !self
            .command(&["cluster", "info"])
            .contains("cluster_state:ok")
        {
            assert!(Instant::now() < end, "the cluster is to come about");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn start(settings: Settings, folder: &std::path::Path, port: u16) -> Child {
    let cluster = if settings.cluster { "yes" } else { "no" };
    let port_of = |takes: bool| if takes { port } else { 0 }.to_string();
    let mut command = Command::new("redis-server");
    if let Some(clients) = settings.tls {
        command
            .args(["--tls-port", &port_of(true), "--tls-cluster", cluster])
            .args(["--tls-auth-clients", clients])
            .args(["--tls-cert-file", "server.pem"])
            .args(["--tls-key-file", "server.key"])
            .args(["--tls-ca-cert-file", "ca.pem"]);
    }
    command
        .current_dir(folder)
        .args(["--bind", "127.0.0.1"])
        .args(["--port", &port_of(settings.tls.is_none())])
        .args(["--appendonly", settings.append])
        .args(["--appendfsync", settings.sync])
        .args(["--maxmemory-policy", settings.policy])
        .args(["--cluster-enabled", cluster])
        .args(["--cluster-port", &(port + 10_000).to_string()])
        .args(["--cluster-announce-ip", "127.0.0.1", "--save", ""])
        .arg("--dir")
        .arg(folder)
        .stdout(Stdio::null())
        .spawn()
        .expect("the program `redis-server`")
}

/// A port below those that the system gives away by itself; somebody else may take it meanwhile.
fn free_port() -> u16 {
    loop {
        let random = Uuid::new_v5(&Uuid::now_v7(), b"port").as_u128() % 12_000;
        let port = 10_000 + u16::try_from(random).expect("small");
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// Waits until it takes connections; not, when it ends before.
fn answers(process: &mut Child, port: u16) -> bool {
    let end = Instant::now() + Duration::from_secs(20);
    while Instant::now() < end {
        if process.try_wait().expect("its state").is_some() {
            return false;
        }
        if TcpStream::connect(("127.0.0.1", port)).is_ok() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    false
}
