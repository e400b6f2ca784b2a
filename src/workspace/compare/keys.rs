//! The keys of manifests: read, set and removed, however they are spelt.

use std::collections::BTreeMap;

use toml_edit::{Array, DocumentMut, Item, Table, TableLike, Value};

use crate::lock::hash;

/// A key of a manifest: the names that lead to it. An element of a list of strings has the list's, and one more
/// that is the element.
pub(super) type Key = Vec<String>;

/// Marks the name that is an element of a list.
const ELEMENT: &str = "[]";

/// The keys of a manifest that the tool renders, each with the hash of its value; none where it is no TOML.
pub fn keys(text: &str) -> BTreeMap<String, String> {
    let Ok(document) = text.parse::<DocumentMut>() else {
        return BTreeMap::new();
    };
    let leaves = leaves(document.as_table()).into_iter();
    leaves
        .map(|(key, value)| (shown(&key), hashed(&value)))
        .collect()
}

/// The values of a table by their keys, however they are spelt: as tables, inline, dotted.
pub(super) fn leaves(table: &dyn TableLike) -> BTreeMap<Key, Value> {
    let mut leaves = BTreeMap::new();
    collect(&[], table, &mut leaves);
    leaves
}

fn collect(prefix: &[String], table: &dyn TableLike, leaves: &mut BTreeMap<Key, Value>) {
    for (name, item) in table.iter() {
        let key = [prefix, &[name.to_owned()]].concat();
        if let Some(table) = item.as_table_like() {
            collect(&key, table, leaves);
        } else if let Some(elements) = item.as_array().filter(|array| is_of_texts(array)) {
            for element in elements.iter().filter_map(Value::as_str) {
                let key = [&key[..], &[ELEMENT.to_owned(), element.to_owned()]].concat();
                leaves.insert(key, Value::from(element));
            }
        } else if let Some(value) = item.as_value() {
            leaves.insert(key, value.clone());
        }
    }
}

fn is_of_texts(array: &Array) -> bool {
    array.iter().all(Value::is_str)
}

/// The hash of a value, however it is spaced.
pub(super) fn hashed(value: &Value) -> String {
    let mut value = value.clone();
    value.decor_mut().clear();
    hash(value.to_string().trim().as_bytes())[..16].to_owned()
}

pub(super) fn shown(key: &Key) -> String {
    key.join(".")
}

/// The list that a key is an element of, and the element.
fn element(key: &Key) -> Option<(&[String], &str)> {
    match key.as_slice() {
        [list @ .., mark, element] if mark == ELEMENT => Some((list, element)),
        _ => None,
    }
}

/// Sets a key; whether something else in its way did not forbid that.
pub(super) fn set(table: &mut Table, key: &Key, value: &Value) -> bool {
    if let Some((list, element)) = element(key) {
        let Some(item) = entry(table, list) else {
            return false;
        };
        if item.is_none() {
            *item = Item::Value(Value::Array(Array::new()));
        }
        return item.as_array_mut().is_some_and(|array| {
            array.push(element);
            true
        });
    }
    let Some(item) = entry(table, key) else {
        return false;
    };
    let decor = item.as_value().map(|old| old.decor().clone());
    let mut value = value.clone();
    value.decor_mut().clear();
    if let Some(decor) = decor {
        *value.decor_mut() = decor;
    }
    *item = Item::Value(value);
    true
}

/// The place of a key; tables on the way are made. `None` when something on the way is no table.
fn entry<'t>(table: &'t mut Table, key: &[String]) -> Option<&'t mut Item> {
    let (last, parents) = key.split_last()?;
    let mut at: &mut dyn TableLike = table;
    for (depth, name) in parents.iter().enumerate() {
        let sorted = is_sorted(at);
        if !at.contains_key(name) {
            let new = match depth {
                // `serde.workspace = true` in `[dependencies]`.
                0 => Item::Table(Table::new()),
                _ => Item::Table(dotted()),
            };
            at.insert(name, new);
            if sorted && depth > 0 {
                at.sort_values();
            }
        }
        at = at.get_mut(name)?.as_table_like_mut()?;
    }
    let sorted = is_sorted(at);
    if !at.contains_key(last) {
        at.insert(last, Item::Value(Value::from(false)));
        if sorted {
            at.sort_values();
        }
        let item = at.get_mut(last)?;
        *item = Item::None;
        return Some(item);
    }
    at.get_mut(last)
}

