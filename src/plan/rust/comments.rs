//! Comments.

/// Lines of a comment that start with `mark`, as rustdoc may read them.
///
/// Who writes a description does not think of rustdoc, for which code in Markdown is a test to
/// compile: so code is marked as text, and what is indented is so by three spaces at most where a
/// paragraph begins, which makes no code of it.
pub fn comment(mark: &str, text: &str) -> String {
    let mut comment = String::new();
    let (mut fence, mut begins) = (None, true);
    for line in text.trim().lines() {
        let line = line.trim_end().replace('\t', "    ");
        let inner = line.trim_start();
        let indent = line.len() - inner.len();
        let found = ["```", "~~~"]
            .into_iter()
            .find(|fence| inner.starts_with(fence));
        let line = match (fence, found) {
            (None, Some(opened)) => {
                fence = found;
                let end = inner.len() - inner.trim_start_matches(&opened[..1]).len();
                format!("{}{}text", " ".repeat(indent.min(3)), &inner[..end])
            }
            (Some(open), Some(closed)) if open == closed => {
                fence = None;
                line.clone()
            }
            (None, None) if begins => format!("{}{inner}", " ".repeat(indent.min(3))),
            _ => line.clone(),
        };
        begins = inner.is_empty();
        comment.push_str(format!("{mark} {line}").trim_end());
        comment.push('\n');
    }
    comment
}
