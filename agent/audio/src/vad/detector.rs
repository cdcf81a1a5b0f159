//! Speech begins, goes on, ends: frames of any size in, events with sample positions out. It owns the hangover.
//!
//! ```text
//!           activation ┌───────────┐           ┌──────┐
//! probability ─────────┘           └───────────┘      └───────────────────────
//!            │←padding→│←min_speech→│                 │←    min_silence    →│
//!            audio_from at          └ SpeechStarted   at                    └ SpeechStopped
//! ```

use std::collections::VecDeque;
use std::time::Duration;

use providers_core::{SampleRate, VAD_WINDOW, VoiceActivity};

/// The longest frame for which [`DetectorConfig::prefix_padding`] is kept in full: Opus has none longer.
const LONGEST_FRAME: Duration = Duration::from_millis(120);

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
    /// Audio kept from before the first speech window: a word's first consonant is quieter than its vowel.
    pub prefix_padding: Duration,
}

/// What was heard. Positions count the samples (16 kHz) given to the detector since [`Detector::new`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum VoiceEvent {
    /// Speech has begun.
    SpeechStarted {
        /// The first sample of the first speech window.
        at: u64,
        /// `at` less the padding: from here, audio belongs to this utterance. [`Detector::audio_since`] has it.
        audio_from: u64,
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
    /// The position behind the last window without speech's predecessor in a row, i.e. where silence began.
    silent_since: u64,
    window: [i16; VAD_WINDOW],
    filled: usize,
    heard: u64,
    recent: Recent,
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
        let kept = config.prefix_padding + config.min_speech + LONGEST_FRAME;
        let kept = SampleRate::HEARING.samples_in(kept) as usize + 2 * VAD_WINDOW;
        Self {
            engine,
            config,
            phase: Phase::Silent,
            silent_since: 0,
            window: [0; VAD_WINDOW],
            filled: 0,
            heard: 0,
            recent: Recent::new(kept),
            events: VecDeque::with_capacity(16),
        }
    }

    /// Audio was heard: 16 kHz mono, any number of samples, directly after what was given before.
    ///
    /// Drain [`Self::poll_event`] to `None` afterwards.
    pub fn handle_audio(&mut self, mut frame: &[i16]) {
        self.recent.push(frame);
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
        self.recent.forget();
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

    /// The audio from `position` to [`Self::heard`], in two pieces, as far back as it is kept: the padding,
    /// `min_speech` and one frame, and never across a cut.
    #[must_use]
    pub fn audio_since(&self, position: u64) -> (&[i16], &[i16]) {
        self.recent.last(self.heard.saturating_sub(position))
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
        let padding = SampleRate::HEARING.samples_in(self.config.prefix_padding);
        let oldest = self.heard - self.recent.len() as u64;
        let audio_from = since.saturating_sub(padding).max(oldest);
        self.events.push_back(VoiceEvent::SpeechStarted { at: since, audio_from, probability });
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

/// The last samples, in a ring.
struct Recent {
    ring: Box<[i16]>,
    /// Where the next sample goes.
    next: usize,
    len: usize,
}

impl Recent {
    fn new(capacity: usize) -> Self {
        Self { ring: vec![0; capacity].into_boxed_slice(), next: 0, len: 0 }
    }

    fn push(&mut self, frame: &[i16]) {
        let frame = &frame[frame.len().saturating_sub(self.ring.len())..];
        let (head, tail) = frame.split_at(frame.len().min(self.ring.len() - self.next));
        self.ring[self.next..self.next + head.len()].copy_from_slice(head);
        self.ring[..tail.len()].copy_from_slice(tail);
        self.next = (self.next + frame.len()) % self.ring.len();
        self.len = (self.len + frame.len()).min(self.ring.len());
    }

    fn forget(&mut self) {
        self.len = 0;
    }

    fn len(&self) -> usize {
        self.len
    }

    fn last(&self, count: u64) -> (&[i16], &[i16]) {
        let count = usize::try_from(count).unwrap_or(self.len).min(self.len);
        let newest_run = count.min(self.next);
        let wrapped = count - newest_run;
        (&self.ring[self.ring.len() - wrapped..], &self.ring[self.next - newest_run..self.next])
    }
}
