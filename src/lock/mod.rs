//! `microdb.lock`: what the tool remembers of a workspace. An entry a line, sorted, so that merges
//! in git stay small.

use sha2::{Digest, Sha256};

use crate::model::System;
use crate::plan::{FIRST_PORT, PARTITIONS};
use crate::render::Rendered;

/// The name of the file.
pub const PATH: &str = "microdb.lock";

/// The lock of a workspace that was just generated.
pub fn write(system: &System, files: &[Rendered]) -> String {
    let mut lines = vec![format!("partitions {PARTITIONS}")];
    for (context, port) in system.services().zip(FIRST_PORT..=u16::MAX) {
        lines.push(format!("port {} {port}", context.name));
    }
    for file in files {
        let class = serde_json::to_value(file.class).unwrap_or_default();
        let class = class.as_str().unwrap_or_default();
        lines.push(format!(
            "file {} {class} {}",
            file.path,
            hash(&file.content)
        ));
    }
    lines.sort();
    format!(
        "# Written by `cargo microdb`. Commit it; never edit it.\nformat 1\ntool {}\n{}\n",
        env!("CARGO_PKG_VERSION"),
        lines.join("\n")
    )
}

/// The SHA-256 (FIPS 180-4) of some bytes, in hexadecimal digits.
pub fn hash(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}
