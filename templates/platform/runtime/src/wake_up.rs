//! Wakes parts of this process that wait for what it commits.

use tokio::sync::watch;

/// Sent after a commit: wakes all who wait, also who is busy with what was before.
#[derive(Debug, Default)]
pub struct WakeUp(watch::Sender<()>);

/// Receives wake-ups, also one that was sent since the last was received.
#[derive(Debug)]
pub struct WakeUpReceiver(watch::Receiver<()>);

impl WakeUp {
    /// Wakes all who wait.
    pub fn send(&self) {
        self.0.send_replace(());
    }

    /// Receives it from now on.
    pub fn subscribe(&self) -> WakeUpReceiver {
        WakeUpReceiver(self.0.subscribe())
    }
}

impl WakeUpReceiver {
    /// Waits for the next one. May be given up, and waited for again.
    pub async fn received(&mut self) {
        if self.0.changed().await.is_err() {
            // There is nobody any more who could send one.
            std::future::pending::<()>().await;
        }
    }
}
