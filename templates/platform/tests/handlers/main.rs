//! What reacts to events: replicas, policies and effects.
#![allow(missing_docs)]

#[path = "../child.rs"]
mod child;
mod dead_letters;
mod effect;
mod first_start;
mod gate;
#[path = "../place/mod.rs"]
mod place;
mod policy;
mod reacting;
mod replica;
