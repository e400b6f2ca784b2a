//! The workspace that is broken and mended again.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::case::{Case, Catcher, apply};
use super::stand::Stand;
use crate::workspace::{InTurn, cargo, target};

/// How long a test may take.
const PATIENCE: Duration = Duration::from_secs(180);

/// What says whether a crate is compiled again from what is left of the last time.
const INCREMENTAL: &str = "CARGO_INCREMENTAL";

/// A workspace in a folder that stays, so that little has to be compiled again.
pub struct Subject {
    /// Kept from others meanwhile.
    _turn: Option<InTurn>,
    /// What is broken is below it.
    sources: PathBuf,
    /// Cargo runs there.
    workspace: PathBuf,
}

impl Subject {
    /// The runtime, with the workspace that tests it.
    pub fn of_runtime() -> Self {
        let own = Path::new(env!("CARGO_MANIFEST_DIR"));
        let copy = target().join("mutated");
        for part in ["templates/platform", "tests/platform"] {
            renew(&own.join(part), &copy.join(part));
        }
        other_version(&copy.join("tests/platform"));
        Self {
            _turn: None,
            sources: copy.join("templates"),
            workspace: copy.join("tests/platform"),
        }
    }

    /// The workspace of an example on files, as it is generated now.
    pub fn on_files(example: &str) -> Self {
        let workspace = InTurn::of_example(example);
        let root = workspace.path().to_owned();
        Self {
            _turn: Some(workspace),
            sources: root.clone(),
            workspace: root,
        }
    }

    /// What is broken is below it.
    pub fn sources(&self) -> &Path {
        &self.sources
    }

    /// Checks that all tests of a package pass.
    pub fn passes_whole(&self, package: &str) {
        let test = ["test", "--package", package];
        let left = ["--lib", "--", "--ignored", "domain::"];
        for more in [&[][..], &left] {
            let output = self.cargo(&[&test, more].concat());
            assert!(
                output.status.success(),
                "{package}\n{}\n{}",
                String::from_utf8_lossy(&output.stdout),
                String::from_utf8_lossy(&output.stderr)
            );
        }
    }

    fn cargo(&self, arguments: &[&str]) -> Output {
        let mut command = cargo(&self.workspace);
        if self._turn.is_none() && std::env::var_os(INCREMENTAL).is_none() {
            // The same crates are compiled again and again.
            command.env(INCREMENTAL, "1");
        }
        command.args(arguments).output().unwrap()
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
                let (status, said) = program.run(stand, &tests);
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
        let _broken = apply(&case.edits, &self.sources)?;
        let program = self.build(&case.caught_by)?;
        let survives = |stand: &Stand| {
            let fails = program.fails(&case.caught_by.test, *stand);
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

    /// Builds a program with tests.
    fn build(&self, catcher: &Catcher) -> Result<Program, String> {
        let messages = "--message-format=json-render-diagnostics";
        let of_package = ["test", "--no-run", messages, "--package", &catcher.package];
        let of_program = match catcher.program.as_str() {
            "lib" => vec!["--lib"],
            program => vec!["--test", program],
        };
        let arguments: Vec<_> = of_package.into_iter().chain(of_program).collect();
        let output = self.cargo(&arguments);
        if !output.status.success() {
            let why = String::from_utf8_lossy(&output.stderr);
            return Err(format!("it does not compile\n{why}"));
        }
        let said = String::from_utf8_lossy(&output.stdout);
        let mut programs = said.lines().filter_map(Program::told);
        programs
            .next_back()
            .ok_or_else(|| "no program was made".to_owned())
    }
}

/// A program with tests.
struct Program {
    path: PathBuf,
    /// Its package's.
    folder: PathBuf,
}

impl Program {
    /// The one that a message of cargo tells of.
    fn told(message: &str) -> Option<Self> {
        let message: serde_json::Value = serde_json::from_str(message).ok()?;
        let is_test = message["profile"]["test"].as_bool()?;
        let program = message["executable"].as_str()?;
        let manifest = Path::new(message["manifest_path"].as_str()?);
        is_test.then_some(Self {
            path: program.into(),
            folder: manifest.parent()?.into(),
        })
    }

    fn fails(&self, test: &str, stand: Stand) -> Result<(), String> {
        let (status, said) = self.run(stand, &[test]);
        match status {
            Some(status) if status.success() => Err(format!("survives `{test}`")),
            Some(_) if said.contains(&format!("test {test} ... FAILED")) => Ok(()),
            Some(_) => Err(format!("`{test}` did not end in order\n{said}")),
            None => Err(format!("`{test}` hangs\n{said}")),
        }
    }

    /// Runs tests; without a status, they took too long.
    fn run(&self, stand: Stand, tests: &[&str]) -> (Option<ExitStatus>, String) {
        let said = tempfile::NamedTempFile::new().unwrap();
        let mut command = Command::new(&self.path);
        stand.under(&mut command);
        let mut child = command
            .args(tests)
            .arg("--exact")
            .current_dir(&self.folder)
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

/// Gives the packages of a workspace another version. By path cargo would take them for those they are
/// copies of, which the same target directory holds, and not compile what is broken in them.
fn other_version(workspace: &Path) {
    for entry in fs::read_dir(workspace).unwrap() {
        let manifest = entry.unwrap().path().join("Cargo.toml");
        let Ok(text) = fs::read_to_string(&manifest) else {
            continue;
        };
        let other = text.replace("version = \"0.0.0\"", "version = \"0.0.1\"");
        assert_ne!(text, other, "{}", manifest.display());
        fs::write(manifest, other).unwrap();
    }
}

/// Makes the folder `to` like `from`, without what was built there; what is the same is not written, and
/// a lock file of cargo's own stays.
fn renew(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    let names = |folder: &Path| -> Vec<_> {
        let entries = fs::read_dir(folder).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name());
        names.filter(|name| name != "target").collect()
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
