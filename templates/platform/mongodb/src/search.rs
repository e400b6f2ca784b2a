//! Searches of a collection that pass over what is half applied.

use mongodb::bson::{Bson, Document, doc};

use super::error::Error;
use super::store::{Store, all, locking_transaction};

/// A search of a collection.
#[derive(Debug)]
pub(super) struct Search {
    /// What is found.
    pub(super) filter: Document,
    /// In which order.
    pub(super) sort: Document,
    /// Which fields of it.
    pub(super) projection: Document,
    /// How many at most; 0: all.
    pub(super) limit: i64,
}

impl Search {
    /// All there is, as it is.
    pub(super) fn all(filter: Document) -> Self {
        Self {
            filter,
            sort: Document::new(),
            projection: Document::new(),
            limit: 0,
        }
    }
}

impl Store {
    /// What a search finds. What a transaction that has happened has made of it is applied before.
    pub(super) async fn read(
        &self,
        collection: &str,
        search: &Search,
    ) -> Result<Vec<Document>, Error> {
        loop {
            let found = self
                .majority(collection)
                .find(search.filter.clone())
                .sort(search.sort.clone())
                .projection(search.projection.clone())
                .limit(search.limit)
                .await?;
            let found = all(found).await?;
            let held: Vec<Bson> = found.iter().filter_map(locking_transaction).collect();
            if held.is_empty() || !self.roll_forward_those(doc! { "$in": held }).await? {
                return Ok(found);
            }
        }
    }
}
