//! Texts of users that are changed, with the ends of lines that they have.

/// The mark that some editors begin a file with.
const MARK: &str = "\u{feff}";

/// A changed text with the ends of lines, and the mark at its beginning, of what it takes the place of.
pub fn with_line_ends_of(stands: &[u8], text: &str) -> Vec<u8> {
    let mut text = text.replace("\r\n", "\n");
    if stands.windows(2).any(|pair| pair == b"\r\n") {
        text = text.replace('\n', "\r\n");
    }
    if stands.starts_with(MARK.as_bytes()) && !text.starts_with(MARK) {
        text.insert_str(0, MARK);
    }
    text.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_as_they_did() {
        assert_eq!(with_line_ends_of(b"a\r\nb\r\n", "a\nc\n"), b"a\r\nc\r\n");
        assert_eq!(with_line_ends_of(b"a\nb\n", "a\nc\n"), b"a\nc\n");
        let marked = format!("{MARK}a\n");
        assert_eq!(
            with_line_ends_of(marked.as_bytes(), "a\n"),
            marked.as_bytes()
        );
    }
}
