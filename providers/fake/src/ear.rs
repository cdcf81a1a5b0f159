//! An ear that hears what the script says, at the script's times or after the end of each stretch of voice.

use std::{
    collections::VecDeque,
    sync::{Arc, OnceLock},
    task::{Context, Poll},
    time::Duration,
};

use providers_core::{
    ProviderError, ProviderInfo, SampleRate, SpeechToText, SttCapabilities, SttEvent, SttOptions, SttStream,
    Transcript, Usage, VoiceEdge,
};
use tokio::time::Instant;

use crate::{
    Faults,
    fault::{Mishaps, Step},
    record::{Open, PROVIDER, Record},
    timeline::Alarm,
};

/// One utterance of a script; times count from the first stream that the ear opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Utterance {
    /// When the speech begins.
    pub start: Duration,
    /// When it ends.
    pub end: Duration,
    /// What is understood; when it is empty, the recogniser says nothing.
    pub text: String,
    /// The final comes this long after the end; the interim, its first two words, at half of it.
    pub delay: Duration,
    /// Whether the final comes at all.
    pub is_final: bool,
}

/// When an ear reports the edges of utterances.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Endpoints {
    /// How long after speech began that is reported.
    pub after_start: Duration,
    /// How long after the final, or after the time of one that never comes, the end of speech is reported.
    pub after_final: Duration,
}

/// What is understood of stretches of voice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// `utterance 1`, `utterance 2` and so on, counted by stream.
    Counted,
    /// These texts in turn, again from the first after the last; none understands nothing.
    InTurn(Vec<String>),
}

impl Heard {
    /// What is understood of the stretch with this number, counted from 0.
    pub(crate) fn text(&self, number: usize) -> Option<String> {
        match self {
            Self::Counted => Some(format!("utterance {}", number + 1)),
            Self::InTurn(texts) => texts.get(number % texts.len().max(1)).cloned(),
        }
    }
}

/// A scripted ear.
pub struct FakeEar {
    info: ProviderInfo,
    hearing: Hearing,
    endpointing: bool,
    faults: Faults,
    record: Arc<Record<SttOptions>>,
}

/// What the ear goes by.
enum Hearing {
    /// The script's clock, which begins when the first stream is opened; and what the streams hear, in turn.
    Script { cues: Vec<Arc<[Cue]>>, began: OnceLock<Instant> },
    /// Voice activity.
    Edges { heard: Arc<Heard>, delay: Duration, wordless_below: Duration },
}

/// One event of a script.
struct Cue {
    at: Duration,
    speech_ended: Duration,
    event: SttEvent,
}

impl FakeEar {
    /// An ear that hears these utterances at their times, whatever audio it is given.
    #[must_use]
    pub fn scripted(utterances: &[Utterance]) -> Self {
        Self::scripted_each(&[utterances.to_vec()], None)
    }

    /// The same, as an ear that finds the beginnings and the ends of utterances itself.
    #[must_use]
    pub fn scripted_with_endpoints(utterances: &[Utterance], endpoints: Endpoints) -> Self {
        Self::scripted_each(&[utterances.to_vec()], Some(endpoints))
    }

    /// An ear for several people: the first stream hears the first script, the next one the next, and after the last
    /// the first again. With `endpoints` it finds the beginnings and the ends of utterances itself.
    #[must_use]
    pub fn scripted_each(scripts: &[Vec<Utterance>], endpoints: Option<Endpoints>) -> Self {
        let cues = scripts.iter().map(|utterances| cues(utterances, endpoints)).collect();
        let hearing = Hearing::Script { cues, began: OnceLock::new() };
        Self { endpointing: endpoints.is_some(), ..Self::new(hearing, "scripted") }
    }

    /// An ear that understands each stretch of voice `delay` after it was told that the voice stopped, with an
    /// interim of the first two words at half of it.
    #[must_use]
    pub fn answering(heard: Heard, delay: Duration) -> Self {
        Self::new(
            Hearing::Edges { heard: Arc::new(heard), delay, wordless_below: Duration::ZERO },
            "answering",
        )
    }

