//! Units of work under competition.

use std::path::Path;
use std::sync::Arc;

use crate::domain::{self, ApproveAccount, ByHolder, Domain, Pay, Rename, RequestAccount};
use platform_contract::value::Timestamp;
use platform_ports::engine::{CommitError, Engine, OutboxEvent, WriteSet};
use platform_runtime::context::{Caller, Context};
use platform_runtime::decision::Reads;
use platform_runtime::query::Query;
use platform_runtime::unit_of_work::CommandExecutor;
use platform_runtime::{Executed, Executor, Request};
use platform_service::Running;
use serde_json::{Value, json};
use uuid::Uuid;

fn request(target: Option<Uuid>, input: Value) -> Request {
    let (id, now) = (Uuid::now_v7(), Timestamp::now());
    Request {
        target,
        input,
        context: Context::new(Caller::Anonymous, now, id, id),
        with: Vec::new(),
        when_refused: Vec::new(),
        if_version: None,
        new_id: false,
    }
}

pub async fn start(folder: &Path) -> Running {
    let started = domain::service().start(&domain::config(folder)).await;
    started.unwrap_or_else(|failure| panic!("{failure}"))
}

pub async fn create(running: &Running, number: i64) -> Uuid {
    let input = json!({ "holder": "Ada", "number": number });
    let unit = CommandExecutor::<Domain, RequestAccount>::new();
    match unit.execute(running.runtime(), request(None, input)).await {
        Ok(Executed::Done { id, .. }) => id,
        other => panic!("{other:?}"),
    }
}

pub async fn approve(running: &Running, id: Uuid) {
    let unit = CommandExecutor::<Domain, ApproveAccount>::new();
    let approved = unit
        .execute(running.runtime(), request(Some(id), json!({})))
        .await;
    assert!(
        matches!(approved, Ok(Executed::Done { version: 2, .. })),
        "{approved:?}"
    );
}

