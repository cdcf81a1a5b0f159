//! A batch recogniser made an ear: each stretch of voice is cut out with some audio around it and recognised alone.

use std::{
    collections::VecDeque,
    sync::Arc,
    task::{Context, Poll, Waker},
    time::Duration,
};

use providers_core::{
    BatchRecogniser, BoxFuture, ErrorKind, ProviderError, ProviderInfo, Recognition, SampleRate,
    SpeechToText, SttCapabilities, SttEvent, SttOptions, SttStream, Transcript, VoiceEdge,
};

/// How a stream is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SegmentRules {
    /// Audio taken before the beginning of speech.
    pub lead: Duration,
    /// Silence kept after its end.
    pub tail: Duration,
    /// Audio remembered while nobody speaks: bounds the lead and what an edge may tell late.
    pub remembered: Duration,
    /// Speech without a pause is cut at this length, and goes on as the next utterance.
    pub longest: Duration,
    /// Utterances under way at once; beyond it the oldest is given up and an error says so.
    pub under_way: usize,
}

impl SegmentRules {
    /// What batch recognisers hear well: 0.3 s around the speech, 30 s at most (the window of Whisper models).
    pub const SPOKEN: Self = Self {
        lead: Duration::from_millis(300),
        tail: Duration::from_millis(300),
        remembered: Duration::from_secs(2),
        longest: Duration::from_secs(30),
        under_way: 4,
    };
}

/// An ear over a batch recogniser.
pub struct Segments {
    recogniser: Arc<dyn BatchRecogniser>,
    rules: SegmentRules,
}

impl Segments {
    /// An ear that has `recogniser` hear each stretch of voice.
    #[must_use]
    pub fn new(recogniser: Arc<dyn BatchRecogniser>, rules: SegmentRules) -> Self {
        Self { recogniser, rules }
    }
}

impl SpeechToText for Segments {
    fn info(&self) -> &ProviderInfo {
        self.recogniser.info()
    }

    fn capabilities(&self) -> SttCapabilities {
        let word_times = self.recogniser.word_times();
        SttCapabilities { interim: false, endpointing: false, word_times, flush: true }
    }

    fn open(&self, options: SttOptions) -> Box<dyn SttStream> {
        Box::new(SegmentStream {
            recogniser: Arc::clone(&self.recogniser),
            rules: self.rules,
            options,
            pushed: 0,
            past: VecDeque::with_capacity(samples_in(self.rules.remembered)),
            speech: None,
            under_way: VecDeque::new(),
            events: VecDeque::new(),
            ending: Ending::Open,
            parked: None,
        })
    }

    fn prewarm(&self) {
        self.recogniser.prewarm();
    }
}

/// One person's stream.
struct SegmentStream {
    recogniser: Arc<dyn BatchRecogniser>,
    rules: SegmentRules,
    options: SttOptions,
    /// Samples pushed since the beginning.
    pushed: u64,
    /// The last of them, at most `remembered`.
    past: VecDeque<i16>,
    speech: Option<Speech>,
    under_way: VecDeque<Utterance>,
    /// Events ready to be given: at most two for each utterance, those given up included.
    events: VecDeque<Result<SttEvent, ProviderError>>,
    ending: Ending,
    parked: Option<Waker>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Ending {
    Open,
    Finishing,
    Over,
}

/// A stretch of voice that is going on.
struct Speech {
    /// Its first sample, counted from the stream's first.
    begins: u64,
    samples: Vec<i16>,
}

/// A stretch of voice that is being recognised.
struct Utterance {
    begins: u64,
    lasts: Duration,
    answer: Answer,
}

enum Answer {
    Pending(BoxFuture<'static, Result<Recognition, ProviderError>>),
    Ready(Result<Recognition, ProviderError>),
}

fn samples_in(duration: Duration) -> usize {
    usize::try_from(SampleRate::HEARING.samples_in(duration)).unwrap_or(usize::MAX)
}

impl SegmentStream {
    fn begin(&mut self, lead: Duration) {
        if self.speech.is_some() {
            return;
        }
        let taken = samples_in(lead + self.rules.lead).min(self.past.len());
        let samples = self.past.iter().skip(self.past.len() - taken).copied().collect();
        self.speech = Some(Speech { begins: self.pushed - taken as u64, samples });
    }

