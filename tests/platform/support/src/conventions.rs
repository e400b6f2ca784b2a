//! The conventions of Prometheus: what the names of metrics end with, and that figures are in base units.

use std::collections::BTreeSet;
use std::io::Write;
use std::process::{Command, Stdio};

/// Says that Prometheus's own tool must be there.
const REQUIRED: &str = "TEST_PROMTOOL";

/// What a name has no business with: units that are derived from others, and what sort it is of.
const WRONG: [&str; 18] = [
    "milliseconds",
    "microseconds",
    "nanoseconds",
    "ms",
    "s",
    "minutes",
    "hours",
    "days",
    "kilobytes",
    "megabytes",
    "kb",
    "mb",
    "percent",
    "counter",
    "gauge",
    "histogram",
    "summary",
    "timer",
];

/// Fails when metrics, as they are shown, do not follow them.
pub fn follow(metrics: &str) {
    let mut explained = BTreeSet::new();
    for line in metrics.lines() {
        let words: Vec<&str> = line.splitn(4, ' ').collect();
        match words[..] {
            ["#", "HELP", name, says] if !says.is_empty() => {
                explained.insert(name);
            }
            ["#", "TYPE", name, kind] => {
                assert!(explained.contains(name), "{name} is not explained");
                assert_eq!(kind == "counter", name.ends_with("_total"), "{name}");
                let plain = |letter: char| letter.is_ascii_lowercase() || letter == '_';
                assert!(name.chars().all(plain), "{name}");
                let wrong = name.split('_').find(|part| WRONG.contains(part));
                assert_eq!(wrong, None, "{name}");
            }
            _ => {}
        }
    }
    assert!(explained.len() > 5, "{metrics}");
}

/// Fails when Prometheus's own tool has something to say of them; it may be missing, unless the
/// environment says that it must not.
pub fn please_promtool(metrics: &str) {
    let started = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut promtool = match started {
        Ok(promtool) => promtool,
        Err(error) if std::env::var(REQUIRED).is_err() => {
            eprintln!("left out: promtool: {error}");
            return;
        }
        Err(error) => panic!("promtool, which {REQUIRED} asks for: {error}"),
    };
    let mut input = promtool.stdin.take().expect("its input");
    input.write_all(metrics.as_bytes()).expect("read");
    drop(input);
    let output = promtool.wait_with_output().expect("it ends");
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    assert!(output.status.success() && said.is_empty(), "{said}");
}
