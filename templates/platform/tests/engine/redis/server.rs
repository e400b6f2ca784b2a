//! A Redis of a test's own, which can be stopped, killed and started again.

// Each test program uses a part of it.
#![allow(dead_code)]

use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use platform::value::Uuid;

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
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            append: "yes",
            sync: "always",
            policy: "noeviction",
            cluster: false,
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
        format!("redis://127.0.0.1:{}/", self.port)
    }

    /// Its host and port.
    pub fn address(&self) -> (String, String) {
        ("127.0.0.1".to_owned(), self.port.to_string())
    }

    /// Sends it a command, by `redis-cli`.
    pub fn command(&self, words: &[&str]) -> String {
        let output = Command::new("redis-cli")
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
    Command::new("redis-server")
        .args(["--bind", "127.0.0.1", "--port", &port.to_string()])
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
