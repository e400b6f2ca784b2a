//! Processes that are killed, and others that are not there.

use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;
use tokio::time::timeout;

use super::wire::Random;
use super::world::World;
use super::{Step, Subject, ended, hold_against, reference};

/// How often a process is killed in one of the worlds where that happens at random.
const KILLS: u32 = 3;
/// What decides when: one number for each world.
const SEEDS: [u64; 3] = [0x00c0_ffee, 0xdead_beef, 0x0bad_cafe];

impl Subject {
    /// The process is killed between the commit of a command and the deletion of its event from the
    /// outbox; the caller repeats the request.
    ///
    /// # Panics
    /// When that makes a difference.
    pub fn is_killed_before_it_has_published(self) {
        let places = [
            "unit-of-work.before-commit",
            "unit-of-work.after-commit",
            "relay.before-publish",
            "relay.before-acknowledge",
        ];
        self.survives_each(&places, async |world, place| {
            world.start_held(place).await?;
            world.ask_until_held().await?;
            world.kill().await?;
            world.start().await?;
            world.ask_all().await?;
            world.peers.publish_all().await
        });
    }

    /// The process is killed at each of these places while it handles messages.
    ///
    /// # Panics
    /// When that makes a difference.
    pub fn is_killed_at(self, places: &[&'static str]) {
        self.survives_each(places, async |world, place| {
            world.start_held(place).await?;
            world.peers.publish_all().await?;
            world.ask_until_held().await?;
            world.kill().await?;
            world.start().await?;
            world.ask_all().await
        });
    }

    /// The process is killed several times while messages come in and requests are sent.
    ///
    /// # Panics
    /// When that makes a difference.
    pub fn is_killed_at_random(self) {
        self.survives_each(&SEEDS, async |world, seed| {
            world.peers.commit_all().await;
            let peers = world.peers.clone();
            let coming = async {
                for message in peers.messages() {
                    peers.publish(vec![message]).await?;
                    tokio::time::sleep(Duration::from_millis(2)).await;
                }
                Ok(())
            };
            let (came, killed) = tokio::join!(coming, world.kill_some(Random(seed)));
            came.and(killed)?;
            world.start().await?;
            world.ask_all().await
        });
    }

    /// Two instances share the files; the one that was there first is killed in the middle.
    ///
    /// # Panics
    /// When that makes a difference.
    pub fn is_two(self) {
        self.survives(async |world| {
            world.start().await?;
            world.start().await?;
            world.peers.commit_all().await;
            let mut first = world.peers.messages();
            let second = first.split_off(first.len() / 2);
            world.peers.publish(first).await?;
            world.ask_all().await?;
            world.peers.publish(second).await?;
            world.programs.swap(0, 1);
            world.kill().await?;
            world.ask_all().await
        });
    }

    /// Nobody else runs: no other service, and for a while no broker. Requests are answered
    /// nevertheless, and what was published while the service was down is heard.
    ///
    /// # Panics
    /// When that makes a difference.
    pub fn is_left_alone(self) {
        let subject = std::sync::Arc::new(self);
        let end = ended(World::new(&subject), async |world| {
            world.start().await?;
            world.until_begun().await?;
            world.ask_without_broker().await?;
            world.stop_all().await?;
            world.peers.publish_all().await?;
            world.peers.answer().await?;
            world.start().await
        });
        hold_against(reference(&subject), &end);
    }
}

impl World {
    /// Sends all requests while the broker does not answer.
    async fn ask_without_broker(&mut self) -> Step {
        let broker = match self.places.at.broker.scheme() {
            "embedded" => Some(lock(&self.places.at.broker.path())?),
            _ => {
                self.stop_all().await?;
                self.start_alone().await?;
                None
            }
        };
        self.ask_all().await?;
        // The relay is to meet with that.
        tokio::time::sleep(Duration::from_millis(200)).await;
        drop(broker);
        Ok(())
    }

    /// Sends the first request, and waits until the process is held; it may never answer.
    async fn ask_until_held(&mut self) -> Step {
        let mut program = self.programs.pop().ok_or("no instance runs")?;
        let client = program.client.clone();
        let asked = async {
            for number in 0..self.subject.examples.requests.len() {
                // Whether and what it answers does not matter: it is asked again.
                let _ = self.ask(&client, number).await;
            }
            std::future::pending::<()>().await;
        };
        let held = tokio::select! {
            held = program.held() => held,
            () = asked => Ok(()),
        };
        self.programs.push(program);
        held
    }

    /// Starts the process, asks it, and kills it, several times.
    async fn kill_some(&mut self, mut random: Random) -> Step {
        for _ in 0..KILLS {
            self.start().await?;
            let life = Duration::from_millis(5 + random.below(300));
            // It dies before, while or after it is asked.
            if let Ok(answered) = timeout(life, self.ask_all()).await {
                answered?;
                tokio::time::sleep(Duration::from_millis(random.below(100))).await;
            }
            self.kill().await?;
        }
        Ok(())
    }
}

/// Locks a database of SQLite against writers for as long as the connection is kept.
fn lock(path: &Path) -> Step<Connection> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(super::program::PATIENCE)?;
    connection.execute_batch("BEGIN IMMEDIATE")?;
    Ok(connection)
}
