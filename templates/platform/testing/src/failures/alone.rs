//! A service with nobody else there: no other service, and for a while no broker.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rusqlite::Connection;

use super::program::PATIENCE;
use super::world::World;
use super::{Step, Subject, ended, hold_against};

/// Whether there is a broker while nobody else is there.
#[derive(Clone, Copy, PartialEq, Eq)]
enum TheBroker {
    Answers,
    IsDown,
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
        let [reference, end] = [TheBroker::Answers, TheBroker::IsDown].map(|broker| {
            ended(World::new(&subject), async |world| {
                world.ask_alone(broker).await?;
                world.meet_the_others().await
            })
        });
        hold_against(&subject, &reference, &end);
    }
}

impl World {
    /// Sends all requests while nobody else is there, and waits until that has taken effect.
    async fn ask_alone(&mut self, broker: TheBroker) -> Step {
        self.start().await?;
        self.until_begun().await?;
        match broker {
            TheBroker::Answers => {
                let client = self.program()?.client.clone();
                self.ask_each(&client).await?;
            }
            TheBroker::IsDown => self.ask_without_broker().await?,
        }
        self.until_own_settled().await?;
        self.stop_all().await
    }

    /// Sends all requests while the broker does not answer; in the end it does.
    async fn ask_without_broker(&mut self) -> Step {
        let broker = match self.places.at.broker.scheme() {
            "embedded" => Some(lock(&self.places.at.broker.path())?),
            _ => {
                self.stop_all().await?;
                self.start_alone().await?;
                None
            }
        };
        let client = self.program()?.client.clone();
        self.ask_each(&client).await?;
        // The relay is to meet with that.
        tokio::time::sleep(Duration::from_millis(200)).await;
        if broker.is_none() {
            self.stop_all().await?;
            self.start().await?;
        }
        Ok(())
    }

    /// Lets everything happen while the service is down, part after part, and lets it hear that.
    async fn meet_the_others(&mut self) -> Step {
        self.peers.answer().await?;
        for part in self.peers.parts() {
            self.peers.commit(part).await;
            self.peers.publish(self.peers.messages(part)).await?;
            self.start().await?;
            self.until_settled().await?;
            self.stop_all().await?;
        }
        Ok(())
    }
}

/// Locks a database of SQLite against writers for as long as the connection is kept.
fn lock(path: &Path) -> Step<Connection> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(PATIENCE)?;
    connection.execute_batch("BEGIN IMMEDIATE")?;
    Ok(connection)
}
