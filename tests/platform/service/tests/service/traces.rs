//! Traces on their way to a collector.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use axum::http::Method;
use rustls::RootCertStore;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ServerConfig, WebPkiClientVerifier};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::domain;
use crate::process::{Serving, program, run};
use platform_support::certificates;

/// The trace that a request is part of.
const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
/// The span that it comes from.
const PARENT: &str = "00f067aa0ba902b7";

/// The variable that names the authorities which a collector is trusted by.
const CERTIFICATE: &str = "OTEL_EXPORTER_OTLP_CERTIFICATE";

#[tokio::test]
async fn traces_reach_a_collector() {
    let folder = domain::place();
    let collector = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let serving = traced(&mut program(folder.path(), ""), "http", &collector).await;
    let receiving = async { receive(collector.accept().await.unwrap().0).await };
    ends_with_traces(serving, receiving).await;
}

#[tokio::test]
async fn traces_reach_a_collector_over_tls() {
    let folder = domain::place();
    certificates::make(folder.path());
    let (collector, tls) = collector(folder.path()).await;
    let mut command = program(folder.path(), "");
    for (variable, file) in [
        (CERTIFICATE, "ca.pem"),
        ("OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE", "client.pem"),
        ("OTEL_EXPORTER_OTLP_CLIENT_KEY", "client.key"),
    ] {
        command.env(variable, folder.path().join(file));
    }
    // What is said to this service alone goes before what is said to all.
    command.env("BANK_OTEL_EXPORTER_OTLP_ENDPOINT", at("https", &collector));
    let serving = traced(&mut command, "http", &collector).await;
    let receiving = async {
        let (stream, _) = collector.accept().await.unwrap();
        receive(tls.accept(stream).await.expect("TLS")).await
    };
    ends_with_traces(serving, receiving).await;
}

#[tokio::test]
async fn a_collector_that_nobody_vouches_for_gets_no_traces() {
    let folder = domain::place();
    certificates::make(folder.path());
    for authority in [None, Some("stranger.pem")] {
        let (collector, tls) = collector(folder.path()).await;
        let mut command = program(folder.path(), "");
        if let Some(authority) = authority {
            command.env(CERTIFICATE, folder.path().join(authority));
        }
        let mut serving = traced(&mut command, "https", &collector).await;
        serving.signal("TERM");
        let (stream, _) = collector.accept().await.unwrap();
        let refused = tls.accept(stream).await.expect_err("nobody vouches for it");
        assert!(refused.to_string().contains("UnknownCA"), "{refused}");
        drop(collector);
        assert_eq!(serving.child.wait().unwrap().code(), Some(0));
    }
}

#[test]
fn what_is_logged_can_be_said_to_one_service() {
    let folder = domain::place();
    let mut command = program(folder.path(), "");
    let (code, _, error) = run(command.env("BANK_RUST_LOG", "=loud="));
    assert_eq!(code, Some(2), "{error}");
    assert!(error.contains("RUST_LOG"), "{error}");
}

#[test]
fn certificates_that_are_none_are_named() {
    let folder = domain::place();
    certificates::make(folder.path());
    let endpoint = ("OTEL_EXPORTER_OTLP_ENDPOINT", "https://127.0.0.1:4318");
    let starting = |variable: &str, file: &str| {
        let mut command = program(folder.path(), "");
        let file = folder.path().join(file);
        run(command.env(endpoint.0, endpoint.1).env(variable, file))
    };
    for file in ["nothing.pem", "server.ext"] {
        let (code, _, error) = starting(CERTIFICATE, file);
        assert_eq!(code, Some(2), "{error}");
        assert!(
            error.contains(CERTIFICATE) && error.contains(file),
            "{error}"
        );
    }
    let (code, _, error) = starting("OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE", "client.pem");
    assert_eq!(code, Some(2), "{error}");
    assert!(error.contains("go together"), "{error}");
}

/// Starts a service that sends its traces there, and has it answer a request.
async fn traced(command: &mut Command, scheme: &str, collector: &TcpListener) -> Serving {
    let endpoint = at(scheme, collector);
    let serving = Serving::start(command.env("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint));
    let parent = format!("00-{TRACE}-{PARENT}-01");
    let headers = [("traceparent", parent.as_str())];
    let got = serving.client.send(Method::GET, "/accounts", &headers, "");
    assert_eq!(got.await.unwrap().status, 200);
    serving
}

fn at(scheme: &str, collector: &TcpListener) -> String {
    format!("{scheme}://{}", collector.local_addr().unwrap())
}

/// Ends a service, which sends what is left, and looks at what is received.
async fn ends_with_traces(mut serving: Serving, receiving: impl Future<Output = String>) {
    serving.signal("TERM");
    let received = tokio::time::timeout(Duration::from_secs(10), receiving).await;
    let received = received.expect("no traces in time");
    assert!(received.starts_with("POST /v1/traces"), "{received}");
    for part in [TRACE, PARENT, "GET /accounts"] {
        assert!(received.contains(part), "{part} in {received}");
    }
    assert_eq!(serving.child.wait().unwrap().code(), Some(0));
}

/// A collector that takes TLS alone, from whom the authority in this folder vouches for.
async fn collector(folder: &Path) -> (TcpListener, TlsAcceptor) {
    let certificate = |name: &str| CertificateDer::from_pem_file(folder.join(name)).unwrap();
    let provider = Arc::new(ring::default_provider());
    let mut authorities = RootCertStore::empty();
    authorities.add(certificate("ca.pem")).unwrap();
    let vouched =
        WebPkiClientVerifier::builder_with_provider(Arc::new(authorities), Arc::clone(&provider));
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(vouched.build().unwrap())
        .with_single_cert(
            vec![certificate("server.pem")],
            PrivateKeyDer::from_pem_file(folder.join("server.key")).unwrap(),
        );
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    (listener, Arc::new(config.unwrap()).into())
}

/// One request with its whole body, which is answered as a collector does.
async fn receive(mut stream: impl AsyncRead + AsyncWrite + Unpin) -> String {
    let mut received = Vec::new();
    while !is_whole(&received) {
        let read = stream.read_buf(&mut received).await.unwrap();
        assert_ne!(read, 0, "the request ended early");
    }
    let answer = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}";
    stream.write_all(answer.as_bytes()).await.unwrap();
    stream.flush().await.unwrap();
    String::from_utf8_lossy(&received).into_owned()
}

/// Whether all of a request is there, by its `content-length`.
fn is_whole(received: &[u8]) -> bool {
    let text = String::from_utf8_lossy(received);
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return false;
    };
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        let is_length = name.eq_ignore_ascii_case("content-length");
        is_length.then(|| value.trim().parse::<usize>().unwrap())
    });
    body.len() >= length.expect("a length")
}
