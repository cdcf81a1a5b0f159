//! A source file opens with what it is, and is not longer than one can read.

use super::{Finding, Rule};

const LONG: usize = 500;
const TOO_LONG: usize = 800;

pub(super) fn check(path: &str, text: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    let opens_well = text
        .lines()
        .next()
        .is_some_and(|line| line.strip_prefix("//! ").is_some_and(|rest| !rest.is_empty()));
    if !opens_well {
        let says = "the first line is not `//! ` and a sentence";
        findings.push(Finding::new(Rule::Opening, path, says));
    }
    let n_lines = lines_without_tests(path, text);
    let rule = match n_lines {
        n if n > TOO_LONG => Rule::TooLong,
        n if n > LONG => Rule::Long,
        _ => return findings,
    };
    findings.push(Finding::new(rule, path, format!("{n_lines} lines without its tests")));
    findings
}

/// A file of tests is a catalogue and has none; another ends where its own tests begin.
fn lines_without_tests(path: &str, text: &str) -> usize {
    let is_tests = path.split('/').any(|part| matches!(part, "tests" | "tests.rs" | "benches"));
    if is_tests {
        return 0;
    }
    let lines: Vec<&str> = text.lines().collect();
    let tests = lines.windows(2).position(|pair| pair[0] == "#[cfg(test)]" && pair[1] == "mod tests {");
    tests.unwrap_or(lines.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_says_what_it_is() {
        for (text, well) in [
            ("//! What a room hears.\n", true),
            ("//! \n", false),
            ("//!\n", false),
            ("use std::fmt;\n", false),
            ("// A comment.\n", false),
            ("", false),
        ] {
            assert_eq!(check("agent/rtc/src/lib.rs", text).is_empty(), well, "{text:?}");
        }
    }

    #[test]
    fn length_counts_without_tests() {
        let code = |n: usize| format!("//! A file.\n{}", "fn f() {}\n".repeat(n - 1));
        let tests = format!("#[cfg(test)]\nmod tests {{\n{}}}\n", "    // a line\n".repeat(900));
        let rules = |path: &str, text: &str| -> Vec<Rule> {
            check(path, text).into_iter().map(|finding| finding.rule).collect()
        };
        assert_eq!(rules("src/a.rs", &code(500)), []);
        assert_eq!(rules("src/a.rs", &(code(500) + &tests)), []);
        assert_eq!(rules("src/a.rs", &code(501)), [Rule::Long]);
        assert_eq!(rules("src/a.rs", &code(801)), [Rule::TooLong]);
        assert_eq!(rules("agent/turn/tests/timelines.rs", &code(2_000)), []);
        assert_eq!(rules("src/data/tests.rs", &code(2_000)), []);
    }
}
