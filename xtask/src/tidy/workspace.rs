//! The workspace as `cargo metadata` tells it: packages, where they lie, and what they import from each other.

use std::path::Path;

use serde_json::Value;

/// One package of the workspace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Package {
    pub(super) name: String,
    /// Its folder, from the repository's root, with slashes.
    pub(super) path: String,
    pub(super) published: bool,
    /// The packages of this workspace that it names.
    pub(super) imports: Vec<Import>,
}

/// One line of a manifest that names a package of this workspace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Import {
    /// The folder of the imported package.
    pub(super) path: String,
    pub(super) kind: Kind,
}

/// When an import is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Always, or to build.
    Normal,
    /// For tests, examples and benchmarks only.
    Dev,
}

pub(super) fn parse(metadata: &str) -> Result<Vec<Package>, String> {
    let metadata: Value = serde_json::from_str(metadata)
        .map_err(|error| format!("`cargo metadata` printed no JSON: {error}"))?;
    let root = text(&metadata, "workspace_root")?;
    let packages = metadata["packages"].as_array().ok_or("`cargo metadata` names no packages")?;
    packages.iter().map(|package| parse_package(root, package)).collect()
}

fn parse_package(root: &str, package: &Value) -> Result<Package, String> {
    let manifest = Path::new(text(package, "manifest_path")?);
    let folder = manifest.parent().ok_or("a manifest lies in a folder")?;
    let dependencies = package["dependencies"].as_array().ok_or("a package has a list of dependencies")?;
    let imports = dependencies
        .iter()
        .filter_map(|dependency| {
            let path = relative(root, Path::new(dependency["path"].as_str()?)).ok()?;
            let kind = if dependency["kind"] == "dev" { Kind::Dev } else { Kind::Normal };
            Some(Import { path, kind })
        })
        .collect();
    Ok(Package {
        name: text(package, "name")?.to_owned(),
        path: relative(root, folder)?,
        // Cargo writes `publish = false` as an empty list of registries, and a missing key as null.
        published: package["publish"].as_array().is_none_or(|registries| !registries.is_empty()),
        imports,
    })
}

fn relative(root: &str, folder: &Path) -> Result<String, String> {
    let inside =
        folder.strip_prefix(root).map_err(|_| format!("{} lies outside {root}", folder.display()))?;
    Ok(inside.to_string_lossy().into_owned())
}

fn text<'a>(value: &'a Value, key: &str) -> Result<&'a str, String> {
    value[key].as_str().ok_or_else(|| format!("`cargo metadata` tells no {key}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_and_their_imports_are_read() {
        let metadata = r#"{"workspace_root": "/house", "packages": [
            {"name": "agent-rtc", "manifest_path": "/house/agent/rtc/Cargo.toml", "publish": [], "dependencies": [
                {"name": "tokio", "kind": null},
                {"name": "agent-rtc-proto", "kind": null, "path": "/house/agent/rtc-proto"},
                {"name": "providers-fake", "kind": "dev", "path": "/house/providers/fake"}]},
            {"name": "open", "manifest_path": "/house/open/Cargo.toml", "publish": null, "dependencies": []}]}"#;
        let packages = parse(metadata).expect("metadata");
        assert_eq!(packages[0].path, "agent/rtc");
        assert_eq!(packages[0].imports.len(), 2);
        assert_eq!(packages[0].imports[1], Import { path: "providers/fake".into(), kind: Kind::Dev });
        assert_eq!([packages[0].published, packages[1].published], [false, true]);
    }

    #[test]
    fn what_is_no_metadata_is_said() {
        assert!(parse("{}").is_err_and(|error| error.contains("workspace_root")));
        assert!(parse("nothing").is_err_and(|error| error.contains("no JSON")));
    }
}
