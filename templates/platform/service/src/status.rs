//! What a service says of itself, from its start to its end.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use crate::http::health::Readiness;

/// What keeps a service from serving: that it starts, that it ends, or what its parts lack.
pub(super) struct Status {
    standing: Mutex<Standing>,
    draining: AtomicBool,
}

enum Standing {
    /// It is not open yet, and why not.
    Starting(String),
    /// It is; its parts know the rest.
    Open(Arc<dyn Readiness>),
}

impl Status {
    /// It starts.
    pub fn starting() -> Arc<Self> {
        let reason = "the service is starting".to_owned();
        Arc::new(Self {
            standing: Mutex::new(Standing::Starting(reason)),
            draining: AtomicBool::new(false),
        })
    }

    /// It cannot start yet, and this is why.
    pub fn because(&self, reason: &impl ToString) {
        *self.standing() = Standing::Starting(reason.to_string());
    }

    /// It is open, with these parts.
    pub fn open(&self, parts: impl Readiness) {
        *self.standing() = Standing::Open(Arc::new(parts));
    }

    /// It is going to end: nobody new should come.
    pub fn drain(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }

    fn standing(&self) -> MutexGuard<'_, Standing> {
        self.standing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Readiness for Status {
    async fn reasons(&self) -> Vec<String> {
        let parts = match &*self.standing() {
            Standing::Starting(reason) => return vec![reason.clone()],
            Standing::Open(parts) => Arc::clone(parts),
        };
        let mut reasons = Vec::new();
        if self.draining.load(Ordering::Relaxed) {
            reasons.push("the service is shutting down".to_owned());
        }
        reasons.extend(parts.reasons().await);
        reasons
    }
}
