//! What reacts to events: replicas, policies and effects.
#![allow(missing_docs)]

mod applied_sequence;
mod dead_letters;
mod effect;
mod erasure;
mod first_start;
mod gaps;
mod metrics;
mod policy;
mod reacting;
mod replica;
mod stuck;
mod unheard;
