//! Changes of descriptions that keep what their users wrote: comments, order, spacing.

mod construct;
mod embedded;
mod insert;
mod remove;

use toml_edit::{DocumentMut, Item, TableLike};

pub use construct::{Construct, ConstructError, Kind, System, fragment};
pub use embedded::embedded;
pub use insert::{Inserted, insert};
pub use remove::remove;

/// What stands at a path.
fn at<'t>(document: &'t DocumentMut, path: &[String]) -> Option<&'t Item> {
    let mut item = document.as_item();
    for name in path {
        item = item.as_table_like()?.get(name)?;
    }
    Some(item)
}

/// Which of the files a construct belongs into: where its context has others of its kind, where its context
/// is, the first.
pub fn file_of(texts: &[(String, String)], path: &[String]) -> usize {
    let documents = texts
        .iter()
        .map(|(_, text)| text.parse::<DocumentMut>().unwrap_or_default());
    let documents: Vec<DocumentMut> = documents.collect();
    let mut depths = (1..path.len()).rev();
    let found = depths.find_map(|depth| {
        let mut files = documents.iter();
        files.position(|document| at(document, &path[..depth]).is_some())
    });
    found.unwrap_or(0)
}

/// The facts of an item, however it is spelt.
fn facts(item: &Item) -> Vec<(String, String)> {
    fn walk(prefix: &str, table: &dyn TableLike, facts: &mut Vec<(String, String)>) {
        for (name, item) in table.iter() {
            let path = format!("{prefix}.{name}");
            match item.as_table_like() {
                Some(table) => walk(&path, table, facts),
                None => facts.push((path, squeezed(item))),
            }
        }
    }
    let mut all = Vec::new();
    match item.as_table_like() {
        Some(table) => walk("", table, &mut all),
        None => all.push((String::new(), squeezed(item))),
    }
    all.sort();
    all
}

/// A value without its spacing.
fn squeezed(item: &Item) -> String {
    item.to_string().split_whitespace().collect()
}
