//! What a realtime session is given to hear: the person's turns, each from a little before its first sound, at the
//! model's rate; and once more when a session breaks before it has answered.

use std::{collections::VecDeque, time::Duration};

use agent_audio::{Recent, Resampler};
use providers_core::{HearingRate, RealtimeSession, SampleRate};

/// An open session.
type Session = dyn RealtimeSession + 'static;

/// How much is kept to be given again to another session: a long sentence. 480 kB a call.
const KEPT: Duration = Duration::from_secs(15);
/// How much before the first voice of a turn belongs to it: a first consonant is no voice yet.
const LEAD: Duration = Duration::from_millis(500);

/// How much of what is given again is resampled at a time: the call's thread has other calls. 200 ms at 16 kHz.
const AT_ONCE: usize = 3_200;

/// The way from the call's audio to the session's.
pub(crate) struct Microphone {
    recent: Recent,
    /// Away where the model hears at the call's own rate.
    resampler: Option<Resampler>,
    resampled: VecDeque<i16>,
    gate: Gate,
    /// Where in the stream that begins which no answer has begun to; `None`: nothing.
    unanswered: Option<u64>,
    repeated: Option<Repeated>,
}

/// What another session will be given, as far as it is at its rate.
struct Repeated {
    /// Where in the stream it begins, and where it goes on.
    from: u64,
    next: u64,
    samples: VecDeque<i16>,
}

/// When audio goes to the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Gate {
    /// Always: the model finds the turns itself.
    Absent,
    /// While a turn is open, which begins here.
    Open { from: u64 },
    /// Not now.
    Closed,
}

impl Microphone {
    /// For a model that hears at this rate. With `all`, it is given silence too.
    pub(crate) fn new(rate: HearingRate, all: bool) -> Self {
        Self {
            recent: Recent::new(KEPT),
            resampler: match rate {
                HearingRate::Khz16 => None,
                HearingRate::Khz24 => Resampler::new(SampleRate::HEARING),
            },
            resampled: VecDeque::new(),
            gate: if all { Gate::Absent } else { Gate::Closed },
            unanswered: all.then_some(0),
            repeated: None,
        }
    }

    /// More of what the person says, at 16 kHz.
    pub(crate) fn hear(&mut self, samples: &[i16], session: Option<&mut Session>) {
        self.recent.push(samples);
        let is_open = match self.gate {
            Gate::Absent | Gate::Open { .. } => true,
            Gate::Closed => false,
        };
        if let Some(session) = session.filter(|_| is_open) {
            give(samples, &mut self.resampler, &mut self.resampled, session);
        }
    }

    /// A voice was noticed that began `lead` ago; if no turn was open, it begins one.
    pub(crate) fn begin(&mut self, lead: Duration, session: Option<&mut Session>) {
        if self.gate != Gate::Closed {
            return;
        }
        let before = SampleRate::HEARING.samples_in(lead + LEAD);
        let from = self.recent.position().saturating_sub(before);
        self.gate = Gate::Open { from };
        self.unanswered.get_or_insert(from);
        if let Some(session) = session {
            self.give_since(from, session);
        }
    }

    /// The turn is over; with `goes_on`, the person speaks on and is in the next one.
    pub(crate) fn end(&mut self, goes_on: bool) {
        if let Gate::Open { .. } = self.gate {
            self.gate = if goes_on { Gate::Open { from: self.recent.position() } } else { Gate::Closed };
        }
    }

    /// What was said since the last turn was nothing.
    pub(crate) fn forget(&mut self) {
        self.end(false);
        self.answered();
    }

    /// An answer has begun to all that was said so far, but for a turn that is open.
    pub(crate) fn answered(&mut self) {
        self.unanswered = match self.gate {
            Gate::Absent => Some(self.recent.position()),
            Gate::Open { from } => Some(from),
            Gate::Closed => None,
        };
    }

    /// Resamples more of what another session is to be given. True once all of it is ready.
    pub(crate) fn prepare(&mut self) -> bool {
        let (Some(resampler), Some(from)) = (&mut self.resampler, self.unanswered) else {
            self.repeated = None;
            return true;
        };
        if self.repeated.as_ref().is_none_or(|repeated| repeated.from != from) {
            resampler.reset();
            self.repeated = Some(Repeated { from, next: from, samples: VecDeque::new() });
        }
        let Some(Repeated { next, samples, .. }) = &mut self.repeated else { return true };
        let (older, newer) = self.recent.since(*next);
        let n_left = older.len() + newer.len();
        let first = &older[..older.len().min(AT_ONCE)];
        let second = &newer[..newer.len().min(AT_ONCE - first.len())];
        resampler.push(first, samples);
        resampler.push(second, samples);
        let n_done = first.len() + second.len();
        *next = self.recent.position() - (n_left - n_done) as u64;
        n_done == n_left
    }

    /// Gives another session what was not answered. False when there is nothing.
    pub(crate) fn repeat(&mut self, session: &mut Session) -> bool {
        let Some(from) = self.unanswered.filter(|from| *from < self.recent.position()) else { return false };
        while !self.prepare() {}
        match self.repeated.take() {
            Some(repeated) => push(&repeated.samples, session),
            None => self.give_since(from, session),
        }
        true
    }

    fn give_since(&mut self, from: u64, session: &mut Session) {
        if let Some(resampler) = &mut self.resampler {
            resampler.reset();
        }
        let (older, newer) = self.recent.since(from);
        for samples in [older, newer] {
            give(samples, &mut self.resampler, &mut self.resampled, session);
        }
    }
}

fn give(
    samples: &[i16],
    resampler: &mut Option<Resampler>,
    resampled: &mut VecDeque<i16>,
    session: &mut Session,
) {
    let Some(resampler) = resampler else { return session.push(samples) };
    resampled.clear();
    resampler.push(samples, resampled);
    push(resampled, session);
}

