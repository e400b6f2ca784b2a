//! A client of HTTP/1.1 that keeps its connection, and costs next to nothing.

use std::io::{Read, Write};
use std::net::TcpStream;

/// A connection to a service.
pub struct Client {
    stream: TcpStream,
    answer: Vec<u8>,
}

impl Client {
    /// Connects to a port of this machine.
    pub fn connect(port: u16) -> std::io::Result<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            answer: Vec::with_capacity(4096),
        })
    }

    /// Creates a greeting; the answer has to be 201.
    pub fn greet(&mut self, name: &str) {
        let body = format!(r#"{{"name":"{name}"}}"#);
        let request = format!(
            "POST /greetings HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
             content-length: {}\r\n\r\n{body}",
            body.len()
        );
        self.send(&request).unwrap();
        let status = self.answer.get(9..12);
        assert_eq!(status, Some(&b"201"[..]), "{}", self.text());
    }

    /// Whether the service has something at this path.
    pub fn has(&mut self, path: &str) -> bool {
        let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n");
        self.send(&request).is_ok() && self.answer.get(9..12) == Some(b"200")
    }

    /// What the service answers at this path.
    pub fn get(&mut self, path: &str) -> String {
        assert!(self.has(path), "there is no {path}: {}", self.text());
        self.text().to_owned()
    }

    fn send(&mut self, request: &str) -> std::io::Result<()> {
        self.stream.write_all(request.as_bytes())?;
        self.answer.clear();
        let mut part = [0; 4096];
        loop {
            let read = self.stream.read(&mut part)?;
            if read == 0 {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
            self.answer.extend_from_slice(&part[..read]);
            if self.is_whole() {
                return Ok(());
            }
        }
    }

    /// Whether head and body of the answer have arrived.
    fn is_whole(&self) -> bool {
        let text = self.text();
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            return false;
        };
        let length = head
            .lines()
            .filter_map(|line| line.split_once(": "))
            .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
            .map_or(0, |(_, value)| value.parse().unwrap());
        body.len() >= length
    }

    fn text(&self) -> &str {
        std::str::from_utf8(&self.answer).unwrap_or_default()
    }
}
