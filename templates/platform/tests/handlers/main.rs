//! What reacts to events: replicas, policies and effects.
#![allow(missing_docs)]

#[path = "../child.rs"]
mod child;
#[path = "../conventions.rs"]
mod conventions;
mod dead_letters;
mod effect;
mod first_start;
mod gaps;
mod gate;
mod metrics;
#[path = "../place/mod.rs"]
mod place;
mod policy;
mod reacting;
mod replica;
mod stuck;
mod unheard;
