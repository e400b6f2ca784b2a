//! What continuous integration does: the workflow is the same for all systems, and reads at run time which
//! services there are and which tool wrote them. Its scripts are run here as its runners would.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::common::compare;
use crate::rendered;

const SYSTEM: &str = include_str!("../cases/continuous_integration/on_every_engine/microdb.toml");
const OTHER: &str = include_str!("../cases/continuous_integration/on_files/microdb.toml");

/// The workflow of a system, as its runners read it.
fn workflow(system: &str) -> Value {
    serde_saphyr::from_str(&file(system, ".github/workflows/ci.yml")).unwrap()
}

fn file(system: &str, path: &str) -> String {
    let files = rendered(system);
    let file = files.iter().find(|file| file.path == path);
    String::from_utf8(file.unwrap().content.clone()).unwrap()
}

/// What a step of a job runs whose script has this in it.
fn script(job: &str, part: &str) -> String {
    let workflow = workflow(SYSTEM);
    let steps = workflow["jobs"][job]["steps"].as_array().unwrap();
    let mut scripts = steps.iter().filter_map(|step| step["run"].as_str());
    let script = scripts.find(|script| script.contains(part));
    script
        .unwrap_or_else(|| panic!("{part} in {steps:?}"))
        .to_owned()
}

/// A checkout of a system, in which scripts run with a `cargo` that notes its arguments, and knows no
/// tool until it has installed one.
struct Runner(TempDir);

const CARGO: &str = "#!/bin/sh
echo \"$*\" >>\"$LOG\"
case $1 in
    microdb) test -e \"$LOG.installed\" ;;
    install) touch \"$LOG.installed\" ;;
esac
";

impl Runner {
    fn with(files: &[(&str, &str)]) -> Self {
        let folder = TempDir::new().unwrap();
        for (path, text) in files.iter().chain(&[("bin/cargo", CARGO)]) {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, text).unwrap();
        }
        let cargo = folder.path().join("bin/cargo");
        fs::set_permissions(cargo, fs::Permissions::from_mode(0o755)).unwrap();
        Self(folder)
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    /// Runs a script as GitHub does; what it has given out, and what cargo was asked.
    fn run(&self, script: &str, variables: &[(&str, &str)]) -> (BTreeMap<String, String>, String) {
        let path = std::env::var("PATH").unwrap();
        let path = format!("{}:{path}", self.path().join("bin").display());
        let output = Command::new("bash")
            .args([
                "--noprofile",
                "--norc",
                "-e",
                "-o",
                "pipefail",
                "-c",
                script,
            ])
            .current_dir(self.path())
            .env("PATH", path)
            .env("GITHUB_OUTPUT", self.path().join("output"))
            .env("LOG", self.path().join("log"))
            .envs(variables.iter().copied())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{script}: {said}");
        let read = |name: &str| fs::read_to_string(self.path().join(name)).unwrap_or_default();
        let given = read("output");
        let given = given.lines().filter_map(|line| line.split_once('='));
        let given = given.map(|(name, value)| (name.to_owned(), value.to_owned()));
        (given.collect(), read("log"))
    }
}

#[test]
fn every_service_is_tested_over_its_own_servers() {
    compare("continuous_integration", |case| {
        let text = fs::read_to_string(case.join("microdb.toml")).unwrap();
        let services = file(&text, ".microdb/services.json");
        (case.join("services.json"), services)
    });
}

#[test]
fn the_workflow_does_not_depend_on_the_system() {
    let path = ".github/workflows/ci.yml";
    assert_eq!(file(SYSTEM, path), file(OTHER, path));
    let workflow = workflow(SYSTEM);
    let mut jobs: Vec<&String> = workflow["jobs"].as_object().unwrap().keys().collect();
    jobs.sort();
    assert_eq!(
        jobs,
        [
            "dependencies",
            "generated",
            "service",
            "services",
            "workspace"
        ]
    );
    let service = &workflow["jobs"]["service"];
    assert_eq!(service["needs"], "services");
    let include = "${{ fromJSON(needs.services.outputs.services) }}";
    assert_eq!(service["strategy"]["matrix"]["include"], include);
}

