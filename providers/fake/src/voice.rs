//! A voice that gives a tone, or silence, for as long as the script says.

use std::{
    collections::VecDeque,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use providers_core::{
    ProviderError, ProviderInfo, SampleRate, SpeechChunk, TextToSpeech, TtsCapabilities, TtsOptions,
    TtsStream, Usage, WordTiming,
};
use tokio::time::Instant;

use crate::{
    Faults,
    fault::{Mishaps, Step},
    record::{Open, PROVIDER, Record},
    timeline::{Alarm, When},
};

/// The audio of one chunk.
const CHUNK: Duration = Duration::from_millis(100);

/// How one text is spoken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Speech {
    /// The text, trimmed.
    pub when: When,
    /// How long the audio lasts.
    pub length: Duration,
    /// From the flush or finish to the first audio.
    pub ttfb: Duration,
    /// From the flush or finish to the last audio; not before `ttfb`.
    pub duration: Duration,
}

/// What the audio is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Sound {
    /// Zeros.
    Silence,
    /// A sine of whole hertz, so that seconds follow each other without a step.
    Tone {
        /// Its frequency.
        hertz: u16,
        /// Its peak, as a sample's value.
        peak: i16,
    },
    /// A sine whose frequency rises evenly for a second, and begins again: its pitch tells the position.
    Sweep {
        /// Its frequency at the beginning of each second.
        from: u16,
        /// Its frequency at the end of each second.
        to: u16,
        /// Its peak, as a sample's value.
        peak: i16,
    },
}

impl Sound {
    /// One second of it, which then begins again.
    #[must_use]
    pub fn one_second(self, rate: SampleRate) -> Arc<[i16]> {
        let sine = |peak: i16, periods: f64| {
            (f64::from(peak) * (std::f64::consts::TAU * periods).sin()).round() as i16
        };
        let sample = |n: u32| {
            let time = f64::from(n) / f64::from(rate.hertz());
            match self {
                Self::Silence => 0,
                Self::Tone { hertz, peak } => sine(peak, f64::from(hertz) * time),
                Self::Sweep { from, to, peak } => {
                    let rise = f64::from(to) - f64::from(from);
                    sine(peak, f64::from(from) * time + rise * time * time / 2.0)
                }
            }
        };
        (0..rate.hertz()).map(sample).collect()
    }
}

/// A scripted voice. It speaks what was pushed when it is flushed or finished, as one text; a text that the script
/// does not know is silently over at once.
pub struct FakeVoice {
    info: ProviderInfo,
    rate: SampleRate,
    speeches: Arc<[Speech]>,
    /// One second of the sound, which then begins again.
    sound: Arc<[i16]>,
    word_times: bool,
    faults: Faults,
    record: Arc<Record<String>>,
}

impl FakeVoice {
    /// A voice that knows these speeches; of two for the same text the first is taken.
    #[must_use]
    pub fn new(rate: SampleRate, sound: Sound, speeches: Vec<Speech>) -> Self {
        Self {
            info: ProviderInfo { provider: PROVIDER, model: "tone".to_owned() },
            rate,
            speeches: speeches.into(),
            sound: sound.one_second(rate),
            word_times: false,
            faults: Faults::none(),
            record: Record::new(false),
        }
    }

    /// The same voice, which tells when words are spoken: evenly, by their characters.
    #[must_use]
    pub fn with_word_times(mut self) -> Self {
        self.word_times = true;
        self
    }

    /// The same voice with failures, counted by stream.
    #[must_use]
    pub fn with_faults(mut self, faults: Faults) -> Self {
        self.faults = faults;
        self
    }

    /// The same voice, which keeps the texts it was given to speak (4096 at most).
    #[must_use]
    pub fn recording(mut self) -> Self {
        self.record = Record::new(true);
        self
    }

    /// How many streams were opened.
    #[must_use]
    pub fn opened(&self) -> u64 {
        self.record.opened()
    }

    /// How many streams live now.
    #[must_use]
    pub fn open_now(&self) -> u64 {
        self.record.open()
    }

    /// What it was given to speak, oldest first; empty unless [`FakeVoice::recording`].
    #[must_use]
    pub fn spoken(&self) -> Vec<String> {
        self.record.requests()
    }
}

impl TextToSpeech for FakeVoice {
    fn info(&self) -> &ProviderInfo {
        &self.info
    }

    fn capabilities(&self) -> TtsCapabilities {
        TtsCapabilities { streaming_input: true, word_times: self.word_times }
    }

    fn sample_rate(&self) -> SampleRate {
        self.rate
    }

    fn open(&self, _options: TtsOptions) -> Box<dyn TtsStream> {
        let (open, number) = Open::count(&self.record);
        Box::new(Speaking {
            rate: self.rate,
            speeches: Arc::clone(&self.speeches),
            sound: Arc::clone(&self.sound),
            word_times: self.word_times,
            text: String::new(),
            asked: VecDeque::new(),
            given: 0,
            busy_until: None,
            ending: Ending::Open,
            mishaps: Mishaps::new(self.faults.of_request(number)),
            alarm: Alarm::default(),
            open,
        })
    }
}

