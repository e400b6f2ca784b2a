//! The technical runtime of a service: what it does with commands and events, whatever they are about.
//!
//! A service describes itself with the traits of [`decision`], [`query`] and [`handler`]; everything that
//! does not depend on the description (deciding, storing, publishing, consuming) is written once, here,
//! over the small set of operations that an engine and a broker have.
//!
//! The contract that the modules keep together: no committed change is ever without its event, no
//! event takes effect twice, effects on one aggregate are applied in its order, and a crash at any
//! instant changes none of that.

pub mod cache;
pub mod clock;
pub mod context;
pub mod decision;
pub mod erasure;
mod group_member;
pub mod handler;
mod lease;
mod outage_watch;
pub mod prelude;
pub mod publisher;
pub mod query;
pub mod recovery_request;
pub mod relay;
mod runtime;
mod task;
pub mod unit_of_work;
pub mod wake_up;

pub use outage_watch::watch as watch_outages;
pub use runtime::{ExecuteError, Executed, Executor, Refused, Request, Runtime};
