//! What decisions return as events: one, an optional one, or several.

use crate::decision::{AnyEvent, Emitted};

impl<T: Emitted> Emitted for Option<T> {
    fn append(&self, events: &mut Vec<AnyEvent>) -> Result<(), serde_json::Error> {
        self.as_ref().map_or(Ok(()), |event| event.append(events))
    }
}

impl<A: Emitted, B: Emitted> Emitted for (A, B) {
    fn append(&self, events: &mut Vec<AnyEvent>) -> Result<(), serde_json::Error> {
        self.0.append(events)?;
        self.1.append(events)
    }
}

impl<A: Emitted, B: Emitted, C: Emitted> Emitted for (A, B, C) {
    fn append(&self, events: &mut Vec<AnyEvent>) -> Result<(), serde_json::Error> {
        self.0.append(events)?;
        self.1.append(events)?;
        self.2.append(events)
    }
}

impl<A: Emitted, B: Emitted, C: Emitted, D: Emitted> Emitted for (A, B, C, D) {
    fn append(&self, events: &mut Vec<AnyEvent>) -> Result<(), serde_json::Error> {
        self.0.append(events)?;
        self.1.append(events)?;
        self.2.append(events)?;
        self.3.append(events)
    }
}

impl<A: Emitted, B: Emitted, C: Emitted, D: Emitted, E: Emitted> Emitted for (A, B, C, D, E) {
    fn append(&self, events: &mut Vec<AnyEvent>) -> Result<(), serde_json::Error> {
        self.0.append(events)?;
        self.1.append(events)?;
        self.2.append(events)?;
        self.3.append(events)?;
        self.4.append(events)
    }
}

impl<A, B, C, D, E, F> Emitted for (A, B, C, D, E, F)
where
    A: Emitted,
    B: Emitted,
    C: Emitted,
    D: Emitted,
    E: Emitted,
    F: Emitted,
{
    fn append(&self, events: &mut Vec<AnyEvent>) -> Result<(), serde_json::Error> {
        self.0.append(events)?;
        self.1.append(events)?;
        self.2.append(events)?;
        self.3.append(events)?;
        self.4.append(events)?;
        self.5.append(events)
    }
}
