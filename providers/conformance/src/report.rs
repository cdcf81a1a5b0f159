//! What became of each rule, and how a rule is run.

use std::{fmt, time::Duration};

/// Time for one rule, so that a stream without end fails its rule and not the suite.
const LIMIT: Duration = Duration::from_secs(30);

/// What became of each rule.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// The rules that hold.
    pub hold: Vec<&'static str>,
    /// The rules that are broken, and how.
    pub broken: Vec<(&'static str, String)>,
    /// The rules that the bench could not stage.
    pub not_staged: Vec<&'static str>,
}

/// A rule is broken: in what way.
#[derive(Debug)]
pub(crate) struct Broken(pub(crate) String);

/// What is known after a rule was run.
pub(crate) enum Verdict {
    Holds,
    NotStaged,
}

impl Report {
    /// Whether no rule is broken, and at least one holds.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.broken.is_empty() && !self.hold.is_empty()
    }

    pub(crate) async fn run(
        &mut self,
        rule: &'static str,
        run: impl Future<Output = Result<Verdict, Broken>>,
    ) {
        match tokio::time::timeout(LIMIT, run).await {
            Ok(Ok(Verdict::Holds)) => self.hold.push(rule),
            Ok(Ok(Verdict::NotStaged)) => self.not_staged.push(rule),
            Ok(Err(Broken(how))) => self.broken.push((rule, how)),
            Err(_) => self.broken.push((rule, format!("nothing came within {} s", LIMIT.as_secs()))),
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} rules hold", self.hold.len())?;
        for (rule, how) in &self.broken {
            writeln!(f, "broken: {rule}: {how}")?;
        }
        for rule in &self.not_staged {
            writeln!(f, "not staged: {rule}")?;
        }
        Ok(())
    }
}

/// `Ok` when `holds`, else what `how` says.
pub(crate) fn ensure(holds: bool, how: impl FnOnce() -> String) -> Result<(), Broken> {
    if holds { Ok(()) } else { Err(Broken(how())) }
}
