//! Speech begins, goes on, ends: frames of any size in, events with sample positions out. It owns the hangover.
//!
//! ```text
//!           activation ┌───────────┐           ┌──────┐
//! probability ─────────┘           └───────────┘      └───────────────────────
//!                      │←min_speech→│                 │←    min_silence    →│
//!                      at           └ SpeechStarted   at                    └ SpeechStopped
//! ```
//!
//! It keeps no audio. Who listens keeps as much from before `at` as it needs: a word's first consonant is quieter than its
//! vowel, and a recogniser and a judge of pauses do not want the same of it.

use std::collections::VecDeque;
use std::time::Duration;

use providers_core::{SampleRate, VAD_WINDOW, VoiceActivity};

/// The bounds of speech. Durations are rounded up to whole windows of 32 ms.
#[derive(Clone, Debug, PartialEq)]
pub struct DetectorConfig {
    /// From this probability a window begins speech.
    pub activation: f32,
    /// Above this probability a window continues speech that has begun. Not above `activation`.
    pub deactivation: f32,
    /// Speech windows in a row until speech counts as begun.
    pub min_speech: Duration,
    /// Windows without speech in a row until speech counts as ended.
    pub min_silence: Duration,
}

/// What was heard. Positions count the samples (16 kHz) given to the detector since [`Detector::new`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum VoiceEvent {
    /// Speech has begun.
    SpeechStarted {
        /// The first sample of the first speech window.
        at: u64,
        /// The probability of the window that decided it.
        probability: f32,
    },
    /// A window was judged. Follows `SpeechStarted` and precedes `SpeechStopped` of the same window.
    Inference {
        /// The position behind the window's last sample.
        at: u64,
        /// The probability that the window is speech.
        probability: f32,
        /// The present speech, from its first sample to the end of its last speech window; zero when nobody speaks.
        speech_for: Duration,
        /// Windows without speech in a row, hangover or not; zero when this window is speech.
        raw_silence_for: Duration,
    },
    /// Speech has ended.
    SpeechStopped {
        /// The position behind the last speech window.
        at: u64,
        /// The position at which it became certain: `min_silence` later, or where the stream was cut.
        decided_at: u64,
        /// From the first sample of the speech to `at`.
        speech_for: Duration,
    },
}

/// Turns 16 kHz audio into [`VoiceEvent`]s. One a stream; allocates nothing after `new`.
pub struct Detector {
    engine: Box<dyn VoiceActivity>,
    config: DetectorConfig,
    phase: Phase,
    /// The position behind the last window of speech, or of the last cut.
    silent_since: u64,
    window: [i16; VAD_WINDOW],
    filled: usize,
    heard: u64,
    events: VecDeque<VoiceEvent>,
}

/// Whether the person speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Silent,
    /// Speech windows so far fewer than `min_speech`.
    Rising {
        since: u64,
    },
    Speaking {
        since: u64,
        last_speech: u64,
    },
}

impl Detector {
    /// A detector at position 0, in silence.
    #[must_use]
    pub fn new(engine: Box<dyn VoiceActivity>, config: DetectorConfig) -> Self {
        Self {
            engine,
            config,
            phase: Phase::Silent,
            silent_since: 0,
            window: [0; VAD_WINDOW],
            filled: 0,
            heard: 0,
            events: VecDeque::with_capacity(16),
        }
    }

    /// Audio was heard: 16 kHz mono, any number of samples, directly after what was given before.
    ///
    /// Drain [`Self::poll_event`] to `None` afterwards.
    pub fn handle_audio(&mut self, mut frame: &[i16]) {
        while !frame.is_empty() {
            let (taken, rest) = frame.split_at(frame.len().min(VAD_WINDOW - self.filled));
            self.window[self.filled..self.filled + taken.len()].copy_from_slice(taken);
            self.filled += taken.len();
            self.heard += taken.len() as u64;
            frame = rest;
            if self.filled == VAD_WINDOW {
                self.filled = 0;
                self.judge_window();
            }
        }
    }

    /// The stream was cut: the track is muted, unpublished, or another source follows. Speech ends here, samples
    /// short of a window are dropped, the engine forgets. Positions go on.
    pub fn handle_cut(&mut self) {
        if let Phase::Speaking { since, last_speech } = self.phase {
            self.stop(since, last_speech);
        }
        self.phase = Phase::Silent;
        self.silent_since = self.heard;
        self.filled = 0;
        self.engine.reset();
    }

