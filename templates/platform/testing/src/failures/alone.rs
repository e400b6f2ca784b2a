//! A service with nobody else there: no other service, and for a while no broker.

use std::sync::Arc;
use std::time::Duration;

use platform_sqlite_file::lock_writers;

use super::program::PATIENCE;
use super::world::World;
use super::{Subject, TestResult, assert_alike, ended};

/// Whether there is a broker while nobody else is there.
#[derive(Clone, Copy, PartialEq, Eq)]
enum BrokerState {
    Up,
    Down,
}

impl Subject {
    /// Nobody else runs: no other service, and for a while no broker. Requests are answered
    /// nevertheless, as by a service that is as alone but for the broker, and what was published
    /// while it was down is heard.
    ///
    /// # Panics
    /// When that makes a difference.
    pub fn is_left_alone(self) {
        let subject = Arc::new(self);
        let [reference, end] = [BrokerState::Up, BrokerState::Down].map(|broker| {
            ended(World::new(&subject), async |world| {
                world.request_alone(broker).await?;
                world.hear_afterwards().await
            })
        });
        assert_alike(&subject, &reference, &end);
    }
}

impl World {
    /// Sends all requests while nobody else is there, and waits until that has taken effect.
    async fn request_alone(&mut self, broker: BrokerState) -> TestResult {
        self.start().await?;
        self.until_begun().await?;
        match broker {
            BrokerState::Up => {
                let client = self.program()?.client.clone();
                self.send_requests(&client).await?;
            }
            BrokerState::Down => self.request_without_broker().await?,
        }
        self.until_own_settled().await?;
        self.stop_all().await
    }

    /// Sends all requests while the broker does not answer; in the end it does.
    async fn request_without_broker(&mut self) -> TestResult {
        let broker = match self.storage.at.broker.scheme() {
            "embedded" => Some(lock_writers(&self.storage.at.broker.path(), PATIENCE)?),
            _ => {
                self.stop_all().await?;
                self.start_alone().await?;
                None
            }
        };
        let client = self.program()?.client.clone();
        self.send_requests(&client).await?;
        // The relay is to meet with that.
        tokio::time::sleep(Duration::from_millis(200)).await;
        if broker.is_none() {
            self.stop_all().await?;
            self.start().await?;
        }
        Ok(())
    }

    /// Lets everything happen while the service is down, phase after phase, and lets it hear that.
    async fn hear_afterwards(&mut self) -> TestResult {
        self.peers.answer().await?;
        for phase in self.peers.phases() {
            self.peers.commit(phase).await;
            self.peers.publish(self.peers.messages(phase)).await?;
            self.start().await?;
            self.until_settled().await?;
            self.stop_all().await?;
        }
        Ok(())
    }
}
