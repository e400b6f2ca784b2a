//! Connections: how many, how long, and what a head may take.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::http::Site;
use crate::raw;

const HALF: &str = "GET /health/live HTTP/1.1\r\nhost: localhost\r\n";
const LIVE: &str = "GET /health/live HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
const KEPT: &str = "GET /health/live HTTP/1.1\r\nhost: localhost\r\n\r\n";

/// Longer than any test lasts.
const NEVER: Duration = Duration::from_secs(3_600);
const SOON: Duration = Duration::from_millis(50);

async fn connect(address: SocketAddr, begin: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    stream.write_all(begin.as_bytes()).await.expect("sent");
    stream
}

/// All that comes until the other side closes, however it does.
async fn rest(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    // Torn off is closed, too.
    let _ = stream.read_to_end(&mut bytes).await;
    String::from_utf8(bytes).expect("text")
}

/// Reads an answer, and leaves the connection as it is.
async fn one_answer(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    while !bytes.ends_with(b"}") {
        let read = stream.read_buf(&mut bytes).await.expect("an answer");
        assert_ne!(read, 0, "closed before it had answered");
    }
    String::from_utf8(bytes).expect("text")
}

#[tokio::test]
async fn halves_of_heads_are_not_held() {
    let site = Site::start_with(|config| config.connections.head_time = SOON).await;
    let mut halves = Vec::new();
    for _ in 0..200 {
        halves.push(connect(site.running.address(), HALF).await);
    }
    for half in &mut halves {
        let answer = rest(half).await;
        assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
        assert!(answer.contains("urn:microdb:problem:timeout"), "{answer}");
    }
}

#[tokio::test]
async fn a_head_that_comes_by_and_by_is_too_late_all_the_same() {
    let site = Site::start_with(|config| config.connections.head_time = SOON).await;
    let mut half = connect(site.running.address(), HALF).await;
    // Each byte is progress, and none of them a whole head.
    while half.write_all(b"x").await.is_ok() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn idle_connections_are_closed() {
    let site = Site::start_with(|config| config.connections.idle_time = SOON).await;
    let mut unused = connect(site.running.address(), "").await;
    let mut used = connect(site.running.address(), KEPT).await;
    assert_eq!(rest(&mut unused).await, "");
    assert!(rest(&mut used).await.starts_with("HTTP/1.1 200 "));
}

#[tokio::test]
async fn a_connection_lives_from_request_to_request() {
    let site = Site::start().await;
    let mut stream = connect(site.running.address(), KEPT).await;
    for _ in 0..3 {
        assert!(one_answer(&mut stream).await.starts_with("HTTP/1.1 200 "));
        stream.write_all(KEPT.as_bytes()).await.expect("sent");
    }
}

#[tokio::test]
async fn who_only_waits_makes_room() {
    let site = Site::start_with(|config| {
        config.connections.number = 2;
        config.connections.head_time = NEVER;
        config.connections.idle_time = NEVER;
    })
    .await;
    let address = site.running.address();
    let mut longest = connect(address, KEPT).await;
    one_answer(&mut longest).await;
    let mut half = connect(address, HALF).await;
    let answer = raw::answer(address, LIVE).await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    assert_eq!(rest(&mut longest).await, "");
    half.write_all(b"\r\n").await.expect("sent");
    assert!(one_answer(&mut half).await.starts_with("HTTP/1.1 200 "));
}

#[tokio::test]
async fn halves_of_heads_lock_nobody_out() {
    let site = Site::start_with(|config| {
        config.connections.number = 8;
        config.connections.head_time = NEVER;
    })
    .await;
    let mut halves = Vec::new();
    for _ in 0..200 {
        halves.push(connect(site.running.address(), HALF).await);
    }
    let answer = raw::answer(site.running.address(), LIVE).await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
}

#[tokio::test]
async fn who_is_being_answered_keeps_its_place() {
    let site = Site::start_with(|config| config.connections.number = 1).await;
    let address = site.running.address();
    let body = r#"{"holder":"Ada","number":1}"#;
    let head = format!(
        "POST /accounts HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
         expect: 100-continue\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    let mut busy = connect(address, &head).await;
    let mut go_on = [0; 12];
    busy.read_exact(&mut go_on)
        .await
        .expect("it is asked to go on");
    let mut other = connect(address, LIVE).await;
    busy.write_all(body.as_bytes()).await.expect("sent");
    let answer = rest(&mut busy).await;
    assert!(answer.contains("HTTP/1.1 201 "), "{answer}");
    assert!(rest(&mut other).await.starts_with("HTTP/1.1 200 "));
}

#[tokio::test]
async fn heads_have_limits() {
    let site = Site::start_with(|config| config.connections.head = 4_096).await;
    let address = site.running.address();
    let long = format!(
        "GET /{} HTTP/1.1\r\nhost: localhost\r\n\r\n",
        "a".repeat(20_000)
    );
    let many = format!(
        "GET / HTTP/1.1\r\nhost: localhost\r\n{}\r\n",
        "a: b\r\n".repeat(200)
    );
    for (request, status, kind) in [
        (long.as_str(), 431, "head-too-large"),
        (many.as_str(), 431, "head-too-large"),
        ("rubbish\r\n\r\n", 400, "bad-request"),
        ("GET / HTTP/3.7\r\n\r\n", 400, "bad-request"),
    ] {
        let answer = raw::answer(address, request).await;
        let line = format!("HTTP/1.1 {status} ");
        assert!(answer.starts_with(&line), "{answer}");
        assert!(answer.contains("application/problem+json"), "{answer}");
        assert!(
            answer.contains(&format!("urn:microdb:problem:{kind}")),
            "{answer}"
        );
    }
}

#[tokio::test]
async fn who_takes_no_answers_is_left() {
    let site = Site::start_with(|config| config.connections.stall_time = SOON).await;
    let mut stream = connect(site.running.address(), "").await;
    let asked = "GET /openapi.json HTTP/1.1\r\nhost: localhost\r\n\r\n".repeat(100);
    // It asks on and on, and reads nothing, until it is cut off.
    while stream.write_all(asked.as_bytes()).await.is_ok() {}
}

#[tokio::test]
async fn what_is_under_way_is_finished_and_what_waits_is_closed() {
    let site = Site::start().await;
    let address = site.running.address();
    let mut idle = connect(address, KEPT).await;
    one_answer(&mut idle).await;
    let mut unused = connect(address, "").await;
    let body = r#"{"holder":"Ada","number":1}"#;
    let head = format!(
        "POST /accounts HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
         expect: 100-continue\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    let mut busy = connect(address, &head).await;
    let mut go_on = [0; 25];
    busy.read_exact(&mut go_on)
        .await
        .expect("it is asked to go on");
    let shutdown = tokio::spawn(site.running.shutdown());
    assert_eq!(rest(&mut idle).await, "");
    assert_eq!(rest(&mut unused).await, "");
    busy.write_all(body.as_bytes()).await.expect("sent");
    let answer = rest(&mut busy).await;
    assert!(answer.starts_with("HTTP/1.1 201 "), "{answer}");
    shutdown.await.expect("it ends");
}
