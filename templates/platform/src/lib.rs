//! The technical runtime of the system's services: no word of any domain is in here.
//!
//! A service describes itself with the traits of [`contract`] and [`decision`]; everything that
//! does not depend on the description (storing, publishing, consuming, serving) is written once,
//! here, over the small set of operations an [`engine::Engine`] and a [`broker::Broker`] have.
//!
//! The contract that the modules keep together: no committed change is ever without its event, no
//! event takes effect twice, effects on one aggregate are applied in its order, and a crash at any
//! instant changes none of that.

pub mod bell;
pub mod broker;
pub mod cache;
pub mod clock;
pub mod config;
pub mod context;
pub mod contract;
pub mod decision;
pub mod engine;
pub mod envelope;
pub mod handler;
pub mod hold;
pub mod http;
mod lease;
pub mod location;
pub mod outage;
pub mod owner;
pub mod prelude;
pub mod query;
mod reading;
pub mod relay;
pub mod requests;
pub mod runtime;
pub mod schema;
// What a service is; contracts, which stand on neither engine nor broker, do without it.
#[cfg(all(feature = "embedded", feature = "sqlite"))]
pub mod service;
#[cfg(any(feature = "embedded", feature = "sqlite"))]
mod sqlite_lock;
#[cfg(any(feature = "embedded", feature = "sqlite"))]
mod sqlite_statements;
mod task;
pub mod telemetry;
#[cfg(feature = "testing")]
pub mod testing;
pub mod unit_of_work;
pub mod value;
