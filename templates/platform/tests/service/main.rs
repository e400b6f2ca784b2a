//! A service: its decisions, its units of work, its HTTP interface, its process.
#![allow(missing_docs)]

#[path = "../child.rs"]
mod child;
mod crashes;
mod decisions;
mod domain;
mod http;
mod process;
mod schema;
mod unit_of_work;
