//! A voice that wants whole texts, made one that takes pieces: each sentence is a stream of its own, the next one
//! begun while one is spoken.

use std::{
    collections::VecDeque,
    sync::Arc,
    task::{Context, Poll, Waker},
};

use providers_core::{
    ProviderError, ProviderInfo, SampleRate, SpeechChunk, TextToSpeech, TtsCapabilities, TtsOptions,
    TtsStream,
};

use crate::{SentenceCutter, SentenceRules};

/// Streams open at once: the sentence that is spoken and the one after it, so that its first audio is there in time.
const OPEN: usize = 2;

/// A voice over one that speaks whole texts, sentence by sentence.
pub struct Sentences {
    voice: Arc<dyn TextToSpeech>,
    rules: SentenceRules,
}

impl Sentences {
    /// A voice that cuts its text by `rules` and has `voice` speak each piece.
    #[must_use]
    pub fn new(voice: Arc<dyn TextToSpeech>, rules: SentenceRules) -> Self {
        Self { voice, rules }
    }
}

impl TextToSpeech for Sentences {
    fn info(&self) -> &ProviderInfo {
        self.voice.info()
    }

    fn capabilities(&self) -> TtsCapabilities {
        TtsCapabilities { streaming_input: true, ..self.voice.capabilities() }
    }

    fn sample_rate(&self) -> SampleRate {
        self.voice.sample_rate()
    }

    fn open(&self, options: TtsOptions) -> Box<dyn TtsStream> {
        Box::new(SentenceStream {
            voice: Arc::clone(&self.voice),
            options,
            cutter: SentenceCutter::new(self.rules),
            waiting: VecDeque::new(),
            open: VecDeque::new(),
            said: 0,
            given: 0,
            ending: Ending::Open,
            parked: None,
        })
    }

    fn prewarm(&self) {
        self.voice.prewarm();
    }
}

/// The speech of one reply.
struct SentenceStream {
    voice: Arc<dyn TextToSpeech>,
    options: TtsOptions,
    cutter: SentenceCutter,
    /// Sentences that no stream was opened for; their text is at most what was pushed.
    waiting: VecDeque<String>,
    /// At most [`OPEN`], the first one being spoken.
    open: VecDeque<Sentence>,
    /// Letters of the piece that a stream was opened for last.
    said: usize,
    /// Samples given of the sentences before.
    given: u64,
    ending: Ending,
    parked: Option<Waker>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Ending {
    Open,
    Finishing,
    Over,
}

/// One sentence on its way.
struct Sentence {
    stream: Box<dyn TtsStream>,
    /// White space before it, for the transcript.
    gap: String,
    /// Samples given of it.
    given: u64,
    /// Its first answer, taken before its turn came.
    held: Option<Option<Result<SpeechChunk, ProviderError>>>,
}

impl Sentence {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<SpeechChunk, ProviderError>>> {
        match self.held.take() {
            Some(answer) => Poll::Ready(answer),
            None => self.stream.poll_audio(cx),
        }
    }

    /// Makes it begin; holds at most one chunk.
    fn begin(&mut self, cx: &mut Context<'_>) {
        if self.held.is_none()
            && let Poll::Ready(answer) = self.stream.poll_audio(cx)
        {
            self.held = Some(answer);
        }
    }
}

impl SentenceStream {
    fn take_pieces(&mut self) {
        self.waiting.extend(std::iter::from_fn(|| self.cutter.next_piece()));
        if let Some(waker) = self.parked.take() {
            waker.wake();
        }
    }

    fn open_waiting(&mut self) {
        while self.open.len() < OPEN
            && let Some(mut piece) = self.waiting.pop_front()
        {
            let longest = (self.said * 2).min(self.cutter.rules().together);
            let mut letters = piece.chars().count();
            while let Some(next) = self.waiting.front().map(|next| next.chars().count())
                && letters + next <= longest
            {
                letters += next;
                piece.extend(self.waiting.pop_front());
            }
            self.said = letters;
            let sentence = piece.trim();
            let mut stream = self.voice.open(self.options.clone());
            stream.push(sentence);
            stream.finish();
            let gap = piece[..piece.len() - piece.trim_start().len()].to_owned();
            self.open.push_back(Sentence { stream, gap, given: 0, held: None });
        }
    }

    /// The chunk with its times counted from the reply's first sample.
    fn place(&mut self, mut chunk: SpeechChunk) -> SpeechChunk {
        let Some(sentence) = self.open.front_mut() else { return chunk };
        let before = self.voice.sample_rate().duration_of(self.given);
        for word in &mut chunk.words {
            word.start += before;
            word.end += before;
        }
        if let Some(word) = chunk.words.first_mut() {
            word.text.insert_str(0, &std::mem::take(&mut sentence.gap));
        }
        sentence.given += chunk.samples.len() as u64;
        chunk
    }
}

impl TtsStream for SentenceStream {
    fn push(&mut self, text: &str) {
        self.cutter.push(text);
        self.take_pieces();
    }

    fn flush(&mut self) {
        self.cutter.flush();
        self.take_pieces();
    }

    fn finish(&mut self) {
        self.cutter.flush();
        if self.ending == Ending::Open {
            self.ending = Ending::Finishing;
        }
        self.take_pieces();
    }

    fn has_begun(&self) -> bool {
        self.said > 0
    }

    fn poll_audio(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<SpeechChunk, ProviderError>>> {
        loop {
            if self.ending == Ending::Over {
                return Poll::Ready(None);
            }
            self.open_waiting();
            for sentence in self.open.iter_mut().skip(1) {
                sentence.begin(cx);
            }
            let Some(spoken) = self.open.front_mut() else {
                if self.ending == Ending::Finishing {
                    self.ending = Ending::Over;
                    continue;
                }
                self.parked = Some(cx.waker().clone());
                return Poll::Pending;
            };
            match spoken.poll(cx) {
                Poll::Ready(Some(Ok(chunk))) => return Poll::Ready(Some(Ok(self.place(chunk)))),
                Poll::Ready(Some(Err(error))) => {
                    self.ending = Ending::Over;
                    self.open.clear();
                    return Poll::Ready(Some(Err(error)));
                }
                Poll::Ready(None) => {
                    self.given += spoken.given;
                    self.open.pop_front();
                }
                Poll::Pending => {
                    self.parked = Some(cx.waker().clone());
                    return Poll::Pending;
                }
            }
        }
    }
}
