//! The bytes of a connection, which tell its clock what comes and what goes.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use axum::http::StatusCode;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use super::clock::{Clock, Phase};

/// Where the status stands in the first line of an answer.
const STATUS: std::ops::Range<usize> = 9..12;

pub(super) struct Stream {
    inner: TcpStream,
    clock: Arc<Clock>,
    /// The status with which the library refused a head. Its answer has no body, and is held back: a
    /// problem document is sent in its stead.
    refused: Option<StatusCode>,
}

impl Stream {
    pub const fn new(inner: TcpStream, clock: Arc<Clock>) -> Self {
        Self {
            inner,
            clock,
            refused: None,
        }
    }

    pub const fn refused(&self) -> Option<StatusCode> {
        self.refused
    }

    pub fn into_inner(self) -> TcpStream {
        self.inner
    }

    /// Whether this is what the library says of a head by itself: until the head is whole, there is
    /// nothing else to say.
    fn is_refusal(&mut self, bytes: &[u8]) -> bool {
        let of_a_head = self.clock.phase() == Phase::Head && self.clock.waits_since().is_some();
        if of_a_head && self.refused.is_none() {
            let status = bytes.get(STATUS);
            self.refused = status.and_then(|status| StatusCode::from_bytes(status).ok());
        }
        of_a_head && self.refused.is_some()
    }

    fn told(&self, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        self.clock.wrote(written.is_ready());
        written
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.inner).poll_read(context, buffer))?;
        if buffer.filled().len() > before {
            self.clock.heard();
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.is_refusal(bytes) {
            return Poll::Ready(Ok(bytes.len()));
        }
        let written = Pin::new(&mut self.inner).poll_write(context, bytes);
        self.told(written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let first = slices.first().map_or(&[][..], |slice| slice);
        if self.is_refusal(first) {
            return Poll::Ready(Ok(slices.iter().map(|slice| slice.len()).sum()));
        }
        let written = Pin::new(&mut self.inner).poll_write_vectored(context, slices);
        self.told(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.refused {
            // There is something to say yet.
            Some(_) => Poll::Ready(Ok(())),
            None => Pin::new(&mut self.inner).poll_shutdown(context),
        }
    }
}
