//! Nothing of what gives access, and nothing of how data is kept, is told to callers; passwords are in
//! no log either, whatever is logged.

use axum::http::Method;
use serde_json::json;

use super::proxy::Proxy;
use super::{Kind, Own, Running, free_port};
use crate::domain;

/// Words that an answer to a caller has not: of how data is kept, and where.
const OF_NO_CALLER: [&str; 9] = [
    "SELECT",
    "INSERT",
    "UPDATE ",
    "FCALL",
    "aggregate\"",
    "://",
    "127.0.0.1",
    "outbox",
    "microdb_",
];

/// Who enters the servers of the tests, and the password. Where they let everybody in, somebody comes
/// whom they do not know: what is said of that has no password either.
fn access(kind: Kind) -> Option<(String, String, String)> {
    let (access, server) = kind.served()?;
    let password = access.trim_end_matches('@').split_once(':');
    Some(match password {
        Some((_, password)) => (access.clone(), password.to_owned(), server),
        None => {
            let password = "a-s3cret-of-nobody".to_owned();
            (format!("nobody:{password}@"), password, server)
        }
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn passwords_are_in_no_log() {
    for kind in Kind::ALL {
        let Some((access, password, server)) = access(*kind) else {
            continue;
        };
        let (place, own) = (domain::place(), Own::new(*kind));
        let port = free_port();
        let host = format!("127.0.0.1:{port}");
        let at = own.at(&access, &host);
        let mut command = kind.service(place.path(), Some(&at), "");
        command.env("RUST_LOG", "trace");
        let mut running = Running::start(command);
        // Away, there, and away again; all the while somebody calls.
        let mut answers = vec![running.waits_for(&host).await];
        let proxy = Proxy::open(port, &server).await;
        answers.push(running.refuses_or_answers().await);
        answers.extend(called(&running).await);
        drop(proxy);
        answers.extend(called(&running).await);
        let written = running.written();
        assert!(written.contains("TRACE"), "{kind:?}: nothing is logged");
        for text in answers.iter().chain([&written]) {
            let place = text.find(&password);
            let around = place.map(|at| &text[at.saturating_sub(300)..at]);
            assert!(around.is_none(), "{kind:?}: after {}", around.unwrap_or(""));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn callers_are_told_nothing_of_the_database() {
    for kind in Kind::ALL {
        let Some((access, server)) = kind.served() else {
            continue;
        };
        let (place, own) = (domain::place(), Own::new(*kind));
        let port = free_port();
        let proxy = Proxy::open(port, &server).await;
        let at = own.at(&access, &format!("127.0.0.1:{port}"));
        let mut running = Running::start(kind.service(place.path(), Some(&at), ""));
        running.is_ready().await;
        let mut answers = called(&running).await;
        drop(proxy);
        answers.extend(called(&running).await);
        for answer in answers {
            for word in OF_NO_CALLER {
                assert!(!answer.contains(word), "{kind:?}: `{word}` in {answer}");
            }
        }
    }
}

/// What is answered to calls that succeed, are refused, or fail with the database.
async fn called(running: &Running) -> Vec<String> {
    let mut answers = Vec::new();
    let new = json!({ "holder": "Ada", "number": 1 }).to_string();
    let calls = [
        (Method::POST, "/accounts", new.as_str()),
        (Method::POST, "/accounts", "{}"),
        (Method::POST, "/accounts", "no JSON"),
        (Method::GET, "/accounts", ""),
        (Method::GET, "/accounts/by-number?number=1", ""),
        (Method::GET, "/accounts?after=nothing", ""),
        (
            Method::GET,
            "/accounts/018f0000-0000-7000-8000-000000000000",
            "",
        ),
    ];
    for (method, path, body) in calls {
        if let Ok(answer) = running.client.send(method, path, &[], body).await {
            answers.push(answer.text());
        }
    }
    answers
}

impl Running {
    /// What it says once its server is there: that it is ready, or why it ends or waits.
    async fn refuses_or_answers(&mut self) -> String {
        let end = std::time::Instant::now() + super::PATIENCE;
        while std::time::Instant::now() < end {
            if self.child.try_wait().expect("its state").is_some() {
                return self.written();
            }
            if let Ok(answer) = self.client.get("/health/ready").await
                && answer.status == 200
            {
                return answer.text();
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        self.written()
    }
}
