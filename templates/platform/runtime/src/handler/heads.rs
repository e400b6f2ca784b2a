//! The first document of every group.

use platform_ports::engine::{Document, Documents, DocumentsQuery, Engine, EngineError};

/// How many documents are read in one go.
const AT_ONCE: u32 = 500;

/// The first document of each group whose name, and so its key, starts with `prefix`.
pub(super) async fn heads(
    engine: &dyn Engine,
    collection: Documents,
    prefix: &str,
) -> Result<Vec<Document>, EngineError> {
    let mut heads = Vec::new();
    let mut after = prefix.to_owned();
    loop {
        let query = DocumentsQuery {
            collection,
            group: None,
            due_by: None,
            heads_only: true,
            after: Some(after),
            limit: AT_ONCE,
        };
        let page = engine.documents(&query).await?;
        let full = page.len() >= AT_ONCE as usize;
        let last = page.last().map(|last| last.key.clone());
        heads.extend(
            page.into_iter()
                .take_while(|head| head.group.starts_with(prefix)),
        );
        match last {
            Some(last) if full && last.starts_with(prefix) => after = last,
            _ => return Ok(heads),
        }
    }
}
