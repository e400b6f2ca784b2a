//! What is said of heads that are none, before a connection is closed.

use std::io;
use std::time::Duration;

use axum::body::to_bytes;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use tokio::io::{AsyncWriteExt, copy, sink};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::http::Problem;

/// How long a client may take to read it. What it still sends is read meanwhile: closed over unread
/// bytes, a connection takes the answer with it.
const LINGER: Duration = Duration::from_secs(1);

/// The head did not come in time.
pub(super) fn late() -> Problem {
    Problem::new(
        StatusCode::REQUEST_TIMEOUT,
        "timeout",
        "the head of the request did not come in time",
    )
}

/// The head is none, or too large.
pub(super) fn bad_head(status: StatusCode, limit: usize) -> Problem {
    match status {
        StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE | StatusCode::URI_TOO_LONG => Problem::new(
            status,
            "head-too-large",
            format!("the head of a request may have {limit} bytes, and 100 headers"),
        ),
        status => Problem::new(
            status,
            "bad-request",
            "the head of the request is not HTTP/1.1",
        ),
    }
}

/// Answers and closes.
pub(super) async fn send(mut stream: TcpStream, problem: Problem) {
    // A client that does not take it is not waited for.
    let _ = timeout(LINGER, answer(&mut stream, problem)).await;
}

async fn answer(stream: &mut TcpStream, problem: Problem) -> io::Result<()> {
    let (head, body) = problem.into_response().into_parts();
    let body = to_bytes(body, usize::MAX).await.map_err(io::Error::other)?;
    let mut answer = format!(
        "HTTP/1.1 {}\r\nconnection: close\r\ncontent-length: {}\r\n",
        head.status,
        body.len()
    )
    .into_bytes();
    for (name, value) in &head.headers {
        for part in [name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"] {
            answer.extend_from_slice(part);
        }
    }
    answer.extend_from_slice(b"\r\n");
    answer.extend_from_slice(&body);
    stream.write_all(&answer).await?;
    stream.shutdown().await?;
    copy(stream, &mut sink()).await?;
    Ok(())
}
