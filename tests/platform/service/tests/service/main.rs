//! A service: its decisions, its units of work, its HTTP interface, its process.
#![allow(missing_docs)]

mod admission;
mod away;
mod cache_location;
mod connections;
mod constraints;
mod contacts;
mod crashes;
mod decisions;
mod domain;
mod hardship;
mod http;
mod idempotency;
mod metrics;
mod notices;
mod patches;
mod personal_data;
mod postgres;
mod problems;
mod process;
mod raw;
mod redis_server;
mod refusals;
mod schema;
mod strict;
mod traces;
mod unit_of_work;
mod unreleased;
mod writes;
