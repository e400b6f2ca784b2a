//! HTTP: commands and queries as JSON, refusals as problem details (RFC 9457), versions as entity
//! tags, lists in keyset pages.
//!
//! The routes of a service name what is behind them:
//!
//! ```ignore
//! Routes::new()
//!     .route("/things", post(http::create::<MakeThing>).get(http::list::<Thing>))
//!     .route("/things/{id}", get(http::read::<Thing>).delete(http::delete::<DropThing>))
//!     .route("/things/{id}/mend-thing", post(http::update::<MendThing>))
//!     .route("/things/by-owner", get(http::query::<ByOwner>))
//! ```

pub mod admission;
mod api;
mod body;
mod command;
mod consistency_token;
mod docs;
pub mod health;
mod intake;
mod json;
mod layers;
mod origin;
mod page;
mod parameters;
mod problem;
mod read;
mod repeated;
pub mod server;
mod tag;
mod target;
mod url;

use std::sync::Arc;

use platform_runtime::Runtime;

pub use api::{Api, operators, starting};
pub use axum::routing::{delete as on_delete, get, post};
pub use command::{create, delete, update};
pub use layers::Limits;
pub use page::{list, query};
pub use problem::{Problem, TYPE_PREFIX};
pub use read::read;

/// The routes of a service.
pub type Routes = axum::Router<Arc<Runtime>>;
