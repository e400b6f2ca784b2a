//! The workspace that is broken and mended again.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::case::{Case, Catcher};
use super::stand::Stand;
use crate::workspace::{Workspace, target};

/// How long a test may take.
const PATIENCE: Duration = Duration::from_secs(180);

/// A generated workspace in a folder that stays, so that little has to be compiled again.
pub struct Subject {
    system: &'static str,
    path: PathBuf,
}

impl Subject {
    /// The workspace of an example on its engines, as it is generated now.
    pub fn of_example(name: &'static str) -> Self {
        Self::at("mutated", name, &Workspace::on_servers(name))
    }

    /// The workspace of an example on files, as it is generated now.
    pub fn on_files(name: &'static str) -> Self {
        Self::at("ruled", name, &Workspace::of_example(name))
    }

    fn at(folder: &str, system: &'static str, workspace: &Workspace) -> Self {
        let path = target().join(folder);
        renew(&workspace.path(), &path);
        Self { system, path }
    }

    /// Its root.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Checks that all tests of a service pass.
    pub fn passes_whole(&self, service: &str) {
        let output = Command::new(env!("CARGO"))
            .args(["test", "--package", &format!("{}-{service}", self.system)])
            .current_dir(&self.path)
            .env("CARGO_TARGET_DIR", target())
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{} {service}\n{}\n{}",
            self.system,
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
    }

    /// Checks that the tests which are to fail pass while nothing is broken.
    pub fn passes(&self, cases: &[(Case, Vec<Stand>)]) {
        let mut programs: BTreeMap<_, Vec<(&Catcher, &[Stand])>> = BTreeMap::new();
        for (Case { caught_by, .. }, stands) in cases {
            let program = (&caught_by.package, &caught_by.program);
            let catchers = programs.entry(program).or_default();
            catchers.push((caught_by, stands));
        }
        for catchers in programs.into_values() {
            let (first, _) = catchers[0];
            let program = self.build(first).unwrap_or_else(|why| panic!("{why}"));
            for stand in Stand::all() {
                let here = catchers.iter().filter(|(_, on)| on.contains(&stand));
                let tests: Vec<_> = here.map(|(catcher, _)| &*catcher.test).collect();
                if tests.is_empty() {
                    continue;
                }
                let (status, said) = self.run(first, &program, stand, &tests);
                let passed = status.is_some_and(|status| status.success());
                assert!(passed, "on {stand}: {said}");
                for test in tests {
                    let passed = format!("test {test} ... ok");
                    assert!(said.contains(&passed), "there is no test `{test}`\n{said}");
                }
            }
        }
    }

    /// Breaks the workspace, and sees whether the test fails wherever it stands; it is mended
    /// afterwards.
    pub fn catches(&self, case: &Case, stands: &[Stand]) -> Result<(), String> {
        let _broken = case.apply(&self.path)?;
        let program = self.build(&case.caught_by)?;
        let survives = |stand: &Stand| {
            let fails = self.fails(&case.caught_by, &program, *stand);
            fails.err().map(|why| format!("on {stand}: {why}"))
        };
        // All at the same time: most of it is waiting for what does not come.
        let survivals: Vec<String> = thread::scope(|scope| {
            let under_way: Vec<_> = stands
                .iter()
                .map(|stand| scope.spawn(|| survives(stand)))
                .collect();
            let ended = under_way.into_iter().map(|one| one.join().unwrap());
            ended.flatten().collect()
        });
        match survivals.is_empty() {
            true => Ok(()),
            false => Err(survivals.join("\n")),
        }
    }

    fn fails(&self, catcher: &Catcher, program: &Path, stand: Stand) -> Result<(), String> {
        let test = &catcher.test;
        let (status, said) = self.run(catcher, program, stand, &[test]);
        match status {
            Some(status) if status.success() => Err(format!("survives `{test}`")),
            Some(_) if said.contains(&format!("test {test} ... FAILED")) => Ok(()),
            Some(_) => Err(format!("`{test}` did not end in order\n{said}")),
            None => Err(format!("`{test}` hangs\n{said}")),
        }
    }

    /// Builds a program with tests; where it is.
    fn build(&self, catcher: &Catcher) -> Result<PathBuf, String> {
        let mut command = Command::new(env!("CARGO"));
        let package = catcher.package.rsplit('/').next().unwrap_or_default();
        command
            .args(["test", "--no-run", "--message-format", "json"])
            .args(["--package", &format!("{}-{package}", self.system)]);
        match catcher.program.as_str() {
            "lib" => command.arg("--lib"),
            program => command.args(["--test", program]),
        };
        let output = command
            .current_dir(&self.path)
            .env("CARGO_TARGET_DIR", target())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        if !output.status.success() {
            let why = String::from_utf8_lossy(&output.stderr);
            return Err(format!("it does not compile\n{why}\n{said}"));
        }
        let mut programs = said.lines().filter_map(test_program);
        programs
            .next_back()
            .ok_or_else(|| "no program was made".to_owned())
    }

    /// Runs tests; without a status, they took too long.
    fn run(
        &self,
        catcher: &Catcher,
        program: &Path,
        stand: Stand,
        tests: &[&str],
    ) -> (Option<ExitStatus>, String) {
        let said = tempfile::NamedTempFile::new().unwrap();
        let mut command = Command::new(program);
        stand.under(&mut command);
        let mut child = command
            .args(tests)
            .arg("--exact")
            .current_dir(self.path.join(&catcher.package))
            .stdout(said.reopen().unwrap())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let started = Instant::now();
        let status = loop {
            let status = child.try_wait().unwrap();
            if status.is_some() || started.elapsed() > PATIENCE {
                break status;
            }
            thread::sleep(Duration::from_millis(20));
        };
        if status.is_none() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
        (status, fs::read_to_string(said.path()).unwrap_or_default())
    }
}

/// The program that a message of cargo tells of, when it is one with tests.
fn test_program(message: &str) -> Option<PathBuf> {
    let message: serde_json::Value = serde_json::from_str(message).ok()?;
    let is_test = message["profile"]["test"].as_bool()?;
    let program = message["executable"].as_str()?;
    is_test.then(|| program.into())
}

/// Makes the folder `to` like `from`; what is the same is not written, and the lock file stays.
fn renew(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    let names = |folder: &Path| -> Vec<_> {
        let entries = fs::read_dir(folder).unwrap();
        entries.map(|entry| entry.unwrap().file_name()).collect()
    };
    let wanted = names(from);
    for name in names(to) {
        let path = to.join(&name);
        if path.is_dir() && !wanted.contains(&name) {
            fs::remove_dir_all(path).unwrap();
        } else if !wanted.contains(&name) && name != "Cargo.lock" {
            fs::remove_file(path).unwrap();
        }
    }
    for name in wanted {
        let (old, new) = (to.join(&name), from.join(&name));
        if new.is_dir() {
            renew(&new, &old);
            continue;
        }
        let content = fs::read(&new).unwrap();
        if fs::read(&old).ok().as_ref() != Some(&content) {
            fs::write(&old, content).unwrap();
        }
    }
}
