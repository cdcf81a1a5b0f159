//! Chores of the house: `cargo xtask tidy` checks the direction of dependencies and other habits.

mod tidy;

use std::path::Path;
use std::process::ExitCode;

const USAGE: &str = "usage: cargo xtask tidy";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask is a folder of the repository");
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["tidy"] => report(&tidy::check(root)),
        _ => {
            say(USAGE);
            ExitCode::from(2)
        }
    }
}

/// A line for each finding; failure when one of them is a breach.
fn report(checked: &Result<Vec<tidy::Finding>, tidy::CannotCheck>) -> ExitCode {
    let findings = match checked {
        Ok(findings) => findings,
        Err(error) => {
            say(&format!("tidy: {error}"));
            return ExitCode::from(2);
        }
    };
    for finding in findings {
        say(&finding.to_string());
    }
    let n_breaches = findings.iter().filter(|finding| finding.is_breach()).count();
    if n_breaches > 0 {
        say(&format!("tidy: {n_breaches} to mend"));
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

#[expect(clippy::print_stderr, reason = "what a person reads at a terminal")]
fn say(line: &str) {
    eprintln!("{line}");
}
