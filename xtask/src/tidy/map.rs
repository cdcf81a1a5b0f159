//! Every crate has its line in ARCHITECTURE.md.

use super::workspace::Package;
use super::{Finding, Rule};

pub(super) fn check(packages: &[Package], architecture: &str) -> Vec<Finding> {
    packages
        .iter()
        .filter(|package| {
            !architecture.lines().any(|line| line.starts_with(&format!("| `{}` |", package.path)))
        })
        .map(|package| {
            let says = format!("no line of the map in ARCHITECTURE.md begins with | `{}` |", package.path);
            Finding::new(Rule::Map, &package.path, says)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crate_that_is_not_on_the_map_is_found() {
        let package = |path: &str| Package {
            name: path.replace('/', "-"),
            path: path.into(),
            published: false,
            imports: Vec::new(),
        };
        let map = "| crate | what it is |\n| `agent/rtc-proto` | one room |\n";
        let findings = check(&[package("agent/rtc-proto"), package("agent/rtc")], map);
        assert_eq!(findings.len(), 1);
        assert_eq!(findings[0].place, "agent/rtc");
    }
}
