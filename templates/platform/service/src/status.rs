//! What a service says of itself, from its start to its end.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use crate::http::health::Readiness;

/// What keeps a service from serving: that it starts, that it ends, or what it stands on.
pub(super) struct Status {
    phase: Mutex<Phase>,
    draining: AtomicBool,
}

enum Phase {
    /// It is not open yet, and why not.
    Starting(String),
    /// It is; what checks the things it stands on knows the rest.
    Open(Arc<dyn Readiness>),
}

impl Status {
    /// It starts.
    pub fn starting() -> Arc<Self> {
        let reason = "the service is starting".to_owned();
        Arc::new(Self {
            phase: Mutex::new(Phase::Starting(reason)),
            draining: AtomicBool::new(false),
        })
    }

    /// It cannot start yet, and this is why.
    pub fn because(&self, reason: &impl ToString) {
        *self.phase() = Phase::Starting(reason.to_string());
    }

    /// It is open; these checks tell the rest.
    pub fn open(&self, checks: impl Readiness) {
        *self.phase() = Phase::Open(Arc::new(checks));
    }

    /// It is going to end: nobody new should come.
    pub fn drain(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }

    fn phase(&self) -> MutexGuard<'_, Phase> {
        self.phase.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Readiness for Status {
    async fn reasons(&self) -> Vec<String> {
        let checks = match &*self.phase() {
            Phase::Starting(reason) => return vec![reason.clone()],
            Phase::Open(checks) => Arc::clone(checks),
        };
        let mut reasons = Vec::new();
        if self.draining.load(Ordering::Relaxed) {
            reasons.push("the service is shutting down".to_owned());
        }
        reasons.extend(checks.reasons().await);
        reasons
    }
}