    /// The same ear, which finds no words in voice shorter than this: a cough. Does nothing to a scripted one.
    #[must_use]
    pub fn without_words_below(mut self, shortest: Duration) -> Self {
        match &mut self.hearing {
            Hearing::Edges { wordless_below, .. } => *wordless_below = shortest,
            Hearing::Script { .. } => {}
        }
        self
    }

    fn new(hearing: Hearing, model: &str) -> Self {
        let info = ProviderInfo { provider: PROVIDER, model: model.to_owned() };
        Self { info, hearing, endpointing: false, faults: Faults::none(), record: Record::new(false) }
    }

    /// The same ear with failures, counted by stream.
    #[must_use]
    pub fn with_faults(mut self, faults: Faults) -> Self {
        self.faults = faults;
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
}

impl SpeechToText for FakeEar {
    fn info(&self) -> &ProviderInfo {
        &self.info
    }

    fn capabilities(&self) -> SttCapabilities {
        SttCapabilities { interim: true, endpointing: self.endpointing, word_times: false, flush: true }
    }

    fn open(&self, _options: SttOptions) -> Box<dyn SttStream> {
        let (open, number) = Open::count(&self.record);
        let source = match &self.hearing {
            Hearing::Script { cues, began } => {
                let now = Instant::now();
                let began = *began.get_or_init(|| now);
                let turn = usize::try_from(number).unwrap_or_default() % cues.len().max(1);
                let cues = cues.get(turn).cloned().unwrap_or_default();
                let next = cues.partition_point(|cue| began + cue.at < now);
                Source::Script { cues, began, next, until: None }
            }
            Hearing::Edges { heard, delay, wordless_below } => Source::Edges {
                heard: Arc::clone(heard),
                delay: *delay,
                wordless_below: *wordless_below,
                speaking: None,
                understood: 0,
                due: VecDeque::new(),
            },
        };
        Box::new(Listening {
            source,
            samples: 0,
            ending: Ending::Open,
            mishaps: Mishaps::new(self.faults.of_request(number)),
            alarm: Alarm::default(),
            _open: open,
        })
    }
}

/// The events of a script, in order of time. Utterances are understood one after the other: of one nothing is said
/// before all is said of the one before.
fn cues(utterances: &[Utterance], endpoints: Option<Endpoints>) -> Arc<[Cue]> {
    let mut in_order: Vec<&Utterance> = utterances.iter().collect();
    in_order.sort_by_key(|utterance| utterance.start);
    let mut cues: Vec<Cue> = Vec::new();
    let mut free = Duration::ZERO;
    for utterance in in_order {
        let end = utterance.end;
        let understood = free.max(end + utterance.delay);
        let guessed = free.max(end + utterance.delay / 2);
        free = understood;
        if utterance.text.is_empty() {
            continue;
        }
        let mut cue = |at, event| cues.push(Cue { at, speech_ended: end, event });
        if let Some(endpoints) = endpoints {
            cue(utterance.start + endpoints.after_start, SttEvent::SpeechStarted);
        }
        cue(guessed, interim(&utterance.text));
        if utterance.is_final {
            cue(understood, final_of(&utterance.text));
        }
        if let Some(endpoints) = endpoints {
            cue(understood + endpoints.after_final, SttEvent::SpeechEnded);
        }
    }
    cues.sort_by_key(|cue| cue.at);
    cues.into()
}

/// The first two words.
fn interim(text: &str) -> SttEvent {
    let words: Vec<&str> = text.split_whitespace().take(2).collect();
    SttEvent::Interim(Transcript { text: words.join(" "), ..Transcript::default() })
}

fn final_of(text: &str) -> SttEvent {
    SttEvent::Final(Transcript { text: text.to_owned(), ..Transcript::default() })
}

/// One stream.
struct Listening {
    source: Source,
    samples: u64,
    ending: Ending,
    mishaps: Mishaps,
    alarm: Alarm,
    _open: Open<SttOptions>,
}

/// Where its events come from.
enum Source {
    Script {
        cues: Arc<[Cue]>,
        began: Instant,
        next: usize,
        /// Utterances that end later are not heard any more.
        until: Option<Duration>,
    },
    Edges {
        heard: Arc<Heard>,
        delay: Duration,
        wordless_below: Duration,
        /// Since when, by the audio pushed.
        speaking: Option<Duration>,
        understood: usize,
        /// Events under way, in order of time.
        due: VecDeque<(Instant, SttEvent)>,
    },
}

/// How far the end is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ending {
    Open,
    /// No more audio comes; what was heard is still reported.
    Finishing,
    /// Only the end is left.
    Over,
}

