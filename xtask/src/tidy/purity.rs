//! What decides is pure: a core links no runtime, no HTTP client, no database, no window to the outside.

use super::{Finding, Rule};

/// Folders whose crates decide, or say what things are called.
const CORES: &[&str] = &[
    "agent/turn",
    "agent/rtc-proto",
    "agent/audio",
    "agent/language",
    "providers/core",
    "config/schema",
    "state/model",
    "state/store",
    "backend/api",
];

/// What no core links, directly or through others.
const IMPURE: &[&str] =
    &["tokio", "mio", "async-io", "socket2", "hyper", "reqwest", "tungstenite", "sqlx", "redis"];

pub(super) fn is_core(path: &str) -> bool {
    CORES.contains(&path)
}

/// `tree` is the output of `cargo tree` for one core: a package a line, its name first.
pub(super) fn check(core: &str, tree: &str) -> Vec<Finding> {
    IMPURE
        .iter()
        .filter(|impure| tree.lines().any(|line| line.split(' ').next() == Some(impure)))
        .map(|impure| {
            let says =
                format!("links {impure}; `cargo tree -p {core} -e normal -i {impure}` says through whom");
            Finding::new(Rule::Purity, core, says)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_runtime_is_found_wherever_it_stands() {
        let pure = "agent-turn v0.1.0 (/house/agent/turn)\nserde v1.0.229\ntokio-like v1.0.0\n";
        assert!(check("agent-turn", pure).is_empty());
        let impure = format!("{pure}tokio v1.54.1 (*)\nreqwest v0.12.28\n");
        assert_eq!(check("agent-turn", &impure).len(), 2);
    }
}
