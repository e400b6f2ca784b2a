//! The cache in Redis: what gets in, and what callers of a service with it are shown.

mod cache;
mod site;

use platform_contract::value::Uuid;

/// A place in a server that nobody else has.
fn place(server: &str) -> String {
    let start = server.split('?').next().unwrap_or(server);
    let start = start.trim_end_matches('/');
    format!("{start}/?prefix=test.p{}", Uuid::now_v7().simple())
}
