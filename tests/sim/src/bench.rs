//! How many conversations a second one core plays.

use std::time::{Duration, Instant};

use crate::{Scenario, Stage};

/// What was measured of one scenario.
#[derive(Clone, Copy, Debug)]
pub struct Measured {
    /// How often it was played.
    pub conversations: u32,
    /// How long that took.
    pub took: Duration,
    /// How many events came out of one.
    pub events: usize,
}

impl Measured {
    /// Conversations a second.
    #[must_use]
    pub fn rate(&self) -> f64 {
        f64::from(self.conversations) / self.took.as_secs_f64()
    }
}

/// Plays the scenario on this thread again and again, for about `span` of the wall's clock.
#[must_use]
pub fn measure(stage: &Stage, scenario: &Scenario, span: Duration) -> Measured {
    let events = stage.play(&scenario.script).events.len();
    let began = Instant::now();
    let mut conversations = 0;
    while conversations == 0 || began.elapsed() < span {
        std::hint::black_box(stage.play(&scenario.script));
        conversations += 1;
    }
    Measured { conversations, took: began.elapsed(), events }
}
