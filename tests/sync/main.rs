//! `cargo microdb sync` on good days and bad ones: what it writes, what it refuses, and that nothing of the
//! user's is ever lost.

mod checks;
mod contexts;
mod disks;
mod edits;
mod fields;
mod killed;
mod locks;
mod manifests;
mod merges;
mod migrations;
mod names;
mod sequences;
mod stand;
