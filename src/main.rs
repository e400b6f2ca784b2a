//! The `cargo-microdb` binary.

use std::process::ExitCode;

fn main() -> ExitCode {
    cargo_microdb::run(std::env::args_os())
}
