//! The habits of STYLE.md that a program can check: reads the repository, asks each rule, collects what it finds.

mod direction;
mod map;
mod names;
mod purity;
mod source;
mod workspace;

use std::fmt;
use std::path::Path;
use std::process::Command;

use self::workspace::Package;

/// Something that a rule says about a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    rule: Rule,
    place: String,
    says: String,
}

/// A rule of the house.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rule {
    /// A crate imports only what the table allows.
    Direction,
    /// A package is called as its folder, and is not published.
    Names,
    /// A core reaches no runtime and no socket.
    Purity,
    /// A file opens with what it is.
    Opening,
    /// A file is long.
    Long,
    /// A file is too long.
    TooLong,
    /// Every crate has its line in ARCHITECTURE.md.
    Map,
}

/// The repository could not be read.
#[derive(Debug)]
pub(crate) struct CannotCheck(String);

/// Everything there is to say about the repository at `root`.
pub(crate) fn check(root: &Path) -> Result<Vec<Finding>, CannotCheck> {
    let metadata = run(root, "cargo", &["metadata", "--format-version", "1", "--no-deps"])?;
    let packages = workspace::parse(&metadata).map_err(CannotCheck)?;
    let mut findings = direction::check(&packages);
    findings.extend(names::check(&packages));
    findings.extend(map::check(&packages, &read(root, "ARCHITECTURE.md")?));
    for package in packages.iter().filter(|package| purity::is_core(&package.path)) {
        findings.extend(purity::check(&package.name, &tree(root, package)?));
    }
    let files = run(root, "git", &["ls-files", "--cached", "--others", "--exclude-standard", "*.rs"])?;
    for path in files.lines().filter(|path| root.join(path).exists()) {
        findings.extend(source::check(path, &read(root, path)?));
    }
    Ok(findings)
}

impl Finding {
    fn new(rule: Rule, place: impl Into<String>, says: impl Into<String>) -> Self {
        Self { rule, place: place.into(), says: says.into() }
    }

    /// Whether it has to be mended; the others are only said.
    pub(crate) fn is_breach(&self) -> bool {
        match self.rule {
            Rule::Long => false,
            Rule::Direction | Rule::Names | Rule::Purity | Rule::Opening | Rule::TooLong | Rule::Map => true,
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let weight = if self.is_breach() { "error" } else { "note" };
        write!(f, "{weight}: {}: {} [{}]", self.place, self.says, self.rule)
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Direction => "direction: dependencies point down",
            Self::Names => "names: the folder path is the package name",
            Self::Purity => "purity: what decides has no runtime and no socket",
            Self::Opening => "opening: every file opens with //!",
            Self::Long => "length: split a file at 500 lines without its tests",
            Self::TooLong => "length: never over 800 lines without its tests",
            Self::Map => "map: ARCHITECTURE.md changes with the code",
        })
    }
}

impl fmt::Display for CannotCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a core links, a package a line: with the features that it asks for itself, not those of its neighbours.
fn tree(root: &Path, package: &Package) -> Result<String, CannotCheck> {
    run(
        root,
        "cargo",
        &["tree", "--package", &package.name, "--edges", "normal", "--prefix", "none", "--format", "{p}"],
    )
}

fn run(root: &Path, program: &str, arguments: &[&str]) -> Result<String, CannotCheck> {
    let command = format!("{program} {}", arguments.join(" "));
    let output = Command::new(program)
        .args(arguments)
        .current_dir(root)
        // Each package is judged by what it asks for itself, whatever the builds of this shell have in common.
        .env_remove("CARGO_RESOLVER_FEATURE_UNIFICATION")
        .output()
        .map_err(|error| CannotCheck(format!("cannot run `{command}`: {error}")))?;
    if !output.status.success() {
        return Err(CannotCheck(format!("`{command}` failed:\n{}", String::from_utf8_lossy(&output.stderr))));
    }
    String::from_utf8(output.stdout).map_err(|_| CannotCheck(format!("`{command}` printed no text")))
}

fn read(root: &Path, path: &str) -> Result<String, CannotCheck> {
    std::fs::read_to_string(root.join(path))
        .map_err(|error| CannotCheck(format!("cannot read {path}: {error}")))
}
