//! The functions of the engine, as a library whose name says what is in it: programs of several
//! versions share a server, each with the library it was built with.

use std::sync::LazyLock;

use uuid::Uuid;

const TEXT: &str = concat!(
    include_str!("lua/1_space.lua"),
    include_str!("lua/2_row.lua"),
    include_str!("lua/3_indexes.lua"),
    include_str!("lua/4_rows.lua"),
    include_str!("lua/5_choice.lua"),
    include_str!("lua/6_find.lua"),
    include_str!("lua/7_documents.lua"),
    include_str!("lua/8_outbox.lua"),
    include_str!("lua/9_progress.lua"),
    include_str!("lua/10_commit.lua"),
);

/// The library.
pub(super) struct Library {
    name: String,
    /// What the server loads.
    pub text: String,
}

/// The library of this program.
pub(super) static LIBRARY: LazyLock<Library> = LazyLock::new(|| {
    let id = Uuid::new_v5(&Uuid::NAMESPACE_OID, TEXT.as_bytes());
    let name = format!("microdb_{}", id.simple());
    let text = format!("#!lua name={name}\n{}", TEXT.replace("LIBRARY", &name));
    Library { name, text }
});

impl Library {
    /// The name of one of its functions.
    pub(super) fn function(&self, name: &str) -> String {
        format!("{}_{name}", self.name)
    }
}
