//! What the benches share: clients, services as processes, and numbers.

// Each bench uses a part of it.
#![allow(dead_code)]

pub mod client;
pub mod load;
pub mod numbers;
pub mod process;
