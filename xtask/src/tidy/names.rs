//! A package is called as its folder, with dashes, and is not published.

use super::workspace::Package;
use super::{Finding, Rule};

pub(super) fn check(packages: &[Package]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for package in packages {
        let expected = package.path.replace('/', "-");
        if package.name != expected {
            let says = format!("the package is called {}, its folder says {expected}", package.name);
            findings.push(Finding::new(Rule::Names, &package.path, says));
        }
        if package.published {
            findings.push(Finding::new(Rule::Names, &package.path, "has no `publish = false`"));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_name_and_a_published_package_are_found() {
        let package = |name: &str, path: &str, published| Package {
            name: name.into(),
            path: path.into(),
            published,
            imports: Vec::new(),
        };
        assert!(check(&[package("agent-rtc-proto", "agent/rtc-proto", false)]).is_empty());
        assert_eq!(check(&[package("rtc", "agent/rtc", true)]).len(), 2);
    }
}
