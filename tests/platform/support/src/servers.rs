//! The servers that tests run against.

use platform_ports::test_server;

/// The server that a variable of the environment names. Where none is named, the test says so and
/// passes, unless servers are required.
///
/// # Panics
/// When none is named and `TEST_SERVERS` is `required`.
pub fn server(variable: &'static str) -> Option<String> {
    let named = test_server::named(variable).unwrap_or_else(|error| panic!("{error}"));
    if named.is_none() {
        println!("not run: {variable} names no server");
    }
    named
}
