//! What tests share.

pub mod engine_conformance;
