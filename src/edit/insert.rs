//! Putting a construct into a description, behind those of its kind.

use toml_edit::{DocumentMut, Item, Table, TableLike, TomlError, Value};

use super::construct::inline;
use super::{Construct, at, facts};

/// What became of a construct.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Inserted {
    /// The text with it.
    New(String),
    /// It is there already, just so.
    Same,
    /// Something else is there that is called so.
    Different,
}

/// Puts a construct into the text of a file.
///
/// # Errors
/// When the text is not TOML.
pub fn insert(text: &str, construct: &Construct) -> Result<Inserted, TomlError> {
    let mut document: DocumentMut = text.parse()?;
    if let Some(known) = at(&document, &construct.path) {
        return Ok(match facts(known) == facts(&construct.item) {
            true => Inserted::Same,
            false => Inserted::Different,
        });
    }
    let Some((name, parents)) = construct.path.split_last() else {
        return Ok(Inserted::Same);
    };
    let mut place: &mut dyn TableLike = document.as_table_mut();
    for (depth, parent) in parents.iter().enumerate() {
        let is_fields = depth + 1 == parents.len() && !construct.item.is_table();
        if !place.contains_key(parent) {
            let mut table = Table::new();
            match is_fields {
                true => table.set_dotted(true),
                false => table.set_implicit(true),
            }
            place.insert(parent, Item::Table(table));
        }
        let Some(inner) = place.get_mut(parent).and_then(Item::as_table_like_mut) else {
            return Ok(Inserted::Different);
        };
        place = inner;
    }
    place.insert(name, item(construct));
    let text = document.to_string();
    // What stands within a line cannot have a table below it.
    match text
        .parse::<DocumentMut>()
        .is_ok_and(|it| at(&it, &construct.path).is_some())
    {
        true => Ok(Inserted::New(text)),
        false => within_a_line(text_before(&document, construct), construct),
    }
}

fn text_before(document: &DocumentMut, construct: &Construct) -> DocumentMut {
    let mut document = document.clone();
    super::remove::take(&mut document, &construct.path);
    document
}

/// Puts a construct into a table that is written within a line.
fn within_a_line(mut document: DocumentMut, construct: &Construct) -> Result<Inserted, TomlError> {
    let Some((name, parents)) = construct.path.split_last() else {
        return Ok(Inserted::Same);
    };
    let mut place: &mut dyn TableLike = document.as_table_mut();
    for parent in parents {
        let item = place
            .entry(parent)
            .or_insert(Item::Value(Value::InlineTable(Default::default())));
        let Some(inner) = item.as_table_like_mut() else {
            return Ok(Inserted::Different);
        };
        place = inner;
    }
    let value = match construct.item.as_table_like() {
        Some(table) => Value::InlineTable(inline(table)),
        None => construct
            .item
            .as_value()
            .cloned()
            .unwrap_or(Value::from(false)),
    };
    place.insert(name, Item::Value(value));
    Ok(Inserted::New(document.to_string()))
}

/// The item as it is to stand: a table of its own is set off by an empty line.
fn item(construct: &Construct) -> Item {
    let mut item = construct.item.clone();
    if let Some(table) = item.as_table_mut() {
        renumbered(table);
        table.decor_mut().set_prefix("\n");
    }
    item
}

/// Tables of another document go where they are put.
fn renumbered(table: &mut Table) {
    table.set_position(None);
    for (_, item) in table.iter_mut() {
        if let Some(table) = item.as_table_mut() {
            renumbered(table);
        }
    }
}
