//! A small HTTP/1.1 client, without TLS: for collectors of traces nearby, and for tests.

use axum::body::{Body, Bytes, to_bytes};
use axum::http::uri::PathAndQuery;
use axum::http::{HeaderValue, Request, Response, Uri, header};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// The longest answer that is read, in bytes.
const ANSWER_LIMIT: usize = 16 * 1024 * 1024;

/// What can go wrong on the way.
pub type FetchError = Box<dyn std::error::Error + Send + Sync>;

/// Sends a request to `http://host[:port]/…` over a connection of its own.
///
/// # Errors
/// When the URI is of another scheme, nobody answers, or not in HTTP.
pub async fn fetch(mut request: Request<Bytes>) -> Result<Response<Bytes>, FetchError> {
    let uri = request.uri().clone();
    if uri.scheme_str() != Some("http") {
        return Err(format!("`{uri}` is no `http://` address").into());
    }
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
    let stream = TcpStream::connect((host, uri.port_u16().unwrap_or(80))).await?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    // It ends with the connection; what goes wrong with it the sender tells.
    tokio::spawn(connection);
    let authority = uri.authority().map_or("", |authority| authority.as_str());
    let headers = request.headers_mut();
    headers.insert(header::HOST, HeaderValue::from_str(authority)?);
    let path = PathAndQuery::from_static("/");
    *request.uri_mut() = Uri::from(uri.path_and_query().cloned().unwrap_or(path));
    let (head, body) = sender
        .send_request(request.map(Body::from))
        .await?
        .into_parts();
    let body = to_bytes(Body::new(body), ANSWER_LIMIT).await?;
    Ok(Response::from_parts(head, body))
}