    /// The next event, oldest first; `None` when all were taken.
    pub fn poll_event(&mut self) -> Option<VoiceEvent> {
        self.events.pop_front()
    }

    /// Samples given so far.
    #[must_use]
    pub fn heard(&self) -> u64 {
        self.heard
    }

    /// Whether speech has begun and not ended.
    #[must_use]
    pub fn is_speaking(&self) -> bool {
        matches!(self.phase, Phase::Speaking { .. })
    }

    fn judge_window(&mut self) {
        let probability = self.engine.probability(&self.window);
        let end = self.heard;
        let start = end - VAD_WINDOW as u64;
        if self.is_speech(probability) {
            self.silent_since = end;
            self.phase = match self.phase {
                Phase::Silent => Phase::Rising { since: start },
                Phase::Rising { since } => Phase::Rising { since },
                Phase::Speaking { since, .. } => Phase::Speaking { since, last_speech: end },
            };
            self.start_if_due(probability);
            self.report(probability);
        } else {
            if let Phase::Rising { .. } = self.phase {
                self.phase = Phase::Silent;
            }
            self.report(probability);
            self.stop_if_due();
        }
    }

    fn is_speech(&self, probability: f32) -> bool {
        match self.phase {
            Phase::Silent | Phase::Rising { .. } => probability >= self.config.activation,
            Phase::Speaking { .. } => {
                probability >= self.config.activation || probability > self.config.deactivation
            }
        }
    }

    fn start_if_due(&mut self, probability: f32) {
        let Phase::Rising { since } = self.phase else { return };
        if lasting(since, self.heard) < self.config.min_speech {
            return;
        }
        self.phase = Phase::Speaking { since, last_speech: self.heard };
        self.events.push_back(VoiceEvent::SpeechStarted { at: since, probability });
    }

    fn stop_if_due(&mut self) {
        let Phase::Speaking { since, last_speech } = self.phase else { return };
        if lasting(last_speech, self.heard) < self.config.min_silence {
            return;
        }
        self.phase = Phase::Silent;
        self.stop(since, last_speech);
    }

    fn stop(&mut self, since: u64, last_speech: u64) {
        let speech_for = lasting(since, last_speech);
        self.events.push_back(VoiceEvent::SpeechStopped {
            at: last_speech,
            decided_at: self.heard,
            speech_for,
        });
    }

    fn report(&mut self, probability: f32) {
        let speech_for = match self.phase {
            Phase::Silent | Phase::Rising { .. } => Duration::ZERO,
            Phase::Speaking { since, last_speech } => lasting(since, last_speech),
        };
        let raw_silence_for = lasting(self.silent_since, self.heard);
        self.events.push_back(VoiceEvent::Inference {
            at: self.heard,
            probability,
            speech_for,
            raw_silence_for,
        });
    }
}

