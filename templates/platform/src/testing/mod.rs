//! What every engine and every broker has to satisfy, as functions that tests call.

pub mod broker_conformance;
pub mod consuming;
pub mod engine_conformance;