#[test]
fn an_added_service_is_in_the_matrix() {
    let listing = script("services", "services.json");
    for system in [SYSTEM, OTHER] {
        let services = file(system, ".microdb/services.json");
        let runner = Runner::with(&[(".microdb/services.json", &services)]);
        let (given, _) = runner.run(&listing, &[]);
        let listed: Value = serde_json::from_str(&given["services"]).unwrap();
        assert_eq!(listed, serde_json::from_str::<Value>(&services).unwrap());
        let packages = listed.as_array().unwrap().iter();
        assert!(
            packages.clone().all(|one| one["package"].is_string()),
            "{listed}"
        );
        assert!(packages.count() > 0, "{listed}");
    }
    let runner = Runner::with(&[(".microdb/services.json", "[\n]\n")]);
    let (given, _) = runner.run(&listing, &[]);
    assert_eq!(
        given["services"], "[]",
        "as the condition of the job has it"
    );
}

#[test]
fn services_are_left_out_where_the_rest_is_tested() {
    let testing = script("workspace", "cargo test");
    let services = file(SYSTEM, ".microdb/services.json");
    let listed: Value = serde_json::from_str(&services).unwrap();
    let runner = Runner::with(&[(".microdb/services.json", &services)]);
    let (_, asked) = runner.run(&testing, &[]);
    let mut expected = "test --workspace".to_owned();
    for service in listed.as_array().unwrap() {
        expected += &format!(" --exclude {}", service["package"].as_str().unwrap());
    }
    assert_eq!(asked.trim_end(), expected);
    let runner = Runner::with(&[(".microdb/services.json", "[\n]\n")]);
    assert_eq!(runner.run(&testing, &[]).1, "test --workspace\n");
}

#[test]
fn the_tool_is_the_one_that_the_lock_names() {
    let runner = Runner::with(&[(
        "microdb.lock",
        "# Written\nformat 1\ntool 0.3.1\nport loan 8101\n",
    )]);
    let (given, _) = runner.run(&script("generated", "microdb.lock"), &[]);
    assert_eq!(given["version"], "0.3.1");
    let install = script("generated", "cargo install");
    let (_, asked) = runner.run(&install, &[("VERSION", "0.3.1")]);
    let installed = "install cargo-microdb --locked --version =0.3.1";
    assert_eq!(asked, format!("microdb --version\n{installed}\n"));
    let (_, asked) = runner.run(&install, &[("VERSION", "0.3.1")]);
    assert_eq!(asked.matches(installed).count(), 1, "once: {asked}");
    let (_, asked) = runner.run(&script("generated", "sync"), &[]);
    assert!(asked.ends_with("microdb sync --check\n"), "{asked}");
}

#[test]
fn real_servers_are_there_before_the_tests() {
    let workflow = workflow(SYSTEM);
    let steps = workflow["jobs"]["service"]["steps"].as_array().unwrap();
    let servers = steps.iter().position(|step| step["if"] == "matrix.servers");
    let tests = steps.iter().position(|step| {
        let run = step["run"].as_str().unwrap_or_default();
        run.contains("cargo test --package ${{ matrix.package }}")
    });
    assert!(servers.unwrap() < tests.unwrap(), "{steps:?}");
    let compose: Value = serde_saphyr::from_str(&file(SYSTEM, "compose.yaml")).unwrap();
    let services: Value = serde_json::from_str(&file(SYSTEM, ".microdb/services.json")).unwrap();
    for service in services.as_array().unwrap() {
        for server in service["servers"].as_str().unwrap().split(' ') {
            assert_ne!(compose["services"][server], json!(null), "{server}");
        }
    }
}
