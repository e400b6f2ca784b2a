//! What tests do that need servers, where the environment names none.

/// Whether the environment asks for all tests over servers, as `tests/services/run with` does.
pub fn are_required() -> bool {
    std::env::var("TEST_SERVERS").is_ok_and(|servers| servers == "required")
}

/// Says that a test is not run, and why; that is a failure where it has to be.
#[allow(dead_code)] // Not all of these tests are left out as a whole.
pub fn not_run(why: &str) {
    assert!(!are_required(), "{why}");
    println!("not run: {why}");
}
