//! One person's stream: audio onto the tape, edges of voice into utterances, words out in their order.

use std::{
    collections::VecDeque,
    sync::Arc,
    task::{Context, Poll, Waker},
    time::Duration,
};

use providers_core::{
    ErrorKind, ProviderError, SampleRate, SttEvent, SttStream, Transcript, Usage, VoiceEdge,
};

use super::{
    decoders::Decoders,
    pool::Pool,
    tape::Tape,
    utterance::{BLOCK, Outcome, Speaker, Told, Utterance},
};
use crate::PROVIDER;

/// Heard before the beginning of speech, so that the decoder knows the noise.
const BEFORE: Duration = Duration::from_millis(300);
/// Heard after its end.
const AFTER: Duration = Duration::from_millis(300);
/// Speech without a pause is cut at this length and goes on as the next utterance: a decoder's memory grows with it.
const LONGEST: Duration = Duration::from_secs(30);
/// Utterances whose words nobody has taken, at most. Beyond it speech is not heard, and an error says so.
const MOST_UNTOLD: usize = 16;

pub(super) struct EarStream {
    pool: Arc<Pool<Decoders>>,
    tape: Arc<Tape>,
    speaker: Arc<Speaker>,
    /// The utterance that goes on.
    open: Option<Arc<Utterance>>,
    /// Samples pushed since its decoder was last woken.
    unheard: u64,
    /// Utterances whose outcome was not taken yet, the oldest first; the open one is among them.
    under_way: VecDeque<Arc<Utterance>>,
    /// Events ready to be given: three for an utterance at most.
    events: VecDeque<Result<SttEvent, ProviderError>>,
    /// No utterance may begin before this position.
    heard_to: u64,
    /// An edge of voice was told: utterances follow them.
    has_edges: bool,
    ending: Ending,
    parked: Option<Waker>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Ending {
    Open,
    Finishing,
    Over,
}

impl EarStream {
    pub(super) fn new(pool: Arc<Pool<Decoders>>, tape: Duration) -> Self {
        Self {
            pool,
            tape: Arc::new(Tape::new(SampleRate::HEARING.samples_in(tape) as usize)),
            speaker: Arc::default(),
            open: None,
            unheard: 0,
            under_way: VecDeque::new(),
            events: VecDeque::new(),
            heard_to: 0,
            has_edges: false,
            ending: Ending::Open,
            parked: None,
        }
    }

    /// A stream that only says why it is none.
    pub(super) fn fail(&mut self, error: ProviderError) {
        self.events.push_back(Err(error));
        self.ending = Ending::Finishing;
    }

    fn begin(&mut self, lead: Duration) {
        if self.open.is_some() {
            return;
        }
        if self.under_way.len() >= MOST_UNTOLD {
            if self.events.is_empty() {
                let message = "speech is not heard: nobody takes the words of the utterances before it";
                self.events.push_back(Err(ProviderError::new(PROVIDER, ErrorKind::Overloaded, message)));
            }
            return;
        }
        let lead = SampleRate::HEARING.samples_in(lead + BEFORE);
        let begins = self.tape.written().saturating_sub(lead).max(self.heard_to).max(self.tape.oldest());
        let utterance = Arc::new(Utterance::new(Arc::clone(&self.tape), Arc::clone(&self.speaker), begins));
        self.pool.submit(&utterance);
        self.under_way.push_back(Arc::clone(&utterance));
        self.open = Some(utterance);
        self.unheard = 0;
    }

    /// Ends the utterance that goes on, `silence` after the end of speech.
    fn end(&mut self, silence: Duration) {
        let Some(utterance) = self.open.take() else { return };
        let cut = SampleRate::HEARING.samples_in(silence.saturating_sub(AFTER));
        self.heard_to = self.tape.written().saturating_sub(cut).max(utterance.begins());
        utterance.end(self.heard_to);
        self.wake();
    }

    /// Has all that was not heard yet heard, where no voice detector says what is speech.
    fn hear_rest(&mut self) {
        if !self.has_edges && self.open.is_none() && self.tape.written() > self.heard_to {
            let unheard = self.tape.written() - self.heard_to;
            self.begin(SampleRate::HEARING.duration_of(unheard));
        }
        self.end(Duration::ZERO);
    }

