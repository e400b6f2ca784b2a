//! What a file imports.

use syn::UseTree;

/// An import of one name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Import {
    /// Its path, as it is written.
    pub path: String,
    /// The name that the file knows it under; `*` for all of a module.
    pub name: String,
}

/// The lines that import these, one for each module; they are sorted.
pub fn lines(imports: &[Import]) -> Vec<String> {
    let module = |import: &Import| {
        import
            .path
            .rsplit_once("::")
            .map(|(module, _)| module.to_owned())
    };
    let groups = imports.chunk_by(|one, other| module(one) == module(other));
    let lines = groups.map(|group| {
        let names: Vec<&str> = group
            .iter()
            .map(|it| it.path.rsplit("::").next().unwrap_or(&it.path))
            .collect();
        match (module(&group[0]), names.as_slice()) {
            (Some(module), [_, _, ..]) => {
                ["use ", &module, "::{", &names.join(", "), "};"].concat()
            }
            _ => ["use ", &group[0].path, ";"].concat(),
        }
    });
    lines.collect()
}

/// The imports of a tree, one for each name.
pub(super) fn leaves(tree: &UseTree) -> Vec<Import> {
    let mut found = Vec::new();
    walk(String::new(), tree, &mut found);
    found
}

fn walk(prefix: String, tree: &UseTree, found: &mut Vec<Import>) {
    let mut add = |name: String, path: String| found.push(Import { name, path });
    match tree {
        UseTree::Path(path) => walk(format!("{prefix}{}::", path.ident), &path.tree, found),
        UseTree::Name(name) => {
            let name = name.ident.to_string();
            let path = format!("{prefix}{name}");
            add(name, path);
        }
        UseTree::Rename(rename) => add(
            rename.rename.to_string(),
            format!("{prefix}{} as {}", rename.ident, rename.rename),
        ),
        UseTree::Glob(_) => add("*".to_owned(), format!("{prefix}*")),
        UseTree::Group(group) => {
            for tree in &group.items {
                walk(prefix.clone(), tree, found);
            }
        }
    }
}