fn push(samples: &VecDeque<i16>, session: &mut Session) {
    let (first, second) = samples.as_slices();
    session.push(first);
    if !second.is_empty() {
        session.push(second);
    }
}

#[cfg(test)]
mod tests {
    use std::{
        task::{Context, Poll},
        time::Duration,
    };

    use providers_core::{
        AnswerId, AnswerWish, ChatMessage, HeardId, HearingRate, ItemHeard, ItemId, ProviderError,
        RealtimeEvent, RealtimeSession, RealtimeUpdate,
    };

    use super::Microphone;

    /// Keeps what it hears.
    #[derive(Default)]
    struct Ears(Vec<i16>);

    impl RealtimeSession for Ears {
        fn push(&mut self, samples: &[i16]) {
            self.0.extend_from_slice(samples);
        }

        fn commit(&mut self) -> HeardId {
            HeardId(0)
        }

        fn clear(&mut self) {}

        fn add(&mut self, _message: ChatMessage) {}

        fn answer(&mut self, _wish: AnswerWish) -> AnswerId {
            AnswerId(0)
        }

        fn cancel(&mut self, _answer: AnswerId) {}

        fn truncate(&mut self, _item: &ItemId, _heard: ItemHeard<'_>) {}

        fn update(&mut self, _update: RealtimeUpdate) {}

        fn poll_event(
            &mut self,
            _cx: &mut Context<'_>,
        ) -> Poll<Option<Result<RealtimeEvent, ProviderError>>> {
            Poll::Pending
        }
    }

    /// 20 ms frames whose samples are the number of the frame.
    fn speak(microphone: &mut Microphone, ears: &mut Ears, frames: std::ops::Range<i16>) {
        for frame in frames {
            microphone.hear(&[frame; 320], Some(ears));
        }
    }

    fn frames(ears: &Ears) -> Vec<i16> {
        ears.0.chunks(320).map(|frame| frame[0]).collect()
    }

    #[test]
    fn a_turn_is_given_from_a_little_before_its_first_sound_to_its_end() {
        let (mut microphone, mut ears) = (Microphone::new(HearingRate::Khz16, false), Ears::default());
        speak(&mut microphone, &mut ears, 0..100);
        assert!(ears.0.is_empty(), "nobody speaks");
        microphone.begin(Duration::from_millis(100), Some(&mut ears));
        speak(&mut microphone, &mut ears, 100..110);
        microphone.end(false);
        speak(&mut microphone, &mut ears, 110..200);
        assert_eq!(frames(&ears), (70..110).collect::<Vec<_>>(), "600 ms before it was noticed");
    }

    #[test]
    fn who_speaks_on_is_in_the_next_turn() {
        let (mut microphone, mut ears) = (Microphone::new(HearingRate::Khz16, false), Ears::default());
        microphone.begin(Duration::ZERO, Some(&mut ears));
        speak(&mut microphone, &mut ears, 0..10);
        microphone.end(true);
        speak(&mut microphone, &mut ears, 10..20);
        assert_eq!(frames(&ears), (0..20).collect::<Vec<_>>());
    }

    #[test]
    fn what_was_not_answered_is_given_again_and_what_was_is_not() {
        let (mut microphone, mut first) = (Microphone::new(HearingRate::Khz16, false), Ears::default());
        microphone.begin(Duration::ZERO, Some(&mut first));
        speak(&mut microphone, &mut first, 0..10);
        microphone.end(false);
        speak(&mut microphone, &mut first, 10..15);
        let mut second = Ears::default();
        assert!(microphone.repeat(&mut second));
        assert_eq!(frames(&second), (0..15).collect::<Vec<_>>());
        microphone.answered();
        assert!(!microphone.repeat(&mut second));
        microphone.begin(Duration::ZERO, None);
        speak(&mut microphone, &mut first, 15..20);
        microphone.answered();
        let mut third = Ears::default();
        assert!(microphone.repeat(&mut third), "a turn that is open is not answered");
        assert_eq!(frames(&third), (0..20).collect::<Vec<_>>());
        microphone.forget();
        assert!(!microphone.repeat(&mut second), "it was nothing");
    }

    #[test]
    fn what_is_given_again_is_made_ready_piece_by_piece_and_is_the_same() {
        let audio: Vec<i16> =
            (0..160_000_u32).map(|n| i16::try_from(n * 7_919 % 20_011).unwrap_or_default()).collect();
        let given = |pauses: bool| {
            let (mut microphone, mut ears) = (Microphone::new(HearingRate::Khz24, true), Ears::default());
            let (first, second) = audio.split_at(100_000);
            microphone.hear(first, None);
            let n_pieces = if pauses { 1 + (0..).take_while(|_| !microphone.prepare()).count() } else { 32 };
            assert_eq!(n_pieces, 32, "6.25 s in pieces of 200 ms");
            microphone.hear(second, None);
            assert!(microphone.repeat(&mut ears));
            ears.0
        };
        let whole = given(false);
        assert_eq!(whole, given(true));
        assert!(whole.len() > 239_000 && whole.len() <= 240_000, "ten seconds: {}", whole.len());
    }

    #[test]
    fn a_model_that_finds_turns_itself_hears_everything_at_its_rate() {
        let (mut microphone, mut ears) = (Microphone::new(HearingRate::Khz24, true), Ears::default());
        speak(&mut microphone, &mut ears, 0..50);
        assert_eq!(ears.0.len() / 480, 49, "a second at 24 kHz, less what the filter holds");
        microphone.end(false);
        speak(&mut microphone, &mut ears, 50..100);
        assert_eq!(ears.0.len() / 480, 99);
    }
}
