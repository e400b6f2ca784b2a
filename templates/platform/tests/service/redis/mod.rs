//! The cache in Redis: what gets in, and what callers of a service with it are shown.

mod cache;
#[path = "../../engine/redis/certificates.rs"]
mod certificates;
#[path = "../../engine/redis/server.rs"]
pub mod server;
mod site;

use platform::value::Uuid;

/// A place in a server that nobody else has.
fn place(server: &str) -> String {
    let start = server.split('?').next().unwrap_or(server);
    let start = start.trim_end_matches('/');
    format!("{start}/?prefix=test.p{}", Uuid::now_v7().simple())
}
