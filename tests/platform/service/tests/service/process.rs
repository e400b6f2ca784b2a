//! A service as a process: its command line, its environment, its end.

use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use platform_testing::http::Client;
use serde_json::json;

use crate::domain;
use platform_support::{child, place};

/// The environment variable that holds the command line of the example service.
const ARGUMENTS: &str = "MICRODB_CHILD_ARGUMENTS";

/// The environment variable that says in which of its lives before the first release the service is.
pub const LIFE: &str = "MICRODB_CHILD_LIFE";

/// Not a test of its own: the example service as a program, which the tests below start.
#[test]
fn bank() {
    let Ok(arguments) = std::env::var(ARGUMENTS) else {
        return;
    };
    let arguments = ["bank"].into_iter().chain(arguments.split_whitespace());
    let service = match std::env::var(LIFE) {
        Ok(life) => domain::unreleased(life),
        Err(_) => domain::service(),
    };
    let status = platform_service::run_from(service.version("1.2.3"), arguments);
    std::process::exit(status.into());
}

/// The example service with this command line.
pub fn program(folder: &Path, arguments: &str) -> Command {
    let mut command = child::again("process::bank");
    command
        .env_clear()
        .env(ARGUMENTS, arguments)
        .envs(place::environment(folder))
        .envs(std::env::vars().filter(|(name, _)| name.starts_with("TEST_")))
        .env("BANK_PORT", "0")
        .env("LOG_FORMAT", "json");
    command
}

pub fn run(command: &mut Command) -> (Option<i32>, String, String) {
    let Output {
        status,
        stdout,
        stderr,
    } = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    let stdout = text(stdout);
    // The test harness has a word first.
    let (_, said) = stdout.split_once(child::HARNESS).unwrap();
    let said = said.trim_start_matches('\n').to_owned();
    (status.code(), said, text(stderr))
}

/// A service as a process; killed when the test ends early.
pub struct Serving {
    pub child: Child,
    pub address: SocketAddr,
    pub client: Client,
}

impl Serving {
    pub fn start(command: &mut Command) -> Self {
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let url = loop {
            let line = lines.next().expect("it ended before it served").unwrap();
            let line: serde_json::Value = serde_json::from_str(&line).unwrap();
            if line["message"] == "serving" {
                break line["url"].as_str().unwrap().to_owned();
            }
        };
        // Nobody reads on: what is logged later must not fill the pipe.
        std::thread::spawn(move || lines.for_each(drop));
        let address = url.trim_start_matches("http://").parse().unwrap();
        Self {
            child,
            address,
            client: Client::new(url),
        }
    }

    pub fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        let sent = Command::new("kill").args([format!("-{name}"), id]).status();
        assert!(sent.unwrap().success());
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        // It has ended already when all went well.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn help_shows_every_variable() {
    let folder = domain::place();
    let (code, out, _) = run(&mut program(folder.path(), "--help"));
    assert_eq!(code, Some(0));
    for setting in platform_service::config::SETTINGS {
        assert!(out.contains(setting.name), "{} in {out}", setting.name);
    }
    assert!(out.contains("BANK_"), "{out}");
    let (_, version, _) = run(&mut program(folder.path(), "--version"));
    assert_eq!(version, "bank 1.2.3\n");
}

#[test]
fn what_is_wrong_with_the_environment_is_said_at_once() {
    let folder = domain::place();
    let mut command = program(folder.path(), "");
    command.env("BANK_PORT", "http").env("BODY_LIMIT", "much");
    let (code, _, error) = run(&mut command);
    assert_eq!(code, Some(2));
    assert!(error.contains("`BANK_PORT` is `http`"), "{error}");
    assert!(error.contains("`BODY_LIMIT` is `much`"), "{error}");
}

#[test]
fn what_cannot_be_opened_is_named_with_what_to_do() {
    let folder = domain::place();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let (code, _, error) = run(program(folder.path(), "").env("BANK_PORT", &port));
    assert_eq!(code, Some(1));
    assert!(error.contains(&port) && error.contains("`PORT`"), "{error}");

    let file = folder.path().join("no-database");
    std::fs::write(
        &file,
        "this is not a database, however long one looks at it",
    )
    .unwrap();
    for (variable, scheme) in [("DATABASE_URL", "sqlite"), ("BROKER_URL", "embedded")] {
        let at = format!("{scheme}:{}", file.display());
        let (code, _, error) = run(program(folder.path(), "").env(variable, &at));
        assert_eq!(code, Some(1), "{error}");
        assert!(
            error.contains(variable) && error.contains("no-database"),
            "{error}"
        );
    }
}

#[test]
fn migrate_says_what_it_did() {
    let folder = domain::place();
    let migrate = || run(&mut program(folder.path(), "migrate"));
    // Before them the engine makes its own tables.
    let first = migrate().1;
    assert!(first.ends_with("applied 0001_initial\n"), "{first}");
    assert_eq!(migrate().1, "nothing to do: the database is up to date\n");
}

#[test]
fn operators_are_answered() {
    let folder = domain::place();
    run(&mut program(folder.path(), "migrate"));
    let (code, out, error) = run(&mut program(folder.path(), "dead-letters list"));
    assert_eq!(
        (code, out.as_str()),
        (Some(0), "0 dead letters\n"),
        "{error}"
    );
}

#[tokio::test]
async fn signals_end_it_in_order() {
    for signal in ["TERM", "INT"] {
        let folder = domain::place();
        let mut serving = Serving::start(&mut program(folder.path(), ""));
        let body = json!({ "holder": "Ada", "number": 1 });
        let made = serving.client.post("/accounts", &body).await.unwrap();
        assert_eq!(made.status, 201);
        serving.signal(signal);
        assert_eq!(serving.child.wait().unwrap().code(), Some(0));
        // What was acknowledged is there after the next start.
        let serving = Serving::start(&mut program(folder.path(), ""));
        let path = made.header("location").unwrap();
        assert_eq!(serving.client.get(path).await.unwrap().status, 200);
    }
}

#[tokio::test]
async fn it_ends_with_its_standard_input_where_that_is_asked_for() {
    let folder = domain::place();
    let mut command = program(folder.path(), "serve --until-stdin-closes");
    let mut serving = Serving::start(command.stdin(Stdio::piped()));
    let answered = serving.client.get("/health/live").await.unwrap().status;
    assert_eq!(answered, 200, "as long as it is open");
    drop(serving.child.stdin.take());
    assert_eq!(serving.child.wait().unwrap().code(), Some(0));
}

#[test]
fn it_ends_in_order_when_nobody_reads_its_log_either() {
    let folder = domain::place();
    let mut command = program(folder.path(), "serve --until-stdin-closes");
    command.stdin(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    while !lines.next().unwrap().unwrap().contains("serving") {}
    // Who has started it is gone.
    drop((lines, child.stdin.take()));
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[tokio::test]
async fn a_standard_input_that_is_empty_ends_nothing() {
    let folder = domain::place();
    let mut command = program(folder.path(), "serve");
    let mut serving = Serving::start(command.stdin(Stdio::null()));
    let answered = serving.client.get("/health/live").await.unwrap().status;
    assert_eq!(answered, 200);
    serving.signal("TERM");
    assert_eq!(serving.child.wait().unwrap().code(), Some(0));
}