fn lasting(from: u64, to: u64) -> Duration {
    SampleRate::HEARING.duration_of(to - from)
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;
    use std::time::Duration;

    use expect_test::{Expect, expect};
    use providers_core::{VAD_WINDOW, VoiceActivity};

    use super::{Detector, DetectorConfig, VoiceEvent};

    #[test]
    fn speech_begins_at_its_first_window_and_ends_behind_its_last() {
        check(
            "..99999........",
            &expect![[r#"
            started at 2 (0.9), heard 4
            stopped at 7 after 5, decided 15, heard 15
        "#]],
        );
    }

    #[test]
    fn one_loud_window_is_no_speech() {
        check("..9..9.9.9......", &expect![""]);
    }

    #[test]
    fn speech_goes_on_above_the_lower_threshold_but_does_not_begin_there() {
        check(
            "4444994444443...........",
            &expect![[r#"
            started at 4 (0.9), heard 6
            stopped at 12 after 8, decided 20, heard 20
        "#]],
        );
    }

    #[test]
    fn a_pause_shorter_than_the_hangover_does_not_end_speech() {
        check(
            "99.......99.......9.......",
            &expect![[r#"
            started at 0 (0.9), heard 2
        "#]],
        );
    }

    #[test]
    fn a_window_of_speech_in_the_hangover_starts_it_again() {
        check(
            "99.......4........99",
            &expect![[r#"
            started at 0 (0.9), heard 2
            stopped at 10 after 10, decided 18, heard 18
            started at 18 (0.9), heard 20
        "#]],
        );
    }

    #[test]
    fn a_cut_ends_speech_at_once() {
        check(
            "9999.|999999........",
            &expect![[r#"
            started at 0 (0.9), heard 2
            stopped at 4 after 4, decided 5, heard 5
            started at 5 (0.9), heard 7
            stopped at 11 after 6, decided 19, heard 19
        "#]],
        );
    }

    #[test]
    fn each_window_reports_how_long_speech_and_silence_have_lasted() {
        let mut detector = detector("..999..4");
        detector.handle_audio(&[0; 8 * VAD_WINDOW]);
        let mut report = String::new();
        while let Some(event) = detector.poll_event() {
            if let VoiceEvent::Inference { at, speech_for, raw_silence_for, .. } = event {
                writeln!(report, "{at} speech {speech_for:?} silence {raw_silence_for:?}").unwrap();
            }
        }
        expect![[r#"
            512 speech 0ns silence 32ms
            1024 speech 0ns silence 64ms
            1536 speech 0ns silence 0ns
            2048 speech 64ms silence 0ns
            2560 speech 96ms silence 0ns
            3072 speech 96ms silence 32ms
            3584 speech 96ms silence 64ms
            4096 speech 192ms silence 0ns
        "#]]
        .assert_eq(&report);
    }

    #[test]
    fn the_size_of_frames_changes_no_event() {
        let script = "..999999.........99.9999...9999..........";
        let whole = events(script, script.len() * VAD_WINDOW);
        assert!(whole.len() > script.len());
        for size in [1, 7, 160, 320, 480, 512, 513, 960, 1_920] {
            assert_eq!(events(script, size), whole, "frames of {size}");
        }
    }

    /// A script has a character a window: a digit is the probability in tenths, a point is 0, `|` is a cut.
    #[track_caller]
    fn check(script: &str, expected: &Expect) {
        let mut detector = detector(script);
        let mut report = String::new();
        for step in script.chars() {
            if step == '|' {
                detector.handle_cut();
            } else {
                detector.handle_audio(&[0; VAD_WINDOW]);
            }
            let windows = |samples: u64| samples as f64 / VAD_WINDOW as f64;
            let heard = windows(detector.heard());
            while let Some(event) = detector.poll_event() {
                match event {
                    VoiceEvent::SpeechStarted { at, probability } => {
                        let at = windows(at);
                        writeln!(report, "started at {at} ({probability}), heard {heard}").unwrap();
                    }
                    VoiceEvent::SpeechStopped { at, decided_at, speech_for } => {
                        let (at, decided, length) =
                            (windows(at), windows(decided_at), speech_for.as_millis() / 32);
                        writeln!(report, "stopped at {at} after {length}, decided {decided}, heard {heard}")
                            .unwrap();
                    }
                    VoiceEvent::Inference { .. } => {}
                }
            }
        }
        expected.assert_eq(&report);
    }

    fn events(script: &str, frame: usize) -> Vec<VoiceEvent> {
        let mut detector = detector(script);
        for frame in vec![0; script.len() * VAD_WINDOW].chunks(frame) {
            detector.handle_audio(frame);
        }
        std::iter::from_fn(|| detector.poll_event()).collect()
    }

    fn detector(script: &str) -> Detector {
        let tenths = |step: char| step.to_digit(10).unwrap_or(0) as f32 / 10.0;
        let script: Vec<f32> = script.chars().filter(|&step| step != '|').map(tenths).rev().collect();
        let config = DetectorConfig {
            activation: 0.5,
            deactivation: 0.35,
            min_speech: Duration::from_millis(50),
            min_silence: Duration::from_millis(250),
        };
        Detector::new(Box::new(Scripted(script)), config)
    }

    struct Scripted(Vec<f32>);

    impl VoiceActivity for Scripted {
        fn probability(&mut self, _window: &[i16; VAD_WINDOW]) -> f32 {
            self.0.pop().unwrap()
        }

        fn reset(&mut self) {}
    }
}
