//! Wakes parts of this process that wait for what it commits.

use tokio::sync::watch;

/// Rung after a commit: wakes all who listen, also who is busy with what was before.
#[derive(Debug, Default)]
pub struct Bell(watch::Sender<()>);

/// Hears a bell, and what it has rung since it was last heard.
#[derive(Debug)]
pub struct Ear(watch::Receiver<()>);

impl Bell {
    /// Wakes all who listen.
    pub fn ring(&self) {
        self.0.send_replace(());
    }

    /// Hears it from now on.
    pub fn listen(&self) -> Ear {
        Ear(self.0.subscribe())
    }
}

impl Ear {
    /// Waits until it rings. May be given up, and waited for again.
    pub async fn rung(&mut self) {
        if self.0.changed().await.is_err() {
            // There is no bell any more that could ring.
            std::future::pending::<()>().await;
        }
    }
}
