//! The `cargo-microdb` binary.

fn main() {}
