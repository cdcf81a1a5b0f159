//! An ear that is replaced by the next one when it fails, with the audio of what is being said.

use std::{
    collections::VecDeque,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    task::{Context, Poll, ready},
    time::Duration,
};

use providers_core::{
    ErrorKind, ProviderError, ProviderInfo, SampleRate, SpeechToText, SttCapabilities, SttEvent, SttOptions,
    SttStream, Usage, VoiceEdge,
};

use super::{Attempt, Chain};

/// An ear of one call that is one of a chain.
pub struct FallbackEar {
    chain: Arc<Chain<dyn SpeechToText>>,
    /// With whom the call stays.
    number: Arc<AtomicUsize>,
    tape: Duration,
}

impl FallbackEar {
    /// An ear for one call that keeps so much audio for the next one: 32 kB a second. Of longer speech that was not final
    /// when an ear failed only the end is heard again.
    #[must_use]
    pub fn new(chain: Arc<Chain<dyn SpeechToText>>, tape: Duration) -> Self {
        Self { chain, number: Arc::default(), tape }
    }

    fn current(&self) -> &Arc<dyn SpeechToText> {
        self.chain.provider(self.number.load(Relaxed))
    }
}

impl SpeechToText for FallbackEar {
    fn info(&self) -> &ProviderInfo {
        self.current().info()
    }

    /// What all of the chain can do.
    fn capabilities(&self) -> SttCapabilities {
        let all =
            |can: fn(SttCapabilities) -> bool| self.chain.providers.iter().all(|ear| can(ear.capabilities()));
        SttCapabilities {
            interim: all(|can| can.interim),
            endpointing: all(|can| can.endpointing),
            word_times: all(|can| can.word_times),
            flush: all(|can| can.flush),
        }
    }

    fn open(&self, options: SttOptions) -> Box<dyn SttStream> {
        let attempt = Attempt::first(&self.chain, self.number.load(Relaxed));
        Box::new(Listening {
            stream: Some(self.chain.provider(attempt.number).open(options.clone())),
            chain: Arc::clone(&self.chain),
            number: Arc::clone(&self.number),
            attempt,
            options,
            tape: Tape::new(SampleRate::HEARING.samples_in(self.tape) as usize),
            is_finished: false,
        })
    }

    fn prewarm(&self) {
        for ear in &self.chain.providers {
            ear.prewarm();
        }
    }
}

/// One person's stream of speech.
struct Listening {
    /// Gone after the last failure.
    stream: Option<Box<dyn SttStream>>,
    chain: Arc<Chain<dyn SpeechToText>>,
    number: Arc<AtomicUsize>,
    attempt: Attempt,
    options: SttOptions,
    tape: Tape,
    is_finished: bool,
}

/// What was heard and not yet understood, to be heard again by another ear.
struct Tape {
    samples: VecDeque<i16>,
    longest: usize,
    /// What happened after so many of all samples.
    marks: VecDeque<(u64, Mark)>,
    /// Samples that are no longer kept.
    dropped: u64,
    /// Whether somebody was speaking where it begins.
    speaks: bool,
}

#[derive(Clone, Copy)]
enum Mark {
    Edge(VoiceEdge),
    Flush,
}

/// How many marks are kept; older ones are forgotten, as are those of samples that are.
const MARKS: usize = 64;
/// How much is given at once to an ear that hears again: within what an ear must take.
const PIECE: usize = 960;

impl Tape {
    fn new(longest: usize) -> Self {
        Self {
            samples: VecDeque::with_capacity(longest),
            longest,
            marks: VecDeque::with_capacity(MARKS),
            dropped: 0,
            speaks: false,
        }
    }

    fn push(&mut self, samples: &[i16]) {
        let over = (self.samples.len() + samples.len()).saturating_sub(self.longest).min(self.samples.len());
        self.samples.drain(..over);
        let kept = samples.len().min(self.longest);
        self.samples.extend(&samples[samples.len() - kept..]);
        self.dropped += (over + samples.len() - kept) as u64;
        while self.marks.front().is_some_and(|(at, _)| *at < self.dropped) {
            self.drop_mark();
        }
    }

    fn mark(&mut self, mark: Mark) {
        if self.marks.len() == MARKS {
            self.drop_mark();
        }
        self.marks.push_back((self.dropped + self.samples.len() as u64, mark));
    }

    /// Whether somebody speaks where it ends.
    fn speaks_on(&self) -> bool {
        let last = self.marks.iter().rev().find_map(|(_, mark)| match mark {
            Mark::Edge(VoiceEdge::Started { .. }) => Some(true),
            Mark::Edge(VoiceEdge::Stopped { .. }) => Some(false),
            Mark::Flush => None,
        });
        last.unwrap_or(self.speaks)
    }

