//! The place of the user's own modules.

use cargo_microdb::plan::Class;

use crate::rendered;

#[test]
fn every_service_has_a_place_for_modules_of_its_own() {
    let files = rendered(include_str!(
        "../cases/continuous_integration/on_every_engine/microdb.toml"
    ));
    let file = |path: &str| files.iter().find(|file| file.path == path);
    let roots = files.iter().filter_map(|file| {
        let folder = file.path.strip_suffix("/src/lib.rs")?;
        folder.starts_with("services/").then_some((folder, file))
    });
    let mut services = 0;
    for (folder, root) in roots {
        assert_eq!(root.class, Class::Managed, "{folder}");
        let text = String::from_utf8_lossy(&root.content);
        assert!(text.contains("\npub mod own;\n"), "{text}");
        let own = file(&format!("{folder}/src/own.rs")).unwrap();
        assert_eq!(own.class, Class::Seeded, "{folder}");
        let text = String::from_utf8_lossy(&own.content);
        assert!(text.lines().all(|line| line.starts_with("//!")), "{text}");
        services += 1;
    }
    assert!(services > 1, "{services}");
}
