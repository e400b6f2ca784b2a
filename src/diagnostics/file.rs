//! A file of the input as diagnostics need it: its text by lines.

/// A file of the input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFile {
    path: String,
    text: String,
    /// Where each line starts.
    lines: Vec<usize>,
}

/// A place in a file as people count it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The line, from 1.
    pub line: usize,
    /// The character (Unicode scalar value) in the line, from 1.
    pub column: usize,
}

impl SourceFile {
    /// A file called `path` that holds `text`.
    pub fn new(path: impl Into<String>, text: impl Into<String>) -> Self {
        let text = text.into();
        let starts = text.match_indices('\n').map(|(newline, _)| newline + 1);
        let lines = std::iter::once(0).chain(starts).collect();
        Self {
            path: path.into(),
            text,
            lines,
        }
    }

    /// Its path, as people are shown it: relative, with slashes.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Its text, without a byte order mark.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Where the byte is; the nearest place there is when the text does not reach so far.
    pub fn position(&self, byte: usize) -> Position {
        let byte = self.text.floor_char_boundary(byte);
        let line = self.line(byte);
        let column = self.text[self.lines[line]..byte].chars().count() + 1;
        Position {
            line: line + 1,
            column,
        }
    }

    /// The lines that hold these bytes: the number of the first, where it starts, and their text.
    pub(super) fn window(&self, start: usize, end: usize) -> (usize, usize, &str) {
        let first = self.line(start);
        let last = self.line(end);
        let after = self.lines.get(last + 1).copied();
        let text = &self.text[self.lines[first]..after.unwrap_or(self.text.len())];
        (first + 1, self.lines[first], text)
    }

    /// The line the byte is in, from 0.
    fn line(&self, byte: usize) -> usize {
        self.lines.partition_point(|start| *start <= byte) - 1
    }
}
