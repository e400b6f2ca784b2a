//! A service before its first release: its description changes, and its data is begun anew.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use platform_ports::broker::{Assignment, Broker};
use platform_ports::outage::{Dependency, Outage};
use platform_support::place;
use serde_json::json;

use crate::domain;
use crate::process::{LIFE, Serving, program, run};

/// The topic of the service's aggregate.
const TOPIC: &str = "example.bank.account";

/// The service in one of its lives.
fn in_life(life: &str, folder: &Path, arguments: &str) -> Command {
    let mut command = program(folder, arguments);
    command.env(LIFE, life);
    command
}

#[test]
fn a_database_of_another_life_is_told_from_others() {
    let folder = domain::place();
    let status = |life| run(&mut in_life(life, folder.path(), "migrate --status"));
    let (code, _, error) = status("1");
    assert_eq!(code, Some(0), "nothing is there yet: {error}");
    run(&mut in_life("1", folder.path(), "migrate"));
    let (code, said, _) = status("1");
    assert_eq!(
        (code, said.as_str()),
        (Some(0), "the database is up to date\n")
    );
    for arguments in ["migrate --status", "migrate", "serve", "dead-letters list"] {
        let (code, _, error) = run(&mut in_life("2", folder.path(), arguments));
        assert_eq!(code, Some(3), "{arguments}: {error}");
        assert!(error.contains("what its rows hold"), "{error}");
        assert!(error.contains("`cargo run`"), "{error}");
        assert!(error.contains("`migrate --reset`"), "{error}");
    }
    assert_eq!(status("1").0, Some(0), "nothing was changed");
}

#[tokio::test]
async fn a_reset_begins_anew_with_topics_that_are_others() {
    let folder = domain::place();
    let serving = Serving::start(&mut in_life("1", folder.path(), ""));
    let account = json!({ "holder": "Ada", "number": 1 });
    let made = serving.client.post("/accounts", &account).await.unwrap();
    assert_eq!(made.status, 201);
    let config = domain::config(folder.path());
    let broker = place::broker().open(&config.broker, Outage::alone(Dependency::Broker));
    let broker = broker.unwrap();
    let before = published(&*broker).await;
    drop(serving);

    let (code, said, error) = run(&mut in_life("2", folder.path(), "migrate --reset"));
    assert_eq!(code, Some(0), "{error}");
    for line in [
        "emptied the database ",
        "emptied the topic example.bank.account\n",
        "applied 0001_initial\n",
    ] {
        assert!(said.contains(line), "{line} in {said}");
    }
    let after = broker.partitions(TOPIC).await.unwrap();
    assert!(after.iter().all(|it| it.end == it.start), "{after:?}");
    assert_ne!(after[0].topic_id, before[0].topic_id);

    let serving = Serving::start(&mut in_life("2", folder.path(), ""));
    let path = made.header("location").unwrap();
    assert_eq!(serving.client.get(path).await.unwrap().status, 404);
    let again = serving.client.post("/accounts", &account).await.unwrap();
    assert_eq!(again.status, 201, "the number is free");
    published(&*broker).await;
}

/// Waits until something was published.
async fn published(broker: &dyn Broker) -> Vec<Assignment> {
    loop {
        let partitions = broker.partitions(TOPIC).await.unwrap();
        if partitions.iter().any(|it| it.end > it.start) {
            return partitions;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[test]
fn what_was_released_is_not_emptied() {
    let folder = domain::place();
    run(&mut program(folder.path(), "migrate"));
    let (code, _, error) = run(&mut program(folder.path(), "migrate --reset"));
    assert_eq!(code, Some(2), "{error}");
    assert!(error.contains("never released"), "{error}");
    let (code, said, _) = run(&mut program(folder.path(), "migrate --status"));
    assert_eq!(
        (code, said.as_str()),
        (Some(0), "the database is up to date\n")
    );
}
