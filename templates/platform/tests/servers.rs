//! The servers that tests need, as the environment names them.

// Each test program uses a part of it.
#![allow(dead_code)]

/// Where a server is, when the variable names one. Where it does not, the test says so and has nothing
/// to do, unless `TEST_SERVERS=required`.
pub fn server(variable: &'static str) -> Option<String> {
    let named = std::env::var(variable).ok().filter(|url| !url.is_empty());
    if named.is_none() {
        let required = std::env::var("TEST_SERVERS").is_ok_and(|value| value == "required");
        assert!(
            !required,
            "{variable} names no server, and TEST_SERVERS=required"
        );
        println!("not run: {variable} names no server");
    }
    named
}
