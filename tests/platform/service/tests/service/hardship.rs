//! A service as a process that has too little, or is going to end: who asks how it is gets an answer.

use std::process::Command;
#[cfg(target_os = "linux")]
use std::time::Duration;

use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::domain;
use crate::process::{Serving, program};
use platform_support::place;

/// The same program, after a shell has done something.
fn through_a_shell(program: &Command, first: &str) -> Command {
    let mut command = Command::new("/bin/sh");
    command
        .args(["-c", &format!("{first}; exec \"$0\" \"$@\"")])
        .arg(program.get_program())
        .args(program.get_args())
        .env_clear();
    for (name, value) in program.get_envs() {
        command.env(name, value.unwrap_or_default());
    }
    command
}

#[tokio::test]
async fn few_files_do_not_lock_out_who_asks_whether_it_lives() {
    let folder = domain::place();
    let mut command = through_a_shell(&program(folder.path(), ""), "ulimit -n 128");
    let serving = Serving::start(command.env("HEAD_TIMEOUT_MS", "3600000"));
    let mut halves = Vec::new();
    for _ in 0..200 {
        let mut half = TcpStream::connect(serving.address).await.unwrap();
        half.write_all(b"GET / HTTP/1.1\r\n").await.unwrap();
        halves.push(half);
    }
    for path in ["/health/live", "/accounts"] {
        let answer = serving.client.get(path).await.unwrap();
        assert_eq!(answer.status, 200, "{path}");
    }
}

#[tokio::test]
async fn it_is_not_ready_before_it_takes_no_more_connections() {
    let folder = domain::place();
    let mut command = program(folder.path(), "");
    let mut serving = Serving::start(command.env("DRAIN_DELAY_MS", "3600000"));
    assert_eq!(
        serving.client.get("/health/ready").await.unwrap().status,
        200
    );
    serving.signal("TERM");
    let answer = loop {
        let answer = serving.client.get("/health/ready").await.unwrap();
        if answer.status == 503 {
            break answer.text();
        }
    };
    assert!(answer.contains("shutting down"), "{answer}");
    let body = json!({ "holder": "Ada", "number": 1 });
    let made = serving.client.post("/accounts", &body).await.unwrap();
    assert_eq!(made.status, 201, "whoever has not noticed yet is served");
    // Asked once more, it does not wait.
    serving.signal("TERM");
    assert_eq!(serving.child.wait().unwrap().code(), Some(0));
}

/// A full disk is told by a limit on the size of files: writes fail, and nothing else does.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_database_that_cannot_be_written_is_not_ready() {
    let folder = domain::place();
    if !place::in_a_file() {
        return;
    }
    // Otherwise the first write beyond the limit ends it.
    let mut command = through_a_shell(&program(folder.path(), ""), "trap '' XFSZ");
    let serving = Serving::start(&mut command);
    serving.limit_files("1:");
    let answer = serving.until_ready_says(503).await;
    assert!(
        answer.contains("database") && answer.contains("takes no writes"),
        "{answer}"
    );
    assert_eq!(serving.client.get("/accounts").await.unwrap().status, 200);
    serving.limit_files("unlimited:");
    serving.until_ready_says(200).await;
}

#[cfg(target_os = "linux")]
impl Serving {
    /// Lets no file grow beyond this: for `prlimit`, the soft limit and the hard one.
    fn limit_files(&self, size: &str) {
        let arguments = [
            format!("--pid={}", self.child.id()),
            format!("--fsize={size}"),
        ];
        let limited = Command::new("prlimit").args(arguments).status();
        assert!(limited.unwrap().success());
    }

    /// Waits until `/health/ready` answers so, and tells what it says.
    async fn until_ready_says(&self, status: u16) -> String {
        loop {
            let answer = self.client.get("/health/ready").await.unwrap();
            if answer.status == status {
                return answer.text();
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}
