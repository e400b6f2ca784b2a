//! What a newcomer does with a running system: follows its README, and looks at its pages.

use std::process::Command;

use serde_json::Value;

use super::system::System;
use crate::workspace::InTurn;

/// Does what the README of a running system says under "Try it"; what is asked for last has to be
/// there.
pub fn follow_the_readme(system: &System<'_>, workspace: &InTurn) {
    let readme = std::fs::read_to_string(workspace.path().join("README.md")).unwrap();
    let script = system.with_ports(&blocks(&readme, "## Try it"));
    let output = Command::new("bash")
        .args(["-e", "-o", "pipefail", "-c", &script])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{script}\n{said}");
    // What crossed to the other services is seen there.
    let last = said.lines().last().unwrap_or_default();
    let page: Value = serde_json::from_str(last).unwrap();
    assert_eq!(page["items"].as_array().map(Vec::len), Some(1), "{said}");
}

/// The shell's blocks of a section, with a moment between them, as a reader takes.
fn blocks(readme: &str, section: &str) -> String {
    let (_, text) = readme.split_once(&format!("{section}\n")).unwrap();
    let text = text.split("\n## ").next().unwrap();
    let blocks = text.split("```sh\n").skip(1);
    let blocks: Vec<_> = blocks
        .filter_map(|block| block.split("```").next())
        .collect();
    assert!(blocks.len() > 1, "{readme}");
    blocks.join("sleep 1\n")
}

/// All items behind a path, page by page; nothing while the service is down.
pub fn all(url: &str, path: &str) -> Option<Vec<Value>> {
    let mut items = Vec::new();
    let mut next = Some(format!("{url}/{path}"));
    while let Some(url) = next {
        let mut page: Value = ureq::get(&url).call().ok()?.body_mut().read_json().ok()?;
        items.append(page["items"].as_array_mut()?);
        next = page["next"]
            .as_str()
            .map(|after| format!("{url}?after={after}"));
    }
    Some(items)
}