    fn wake(&mut self) {
        if let Some(reader) = self.parked.take() {
            reader.wake();
        }
    }

    /// Turns an utterance's outcome into events.
    fn report(&mut self, outcome: Outcome) {
        if outcome.lost > 0 {
            let lost = SampleRate::HEARING.duration_of(outcome.lost).as_millis();
            let message = format!("recognition is slower than speech; {lost} ms of it were not heard");
            self.events.push_back(Err(ProviderError::new(PROVIDER, ErrorKind::Overloaded, message)));
        }
        match outcome.words {
            Ok(transcript) => {
                let audio_in_ms = SampleRate::HEARING.duration_of(outcome.heard).as_millis() as u64;
                self.events.push_back(Ok(SttEvent::Final(transcript)));
                self.events.push_back(Ok(SttEvent::Usage(Usage { audio_in_ms, ..Usage::default() })));
            }
            // Where the stream goes on, nothing more comes of this utterance.
            Err(error) => {
                self.events.push_back(Err(error));
                self.events.push_back(Ok(SttEvent::Final(Transcript::default())));
            }
        }
    }

    /// Moves what decoders have told to the events, in the order of the utterances.
    fn collect(&mut self, reader: &Waker) {
        while self.events.is_empty()
            && let Some(first) = self.under_way.front()
        {
            match first.poll(reader) {
                Told::Nothing => return,
                Told::Interim(transcript) => self.events.push_back(Ok(SttEvent::Interim(transcript))),
                Told::Outcome(outcome) => {
                    let first = self.under_way.pop_front();
                    // An utterance refused in its middle is no longer the open one.
                    if let (Some(first), Some(open)) = (first, &self.open)
                        && Arc::ptr_eq(&first, open)
                    {
                        self.heard_to = self.tape.written();
                        self.open = None;
                    }
                    self.report(outcome);
                }
            }
        }
    }
}

impl SttStream for EarStream {
    fn push(&mut self, samples: &[i16]) {
        if self.ending != Ending::Open {
            return;
        }
        self.tape.write(samples);
        let Some(open) = &self.open else { return };
        self.unheard += samples.len() as u64;
        if self.unheard >= BLOCK {
            self.unheard = 0;
            open.wake_decoder();
        }
        if self.tape.written() - open.begins() >= SampleRate::HEARING.samples_in(LONGEST) {
            self.end(Duration::ZERO);
            self.begin(Duration::ZERO);
        }
    }

    fn voice(&mut self, edge: VoiceEdge) {
        if self.ending != Ending::Open {
            return;
        }
        self.has_edges = true;
        match edge {
            VoiceEdge::Started { lead } => {
                self.begin(lead);
                self.wake();
            }
            VoiceEdge::Stopped { silence } => self.end(silence),
        }
    }

    fn flush(&mut self) {
        if self.ending != Ending::Open {
            return;
        }
        let goes_on = self.open.is_some();
        self.hear_rest();
        if goes_on {
            self.begin(Duration::ZERO);
        } else if self.under_way.is_empty() && self.events.is_empty() {
            self.events.push_back(Ok(SttEvent::Final(Transcript::default())));
        }
        self.wake();
    }

    fn finish(&mut self) {
        if self.ending == Ending::Open {
            self.hear_rest();
            self.ending = Ending::Finishing;
            self.wake();
        }
    }

    fn poll_event(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<SttEvent, ProviderError>>> {
        self.collect(cx.waker());
        match self.events.pop_front() {
            Some(Err(error)) if !error.kind.is_transient() => {
                self.ending = Ending::Over;
                self.events.clear();
                self.abandon();
                Poll::Ready(Some(Err(error)))
            }
            Some(event) => Poll::Ready(Some(event)),
            None if self.ending == Ending::Over => Poll::Ready(None),
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

impl EarStream {
    fn abandon(&mut self) {
        self.open = None;
        for utterance in self.under_way.drain(..) {
            utterance.abandon();
        }
    }
}

impl Drop for EarStream {
    fn drop(&mut self) {
        self.abandon();
    }
}