    /// Ends the speech that is going on, if any, `silence` ago.
    fn cut(&mut self, silence: Duration) {
        let Some(mut speech) = self.speech.take() else { return };
        let dropped = samples_in(silence.saturating_sub(self.rules.tail));
        speech.samples.truncate(speech.samples.len().saturating_sub(dropped));
        if speech.samples.is_empty() {
            return;
        }
        if self.under_way.len() >= self.rules.under_way.max(1)
            && let Some(given_up) = self.under_way.pop_front()
        {
            self.lose(too_slow(self.recogniser.info().provider, given_up.lasts));
        }
        let lasts = SampleRate::HEARING.duration_of(speech.samples.len() as u64);
        let answer = Answer::Pending(self.recogniser.recognise(speech.samples, &self.options));
        self.under_way.push_back(Utterance { begins: speech.begins, lasts, answer });
    }

    fn wake(&mut self) {
        if let Some(waker) = self.parked.take() {
            waker.wake();
        }
    }

    /// Drives all utterances and moves the answers that are next in order to the events.
    fn drive(&mut self, cx: &mut Context<'_>) {
        for utterance in &mut self.under_way {
            if let Answer::Pending(future) = &mut utterance.answer
                && let Poll::Ready(answer) = future.as_mut().poll(cx)
            {
                utterance.answer = Answer::Ready(answer);
            }
        }
        while matches!(self.under_way.front(), Some(Utterance { answer: Answer::Ready(_), .. })) {
            if let Some(Utterance { begins, answer: Answer::Ready(answer), .. }) = self.under_way.pop_front()
            {
                self.report(begins, answer);
            }
        }
    }

    fn report(&mut self, begins: u64, answer: Result<Recognition, ProviderError>) {
        match answer {
            Ok(Recognition { mut transcript, usage }) => {
                let before = SampleRate::HEARING.duration_of(begins);
                for word in &mut transcript.words {
                    word.start += before;
                    word.end += before;
                }
                self.events.push_back(Ok(SttEvent::Final(transcript)));
                self.events.push_back(Ok(SttEvent::Usage(usage)));
            }
            Err(error) => self.lose(error),
        }
    }

    /// An utterance of which nothing more will come.
    fn lose(&mut self, error: ProviderError) {
        self.events.push_back(Err(error));
        self.events.push_back(Ok(SttEvent::Final(Transcript::default())));
    }
}

fn too_slow(provider: &'static str, lost: Duration) -> ProviderError {
    let message = format!("recognition is slower than speech; {} ms of it were given up", lost.as_millis());
    ProviderError::new(provider, ErrorKind::Overloaded, message)
}

impl SttStream for SegmentStream {
    fn push(&mut self, samples: &[i16]) {
        if self.ending != Ending::Open {
            return;
        }
        self.pushed += samples.len() as u64;
        let remembered = samples_in(self.rules.remembered);
        let kept = &samples[samples.len().saturating_sub(remembered)..];
        let excess = (self.past.len() + kept.len()).saturating_sub(remembered);
        self.past.drain(..excess);
        self.past.extend(kept);
        let Some(speech) = &mut self.speech else { return };
        speech.samples.extend_from_slice(samples);
        if speech.samples.len() >= samples_in(self.rules.longest) {
            self.cut(Duration::ZERO);
            self.speech = Some(Speech { begins: self.pushed, samples: Vec::new() });
            self.wake();
        }
    }

    fn voice(&mut self, edge: VoiceEdge) {
        if self.ending != Ending::Open {
            return;
        }
        match edge {
            VoiceEdge::Started { lead } => self.begin(lead),
            VoiceEdge::Stopped { silence } => {
                self.cut(silence);
                self.wake();
            }
        }
    }

    fn flush(&mut self) {
        if self.speech.is_some() {
            self.cut(Duration::ZERO);
            self.speech = Some(Speech { begins: self.pushed, samples: Vec::new() });
            self.wake();
        }
    }

    fn finish(&mut self) {
        self.cut(Duration::ZERO);
        if self.ending == Ending::Open {
            self.ending = Ending::Finishing;
        }
        self.wake();
    }

    fn poll_event(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<SttEvent, ProviderError>>> {
        if self.ending == Ending::Over {
            return Poll::Ready(None);
        }
        self.drive(cx);
        match self.events.pop_front() {
            Some(Err(error)) if !error.kind.is_transient() => {
                self.ending = Ending::Over;
                self.under_way.clear();
                self.events.clear();
                Poll::Ready(Some(Err(error)))
            }
            Some(event) => Poll::Ready(Some(event)),
            None if self.ending == Ending::Finishing && self.under_way.is_empty() => {
                self.ending = Ending::Over;
                Poll::Ready(None)
            }
            None => {
                self.parked = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }
}
