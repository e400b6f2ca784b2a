//! A session with PostgreSQL, by its own client.

use std::io::{BufRead, BufReader, Lines, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// A line that no answer consists of.
const END: &str = "-- end --";

/// A session; it ends when this is dropped.
pub struct Psql {
    process: Child,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
}

impl Psql {
    /// Connects to the database at `url`.
    pub fn open(url: &str) -> Self {
        let mut process = Command::new("psql")
            .args([url, "--quiet", "--no-align", "--tuples-only", "--no-psqlrc"])
            .args(["--set", "ON_ERROR_STOP=1"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let input = process.stdin.take().unwrap();
        let output = BufReader::new(process.stdout.take().unwrap()).lines();
        Self {
            process,
            input,
            output,
        }
    }

    /// Runs statements; the rows they give, with `|` between columns.
    pub fn rows(&mut self, sql: &str) -> Vec<String> {
        writeln!(self.input, "{sql};\n\\echo '{END}'").unwrap();
        self.input.flush().unwrap();
        let mut rows = Vec::new();
        loop {
            let line = self.output.next().expect("a statement failed").unwrap();
            if line == END {
                return rows;
            }
            rows.push(line);
        }
    }

    /// Runs a statement that gives one value.
    pub fn value(&mut self, sql: &str) -> String {
        self.rows(sql).pop().expect("there is no row")
    }

    /// Runs statements that give nothing.
    pub fn run(&mut self, sql: &str) {
        self.rows(sql);
    }
}

impl Drop for Psql {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
