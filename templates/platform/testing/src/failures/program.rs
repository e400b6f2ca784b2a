//! The service's program as a process.

use std::collections::BTreeSet;
use std::process::{Output, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use platform_service::Service;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::examples::now;
use super::storage::Locations;
use super::{Subject, TestResult};
use crate::http::Client;
use platform_ports::fail_point;
use platform_runtime::clock;
use platform_service::config::prefix;

/// How long the program may take for what it does at once on a machine with nothing else to do.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);
/// How many lines of the log are shown when something went wrong.
const SHOWN: usize = 12;

/// The program at work; killed when it is dropped.
pub(super) struct Program {
    process: Child,
    said: Lines<BufReader<ChildStdout>>,
    log: Log,
    /// Requests to it.
    pub client: Client,
}

/// What it has logged that is worth a look.
#[derive(Debug, Clone, Default)]
pub(super) struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    fn add(&self, line: String) {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lines.push(line);
    }

    /// The last lines.
    pub fn tail(&self) -> String {
        let lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lines[lines.len().saturating_sub(SHOWN)..].join("\n")
    }
}

/// What the test is called that is the program, when it is told to be: see [`program`].
const TEST: &str = "program";
/// The environment variable that tells it so: the arguments of the command line, as JSON.
const ARGUMENTS: &str = "MICRODB_PROGRAM";

/// The service itself, where the environment says so; nothing otherwise. The tests of a service have a
/// test of the name `program` that calls this: so they start the service as a process of its own,
/// together with what stands in for its servers, which the real program does without.
///
/// # Panics
/// When the environment says what cannot be read.
pub fn program(service: Service) {
    let Ok(arguments) = std::env::var(ARGUMENTS) else {
        return;
    };
    let arguments: Vec<String> = match serde_json::from_str(&arguments) {
        Ok(arguments) => arguments,
        Err(error) => panic!("{ARGUMENTS}: {error}"),
    };
    let line = std::iter::once(TEST.to_owned()).chain(arguments);
    std::process::exit(platform_service::run_from(service, line).into());
}

/// The program with this command line and the environment of its world.
fn command(subject: &Subject, at: &Locations, arguments: &[&str]) -> TestResult<Command> {
    let program = std::env::current_exe()?;
    let mut command = Command::new(program);
    let prefix = prefix(subject.service.context);
    command
        .args([TEST, "--exact", "--nocapture"])
        .env(ARGUMENTS, json!(arguments).to_string())
        .env(format!("{prefix}PORT"), "0")
        .env(format!("{prefix}DATABASE_URL"), at.database.secret())
        .env(format!("{prefix}BROKER_URL"), at.broker.secret())
        .env(format!("{prefix}LOG_FORMAT"), "json")
        .env("RUST_LOG", "info")
        .env_remove(format!("{prefix}RUST_LOG"))
        .env_remove("DATABASE_REPLICA_URLS")
        .env_remove(format!("{prefix}DATABASE_REPLICA_URLS"))
        .env_remove("OTEL_EXPORTER_OTLP_ENDPOINT")
        .env_remove(format!("{prefix}OTEL_EXPORTER_OTLP_ENDPOINT"))
        .env_remove(fail_point::VARIABLE)
        .env(clock::VARIABLE, now().to_string())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    Ok(command)
}

/// Lets the program do one thing: a command of its command line.
pub(super) async fn run(
    subject: &Subject,
    at: &Locations,
    arguments: &[&str],
) -> TestResult<Output> {
    let output = command(subject, at, arguments)?.output();
    Ok(timeout(PATIENCE, output).await??)
}

impl Program {
    /// Starts it, to be held for good at a fail point or not, and waits until it serves.
    pub async fn start(
        subject: &Subject,
        at: &Locations,
        fail_point: Option<&str>,
    ) -> TestResult<Self> {
        let mut command = command(subject, at, &[])?;
        if let Some(point) = fail_point {
            command.env(fail_point::VARIABLE, point);
        }
        let mut process = command.spawn()?;
        let (Some(out), Some(err)) = (process.stdout.take(), process.stderr.take()) else {
            return Err("the program has no output".into());
        };
        let (log, (found, url)) = (Log::default(), oneshot::channel());
        tokio::spawn(follow(err, log.clone(), found));
        let url = match timeout(PATIENCE, url).await {
            Ok(Ok(url)) => url,
            _ => return Err(format!("the program does not serve:\n{}", log.tail()).into()),
        };
        Ok(Self {
            process,
            said: BufReader::new(out).lines(),
            log,
            client: Client::new(url),
        })
    }

    /// Waits until it is held at the fail point it was started for.
    pub async fn held(&mut self) -> TestResult {
        let held = async {
            while let Some(line) = self.said.next_line().await? {
                if line.starts_with("held at ") {
                    return Ok(());
                }
            }
            Err("the program ended before it was held".into())
        };
        match timeout(PATIENCE, held).await {
            Ok(held) => held,
            Err(_) => Err("the program never came to the fail point where it is to be held".into()),
        }
    }

    /// Ends it on the spot: SIGKILL.
    pub async fn kill(mut self) -> TestResult {
        Ok(self.process.kill().await?)
    }

    /// Ends it in order: SIGTERM. Gives the fail points it came to, if it says so.
    pub async fn stop(mut self) -> TestResult<BTreeSet<String>> {
        let id = self.process.id().unwrap_or_default().to_string();
        let sent = Command::new("kill").args(["-s", "TERM", &id]).status();
        sent.await?;
        let status = timeout(PATIENCE, self.process.wait()).await??;
        if !status.success() {
            return Err(format!("the program ended with {status}:\n{}", self.log.tail()).into());
        }
        let mut passed = BTreeSet::new();
        while let Some(line) = self.said.next_line().await? {
            passed.extend(line.strip_prefix("passed ").map(str::to_owned));
        }
        Ok(passed)
    }

    /// What it has logged.
    pub fn log(&self) -> Log {
        self.log.clone()
    }
}

/// Reads the log: the address first, then for whoever asks.
async fn follow(log: impl AsyncRead + Unpin, into: Log, url: oneshot::Sender<String>) {
    let mut url = Some(url);
    let mut lines = BufReader::new(log).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        let entry: Value = serde_json::from_str(&line).unwrap_or_default();
        if entry["message"] == "serving"
            && let (Some(url), Some(found)) = (url.take(), entry["url"].as_str())
        {
            // Nobody is left to hear it when the test has ended.
            let _ = url.send(found.to_owned());
        }
        if entry["level"] != "INFO" {
            into.add(line);
        }
    }
}
