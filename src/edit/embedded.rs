//! A description for a first try, with nothing to install.

use toml_edit::{DocumentMut, Item, TableLike, value};

/// The description with every context on SQLite and the embedded broker, and without what these have no use
/// for: read replicas, caches, shards.
///
/// # Errors
/// When the text is not TOML.
pub fn embedded(text: &str) -> Result<String, toml_edit::TomlError> {
    let mut document: DocumentMut = text.parse()?;
    if let Some(system) = document.get_mut("system").and_then(Item::as_table_like_mut)
        && let Some(broker) = system.get_mut("broker")
    {
        replace(broker, "embedded");
    }
    if let Some(contexts) = document
        .get_mut("contexts")
        .and_then(Item::as_table_like_mut)
    {
        for (_, context) in contexts.iter_mut() {
            if let Some(context) = context.as_table_like_mut()
                && let Some(database) = context.get_mut("database")
            {
                replace(database, "sqlite");
            }
            if let Some(context) = context.as_table_like_mut() {
                context.remove("scale");
                unsharded(context);
            }
        }
    }
    Ok(document.to_string())
}

/// A file is not divided.
fn unsharded(context: &mut dyn TableLike) {
    let aggregates = context.get_mut("aggregates");
    let aggregates = aggregates.and_then(Item::as_table_like_mut).into_iter();
    for (_, aggregate) in aggregates.flat_map(TableLike::iter_mut) {
        if let Some(aggregate) = aggregate.as_table_like_mut() {
            aggregate.remove("shard_by");
        }
    }
}

/// Puts another text in place, with the spacing and the comment of the old one.
fn replace(item: &mut Item, text: &str) {
    let decor = item.as_value().map(|old| old.decor().clone());
    *item = value(text);
    if let (Some(decor), Some(new)) = (decor, item.as_value_mut()) {
        *new.decor_mut() = decor;
    }
}
