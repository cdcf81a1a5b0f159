//! A call decided again from its journal.

use std::fmt;

use super::{Entry, LineError, Millis, parse};
use crate::{Machine, Moment, Output};

/// What a journal decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replay {
    /// The machine after the last line.
    pub machine: Machine,
    /// All orders with their moments. As text: [`Replay::lines`].
    pub orders: Vec<(Moment, Output)>,
}

/// Why a journal decides nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplayError {
    /// The line, counted from 1.
    pub line: usize,
    /// What is wrong with it; `None`: it should be the configuration and is not, or is the configuration again.
    pub error: Option<LineError>,
}

impl fmt::Display for ReplayError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: ", self.line)?;
        match &self.error {
            Some(error) => error.fmt(f),
            None => f.write_str("the configuration must be the first line, and only that"),
        }
    }
}

impl std::error::Error for ReplayError {}

/// Decides a call again: the same lines give the same orders.
pub fn replay<'a>(lines: impl IntoIterator<Item = &'a str>) -> Result<Replay, ReplayError> {
    let mut replay: Option<Replay> = None;
    let mut line = 0;
    for text in lines {
        line += 1;
        let parsed = parse(text).map_err(|error| ReplayError { line, error: Some(error) })?;
        let Some((at, entry)) = parsed else { continue };
        match (&mut replay, entry) {
            (None, Entry::Began(config)) => {
                let mut begun = Replay { machine: Machine::new(*config, at), orders: Vec::new() };
                begun.drain(at);
                replay = Some(begun);
            }
            (Some(replay), Entry::Fact(fact)) => {
                replay.machine.handle_input(at, fact);
                replay.drain(at);
            }
            (Some(replay), Entry::Timeout) => {
                replay.machine.handle_timeout(at);
                replay.drain(at);
            }
            (None, Entry::Fact(_) | Entry::Timeout) | (Some(_), Entry::Began(_)) => {
                return Err(ReplayError { line, error: None });
            }
        }
    }
    replay.ok_or(ReplayError { line: line.max(1), error: None })
}

impl Replay {
    fn drain(&mut self, at: Moment) {
        while let Some(order) = self.machine.poll_output() {
            self.orders.push((at, order));
        }
    }

    /// The orders as text: the moment in milliseconds, and the order.
    pub fn lines(&self) -> impl Iterator<Item = String> {
        self.orders.iter().map(|(at, order)| format!("{} {order}", Millis(at.0)))
    }
}
