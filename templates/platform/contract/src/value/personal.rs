//! What is shown of personal data.

use std::fmt;

/// Stands for personal data wherever that is not to be repeated: it prints as `***`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Personal;

impl fmt::Debug for Personal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}
