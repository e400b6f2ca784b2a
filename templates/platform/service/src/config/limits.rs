//! What is said of requests and connections, and where operators have a port of their own.

use std::net::{Ipv4Addr, SocketAddr};

use super::reader::Reader;
use super::settings::{
    BODY_LIMIT, CONNECTION_LIMIT, HEAD_LIMIT, HEAD_TIMEOUT, IDLE_TIMEOUT, OPERATORS_HOST,
    OPERATORS_PORT, REQUEST_TIMEOUT,
};
use crate::http::Limits;
use crate::http::server::ConnectionLimits;

/// What one request may take.
pub(super) fn limits(reader: &mut Reader<'_>) -> Limits {
    Limits {
        body: reader.value(&BODY_LIMIT, 1 << 20, "a number of bytes"),
        time: reader.millis(&REQUEST_TIMEOUT, 10_000),
    }
}

/// What connections may take.
pub(super) fn connections(reader: &mut Reader<'_>, requests: Limits) -> ConnectionLimits {
    ConnectionLimits {
        number: reader.count(&CONNECTION_LIMIT, 512),
        head: reader.count(&HEAD_LIMIT, 16 << 10),
        head_time: reader.millis(&HEAD_TIMEOUT, 10_000),
        idle_time: reader.millis(&IDLE_TIMEOUT, 75_000),
        stall_time: requests.time,
    }
}

/// Where operators have a port of their own.
pub(super) fn operators(reader: &mut Reader<'_>) -> Option<SocketAddr> {
    let port = reader.given(&OPERATORS_PORT, "a port, 0 to 65535");
    let loopback = Ipv4Addr::LOCALHOST.into();
    let host = reader.value(&OPERATORS_HOST, loopback, "an IP address");
    port.map(|port| SocketAddr::new(host, port))
}
