//! Events on their way out: what a decision returns, with the types taken off.

use serde_json::{Map, Value};

use crate::Event;

pub use serde_json::Error as EncodeError;

/// An event on its way out, with its type taken off.
#[derive(Debug, Clone, PartialEq)]
pub struct AnyEvent {
    /// [`Event::TYPE`].
    pub kind: &'static str,
    /// [`Event::VERSION`].
    pub version: u32,
    /// Its members.
    pub data: Map<String, Value>,
}

impl AnyEvent {
    /// Takes the type off `event`.
    ///
    /// # Errors
    /// When a member has no JSON form.
    pub fn new<E: Event>(event: &E) -> Result<Self, serde_json::Error> {
        let data = match serde_json::to_value(event)? {
            Value::Object(data) => data,
            _ => Map::new(),
        };
        Ok(Self {
            kind: E::TYPE,
            version: E::VERSION,
            data,
        })
    }
}

/// What a decision emits: an event, an optional one, one of several, or a tuple of these.
pub trait Emitted: Send {
    /// Appends the events to `events`, in order.
    ///
    /// # Errors
    /// When a member has no JSON form.
    fn append(&self, events: &mut Vec<AnyEvent>) -> Result<(), serde_json::Error>;
}

impl<E: Event> Emitted for E {
    fn append(&self, events: &mut Vec<AnyEvent>) -> Result<(), serde_json::Error> {
        events.push(AnyEvent::new(self)?);
        Ok(())
    }
}

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
