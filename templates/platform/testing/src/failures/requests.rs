//! Requests, and what they were answered with. A refusal is an outcome like any other: whatever
//! fails, it has to be the same one. What is no outcome, but a failure of the service, fails a test.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::sync::{Mutex, PoisonError};

use axum::http::Method;
use serde_json::{Map, Value, json};

use super::examples::ExampleRequest;
use super::world::World;
use super::{Subject, TestResult, reference};
use crate::http::{Answer, Client, FetchError};

/// `408 Request Timeout`: nobody has decided anything.
const TIMEOUT: u16 = 408;

/// What the requests of a world were answered with, by their numbers.
#[derive(Debug, Default)]
pub(super) struct Answers(Mutex<BTreeMap<usize, Outcome>>);

/// What became of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Outcome {
    status: u16,
    /// The type of the problem; empty when there was none.
    problem: String,
    /// What is said of the problem.
    detail: String,
}

impl Outcome {
    fn of(answer: &Answer) -> Self {
        let said = answer.json();
        let refused = !(200..300).contains(&answer.status);
        let text = |name: &str| said[name].as_str().unwrap_or_default().to_owned();
        let detail = match &said["violations"] {
            Value::Null => text("detail"),
            violations => format!("{}: {violations}", text("detail")),
        };
        Self {
            status: answer.status,
            problem: if refused { text("type") } else { String::new() },
            detail: if refused { detail } else { String::new() },
        }
    }

    fn is_refusal(&self) -> bool {
        self.status >= 400
    }

    /// What two runs have in common.
    fn summary(&self) -> String {
        format!("{} {}", self.status, self.problem)
            .trim_end()
            .to_owned()
    }
}

impl Answers {
    /// Notes an answer. The same request has the same one every time.
    fn note(&self, number: usize, request: &ExampleRequest, answer: &Answer) -> TestResult {
        if answer.status >= 500 || answer.status == TIMEOUT {
            let (path, status, text) = (&request.path, answer.status, answer.text());
            return Err(format!("`{path}` was answered with {status}: {text}").into());
        }
        let outcome = Outcome::of(answer);
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let before = all.entry(number).or_insert_with(|| outcome.clone());
        if before.summary() == outcome.summary() {
            return Ok(());
        }
        let (path, before, now) = (&request.path, before.summary(), outcome.summary());
        Err(
            format!("`{path}` was answered with `{now}`, the same request before with `{before}`")
                .into(),
        )
    }

    /// All of them, as they are compared.
    pub fn summary(&self, requests: &[ExampleRequest]) -> Value {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let told = all.iter().map(|(number, outcome)| {
            let command = requests
                .get(*number)
                .map_or("", |request| request.command.as_str());
            (format!("{number} {command}"), json!(outcome.summary()))
        });
        Value::Object(told.collect::<Map<_, _>>())
    }

    /// Whether there are any, and each of them is a refusal: that is said by a test of its own.
    pub fn are_refusals(&self) -> bool {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        !all.is_empty() && all.values().all(Outcome::is_refusal)
    }

    /// The commands that were refused whenever they were asked for, with what was said then.
    fn refused_every_time(&self, requests: &[ExampleRequest]) -> BTreeMap<String, String> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let of = |outcome: &Outcome| format!("{}: {}", outcome.summary(), outcome.detail);
        let outcome = |number: usize| all.get(&number);
        let mut refused = BTreeMap::new();
        let mut taken = BTreeSet::new();
        for (number, request) in requests.iter().enumerate() {
            match outcome(number) {
                Some(outcome) if outcome.is_refusal() => {
                    refused.insert(request.command.clone(), of(outcome));
                }
                _ => {
                    taken.insert(&request.command);
                }
            }
        }
        refused.retain(|command, _| !taken.contains(command));
        refused
    }
}

impl Subject {
    /// Each command that the service is asked for takes effect at least once without a failure, but
    /// for those that are `refused`, each of them every time.
    ///
    /// # Panics
    /// When a command does otherwise.
    pub fn is_not_refused_every_time(self, refused: &[&str]) {
        let subject = std::sync::Arc::new(self);
        let requests = &subject.examples.requests;
        let found = reference(&subject).end.answers.refused_every_time(requests);
        let mut wrong = String::new();
        for (command, why) in found
            .iter()
            .filter(|(name, _)| !refused.contains(&name.as_str()))
        {
            let _ = write!(
                wrong,
                "\n`{command}` is refused in every run, so nothing that it does is seen here: {why}\n\
                 give it an example in `failures.json` that your rules accept (eject the file for \
                 that), or list `{command}` in `failures/refused.rs`"
            );
        }
        for command in refused.iter().filter(|name| !found.contains_key(**name)) {
            let _ = write!(
                wrong,
                "\n`{command}` is listed in `failures/refused.rs`, but it is not refused in every run: \
                 take it out"
            );
        }
        assert!(wrong.is_empty(), "{wrong}");
    }
}

impl World {
    /// Sends all requests to the instance that was started last, once what has happened was heard:
    /// what a decision finds must not depend on who was first.
    pub async fn send_all_requests(&mut self) -> TestResult {
        let client = self.program()?.client.clone();
        self.until_settled().await?;
        self.send_requests(&client).await
    }

    /// Sends all requests.
    pub async fn send_requests(&self, client: &Client) -> TestResult {
        for (number, request) in self.subject.examples.requests.iter().enumerate() {
            let answer = self.send(client, number).await?;
            self.answers.note(number, request, &answer)?;
        }
        Ok(())
    }

    /// Sends a request, the same however often it is sent.
    async fn send(&self, client: &Client, number: usize) -> Result<Answer, FetchError> {
        let request = &self.subject.examples.requests[number];
        let key = format!("request-{number}");
        let headers = [
            ("content-type", "application/json"),
            ("idempotency-key", key.as_str()),
        ];
        let body = request.body.to_string();
        client
            .send(Method::POST, &request.path, &headers, &body)
            .await
    }
}
