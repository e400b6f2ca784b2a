//! Processes that are killed.

use std::time::Duration;

use tokio::time::timeout;

use super::examples::Phase;
use super::wire::Random;
use super::world::World;
use super::{Subject, TestResult};

/// How often a process is killed at random in a phase, or while it gets requests.
const KILLS: u32 = 2;
/// What decides when: one number for each world.
const SEEDS: [u64; 3] = [0x00c0_ffee, 0xdead_beef, 0x0bad_cafe];

impl Subject {
    /// The process is killed between the commit of a command and the deletion of its event from the
    /// outbox; the caller repeats the request.
    ///
    /// # Panics
    /// When that makes a difference.
    pub fn is_killed_before_it_has_published(self) {
        let points = [
            "unit-of-work.before-commit",
            "unit-of-work.after-commit",
            "relay.before-publish",
            "relay.before-acknowledge",
        ];
        self.survives_each(
            // What is refused has nothing to publish.
            |reference| reference.reached_by_requests(&points),
            async |world, point| {
                world.start().await?;
                world.hear_all().await?;
                world.stop_all().await?;
                world.start_held(point).await?;
                world.go_on_until_held().await?;
                world.kill().await?;
                world.start().await?;
                world.send_all_requests().await
            },
        );
    }

    /// The process is killed at each of these fail points while it handles messages, as far as it comes
    /// there at all.
    ///
    /// # Panics
    /// When that makes a difference.
    pub fn is_killed_at(self, points: &[&'static str]) {
        self.survives_each(
            |reference| reference.reached(points),
            async |world, point| {
                world.start_held(point).await?;
                world.go_on_until_held().await?;
                world.kill().await?;
                world.start().await?;
                world.hear_all().await?;
                world.send_all_requests().await
            },
        );
    }

    /// The process is killed several times while messages come in, and while requests are sent.
    ///
    /// # Panics
    /// When that makes a difference.
    pub fn is_killed_at_random(self) {
        self.survives_each(
            |_| SEEDS.to_vec(),
            async |world, seed| {
                let mut random = Random(seed);
                for phase in world.peers.phases() {
                    world.hear_while_killed(phase, &mut random).await?;
                }
                world.request_while_killed(&mut random).await?;
                world.start().await?;
                world.send_all_requests().await
            },
        );
    }

    /// Two instances share the files; the one that was there first is killed in the middle of
    /// messages, and the next one in the middle of what comes of requests.
    ///
    /// # Panics
    /// When that makes a difference.
    pub fn is_two(self) {
        self.survives(async |world| {
            world.start().await?;
            world.start().await?;
            for phase in world.peers.phases() {
                world.peers.commit(phase).await;
                let mut first = world.peers.messages(phase);
                let second = first.split_off(first.len() / 2);
                world.peers.publish(first).await?;
                world.kill_first().await?;
                world.start().await?;
                world.peers.publish(second).await?;
                world.until_settled().await?;
            }
            world.send_all_requests().await?;
            world.kill_first().await?;
            world.send_all_requests().await
        });
    }
}

impl World {
    /// Lets all happen and sends all requests, until the process is held; it may never answer.
    async fn go_on_until_held(&mut self) -> TestResult {
        let mut program = self.programs.pop().ok_or("no instance runs")?;
        let client = program.client.clone();
        let going_on = async {
            self.hear_all().await?;
            self.send_requests(&client).await?;
            std::future::pending::<TestResult>().await
        };
        let held = tokio::select! {
            held = program.held() => held,
            failed = going_on => failed,
        };
        self.programs.push(program);
        held
    }

    /// Kills the instance that was there first.
    async fn kill_first(&mut self) -> TestResult {
        self.programs.remove(0).kill().await
    }

    /// Lets a phase happen while the process is started and killed, several times.
    async fn hear_while_killed(&mut self, phase: Phase, random: &mut Random) -> TestResult {
        self.peers.commit(phase).await;
        let peers = self.peers.clone();
        let coming = async {
            for message in peers.messages(phase) {
                peers.publish(vec![message]).await?;
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
            Ok(())
        };
        let killed = async {
            for _ in 0..KILLS {
                self.start().await?;
                tokio::time::sleep(life(random)).await;
                self.kill().await?;
            }
            Ok(())
        };
        let (came, killed): (TestResult, TestResult) = tokio::join!(coming, killed);
        came.and(killed)?;
        self.start().await?;
        self.until_settled().await?;
        self.kill().await
    }

    /// Starts the process, sends it requests, and kills it before, while or after it answers, several times.
    async fn request_while_killed(&mut self, random: &mut Random) -> TestResult {
        for _ in 0..KILLS {
            self.start().await?;
            let client = self.program()?.client.clone();
            if let Ok(answered) = timeout(life(random), self.send_requests(&client)).await {
                answered?;
                tokio::time::sleep(life(random) / 3).await;
            }
            self.kill().await?;
        }
        Ok(())
    }
}

/// How long a process lives.
fn life(random: &mut Random) -> Duration {
    Duration::from_millis(5 + random.below(300))
}
