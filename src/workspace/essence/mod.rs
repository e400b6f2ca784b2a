//! What of a file is more than its layout: what tells an edit from a run of a formatter.

mod rust;

use crate::lock::hash;

/// The hash of what a file says, however it is laid out: line endings, white space at the end of lines
/// and, in Rust, all that a formatter may change do not count.
pub fn essence(path: &str, content: &[u8]) -> String {
    let Ok(text) = std::str::from_utf8(content) else {
        return hash(content);
    };
    if path.ends_with(".rs")
        && let Some(tokens) = rust::essence(text)
    {
        return hash(tokens.as_bytes());
    }
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    hash(lines.join("\n").trim_end().as_bytes())
}
