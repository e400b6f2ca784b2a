//! What the errors of this crate's users have in common.

use std::fmt::Display;

/// The error of one who keeps something in a file: what SQLite's errors mean there.
pub trait FileError: From<rusqlite::Error> + Display + Send + 'static {
    /// One that will pass.
    fn unavailable(why: impl Display) -> Self;
}

#[cfg(test)]
pub(super) mod tests {
    use super::FileError;
    use std::fmt::{Display, Formatter, Result};

    /// An error as a user of the crate has one.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct TestError(pub String);

    impl Display for TestError {
        fn fmt(&self, text: &mut Formatter<'_>) -> Result {
            text.write_str(&self.0)
        }
    }

    impl From<rusqlite::Error> for TestError {
        fn from(error: rusqlite::Error) -> Self {
            Self(error.to_string())
        }
    }

    impl FileError for TestError {
        fn unavailable(why: impl Display) -> Self {
            Self(format!("unavailable: {why}"))
        }
    }
}
