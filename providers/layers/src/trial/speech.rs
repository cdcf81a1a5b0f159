//! One attempt at a speech: until its first sample it can be made anew, with all that the voice was given.

use std::task::{Context, Poll, ready};

use providers_core::{ErrorKind, ProviderError, SampleRate, SpeechChunk, TtsStream, Usage};

/// A speech that is tried.
pub(crate) struct SpeechTrial {
    /// Gone after a failure.
    stream: Option<Box<dyn TtsStream>>,
    /// What another attempt would have to say; kept until there is sound.
    text: String,
    /// How much of it was to be spoken without waiting for more.
    flushed: usize,
    is_finished: bool,
    has_spoken: bool,
    /// What the attempt told before its first sample: given with it, forgotten with its failure.
    held: SpeechChunk,
}

/// What comes of an attempt.
pub(crate) enum Spoken {
    /// The first samples: it cannot be taken back any more.
    Begun(SpeechChunk),
    /// What follows them.
    Goes(SpeechChunk),
    /// All was said.
    Over,
    /// It broke off after its first sample.
    Broken(ProviderError),
    /// It failed before.
    Failed {
        /// Why.
        error: ProviderError,
        /// What it used: paid for, part of no speech's usage.
        wasted: Usage,
    },
}

impl SpeechTrial {
    pub(crate) fn new(stream: Box<dyn TtsStream>) -> Self {
        Self {
            stream: Some(stream),
            text: String::new(),
            flushed: 0,
            is_finished: false,
            has_spoken: false,
            held: SpeechChunk::default(),
        }
    }

    /// The same speech by another stream, which is given what the one before was given.
    pub(crate) fn again(&mut self, mut stream: Box<dyn TtsStream>) {
        let (first, rest) = self.text.split_at(self.flushed);
        if !first.is_empty() {
            stream.push(first);
            stream.flush();
        }
        if !rest.is_empty() {
            stream.push(rest);
        }
        if self.is_finished {
            stream.finish();
        }
        self.stream = Some(stream);
    }

    pub(crate) fn push(&mut self, text: &str) {
        if !self.has_spoken {
            self.text.push_str(text);
        }
        if let Some(stream) = &mut self.stream {
            stream.push(text);
        }
    }

    pub(crate) fn flush(&mut self) {
        self.flushed = self.text.len();
        if let Some(stream) = &mut self.stream {
            stream.flush();
        }
    }

    pub(crate) fn finish(&mut self) {
        self.is_finished = true;
        if let Some(stream) = &mut self.stream {
            stream.finish();
        }
    }

    pub(crate) fn sample_rate(&self) -> Option<SampleRate> {
        self.stream.as_ref()?.sample_rate()
    }

    /// Once an attempt has begun, all that follow are late.
    pub(crate) fn has_begun(&self) -> bool {
        self.has_spoken || self.stream.as_ref().is_none_or(|stream| stream.has_begun())
    }

    /// `provider` is who a speech that ends before its text is blamed on.
    pub(crate) fn poll(&mut self, provider: &'static str, cx: &mut Context<'_>) -> Poll<Spoken> {
        loop {
            let Some(stream) = &mut self.stream else { return Poll::Ready(Spoken::Over) };
            let error = match ready!(stream.poll_audio(cx)) {
                Some(Ok(chunk)) if self.has_spoken => return Poll::Ready(Spoken::Goes(chunk)),
                Some(Ok(chunk)) => match self.hold(chunk) {
                    Some(first) => return Poll::Ready(Spoken::Begun(first)),
                    None => continue,
                },
                None if self.is_finished => return Poll::Ready(self.end()),
                Some(Err(error)) => error,
                None => ProviderError::new(provider, ErrorKind::StreamCut, "ended before its text did"),
            };
            self.stream = None;
            let told = std::mem::take(&mut self.held);
            return Poll::Ready(match self.has_spoken {
                true => Spoken::Broken(error),
                false => Spoken::Failed { error, wasted: told.usage.unwrap_or_default() },
            });
        }
    }

    /// Adds a chunk to what was told so far; gives all of it with the first sample.
    fn hold(&mut self, chunk: SpeechChunk) -> Option<SpeechChunk> {
        self.held.words.extend(chunk.words);
        if let Some(used) = chunk.usage {
            *self.held.usage.get_or_insert_default() += used;
        }
        if chunk.samples.is_empty() {
            return None;
        }
        self.has_spoken = true;
        self.text = String::new();
        self.flushed = 0;
        Some(SpeechChunk { samples: chunk.samples, ..std::mem::take(&mut self.held) })
    }

    /// What was told of a speech without a sample is given before its end.
    fn end(&mut self) -> Spoken {
        let told = std::mem::take(&mut self.held);
        if told == SpeechChunk::default() { Spoken::Over } else { Spoken::Goes(told) }
    }
}