/// One stream.
struct Speaking {
    rate: SampleRate,
    speeches: Arc<[Speech]>,
    sound: Arc<[i16]>,
    word_times: bool,
    /// Text that waits for a flush.
    text: String,
    asked: VecDeque<Part>,
    /// Samples given since the stream began.
    given: u64,
    /// When the part before was done.
    busy_until: Option<Instant>,
    ending: Ending,
    mishaps: Mishaps,
    alarm: Alarm,
    open: Open<String>,
}

/// A text being spoken.
struct Part {
    text: String,
    speech: usize,
    began: Instant,
    /// Samples of it given already.
    given: u64,
    /// Where in the text the next word begins.
    word_at: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Ending {
    Open,
    Finishing,
    Over,
}

impl Speaking {
    fn speak(&mut self) {
        let text = std::mem::take(&mut self.text);
        let Some(speech) = When::choose(&self.speeches, |speech| &speech.when, text.trim()) else { return };
        if text.trim().is_empty() {
            return;
        }
        self.open.record().keep(|| text.trim().to_owned());
        let speech = self.speeches.iter().position(|own| std::ptr::eq(own, speech)).unwrap_or_default();
        self.asked.push_back(Part { text, speech, began: Instant::now(), given: 0, word_at: 0 });
    }

    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<SpeechChunk, ProviderError>>> {
        let Some(part) = self.asked.front() else {
            return match self.ending {
                Ending::Open => self.alarm.park(cx),
                Ending::Finishing | Ending::Over => Poll::Ready(None),
            };
        };
        let speech = &self.speeches[part.speech];
        let began = self.busy_until.map_or(part.began, |until| until.max(part.began));
        let total = self.rate.samples_in(speech.length).max(1);
        let spread = speech.duration.saturating_sub(speech.ttfb).as_nanos() * u128::from(part.given);
        let into = Duration::from_nanos(u64::try_from(spread / u128::from(total)).unwrap_or(u64::MAX));
        std::task::ready!(self.alarm.poll_until(cx, began + speech.ttfb + into));
        match std::task::ready!(self.mishaps.poll_step(cx, &mut self.alarm)) {
            Step::Go => Poll::Ready(Some(Ok(self.give(began)))),
            Step::Fail(error) => {
                self.ending = Ending::Over;
                Poll::Ready(Some(Err(error)))
            }
            Step::End => {
                self.ending = Ending::Over;
                Poll::Ready(None)
            }
        }
    }

    /// The next chunk of the first part, which is there.
    fn give(&mut self, began: Instant) -> SpeechChunk {
        let Some(part) = self.asked.front_mut() else { return SpeechChunk::default() };
        let speech = &self.speeches[part.speech];
        let total = self.rate.samples_in(speech.length);
        let length = self.rate.samples_in(CHUNK).min(total - part.given);
        let samples = repeated(&self.sound, part.given, length);
        let before = self.given - part.given;
        part.given += length;
        self.given += length;
        let words = if self.word_times { words_until(part, self.rate, total, before) } else { Vec::new() };
        let mut usage =
            Usage { audio_out_ms: length * 1000 / u64::from(self.rate.hertz()), ..Usage::default() };
        if part.given == total {
            usage.characters = part.text.chars().count() as u64;
            self.busy_until = Some(began + speech.duration.max(speech.ttfb));
            self.asked.pop_front();
        }
        SpeechChunk { samples, words, usage: Some(usage) }
    }
}

/// `length` samples of a sound that repeats, from `begin` on.
fn repeated(sound: &[i16], begin: u64, length: u64) -> Vec<i16> {
    let mut samples = Vec::with_capacity(length as usize);
    let mut at = (begin % sound.len() as u64) as usize;
    while samples.len() < length as usize {
        let run = (sound.len() - at).min(length as usize - samples.len());
        samples.extend_from_slice(&sound[at..at + run]);
        at = 0;
    }
    samples
}

/// The words that begin in the audio given so far and were not told before.
fn words_until(part: &mut Part, rate: SampleRate, total: u64, before: u64) -> Vec<WordTiming> {
    let characters = part.text.len().max(1) as u64;
    let at = |byte: usize| rate.duration_of(before + total * byte as u64 / characters);
    let mut words = Vec::new();
    while part.word_at < part.text.len() {
        let begins = part.word_at;
        if total * begins as u64 / characters >= part.given && part.given < total {
            break;
        }
        let rest = &part.text[begins..];
        let word = rest.find(|c: char| !c.is_whitespace()).unwrap_or(rest.len());
        let gap = rest[word..].find(char::is_whitespace).map_or(rest.len(), |n| word + n);
        let next = rest[gap..].find(|c: char| !c.is_whitespace()).map_or(rest.len(), |n| gap + n);
        part.word_at = begins + next;
        words.push(WordTiming { text: rest[..next].to_owned(), start: at(begins), end: at(begins + gap) });
    }
    words
}

impl TtsStream for Speaking {
    fn push(&mut self, text: &str) {
        self.text.push_str(text);
    }

    fn flush(&mut self) {
        self.speak();
        self.alarm.wake();
    }

    fn finish(&mut self) {
        self.speak();
        if self.ending == Ending::Open {
            self.ending = Ending::Finishing;
        }
        self.alarm.wake();
    }

    fn has_begun(&self) -> bool {
        self.given > 0 || !self.asked.is_empty()
    }

    fn poll_audio(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<SpeechChunk, ProviderError>>> {
        if self.ending == Ending::Over { Poll::Ready(None) } else { self.poll_next(cx) }
    }
}
