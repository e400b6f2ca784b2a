//! What keeps a workspace from being brought in line.

use std::fmt;

/// Why a file must not be touched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refused {
    /// A file of the tool's was edited.
    Edited {
        /// The file.
        path: String,
    },
    /// Somebody else's file stands where one of the tool's is to stand.
    Occupied {
        /// The file.
        path: String,
    },
    /// A file of the user's is about something that the description no longer has.
    YoursIsGone {
        /// The file.
        path: String,
    },
    /// A file of the user's has to move to where another one is.
    BothThere {
        /// Where it is.
        from: String,
        /// Where it has to go.
        to: String,
    },
    /// The folder of a context that is gone has files that the tool did not write.
    FolderHasMore {
        /// The context.
        context: String,
        /// The files.
        left: Vec<String>,
    },
    /// A manifest is not TOML.
    NoToml {
        /// The file.
        path: String,
        /// What is wrong with it.
        why: String,
    },
}

impl Refused {
    /// Whether it is about this file.
    pub fn is_of(&self, file: &str) -> bool {
        match self {
            Self::Edited { path }
            | Self::Occupied { path }
            | Self::YoursIsGone { path }
            | Self::NoToml { path, .. } => path == file,
            Self::BothThere { from, to } => from == file || to == file,
            Self::FolderHasMore { left, .. } => left.iter().any(|path| path == file),
        }
    }

    /// The ways out.
    pub fn help(&self) -> String {
        match self {
            Self::Edited { path } => format!(
                "say it in the description instead; or make the file yours: `cargo microdb eject {path}`; \
                 or give the edit up: `cargo microdb sync --discard-edits {path}`"
            ),
            Self::Occupied { .. } => "move it, then run the command again".to_owned(),
            Self::YoursIsGone { path } => match path.ends_with(".toml") {
                true => "take out what you put into it, or delete it".to_owned(),
                false => {
                    "if it is only called something else now, say so: `renamed_from = \"…\"`; \
                          if it is to go, delete the file"
                        .to_owned()
                }
            },
            Self::BothThere { .. } => "keep one of the two, at the second path".to_owned(),
            Self::FolderHasMore { .. } => "move them out of its folders, or delete them".to_owned(),
            Self::NoToml { .. } => "mend it, then run the command again".to_owned(),
        }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Edited { path } => write!(f, "`{path}` was edited, but it is the tool's"),
            Self::Occupied { path } => {
                write!(
                    f,
                    "`{path}` has to be written, but a file that is not the tool's is there"
                )
            }
            Self::YoursIsGone { path } => write!(
                f,
                "`{path}` was edited, and the description no longer has what it is about"
            ),
            Self::BothThere { from, to } => {
                write!(f, "`{from}` has to move to `{to}`, where another file is")
            }
            Self::FolderHasMore { context, left } => {
                let shown: Vec<&str> = left.iter().take(5).map(String::as_str).collect();
                let more = match left.len() - shown.len() {
                    0 => String::new(),
                    more => format!(" and {more} more"),
                };
                let files = shown.join("`, `");
                write!(
                    f,
                    "the context `{context}` is gone, but `{files}`{more} is not the tool's"
                )
            }
            Self::NoToml { path, why } => write!(f, "`{path}` is not TOML: {why}"),
        }
    }
}
