//! The example service as a program.

#[path = "mod.rs"]
mod domain;

fn main() -> std::process::ExitCode {
    platform::service::run(domain::service().version("1.2.3"))
}
