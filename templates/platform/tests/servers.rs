//! Where the servers are that tests need.

// Each test program uses a part of it.
#![allow(dead_code)]

/// The URL of a server, from the environment. Without one the test has nothing to do, and says so;
/// where servers are required, it fails.
pub fn server(variable: &'static str) -> Option<String> {
    match std::env::var(variable) {
        Ok(url) if !url.is_empty() => Some(url),
        _ => {
            let required = std::env::var("TEST_SERVERS").is_ok_and(|value| value == "required");
            assert!(
                !required,
                "{variable} names no server, and servers are required"
            );
            println!("not run: {variable} names no server");
            None
        }
    }
}
