//! What operators see in figures: their names, and what they are divided by.

use std::collections::BTreeSet;

use crate::http::{Site, new, refused};
use platform_support::conventions;

/// All metrics of a service that has done something.
async fn metrics() -> String {
    let site = Site::start().await;
    site.post("/accounts", new(1)).await;
    site.get("/metrics").await.text()
}

/// The lines of one metric, without its value.
fn series<'a>(metrics: &'a str, name: &str) -> BTreeSet<&'a str> {
    let lines = metrics.lines().filter(|line| line.starts_with(name));
    lines
        .filter_map(|line| Some(line.rsplit_once(' ')?.0))
        .collect()
}

#[tokio::test]
async fn methods_that_nobody_knows_are_one() {
    let site = Site::start().await;
    for number in 0..50 {
        for path in ["/accounts", "/nowhere", &format!("/nowhere/{number}")] {
            site.send(&format!("MADEUP{number}"), path, &[], "").await;
        }
    }
    let metrics = site.get("/metrics").await.text();
    assert!(!metrics.contains("MADEUP"), "{metrics}");
    assert!(!metrics.contains("/nowhere"), "{metrics}");
    let counts = series(&metrics, "microdb_http_request_seconds_count");
    let other = counts
        .iter()
        .filter(|line| line.contains("method=\"other\""));
    assert!((1..=4).contains(&other.count()), "{counts:?}");
}

#[tokio::test]
async fn what_alarms_watch_begins_at_zero() {
    let site = Site::start().await;
    let metrics = site.get("/metrics").await.text();
    for series in [
        "microdb_outbox_oldest_age_seconds",
        "microdb_relay_refused_total",
        "microdb_command_conflicts_total{command=\"RequestAccount\"}",
    ] {
        let line = metrics.lines().find(|line| line.starts_with(series));
        assert!(line.is_some(), "{series} in {metrics}");
    }
}

#[tokio::test]
async fn names_follow_the_conventions() {
    conventions::follow(&metrics().await);
}

#[tokio::test]
async fn promtool_has_nothing_to_say() {
    conventions::please_promtool(&metrics().await);
}

#[tokio::test]
async fn operators_have_a_port_of_their_own_where_they_want_one() {
    let shared = Site::start().await;
    assert_eq!(shared.running.operators_address(), None);
    assert_eq!(shared.get("/metrics").await.status, 200);

    let loopback = ([127, 0, 0, 1], 0).into();
    let site = Site::start_with(|config| config.operators = Some(loopback)).await;
    let address = site.running.operators_address().expect("a port");
    let operators = platform_testing::http::Client::new(format!("http://{address}"));
    for path in ["/health/live", "/health/ready", "/metrics"] {
        let answer = operators.get(path).await.expect("an answer");
        assert_eq!(answer.status, 200, "{path}");
    }
    let elsewhere = operators.get("/accounts").await.expect("an answer");
    refused(&elsewhere, 404, "no-such-route");
    refused(&site.get("/metrics").await, 404, "no-such-route");
    assert_eq!(site.get("/health/ready").await.status, 200);
}
