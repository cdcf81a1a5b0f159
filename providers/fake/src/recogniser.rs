//! A batch recogniser that understands what the script says, some time after it is asked.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use providers_core::{
    BatchRecogniser, BoxFuture, ErrorKind, ProviderError, ProviderInfo, Recognition, SampleRate, SttOptions,
    Transcript, Usage, Word,
};
use tokio::time::sleep;

use crate::{
    Faults, Heard, Mishap,
    record::{Open, PROVIDER, Record},
};

/// A scripted batch recogniser. Utterances are counted over all its requests; the one word of a transcript lasts as
/// long as the utterance.
pub struct FakeRecogniser {
    info: ProviderInfo,
    heard: Heard,
    delay: Duration,
    understood: AtomicUsize,
    faults: Faults,
    record: Arc<Record<usize>>,
}

impl FakeRecogniser {
    /// A recogniser that answers `delay` after it is asked.
    #[must_use]
    pub fn new(heard: Heard, delay: Duration) -> Self {
        Self {
            info: ProviderInfo { provider: PROVIDER, model: "batch".to_owned() },
            heard,
            delay,
            understood: AtomicUsize::new(0),
            faults: Faults::none(),
            record: Record::new(false),
        }
    }

    /// The same recogniser with failures, counted by request; nothing comes before them.
    #[must_use]
    pub fn with_faults(mut self, faults: Faults) -> Self {
        self.faults = faults;
        self
    }

    /// The same recogniser, which keeps the lengths of the utterances (4096 at most), in samples.
    #[must_use]
    pub fn recording(mut self) -> Self {
        self.record = Record::new(true);
        self
    }

    /// How many requests are neither answered nor dropped.
    #[must_use]
    pub fn open_now(&self) -> u64 {
        self.record.open()
    }

    /// The lengths of the utterances, in samples; empty unless [`FakeRecogniser::recording`].
    #[must_use]
    pub fn utterances(&self) -> Vec<usize> {
        self.record.requests()
    }
}

impl BatchRecogniser for FakeRecogniser {
    fn info(&self) -> &ProviderInfo {
        &self.info
    }

    fn word_times(&self) -> bool {
        true
    }

    fn recognise(
        &self,
        utterance: Vec<i16>,
        _options: &SttOptions,
    ) -> BoxFuture<'static, Result<Recognition, ProviderError>> {
        let (open, number) = Open::count(&self.record);
        open.record().keep(|| utterance.len());
        let text = self.heard.text(self.understood.fetch_add(1, Relaxed)).unwrap_or_default();
        let (fault, delay) = (self.faults.of_request(number), self.delay);
        let length = SampleRate::HEARING.duration_of(utterance.len() as u64);
        Box::pin(async move {
            let _open = open;
            sleep(delay).await;
            match fault.map(|fault| fault.what) {
                None => {}
                Some(Mishap::Pause(pause)) => sleep(pause).await,
                Some(Mishap::Stall) => std::future::pending().await,
                Some(Mishap::End) => {
                    return Err(ProviderError::new(PROVIDER, ErrorKind::StreamCut, "the script says so"));
                }
                Some(Mishap::Error { kind, retry_after }) => {
                    let error = ProviderError::new(PROVIDER, kind, "the script says so");
                    return Err(error.with_retry_after(retry_after));
                }
            }
            Ok(recognition(text, length))
        })
    }
}

fn recognition(text: String, length: Duration) -> Recognition {
    let word = Word { text: text.clone(), start: Duration::ZERO, end: length, confidence: None };
    let words = if text.is_empty() { Vec::new() } else { vec![word] };
    let audio_in_ms = u64::try_from(length.as_millis()).unwrap_or(u64::MAX);
    Recognition {
        transcript: Transcript { text, words, ..Transcript::default() },
        usage: Usage { audio_in_ms, ..Usage::default() },
    }
}
