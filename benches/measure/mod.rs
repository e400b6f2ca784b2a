//! What the benches share: clients, services as processes, and numbers.

// Each bench uses a part of it.
#![allow(dead_code)]

pub mod client;
pub mod idle;
pub mod load;
pub mod numbers;
pub mod process;

/// The parts of a bench that its arguments name; all of them when they name none.
pub fn asked_for<T: Copy>(parts: &[(&'static str, T)]) -> Vec<(&'static str, T)> {
    let asked: Vec<_> = std::env::args().skip(1).collect();
    let is_asked = |(name, _): &&(&'static str, T)| asked.iter().any(|one| one == name);
    let chosen: Vec<_> = parts.iter().filter(is_asked).copied().collect();
    if chosen.is_empty() {
        parts.to_vec()
    } else {
        chosen
    }
}
