//! One utterance: what the call's thread marks, what the decoder's thread hears, and what passes between them.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    task::Waker,
    thread::{self, Thread},
    time::Duration,
};

use providers_core::{ProviderError, SampleRate, Transcript};

use super::{
    recogniser::{Heard, Recogniser},
    stable::Stable,
    tape::Tape,
};
use crate::{error::LocalError, sys::pocketsphinx::Mean};

/// Samples that a decoder hears at once: 100 ms.
pub(super) const BLOCK: u64 = 1_600;

/// A decoder looks at its tape at least this often, should a wake-up cross its way to sleep.
const LOOK: Duration = Duration::from_millis(100);

/// The language of the model.
const LANGUAGE: &str = "en-US";

/// When interim words are told.
#[derive(Clone, Copy, Debug)]
pub(super) struct Manner {
    /// In samples.
    pub(super) interim_every: u64,
    pub(super) stable_after: usize,
}

/// What decoders learn of a stream's speaker and line, from one utterance to the next.
#[derive(Default)]
pub(super) struct Speaker(Mutex<Option<Mean>>);

/// A stretch of voice on a tape.
pub(super) struct Utterance {
    tape: Arc<Tape>,
    speaker: Arc<Speaker>,
    begins: u64,
    /// `u64::MAX` while it goes on.
    ends: AtomicU64,
    /// Nobody waits for its words.
    abandoned: AtomicBool,
    /// Who hears it.
    decoder: OnceLock<Thread>,
    news: Mutex<News>,
}

/// What the decoder tells.
#[derive(Default)]
struct News {
    interim: Option<Transcript>,
    outcome: Option<Outcome>,
    told: bool,
    reader: Option<Waker>,
}

/// The end of an utterance.
pub(super) struct Outcome {
    pub(super) words: Result<Transcript, ProviderError>,
    /// Samples heard.
    pub(super) heard: u64,
    /// Samples that were overwritten before they could be heard.
    pub(super) lost: u64,
}

/// What a reader finds.
pub(super) enum Told {
    Interim(Transcript),
    Outcome(Outcome),
    /// Nothing yet: the reader will be woken.
    Nothing,
}

impl Utterance {
    pub(super) fn new(tape: Arc<Tape>, speaker: Arc<Speaker>, begins: u64) -> Self {
        Self {
            tape,
            speaker,
            begins,
            ends: AtomicU64::new(u64::MAX),
            abandoned: AtomicBool::new(false),
            decoder: OnceLock::new(),
            news: Mutex::default(),
        }
    }

    pub(super) fn begins(&self) -> u64 {
        self.begins
    }

    /// Marks its end.
    pub(super) fn end(&self, position: u64) {
        self.ends.store(position, Ordering::Release);
        self.wake_decoder();
    }

    /// Nobody waits for its words any more; its decoder is free within a block's work.
    pub(super) fn abandon(&self) {
        self.abandoned.store(true, Ordering::Release);
        self.wake_decoder();
    }

    /// Says that a block of audio is on the tape.
    pub(super) fn wake_decoder(&self) {
        if let Some(decoder) = self.decoder.get() {
            decoder.unpark();
        }
    }

    /// What was told since the last time.
    pub(super) fn poll(&self, reader: &Waker) -> Told {
        let mut news = self.news();
        if let Some(outcome) = news.outcome.take() {
            return Told::Outcome(outcome);
        }
        if let Some(interim) = news.interim.take() {
            return Told::Interim(interim);
        }
        news.reader = Some(reader.clone());
        Told::Nothing
    }

    /// Hears it from its first to its last sample, on the decoder's thread.
    pub(super) fn be_heard(
        &self,
        recogniser: &mut Recogniser,
        manner: Manner,
        block: &mut Vec<i16>,
    ) -> Outcome {
        let _ = self.decoder.set(thread::current());
        let mut progress = Progress { at: self.begins, heard: 0, lost: 0 };
        let words = self.listen(recogniser, manner, block, &mut progress);
        let Progress { heard, lost, .. } = progress;
        let words = words.map(|heard| self.transcript(heard)).map_err(ProviderError::from);
        Outcome { words, heard, lost }
    }

    /// Ends it without having been heard.
    pub(super) fn fail(&self, error: ProviderError) {
        self.tell(Outcome { words: Err(error), heard: 0, lost: 0 });
    }

    fn listen(
        &self,
        recogniser: &mut Recogniser,
        manner: Manner,
        block: &mut Vec<i16>,
        progress: &mut Progress,
    ) -> Result<Heard, LocalError> {
        let mut stable = Stable::new(manner.stable_after);
        let mut since_interim = 0;
        recogniser.begin(self.speaker.mean())?;
        let heard = loop {
            if self.abandoned.load(Ordering::Acquire) {
                break Ok(());
            }
            let ends = self.ends.load(Ordering::Acquire);
            let ready = self.tape.written().min(ends);
            if progress.at >= ends {
                break Ok(());
            }
            if progress.at >= ready || (ends == u64::MAX && ready - progress.at < BLOCK) {
                thread::park_timeout(LOOK);
                continue;
            }
            let to = ready.min(progress.at + BLOCK).max(self.tape.oldest().min(ready));
            progress.lost += self.tape.read(progress.at, to, block);
            progress.heard += block.len() as u64;
            progress.at = to;
            if let Err(error) = recogniser.hear(block) {
                break Err(error);
            }
            since_interim += block.len() as u64;
            if since_interim >= manner.interim_every && ends == u64::MAX {
                since_interim = 0;
                if let Some(text) = stable.next(&recogniser.words_so_far()) {
                    self.tell_interim(text);
                }
            }
        };
        // The decoder's utterance ends whatever happened, so that the next one can begin.
        recogniser.end()?;
        self.speaker.learn(recogniser.mean());
        heard.map(|()| recogniser.heard())
    }

    fn transcript(&self, heard: Heard) -> Transcript {
        let Heard { text, mut words } = heard;
        let before = SampleRate::HEARING.duration_of(self.begins);
        for word in &mut words {
            word.start += before;
            word.end += before;
        }
        Transcript { text, language: Some(LANGUAGE.to_owned()), confidence: None, words }
    }

    fn tell_interim(&self, text: String) {
        let mut news = self.news();
        let language = Some(LANGUAGE.to_owned());
        news.interim = Some(Transcript { text, language, ..Transcript::default() });
        news.wake();
    }

    /// Tells how it ended; the first time counts.
    pub(super) fn tell(&self, outcome: Outcome) {
        let mut news = self.news();
        if !news.told {
            news.told = true;
            news.outcome = Some(outcome);
            news.wake();
        }
    }

    fn news(&self) -> MutexGuard<'_, News> {
        self.news.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Speaker {
    fn mean(&self) -> Option<Mean> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn learn(&self, mean: Mean) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(mean);
    }
}

impl News {
    fn wake(&mut self) {
        if let Some(reader) = self.reader.take() {
            reader.wake();
        }
    }
}

/// How far a decoder has come.
struct Progress {
    at: u64,
    heard: u64,
    lost: u64,
}
