//! The standby of the tests' server.

use std::time::Duration;

use sqlx::{Connection, Executor, PgConnection, Row};
use tokio::sync::{Mutex, MutexGuard};

use crate::servers::server;

/// The administrator's URL, when there is one.
pub fn standby() -> Option<String> {
    server("TEST_POSTGRES_REPLICA_URL")
}

/// One test at a time holds up the standby that all share.
static TURN: Mutex<()> = Mutex::const_new(());

/// The standby receives, but replays nothing, as long as this lasts.
pub struct Paused {
    session: Option<PgConnection>,
    _turn: MutexGuard<'static, ()>,
}

impl Paused {
    /// Holds it up.
    pub async fn new(administrator: &str) -> Self {
        let turn = TURN.lock().await;
        let session = PgConnection::connect(administrator).await;
        let mut session = session.expect("the standby");
        let pause = session.execute("SELECT pg_wal_replay_pause()").await;
        pause.expect("it is to pause");
        loop {
            let state = "SELECT pg_get_wal_replay_pause_state()";
            let state = session.fetch_one(state).await.expect("an answer");
            if state.get::<String, _>(0) == "paused" {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        Self {
            session: Some(session),
            _turn: turn,
        }
    }

    /// Lets it go on.
    pub async fn end(mut self) {
        if let Some(session) = self.session.take() {
            resume(session).await;
        }
    }
}

impl Drop for Paused {
    fn drop(&mut self) {
        // A test has failed: the others are to pass all the same.
        if let Some(session) = self.session.take() {
            tokio::spawn(resume(session));
        }
    }
}

async fn resume(mut session: PgConnection) {
    let resumed = session.execute("SELECT pg_wal_replay_resume()").await;
    resumed.expect("it is to go on");
    session.close().await.expect("the end of the session");
}
