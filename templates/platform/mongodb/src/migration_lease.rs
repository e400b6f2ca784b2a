//! The lease of the one instance that migrates.

use std::time::{Duration, Instant};

use mongodb::bson::{DateTime, Document, doc};
use platform_ports::engine::OpenError;
use uuid::Uuid;

use super::connect::Connection;
use super::error::duplicate;
use super::fields::ID;

const COLLECTION: &str = "microdb_migrating";

/// How long an instance may be busy with one command before others take over, in milliseconds.
const LEASE_MS: i64 = 600_000;

/// How long an instance waits for others.
const PATIENCE: Duration = Duration::from_secs(1_800);

/// The pause between two looks at the lock.
const PAUSE: Duration = Duration::from_millis(50);

/// The lease of one instance, by the database's clock.
pub(super) struct MigrationLease<'a> {
    connection: &'a Connection,
    owner: String,
}

impl<'a> MigrationLease<'a> {
    /// Waits until it is this instance's.
    pub(super) async fn take(connection: &'a Connection) -> Result<Self, OpenError> {
        let owner = Uuid::now_v7().to_string();
        let lease = Self { connection, owner };
        let started = Instant::now();
        while !lease.renew().await? {
            if started.elapsed() > PATIENCE {
                return Err(OpenError::Unusable(
                    "another instance has been migrating it for long".to_owned(),
                ));
            }
            tokio::time::sleep(PAUSE).await;
        }
        Ok(lease)
    }

    /// Takes or renews it; whether it is this instance's.
    pub(super) async fn renew(&self) -> Result<bool, OpenError> {
        let failed = |error| self.connection.failed(&error);
        let until = doc! { "$add": ["$$NOW", LEASE_MS] };
        let taken = vec![doc! { "$set": { "owner": &self.owner, "until": &until } }];
        let collection = self.connection.database.collection::<Document>(COLLECTION);
        let own = doc! { "owner": &self.owner };
        let over = doc! { "$expr": { "$lte": ["$until", "$$NOW"] } };
        for mut free in [own, over] {
            free.insert(ID, "turn");
            let updated = collection.update_one(free, taken.clone()).await;
            if updated.map_err(failed)?.matched_count == 1 {
                return Ok(true);
            }
        }
        // By this machine's clock for the moment: who is killed now does not hold it for good.
        let until = DateTime::from_millis(DateTime::now().timestamp_millis() + LEASE_MS);
        let new = doc! { ID: "turn", "owner": &self.owner, "until": until };
        match collection.insert_one(new).await {
            Ok(_) => self.renewed_from(taken).await,
            Err(error) if duplicate(&error).is_some() => Ok(false),
            Err(error) => Err(failed(error)),
        }
    }

    /// Gives a new lease its end by the database's clock.
    async fn renewed_from(&self, taken: Vec<Document>) -> Result<bool, OpenError> {
        let own = doc! { ID: "turn", "owner": &self.owner };
        let collection = self.connection.database.collection::<Document>(COLLECTION);
        let updated = collection.update_one(own, taken).await;
        let updated = updated.map_err(|error| self.connection.failed(&error))?;
        Ok(updated.matched_count == 1)
    }

    /// Gives it back.
    pub(super) async fn release(self) {
        let own = doc! { ID: "turn", "owner": &self.owner };
        let collection = self.connection.database.collection::<Document>(COLLECTION);
        if let Err(error) = collection.delete_one(own).await {
            tracing::debug!(%error, "the turn of migrating ends by itself");
        }
    }
}
