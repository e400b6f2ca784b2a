//! What a connection is doing, and since when.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tokio::time::Instant;

use super::ConnectionLimits;

/// What a connection is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// Nothing: no request has begun.
    Idle,
    /// A request's head is coming.
    Head,
    /// A request is being answered; how long that may take is not a matter of its connection.
    Busy,
}

/// What one connection is doing, told by whoever notices.
#[derive(Debug)]
pub(super) struct Clock {
    state: Mutex<State>,
    /// Notified when somebody else needs its place.
    pub unseated: Notify,
}

#[derive(Debug)]
struct State {
    phase: Phase,
    since: Instant,
    /// Since when the client takes nothing of what is written.
    stalled: Option<Instant>,
}

impl Clock {
    pub fn new() -> Self {
        Self {
            state: Mutex::new(State {
                phase: Phase::Idle,
                since: Instant::now(),
                stalled: None,
            }),
            unseated: Notify::new(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Something came: the beginning of a request, unless one is under way.
    pub fn heard(&self) {
        let mut state = self.state();
        if state.phase == Phase::Idle {
            (state.phase, state.since) = (Phase::Head, Instant::now());
        }
    }

    /// A request's head is whole.
    pub fn begun(&self) {
        self.state().phase = Phase::Busy;
    }

    /// A request is answered.
    pub fn answered(&self) {
        let mut state = self.state();
        (state.phase, state.since) = (Phase::Idle, Instant::now());
    }

    /// Whether the client took something of what was to be written, or nothing.
    pub fn wrote(&self, something: bool) {
        let mut state = self.state();
        match something {
            true => state.stalled = None,
            false => {
                state.stalled.get_or_insert_with(Instant::now);
            }
        }
    }

    /// Since when it has waited for a request or the rest of its head, if that is what it does.
    pub fn waits_since(&self) -> Option<Instant> {
        let state = self.state();
        let waits = state.phase != Phase::Busy && state.stalled.is_none();
        waits.then_some(state.since)
    }

    pub fn phase(&self) -> Phase {
        self.state().phase
    }

    /// When it has taken too long.
    pub fn deadline(&self, limits: &ConnectionLimits) -> Option<Instant> {
        let state = self.state();
        let phase = match state.phase {
            Phase::Idle => Some(state.since + limits.idle_time),
            Phase::Head => Some(state.since + limits.head_time),
            Phase::Busy => None,
        };
        let stalled = state.stalled.map(|since| since + limits.stall_time);
        phase.into_iter().chain(stalled).min()
    }
}
