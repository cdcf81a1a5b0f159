//! Whether anybody can hear what we say. Pure.
//!
//! What is said into nothing must not count as heard: while the way to the server is lost, while our track is not there
//! or muted by the server, and until somebody has subscribed it, the playout stands still and goes on where it was. Only
//! the wait for a subscriber is bounded, as a client may hear us without the server's word.
//!
//! While the way is being sought, frames may still arrive; nobody knows. A short pause is better than words that are lost
//! and taken for heard.

use std::time::{Duration, Instant};

/// Ourselves, as the others could hear us.
#[derive(Debug)]
pub(super) struct Stage {
    /// How long the first words on a track wait for somebody to hear it.
    wait: Duration,
    is_connected: bool,
    track: Track,
    is_muted: bool,
}

/// Our track.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Track {
    /// The server does not have it.
    Absent,
    /// Nobody hears it, and there is nothing to say.
    Unheard,
    /// Nobody hears it; we speak from this moment on even so.
    WaitsUntil(Instant),
    Heard,
}

impl Stage {
    pub(super) const fn new(wait: Duration) -> Self {
        Self { wait, is_connected: false, track: Track::Absent, is_muted: false }
    }

    /// Media flows, or the way to the server is lost and sought.
    pub(super) const fn connect(&mut self, is_connected: bool) {
        self.is_connected = is_connected;
    }

    /// The server has our track: in a new stay, or published again, it is one that nobody hears yet.
    pub(super) const fn publish(&mut self) {
        self.track = Track::Unheard;
    }

    /// The server has ended it. The next one is not muted.
    pub(super) const fn unpublish(&mut self) {
        (self.track, self.is_muted) = (Track::Absent, false);
    }

    /// Somebody hears it.
    pub(super) const fn subscribe(&mut self) {
        self.track = Track::Heard;
    }

    /// The server mutes it, or no longer.
    pub(super) const fn mute(&mut self, is_muted: bool) {
        self.is_muted = is_muted;
    }

    /// Whether to speak now; with `has_words` there is something to say.
    pub(super) fn may_speak(&mut self, now: Instant, has_words: bool) -> bool {
        if !self.is_open() {
            return false;
        }
        if self.track == Track::Unheard && has_words {
            self.track = Track::WaitsUntil(now + self.wait);
        }
        match self.track {
            Track::Absent | Track::Unheard => false,
            Track::WaitsUntil(until) => now >= until,
            Track::Heard => true,
        }
    }

    /// When to speak, of words that are due then; `None` until something is told.
    pub(super) fn due(&self, words: Option<Instant>) -> Option<Instant> {
        let words = words.filter(|_| self.is_open())?;
        match self.track {
            Track::Absent | Track::Unheard => None,
            Track::WaitsUntil(until) => Some(words.max(until)),
            Track::Heard => Some(words),
        }
    }

    const fn is_open(&self) -> bool {
        self.is_connected && !self.is_muted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WAIT: Duration = Duration::from_secs(3);

    fn heard() -> (Stage, Instant) {
        let mut stage = Stage::new(WAIT);
        stage.connect(true);
        stage.publish();
        stage.subscribe();
        (stage, Instant::now())
    }

    #[test]
    fn the_first_words_on_a_track_wait_for_somebody_to_hear_it_and_not_for_ever() {
        let mut stage = Stage::new(WAIT);
        let now = Instant::now();
        assert!(!stage.may_speak(now, true), "there is no way and no track");
        stage.connect(true);
        stage.publish();
        assert!(!stage.may_speak(now, false));
        let asked = now + WAIT;
        assert!(!stage.may_speak(asked, true));
        assert_eq!(stage.due(Some(asked)), Some(asked + WAIT), "the wait begins with the words");
        assert!(!stage.may_speak(asked + WAIT / 2, true));
        assert!(stage.may_speak(asked + WAIT, true));
        stage.subscribe();
        assert!(stage.may_speak(asked, true));
    }

    #[test]
    fn nothing_is_said_while_the_way_is_lost_and_in_a_new_stay_until_somebody_hears_the_new_track() {
        let (mut stage, now) = heard();
        stage.connect(false);
        assert_eq!((stage.may_speak(now, true), stage.due(Some(now))), (false, None));
        stage.connect(true);
        assert!(stage.may_speak(now, true), "the same stay goes on");
        stage.connect(false);
        stage.publish();
        stage.subscribe();
        assert!(!stage.may_speak(now, true));
        stage.connect(true);
        assert!(stage.may_speak(now, true), "somebody was faster than the word that we are back");
        stage.publish();
        assert!(!stage.may_speak(now, true));
    }

    #[test]
    fn what_the_server_mutes_or_ends_says_nothing_until_it_is_back() {
        let (mut stage, now) = heard();
        stage.mute(true);
        assert_eq!((stage.may_speak(now, true), stage.due(Some(now))), (false, None));
        stage.mute(false);
        assert!(stage.may_speak(now, true));
        stage.mute(true);
        stage.unpublish();
        assert_eq!((stage.may_speak(now, true), stage.due(Some(now))), (false, None));
        stage.publish();
        stage.subscribe();
        assert!(stage.may_speak(now, true));
    }
}
