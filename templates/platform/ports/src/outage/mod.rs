//! Outages: what a service stands on does not answer for a while.
//!
//! Whoever meets with a failure hands it over together with the line that says so. The first of an
//! outage is logged as it stands; those that follow, from however many handlers, partitions and requests,
//! are counted. A line now and then says how many there were, and one that the outage is over. Failures
//! that concern one message or command alone are no outage, and have a line each.

mod dependency;
mod metrics;
mod state;

use std::fmt::Display;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio::sync::Notify;

pub use self::dependency::{Cause, Dependency};
use self::state::{OutageState, Report};

/// The outages of one service.
#[derive(Debug)]
pub struct Outages {
    each: [Arc<Outage>; Dependency::ALL.len()],
    /// Notified when one begins.
    begun: Arc<Notify>,
}

/// Whether one thing that a service stands on is out, and what was met with since.
#[derive(Debug)]
pub struct Outage {
    of: Dependency,
    state: Mutex<OutageState>,
    begun: Arc<Notify>,
}

impl Default for Outages {
    /// Nothing is out.
    fn default() -> Self {
        let begun = Arc::<Notify>::default();
        let outage = |of| Arc::new(Outage::new(of, Arc::clone(&begun)));
        Self {
            each: Dependency::ALL.map(outage),
            begun,
        }
    }
}

impl Outages {
    /// That of one thing.
    pub fn of(&self, dependency: Dependency) -> &Arc<Outage> {
        // There is one of each, in this order.
        &self.each[dependency as usize]
    }

    /// Takes a failure, and the line that says so. It is logged at once unless what is to blame for it is
    /// known to be out.
    pub fn failed(&self, error: &(impl Cause + Display), line: impl FnOnce()) {
        match error.cause() {
            Some(dependency) => self.of(dependency).failed(error, line),
            None => line(),
        }
    }

    /// Waits until an outage begins.
    pub async fn begins(&self) {
        self.begun.notified().await;
    }

    /// Whether anything is out.
    pub fn any(&self) -> bool {
        self.each.iter().any(|outage| outage.is_out())
    }

    /// Says what there is to say of each by now.
    pub fn report(&self) {
        self.each.iter().for_each(|outage| outage.report());
    }
}

impl Outage {
    fn new(of: Dependency, begun: Arc<Notify>) -> Self {
        metrics::prepare(of);
        Self {
            of,
            state: Mutex::default(),
            begun,
        }
    }

    /// One by itself, for what is used outside of a service.
    pub fn alone(of: Dependency) -> Arc<Self> {
        Arc::new(Self::new(of, Arc::default()))
    }

    /// Takes a failure that is due to this, and the line that says so, which is logged when it is the first
    /// of an outage.
    pub fn failed(&self, why: impl Display, line: impl FnOnce()) {
        self.take(&why, false, line);
    }

    /// The same for a request that was answered with it.
    pub fn failed_request(&self, why: impl Display, line: impl FnOnce()) {
        self.take(&why, true, line);
    }

    fn take(&self, why: &dyn Display, request: bool, line: impl FnOnce()) {
        let mut state = self.state();
        let begins = state.failed(Instant::now(), request, why.to_string());
        metrics::failed(self.of);
        drop(state);
        if begins {
            line();
            self.begun.notify_one();
        }
    }

    /// Notes that it has answered; only that it goes on doing so ends the outage.
    pub fn answered(&self) {
        self.state().answered(Instant::now());
    }

    /// Notes that it was asked just for that, in vain.
    pub fn still_out(&self) {
        self.state().still_out();
    }

    /// Whether it is out.
    pub fn is_out(&self) -> bool {
        self.state().is_out()
    }

    /// Says what there is to say by now.
    pub fn report(&self) {
        let mut state = self.state();
        let Some(report) = state.report(Instant::now()) else {
            return;
        };
        if report.over {
            metrics::over(self.of);
        }
        drop(state);
        let of = self.of.name();
        let Report {
            lasted,
            failures,
            requests,
            last,
            over,
        } = report;
        if over {
            tracing::info!(?lasted, failures, requests, "the {of} answers again");
        } else {
            tracing::warn!(?lasted, failures, requests, last, "the {of} is still out");
        }
    }

    fn state(&self) -> MutexGuard<'_, OutageState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
