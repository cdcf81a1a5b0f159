//! Dependencies point down: which folder may import which, as a table.

use super::workspace::{Kind, Package};
use super::{Finding, Rule};

/// A folder, or all folders of one (`providers/*`), and what it may import from the workspace. The first row that fits
/// a crate is its row; a crate without one may not exist. Vendors are what is left of `providers/*`.
const TABLE: &[(&str, &[&str])] = &[
    ("agent/turn", &[]),
    ("agent/rtc-proto", &[]),
    ("agent/audio", &["providers/core"]),
    ("agent/language", &["providers/core"]),
    ("agent/rtc", &["agent/rtc-proto"]),
    (
        "agent/conversation",
        &[
            "agent/turn",
            "agent/language",
            "agent/rtc",
            "agent/audio",
            "providers/core",
            "providers/layers",
            "state/store",
            "state/model",
        ],
    ),
    ("agent/tools", &["providers/core", "providers/http", "config/schema"]),
    ("agent/worker", &["agent/*", "providers/*", "state/*", "config/schema", "backend/api"]),
    ("providers/core", &[]),
    ("providers/layers", &["providers/core"]),
    ("providers/http", &["providers/core"]),
    ("providers/fake", &["providers/core"]),
    ("providers/conformance", &["providers/core"]),
    ("providers/*", &["providers/core", "providers/http"]),
    ("config/schema", &[]),
    ("state/model", &[]),
    ("state/store", &["state/model"]),
    ("state/*", &["state/store", "state/model"]),
    ("backend/api", &[]),
    ("backend/http", &["backend/api", "providers/core", "providers/layers", "state/store", "state/model"]),
    ("backend/grpc", &["providers/core", "providers/layers", "state/store", "state/model"]),
    ("backend/server", &["backend/*", "providers/*", "state/*", "config/schema"]),
    ("tests/*", &["*"]),
    ("xtask", &["*"]),
];

/// Tests of any crate may use these.
const FOR_TESTS: &[&str] = &["providers/fake", "providers/conformance", "agent/tools", "tests/sim"];

pub(super) fn check(packages: &[Package]) -> Vec<Finding> {
    packages.iter().flat_map(check_package).collect()
}

fn check_package(package: &Package) -> Vec<Finding> {
    let Some((_, allowed)) = TABLE.iter().find(|(row, _)| fits(row, &package.path)) else {
        let says =
            "has no row in the table of xtask/src/tidy/direction.rs; a new room needs a decision record";
        return vec![Finding::new(Rule::Direction, &package.path, says)];
    };
    let is_free = |import: &str, kind: Kind| kind == Kind::Dev && FOR_TESTS.contains(&import);
    package
        .imports
        .iter()
        .filter(|import| !is_free(&import.path, import.kind))
        .filter(|import| !allowed.iter().any(|row| fits(row, &import.path)))
        .map(|import| {
            let may = if allowed.is_empty() { "nothing".to_owned() } else { allowed.join(", ") };
            let says = format!("imports {}; it may import {may} from the workspace", import.path);
            Finding::new(Rule::Direction, &package.path, says)
        })
        .collect()
}

/// Whether a row of the table speaks about a folder.
fn fits(row: &str, path: &str) -> bool {
    match row.strip_suffix('*') {
        Some(prefix) => path.strip_prefix(prefix).is_some_and(|rest| !rest.is_empty()),
        None => row == path,
    }
}

#[cfg(test)]
mod tests {
    use super::super::workspace::Import;
    use super::*;

    #[test]
    fn imports_point_down() {
        use Kind::{Dev, Normal};
        for (path, import, kind, allowed) in [
            ("agent/turn", "providers/core", Normal, false),
            ("agent/turn", "providers/fake", Dev, true),
            ("agent/turn", "providers/fake", Normal, false),
            ("agent/turn", "agent/audio", Dev, false),
            ("agent/audio", "providers/core", Normal, true),
            ("agent/rtc", "agent/rtc-proto", Normal, true),
            ("agent/rtc-proto", "agent/rtc", Normal, false),
            ("agent/conversation", "providers/layers", Normal, true),
            ("agent/conversation", "providers/openai", Normal, false),
            ("agent/worker", "providers/openai", Normal, true),
            ("agent/worker", "backend/server", Normal, false),
            ("providers/openai", "providers/http", Normal, true),
            ("providers/openai", "providers/layers", Normal, false),
            ("providers/layers", "providers/http", Normal, false),
            ("providers/layers", "providers/conformance", Dev, true),
            ("config/schema", "providers/core", Normal, false),
            ("tests/sim", "agent/conversation", Normal, true),
            ("rooms/new", "providers/core", Normal, false),
        ] {
            let package = Package {
                name: path.replace('/', "-"),
                path: path.into(),
                published: false,
                imports: vec![Import { path: import.into(), kind }],
            };
            let findings = check(&[package]);
            assert_eq!(findings.is_empty(), allowed, "{path} imports {import} as {kind:?}: {findings:?}");
        }
    }

    #[test]
    fn a_finding_names_both_ends_and_what_is_allowed() {
        let package = Package {
            name: "agent-rtc".into(),
            path: "agent/rtc".into(),
            published: false,
            imports: vec![Import { path: "agent/worker".into(), kind: Kind::Normal }],
        };
        assert_eq!(
            check(&[package])[0].to_string(),
            "error: agent/rtc: imports agent/worker; it may import agent/rtc-proto from the workspace \
             [direction: dependencies point down]"
        );
    }
}
