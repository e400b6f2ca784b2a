//! What every engine and every broker has to do, as tests that their own tests call.
#![allow(missing_docs)]

pub mod broker;
pub mod engine;
pub mod unreleased;
