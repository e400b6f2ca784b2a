//! A small client for black-box tests.

use axum::body::Bytes;
use axum::http::{HeaderValue, Method, Request, Response, header};
use serde_json::Value;

use platform_service::http::client::{FetchError, fetch};

/// Requests to one service.
#[derive(Debug, Clone)]
pub struct Client {
    url: String,
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
        Self { url: url.into() }
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
        let response = fetch(request.body(Bytes::from(body.to_owned()))?).await?;
        Ok(Answer {
            status: response.status().as_u16(),
            response,
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