    /// Forgets the oldest mark, but not what it said of the voice.
    fn drop_mark(&mut self) {
        match self.marks.pop_front() {
            Some((_, Mark::Edge(VoiceEdge::Started { .. }))) => self.speaks = true,
            Some((_, Mark::Edge(VoiceEdge::Stopped { .. }))) => self.speaks = false,
            Some((_, Mark::Flush)) | None => {}
        }
    }

    /// Final words came: what they are of is forgotten, and no more. That is the utterance that ended first if the ear
    /// tells of each; an ear that also tells of parts, and may be silent about a noise, has told of all that have ended.
    /// While none has, it is of what was said so far.
    fn understood(&mut self, of_each: bool) {
        let ends = |(_, mark): &(u64, Mark)| match mark {
            Mark::Edge(VoiceEdge::Stopped { .. }) | Mark::Flush => true,
            Mark::Edge(VoiceEdge::Started { .. }) => false,
        };
        let end = if of_each { self.marks.iter().position(ends) } else { self.marks.iter().rposition(ends) };
        let n_marks = end.map_or(self.marks.len(), |end| end + 1);
        let until = match end.and_then(|end| self.marks.get(end)) {
            Some((at, _)) => *at,
            None => self.dropped + self.samples.len() as u64,
        };
        (0..n_marks).for_each(|_| self.drop_mark());
        self.samples.drain(..((until - self.dropped) as usize).min(self.samples.len()));
        self.dropped = until;
    }

    fn replay(&mut self, stream: &mut dyn SttStream) {
        if self.speaks {
            stream.voice(VoiceEdge::Started { lead: Duration::ZERO });
        }
        let samples = &*self.samples.make_contiguous();
        let mut at = 0;
        for (mark_at, mark) in &self.marks {
            let until = ((mark_at - self.dropped) as usize).clamp(at, samples.len());
            samples[at..until].chunks(PIECE).for_each(|piece| stream.push(piece));
            at = until;
            match mark {
                Mark::Edge(edge) => stream.voice(*edge),
                Mark::Flush => stream.flush(),
            }
        }
        samples[at..].chunks(PIECE).for_each(|piece| stream.push(piece));
    }
}

impl Listening {
    fn replace(&mut self) {
        let mut stream = self.chain.provider(self.attempt.number).open(self.options.clone());
        self.tape.replay(&mut *stream);
        if self.is_finished {
            stream.finish();
        }
        self.stream = Some(stream);
    }

    fn on_event(&mut self, event: &SttEvent) {
        match event {
            SttEvent::Final(_) => {
                let ear = self.chain.provider(self.attempt.number);
                self.tape.understood(!ear.capabilities().interim);
                self.settle();
            }
            SttEvent::Interim(_) | SttEvent::Preflight(_) => self.settle(),
            SttEvent::SpeechStarted | SttEvent::SpeechEnded | SttEvent::Usage(_) => {}
        }
    }

    /// It hears: the call stays with it, and those that failed before may be tried again when it fails in its turn.
    fn settle(&mut self) {
        self.chain.succeeded(self.attempt.number);
        self.number.store(self.attempt.number, Relaxed);
        self.attempt.tried.clear();
    }
}

impl SttStream for Listening {
    fn push(&mut self, samples: &[i16]) {
        self.tape.push(samples);
        if let Some(stream) = &mut self.stream {
            stream.push(samples);
        }
    }

    fn voice(&mut self, edge: VoiceEdge) {
        self.tape.mark(Mark::Edge(edge));
        if let Some(stream) = &mut self.stream {
            stream.voice(edge);
        }
    }

    fn flush(&mut self) {
        // An ear that tells of each utterance tells nothing of a silence: no final words would take the mark away.
        if self.tape.speaks_on() || self.chain.provider(self.attempt.number).capabilities().interim {
            self.tape.mark(Mark::Flush);
        }
        if let Some(stream) = &mut self.stream {
            stream.flush();
        }
    }

    fn finish(&mut self) {
        self.is_finished = true;
        if let Some(stream) = &mut self.stream {
            stream.finish();
        }
    }

    fn poll_event(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<SttEvent, ProviderError>>> {
        loop {
            let Some(stream) = &mut self.stream else { return Poll::Ready(None) };
            let error = match ready!(stream.poll_event(cx)) {
                Some(Ok(event)) => {
                    self.on_event(&event);
                    return Poll::Ready(Some(Ok(event)));
                }
                Some(Err(error)) => error,
                None if self.is_finished => return Poll::Ready(None),
                None => {
                    let provider = self.chain.provider(self.attempt.number).info().provider;
                    ProviderError::new(provider, ErrorKind::StreamCut, "ended while it was listening")
                }
            };
            if self.attempt.next(&self.chain, &error, Usage::default()) {
                self.replace();
                continue;
            }
            self.stream = None;
            return Poll::Ready(Some(Err(error)));
        }
    }
}
