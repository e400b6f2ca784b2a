//! Where a page ends, as a text that callers hand back: the order's values and the id of its last
//! row, and what tells the search from others.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::engine::{EngineError, Find, Stored};

/// The end of a page.
#[derive(Serialize, Deserialize)]
pub struct Cursor {
    /// What tells the search from others.
    of: Uuid,
    /// The values of the members that the answer is ordered by, in their JSON forms.
    pub values: Vec<Value>,
    /// The last row's id.
    pub id: Uuid,
}

impl Cursor {
    /// The end of a page of `find` whose last row is `last`.
    pub fn after(find: &Find, last: &Stored) -> Self {
        let value = |name: &str| match name {
            "id" => Value::String(last.id.to_string()),
            "version" => Value::from(last.version),
            "created_at" => Value::String(last.created_at.to_string()),
            "updated_at" => Value::String(last.updated_at.to_string()),
            name => last.members.get(name).cloned().unwrap_or(Value::Null),
        };
        Self {
            of: fingerprint(find),
            values: find.order.iter().map(|(name, _)| value(name)).collect(),
            id: last.id,
        }
    }

    /// Its text.
    pub fn encode(&self) -> Result<String, EngineError> {
        let json =
            serde_json::to_vec(self).map_err(|error| EngineError::Corrupt(error.to_string()))?;
        Ok(BASE64_URL_SAFE_NO_PAD.encode(json))
    }

    /// Reads the text of a cursor that a page of the same search ended with.
    pub fn decode(find: &Find, text: &str) -> Result<Self, EngineError> {
        let json = BASE64_URL_SAFE_NO_PAD
            .decode(text)
            .map_err(|_| EngineError::BadCursor)?;
        let cursor: Self = serde_json::from_slice(&json).map_err(|_| EngineError::BadCursor)?;
        if cursor.of != fingerprint(find) || cursor.values.len() != find.order.len() {
            return Err(EngineError::BadCursor);
        }
        Ok(cursor)
    }
}

/// The same for pages of one search, whatever their size and generation.
fn fingerprint(find: &Find) -> Uuid {
    let equals: Vec<_> = find
        .equals
        .iter()
        .map(|(name, value)| (name, value.to_string()))
        .collect();
    let range = find.range.as_ref().map(|(name, from, to)| {
        (
            name,
            from.as_ref().map(Value::to_string),
            to.as_ref().map(Value::to_string),
        )
    });
    let text = format!("{:?}", (find.schema.table, equals, range, find.order));
    Uuid::new_v5(&Uuid::NAMESPACE_OID, text.as_bytes())
}