impl Source {
    /// A stretch of voice is over, by the audio pushed.
    fn understand(&mut self, ended: Duration) {
        let Self::Edges { heard, delay, wordless_below, speaking, understood, due } = self else { return };
        let Some(began) = speaking.take() else { return };
        if ended.saturating_sub(began) < *wordless_below {
            return;
        }
        let text = heard.text(*understood).filter(|text| !text.is_empty());
        *understood += 1;
        let Some(text) = text else { return };
        let now = Instant::now();
        due.push_back((now + *delay / 2, interim(&text)));
        due.push_back((now + *delay, final_of(&text)));
        due.make_contiguous().sort_by_key(|(at, _)| *at);
    }

    /// When the next event is due.
    fn next_due(&mut self) -> Option<Instant> {
        match self {
            Self::Script { cues, began, next, until } => {
                let beyond = |cue: &Cue| until.is_some_and(|until| cue.speech_ended > until);
                while cues.get(*next).is_some_and(beyond) {
                    *next += 1;
                }
                cues.get(*next).map(|cue| *began + cue.at)
            }
            Self::Edges { due, .. } => due.front().map(|(at, _)| *at),
        }
    }

    /// Takes the next event.
    fn take(&mut self) -> Option<SttEvent> {
        match self {
            Self::Script { cues, next, .. } => {
                let event = cues.get(*next).map(|cue| cue.event.clone());
                *next += 1;
                event
            }
            Self::Edges { due, .. } => due.pop_front().map(|(_, event)| event),
        }
    }
}

impl Listening {
    /// How much audio was pushed.
    fn heard(&self) -> Duration {
        SampleRate::HEARING.duration_of(self.samples)
    }

    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<SttEvent, ProviderError>>> {
        let Some(due) = self.source.next_due() else {
            return match self.ending {
                Ending::Open => self.alarm.park(cx),
                Ending::Finishing => {
                    self.ending = Ending::Over;
                    let audio_in_ms = self.samples * 1000 / u64::from(SampleRate::HEARING.hertz());
                    Poll::Ready(Some(Ok(SttEvent::Usage(Usage { audio_in_ms, ..Usage::default() }))))
                }
                Ending::Over => Poll::Ready(None),
            };
        };
        std::task::ready!(self.alarm.poll_until(cx, due));
        match std::task::ready!(self.mishaps.poll_step(cx, &mut self.alarm)) {
            Step::Go => Poll::Ready(self.source.take().map(Ok)),
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
}

impl SttStream for Listening {
    fn push(&mut self, samples: &[i16]) {
        self.samples += samples.len() as u64;
    }

    fn voice(&mut self, edge: VoiceEdge) {
        match edge {
            VoiceEdge::Started { lead } => {
                let now = self.heard();
                if let Source::Edges { speaking, .. } = &mut self.source {
                    *speaking = Some(now.saturating_sub(lead));
                }
            }
            VoiceEdge::Stopped { silence } => self.source.understand(self.heard().saturating_sub(silence)),
        }
        self.alarm.wake();
    }

    fn flush(&mut self) {
        let now = self.heard();
        let is_speaking = matches!(self.source, Source::Edges { speaking: Some(_), .. });
        self.source.understand(now);
        if let Source::Edges { speaking, .. } = &mut self.source {
            *speaking = is_speaking.then_some(now);
        }
        self.alarm.wake();
    }

    fn finish(&mut self) {
        self.source.understand(self.heard());
        if let Source::Script { began, until, .. } = &mut self.source {
            *until = Some(began.elapsed());
        }
        if self.ending == Ending::Open {
            self.ending = Ending::Finishing;
        }
        self.alarm.wake();
    }

    fn poll_event(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<SttEvent, ProviderError>>> {
        if self.ending == Ending::Over { Poll::Ready(None) } else { self.poll_next(cx) }
    }
}