fn dotted() -> Table {
    let mut table = Table::new();
    table.set_dotted(true);
    table
}

/// Puts an inline table that a key is in to where there is none yet, as it was rendered.
pub(super) fn graft(table: &mut dyn TableLike, rendered: &dyn TableLike, key: &[String]) {
    let Some((first, rest)) = key.split_first() else {
        return;
    };
    let Some(new) = rendered.get(first) else {
        return;
    };
    match table.get_mut(first) {
        Some(old) => {
            if let (Some(old), Some(new)) = (old.as_table_like_mut(), new.as_table_like()) {
                graft(old, new, rest);
            }
        }
        None if new.is_inline_table() => {
            let sorted = is_sorted(table);
            table.insert(first, new.clone());
            if sorted {
                table.sort_values();
            }
        }
        None => {}
    }
}

fn is_sorted(table: &dyn TableLike) -> bool {
    table.iter().map(|(name, _)| name.to_owned()).is_sorted()
}

/// Removes a key, and the tables that are empty without it.
pub(super) fn remove(table: &mut dyn TableLike, key: &[String]) {
    if let [name, mark, element] = key
        && mark == ELEMENT
    {
        if let Some(array) = table.get_mut(name).and_then(Item::as_array_mut) {
            array.retain(|value| value.as_str() != Some(element));
        }
        return;
    }
    let Some((first, rest)) = key.split_first() else {
        return;
    };
    let is_empty = match table.get_mut(first).and_then(Item::as_table_like_mut) {
        Some(inner) if !rest.is_empty() => {
            remove(inner, rest);
            inner.is_empty()
        }
        _ => rest.is_empty(),
    };
    if is_empty {
        table.remove(first);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(text: &str) -> DocumentMut {
        text.parse().unwrap()
    }

    #[test]
    fn a_key_is_the_same_however_it_is_spelt() {
        let spellings = [
            "[dependencies]\nserde = { workspace = true, features = [\"rc\"] } # mine\n",
            "dependencies.serde.workspace = true\ndependencies.serde.features = [ \"rc\", ]\n",
            "[dependencies.serde]\nfeatures = [\"rc\"]\nworkspace = true\n",
        ];
        let [one, other, last] = spellings.map(keys);
        assert_eq!(one.len(), 2);
        assert_eq!(one, other);
        assert_eq!(one, last);
    }

    #[test]
    fn keys_are_set_where_they_belong() {
        let mut document = table("# mine\n[dependencies]\na = \"1\" # old\nc.workspace = true\n");
        let key = |text: &str| text.split('/').map(str::to_owned).collect::<Key>();
        assert!(set(
            &mut document,
            &key("dependencies/a"),
            &Value::from("2")
        ));
        assert!(set(
            &mut document,
            &key("dependencies/b/workspace"),
            &Value::from(true)
        ));
        assert!(set(
            &mut document,
            &key("lints/workspace"),
            &Value::from(true)
        ));
        assert!(set(
            &mut document,
            &key("features/x/[]/y"),
            &Value::from("y")
        ));
        remove(document.as_table_mut(), &key("dependencies/c/workspace"));
        let expected = "# mine\n[dependencies]\na = \"2\" # old\nb.workspace = true\n\n\
                        [lints]\nworkspace = true\n\n[features]\nx = [\"y\"]\n";
        assert_eq!(document.to_string(), expected);
    }
}