pub async fn events(engine: &dyn Engine) -> Vec<OutboxEvent> {
    engine.event_log("account", None, 1_000).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn who_joins_an_answer_that_fills_its_pages_is_noticed() {
    let folder = domain::place();
    let running = Arc::new(start(folder.path()).await);
    let mut tasks = tokio::task::JoinSet::new();
    // As many as there are on a page.
    for number in 1..=500 {
        let running = Arc::clone(&running);
        tasks.spawn(async move { create(&running, number).await });
    }
    tasks.join_all().await;
    let engine = &*running.runtime().engine;
    let mut reads = Reads {
        engine,
        checks: Vec::new(),
    };
    let holder = "Ada".to_owned();
    let found = ByHolder { holder }.ask(&mut reads).await.unwrap();
    assert_eq!(found.len(), 500);
    let checked = || WriteSet {
        checks: reads.checks.clone(),
        ..WriteSet::default()
    };
    engine.commit(checked()).await.unwrap();
    // The last one in the order of the answer.
    create(&running, 0).await;
    let late = engine.commit(checked()).await;
    assert!(matches!(late, Err(CommitError::Conflict)), "{late:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn competitors_for_one_aggregate_all_succeed_in_a_row() {
    let folder = domain::place();
    let running = Arc::new(start(folder.path()).await);
    let id = create(&running, 1).await;
    approve(&running, id).await;

    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..32 {
        let running = Arc::clone(&running);
        tasks.spawn(async move {
            let pay = request(Some(id), json!({ "amount": "1.00" }));
            CommandExecutor::<Domain, Pay>::new()
                .execute(running.runtime(), pay)
                .await
        });
    }
    let mut versions: Vec<u64> = Vec::new();
    for outcome in tasks.join_all().await {
        match outcome {
            Ok(Executed::Done { version, .. }) => versions.push(version),
            other => panic!("{other:?}"),
        }
    }
    versions.sort_unstable();
    assert_eq!(versions, (3..=34).collect::<Vec<u64>>());

    let events = events(&*running.runtime().engine).await;
    let sequences: Vec<u64> = events.iter().map(|event| event.sequence).collect();
    assert_eq!(sequences, (1..=34).collect::<Vec<u64>>());
    let view = CommandExecutor::<Domain, Pay>::new();
    let pay = request(Some(id), json!({ "amount": "68.00" }));
    let left = view.execute(running.runtime(), pay).await.unwrap();
    let Executed::Done {
        view: Some(view), ..
    } = left
    else {
        panic!("{left:?}")
    };
    assert!(view.contains(r#""balance":"0.00""#), "{view}");
}

/// Two engines over one file know nothing of each other's locks: only conflicts keep them in order.
#[tokio::test(flavor = "multi_thread")]
async fn competitors_in_several_processes_all_succeed() {
    let folder = domain::place();
    let (one, two) = (start(folder.path()).await, start(folder.path()).await);
    let id = create(&one, 1).await;
    approve(&two, id).await;
    let both = [Arc::new(one), Arc::new(two)];
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..20 {
        let running = Arc::clone(&both[number % 2]);
        tasks.spawn(async move {
            let pay = request(Some(id), json!({ "amount": "1.00" }));
            CommandExecutor::<Domain, Pay>::new()
                .execute(running.runtime(), pay)
                .await
        });
    }
    for outcome in tasks.join_all().await {
        assert!(matches!(outcome, Ok(Executed::Done { .. })), "{outcome:?}");
    }
    let sequences: Vec<u64> = events(&*both[0].runtime().engine)
        .await
        .iter()
        .map(|event| event.sequence)
        .collect();
    assert_eq!(sequences, (1..=22).collect::<Vec<u64>>());
}

/// Each of two accounts may take a name that no other has: both look at the same time, and one must
/// see the other.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_decision_has_looked_at_still_holds_when_it_is_saved() {
    let folder = domain::place();
    let running = Arc::new(start(folder.path()).await);
    let (one, two) = (create(&running, 1).await, create(&running, 2).await);
    for round in 0..25 {
        let mut tasks = tokio::task::JoinSet::new();
        for id in [one, two] {
            let running = Arc::clone(&running);
            tasks.spawn(async move {
                let rename = request(Some(id), json!({ "holder": format!("Bob {round}") }));
                CommandExecutor::<Domain, Rename>::new()
                    .execute(running.runtime(), rename)
                    .await
            });
        }
        let outcomes = tasks.join_all().await;
        let refused = |outcome: &&Result<_, _>| matches!(outcome, Ok(Executed::Refused(refused)) if refused.name == "too_many");
        assert_eq!(outcomes.iter().filter(refused).count(), 1, "{outcomes:?}");
    }
}

#[tokio::test]
async fn what_a_message_creates_is_created_once() {
    let folder = domain::place();
    let running = start(folder.path()).await;
    let unit = CommandExecutor::<Domain, RequestAccount>::new();
    let mut ids = Vec::new();
    let message = Uuid::now_v7();
    for _ in 0..2 {
        let mut request = request(None, json!({ "holder": "Ada", "number": 1 }));
        request.context.command_id = message;
        match unit.execute(running.runtime(), request).await {
            Ok(Executed::Done { id, version: 1, .. }) => ids.push(id),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(ids[0], ids[1]);
    assert_eq!(events(&*running.runtime().engine).await.len(), 1);
}

#[tokio::test]
async fn a_new_life_of_an_id_goes_on_counting() {
    let folder = domain::place();
    let running = start(folder.path()).await;
    let id = create(&running, 1).await;
    let close = &running.runtime().commands["CloseAccount"];
    let closed = close
        .execute(running.runtime(), request(Some(id), json!({})))
        .await;
    assert!(
        matches!(
            closed,
            Ok(Executed::Done {
                version: 2,
                view: None,
                ..
            })
        ),
        "{closed:?}"
    );
    let unit = CommandExecutor::<Domain, RequestAccount>::new();
    let again = request(Some(id), json!({ "holder": "Bob", "number": 1 }));
    let again = unit.execute(running.runtime(), again).await;
    assert!(
        matches!(again, Ok(Executed::Done { version: 3, .. })),
        "{again:?}"
    );
    let events = events(&*running.runtime().engine).await;
    let sequences: Vec<u64> = events.iter().map(|event| event.sequence).collect();
    assert_eq!(sequences, [1, 2, 3]);
}
