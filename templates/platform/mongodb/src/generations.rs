//! Removes what a generation of a handler leaves behind when it is no longer used.

use mongodb::bson::doc;
use platform_contract::schema::Schema;
use platform_ports::engine::Generation;

use super::error::Error;
use super::fields::{APPLIED_SEQUENCES, OFFSETS};
use super::rows::of_generation;
use super::store::Store;

impl Store {
    /// Deletes its rows, applied sequences and offsets.
    pub(super) async fn drop_generation(
        &self,
        schema: Option<&Schema>,
        handler: &str,
        generation: Generation,
    ) -> Result<(), Error> {
        if let Some(schema) = schema.filter(|schema| schema.generations) {
            let rows = of_generation(schema, generation);
            self.collection(schema.table).delete_many(rows).await?;
        }
        let progress = doc! { "handler": handler, "generation": i64::from(generation) };
        self.collection(APPLIED_SEQUENCES)
            .delete_many(progress.clone())
            .await?;
        self.collection(OFFSETS).delete_many(progress).await?;
        Ok(())
    }
}
