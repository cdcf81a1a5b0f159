//! The estimate: a chain of tokens, each as long as its hyphens at a pace, on the clock of the playout.

use std::time::Duration;

use super::{tokens, written::Written};

/// Hyphens a second of ordinary speech.
const ORDINARY: f64 = 3.83;

/// Less than a sample: what sums of seconds may be off.
const NOTHING: f64 = 1e-6;

/// The text that is paced, as it stands.
pub(super) struct Text<'a> {
    pub(super) text: &'a str,
    pub(super) written: &'a Written,
    /// Whether all of it is there.
    pub(super) ended: bool,
    /// How much audio it has, once that is known.
    pub(super) measure: Option<Duration>,
}

/// How far the text is said. Seconds count from the beginning of the playout, pauses included.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Pace {
    since: Option<Duration>,
    /// Where the tokens end that are over.
    over: usize,
    /// Where the blanks begin that lead the next token's count.
    blanks: usize,
    /// The token under way: where it ends in the text, and when it is over.
    under_way: Option<(usize, f64)>,
    /// When the next token may begin.
    free: f64,
    /// When the pause began that lasts.
    paused: Option<f64>,
    /// Hyphens a second, once all is known.
    measured: Option<f64>,
}

impl Pace {
    /// Whether the playout has begun.
    pub(super) const fn has_begun(&self) -> bool {
        self.since.is_some()
    }

    /// How long ago it began, as far as is known.
    pub(super) fn since(&self) -> Duration {
        self.since.unwrap_or_default()
    }

    pub(super) const fn pause(&mut self, since: Duration) {
        if self.paused.is_none() {
            self.paused = Some(since.as_secs_f64());
        }
    }

    pub(super) const fn resume(&mut self, since: Duration) {
        if self.paused.take().is_some() {
            self.free = self.free.max(since.as_secs_f64());
        }
    }

    /// Goes on to `since`; where the tokens end that are over by then.
    pub(super) fn run(&mut self, of: &Text<'_>, since: Duration) -> usize {
        let now = self.since().max(since);
        self.since = Some(now);
        let now = now.as_secs_f64();
        loop {
            if let Some((end, at)) = self.under_way {
                if at > now + NOTHING {
                    break;
                }
                self.under_way = None;
                (self.over, self.blanks, self.free) = (end, end, at);
            }
            let Some(end) = self.next_token(of) else {
                self.free = self.free.max(now);
                break;
            };
            if self.paused.is_some_and(|paused| self.free >= paused) {
                break;
            }
            self.begin(of, end);
        }
        self.over
    }

    /// Where the next token ends; what is said otherwise is one token.
    fn next_token(&self, of: &Text<'_>) -> Option<usize> {
        let (said, rest) = of.text.split_at(self.over);
        let end = self.over + tokens::first(rest, said.chars().next_back(), of.ended)?;
        match of.written.read_before(end) {
            Some((end, _)) => (end < of.text.len() || of.ended).then_some(end),
            None => Some(end),
        }
    }

    fn begin(&mut self, of: &Text<'_>, end: usize) {
        let token = &of.text[self.over..end];
        if token.trim().is_empty() {
            let kept = token.trim_end_matches([' ', '\t']).len();
            if kept > 0 {
                self.blanks = self.over + kept;
            }
            self.over = end;
            return;
        }
        let hyphens = match of.written.read_before(end) {
            Some((_, spoken)) => tokens::hyphens(spoken),
            None => tokens::hyphens(&of.text[self.blanks..end]),
        };
        self.under_way = Some((end, self.free + f64::from(hyphens) / self.pace(of)));
    }

    fn pace(&mut self, of: &Text<'_>) -> f64 {
        let Some(audio) = of.measure else {
            self.measured = None;
            return ORDINARY;
        };
        if let Some(measured) = self.measured {
            return measured;
        }
        let hyphens = f64::from(tokens::hyphens(of.written.spoken()));
        let is_known = hyphens > 0.0 && !audio.is_zero();
        let pace = if is_known { hyphens / audio.as_secs_f64() } else { ORDINARY };
        self.measured = Some(pace);
        pace
    }
}
