//! Taking a construct out of a description.

use toml_edit::{DocumentMut, Item, TableLike, TomlError};

use super::at;

/// The text without what stands at a path; `None` when nothing does. A comment right above it goes with it,
/// one that an empty line sets off stays.
///
/// # Errors
/// When the text is not TOML.
pub fn remove(text: &str, path: &[String]) -> Result<Option<String>, TomlError> {
    let mut document: DocumentMut = text.parse()?;
    let Some(item) = at(&document, path) else {
        return Ok(None);
    };
    let kept = item.as_table().and_then(|table| {
        let prefix = table.decor().prefix()?.as_str()?;
        let (kept, _) = prefix.rsplit_once("\n\n")?;
        kept.contains('#')
            .then(|| (table.position(), kept.to_owned()))
    });
    take(&mut document, path);
    if let Some((position, kept)) = kept {
        keep(&mut document, position, &kept);
    }
    Ok(Some(document.to_string()))
}

/// Removes what stands at a path, and the tables that hold nothing else.
pub(super) fn take(document: &mut DocumentMut, path: &[String]) {
    take_from(document.as_table_mut(), path);
}

fn take_from(table: &mut dyn TableLike, path: &[String]) {
    let Some((first, rest)) = path.split_first() else {
        return;
    };
    let is_empty = match table.get_mut(first).and_then(Item::as_table_like_mut) {
        Some(inner) if !rest.is_empty() => {
            take_from(inner, rest);
            inner.is_empty()
        }
        _ => rest.is_empty(),
    };
    if is_empty {
        table.remove(first);
    }
}

/// Keeps a comment before the table that comes next.
fn keep(document: &mut DocumentMut, position: Option<isize>, comment: &str) {
    let mut next = None;
    nearest(document.as_table(), position, &mut next);
    match next {
        Some(next) => put_before(document.as_table_mut(), next, comment),
        None => {
            let trailing = document.trailing().as_str().unwrap_or_default();
            let trailing = format!("{trailing}{comment}\n");
            document.set_trailing(trailing);
        }
    }
}

fn nearest(table: &dyn TableLike, after: Option<isize>, found: &mut Option<isize>) {
    for (_, item) in table.iter() {
        let Some(inner) = item.as_table() else {
            continue;
        };
        let position = inner.position().filter(|it| Some(*it) > after);
        if let Some(position) = position.filter(|_| !inner.is_implicit() && !inner.is_dotted()) {
            *found = Some(found.map_or(position, |found| found.min(position)));
        }
        nearest(inner, after, found);
    }
}

fn put_before(table: &mut dyn TableLike, position: isize, comment: &str) {
    for (_, item) in table.iter_mut() {
        let Some(inner) = item.as_table_mut() else {
            continue;
        };
        if inner.position() == Some(position) && !inner.is_implicit() && !inner.is_dotted() {
            let prefix = inner
                .decor()
                .prefix()
                .and_then(|it| it.as_str())
                .unwrap_or_default();
            let prefix = format!("{comment}\n{prefix}");
            inner.decor_mut().set_prefix(prefix);
            return;
        }
        put_before(inner, position, comment);
    }
}
