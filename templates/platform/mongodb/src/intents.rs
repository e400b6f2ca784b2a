//! What a transaction puts into documents before it happens.

use mongodb::bson::oid::ObjectId;
use mongodb::bson::{Bson, Document, doc};

use super::document_state::{DocumentState, both};
use super::fields::{ADDED, CLAIMS, ID, INTENT, REVISION, STUB};
use super::store::Address;

/// How many documents and bytes one command writes at most.
const COMMAND: (usize, usize) = (1_000, 12 << 20);

/// Whether nothing is left of the document.
pub(super) fn is_removed(state: &DocumentState) -> bool {
    match state.changed {
        true => state.now.is_none(),
        false => state.seen.is_none(),
    }
}

/// The document as it was read, held by nobody; `None`: there was none.
pub(super) fn bound(address: &Address, state: &DocumentState) -> Option<Document> {
    let seen = state.seen.as_ref()?;
    let revision = seen.get(REVISION).cloned().unwrap_or(Bson::Null);
    let mut bound = doc! { ID: &address.1, REVISION: revision, INTENT: { "$exists": false } };
    bound.extend(state.shard_filter(Some(seen)));
    Some(bound)
}

/// What is to become of a document.
pub(super) fn intent(tx: ObjectId, state: &DocumentState, position: i64) -> Document {
    let mut intent = doc! { "id": tx };
    if state.changed
        && let Some(fields) = state.fields(position)
    {
        intent.insert("set", fields);
        for (list, more) in state.pushes() {
            let mut names = ADDED.iter();
            if let Some((_, name)) = names.find(|(added, _)| *added == list) {
                intent.insert(*name, more);
            }
        }
    }
    intent
}

/// What locking sets: what the document will have of unique constraints is its own from now on.
pub(super) fn prepared(state: &DocumentState, mut intent: Document) -> Document {
    let (seen, now) = state.claims();
    if !state.changed || seen == now {
        return doc! { INTENT: intent };
    }
    let claims = both(&seen, &now);
    intent.insert("undo", doc! { CLAIMS: seen });
    doc! { INTENT: intent, CLAIMS: claims }
}

/// What stands in the place of a document that is not there.
pub(super) fn stub(address: &Address, state: &DocumentState, intent: Document) -> Document {
    let (_, claims) = state.claims();
    let revision = ObjectId::new();
    let mut stub = doc! { ID: &address.1, REVISION: revision, STUB: true, INTENT: intent };
    stub.extend(state.shard_filter(state.now.as_ref()));
    if !claims.is_empty() {
        stub.insert(CLAIMS, claims);
    }
    stub
}

/// Divides writes into what one command takes.
pub(super) fn chunks(writes: Vec<Document>) -> Vec<Vec<Document>> {
    let mut chunks: Vec<Vec<Document>> = Vec::new();
    let mut size = usize::MAX;
    for write in writes {
        let bytes = write.to_vec().map_or(0, |bytes| bytes.len());
        match chunks.last_mut() {
            Some(chunk) if chunk.len() < COMMAND.0 && size + bytes <= COMMAND.1 => {
                size += bytes;
                chunk.push(write);
            }
            _ => {
                size = bytes;
                chunks.push(vec![write]);
            }
        }
    }
    chunks
}
