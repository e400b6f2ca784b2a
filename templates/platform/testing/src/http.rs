//! A small client for black-box tests.

use axum::body::{Body, Bytes, to_bytes};
use axum::http::{HeaderValue, Method, Request, Response, header};
use hyper_util::client::legacy::Client as Connections;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;

/// The longest answer that is read, in bytes.
const ANSWER_LIMIT: usize = 16 * 1024 * 1024;

/// What can go wrong on the way.
pub type FetchError = Box<dyn std::error::Error + Send + Sync>;

/// Requests to one service, each over a connection of its own.
#[derive(Debug, Clone)]
pub struct Client {
    url: String,
    connections: Connections<HttpConnector, Body>,
}

/// An answer.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Its status.
    pub status: u16,
    response: Response<Bytes>,
}

impl Client {
    /// To the service at this URL, `http://127.0.0.1:8101`.
    pub fn new(url: impl Into<String>) -> Self {
        let mut connections = Connections::builder(TokioExecutor::new());
        Self {
            url: url.into(),
            connections: connections.pool_max_idle_per_host(0).build_http(),
        }
    }

    /// Gets a path.
    ///
    /// # Errors
    /// When nobody answers.
    pub async fn get(&self, path: &str) -> Result<Answer, FetchError> {
        self.send(Method::GET, path, &[], "").await
    }

    /// Posts JSON to a path.
    ///
    /// # Errors
    /// When nobody answers.
    pub async fn post(&self, path: &str, body: &Value) -> Result<Answer, FetchError> {
        self.send(Method::POST, path, &[], &body.to_string()).await
    }

    /// Sends any request; its body is JSON unless the headers say something else.
    ///
    /// # Errors
    /// When nobody answers.
    pub async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Result<Answer, FetchError> {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.url));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let json = HeaderValue::from_static("application/json");
        if let Some(named) = request.headers_mut()
            && !body.is_empty()
            && !named.contains_key(header::CONTENT_TYPE)
        {
            named.insert(header::CONTENT_TYPE, json);
        }
        let request = request.body(Body::from(body.to_owned()))?;
        let (head, body) = self.connections.request(request).await?.into_parts();
        let body = to_bytes(Body::new(body), ANSWER_LIMIT).await?;
        Ok(Answer {
            status: head.status.as_u16(),
            response: Response::from_parts(head, body),
        })
    }
}

impl Answer {
    /// A header, when it is there.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.response.headers().get(name)?.to_str().ok()
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(self.response.body()).into_owned()
    }

    /// The body as JSON; null when it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(self.response.body()).unwrap_or_default()
    }
}
