//! The servers that tests run against.

/// The server that a variable of the environment names. Where none is named, the test says so and
/// passes, unless servers are required.
///
/// # Panics
/// When none is named and `TEST_SERVERS` is `required`.
pub fn server(variable: &'static str) -> Option<String> {
    let named = std::env::var(variable).ok().filter(|name| !name.is_empty());
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
