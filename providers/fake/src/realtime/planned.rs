//! What a session will report, and when.

use std::{collections::BTreeMap, time::Duration};

use providers_core::{AnswerId, FinishReason, HeardId, ItemId, ToolCall, Usage};
use tokio::time::Instant;

use super::SpokenAnswer;

/// The audio of one chunk.
const CHUNK: Duration = Duration::from_millis(100);
/// Pieces of an answer that is only text.
const TEXT_PIECES: usize = 8;

/// Something that will be reported.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Planned {
    /// The model notices the beginning of speech by itself.
    SpeechStarted,
    /// And its end.
    SpeechEnded,
    Transcript(HeardId, String),
    Started(AnswerId, Option<HeardId>),
    Text(AnswerId, String),
    /// A chunk of audio that begins and ends at these times of the answer's.
    Audio(AnswerId, Duration, Duration),
    Call(AnswerId, ToolCall),
    Usage(AnswerId, Usage),
    Finished(AnswerId, FinishReason),
}

impl Planned {
    /// The answer that it is of.
    pub(super) const fn answer(&self) -> Option<AnswerId> {
        match self {
            Self::SpeechStarted | Self::SpeechEnded | Self::Transcript(..) => None,
            Self::Started(answer, _)
            | Self::Text(answer, _)
            | Self::Audio(answer, ..)
            | Self::Call(answer, _)
            | Self::Usage(answer, _)
            | Self::Finished(answer, _) => Some(*answer),
        }
    }
}

/// The item of an answer.
pub(super) fn item(answer: AnswerId) -> ItemId {
    ItemId(format!("item {}", answer.0).into())
}

/// What will be reported, in order of time; of what is due at one moment, in the order in which it was planned.
#[derive(Debug, Default)]
pub(super) struct Plan {
    due: BTreeMap<(Instant, u64), Planned>,
    n_planned: u64,
}

impl Plan {
    pub(super) fn add(&mut self, at: Instant, planned: Planned) {
        self.n_planned += 1;
        self.due.insert((at, self.n_planned), planned);
    }

    /// When the next is due.
    pub(super) fn next(&self) -> Option<Instant> {
        self.due.first_key_value().map(|((at, _), _)| *at)
    }

    pub(super) fn take(&mut self) -> Option<Planned> {
        self.due.pop_first().map(|(_, planned)| planned)
    }

    /// Whether anything of this answer is still to come.
    pub(super) fn has(&self, answer: AnswerId) -> bool {
        self.due.values().any(|planned| planned.answer() == Some(answer))
    }

    /// The answers of which something is still to come.
    pub(super) fn answers(&self) -> Vec<AnswerId> {
        let mut answers: Vec<_> = self.due.values().filter_map(Planned::answer).collect();
        answers.sort_unstable();
        answers.dedup();
        answers
    }

    /// Nothing more of an answer comes but so many chunks of its audio.
    pub(super) fn cancel(&mut self, answer: AnswerId, mut late: usize) {
        self.due.retain(|_, planned| {
            let is_chunk = matches!(planned, Planned::Audio(..));
            let stays = planned.answer() != Some(answer) || (is_chunk && late > 0);
            if planned.answer() == Some(answer) && stays {
                late -= 1;
            }
            stays
        });
    }

    /// Plans all of an answer that is begun `now`.
    pub(super) fn answer(&mut self, answer: AnswerId, canned: &SpokenAnswer, with_audio: bool, now: Instant) {
        let end = canned.duration.max(canned.first);
        let spread = end - canned.first;
        let length = if with_audio { canned.length } else { Duration::ZERO };
        let n_chunks = usize::try_from(length.as_millis().div_ceil(CHUNK.as_millis())).unwrap_or(usize::MAX);
        let n_pieces = if n_chunks > 0 { n_chunks } else { TEXT_PIECES };
        let n_letters = canned.text.chars().count();
        let mut letters = canned.text.chars();
        for n in 0..n_pieces {
            let part =
                spread * u32::try_from(n).unwrap_or(u32::MAX) / u32::try_from(n_pieces).unwrap_or(u32::MAX);
            let at = now + canned.first + part;
            let until = n_letters * (n + 1) / n_pieces;
            let text: String = letters.by_ref().take(until - n_letters * n / n_pieces).collect();
            if !text.is_empty() {
                self.add(at, Planned::Text(answer, text));
            }
            if n < n_chunks {
                let from = CHUNK * u32::try_from(n).unwrap_or(u32::MAX);
                self.add(at, Planned::Audio(answer, from, length.min(from + CHUNK)));
            }
        }
        for call in &canned.calls {
            self.add(now + end, Planned::Call(answer, call.clone()));
        }
        let audio_out_ms = u64::try_from(length.as_millis()).unwrap_or(u64::MAX);
        let output_tokens = n_letters.div_ceil(4) as u64;
        self.add(
            now + end,
            Planned::Usage(answer, Usage { output_tokens, audio_out_ms, ..Usage::default() }),
        );
        let reason = if canned.calls.is_empty() { FinishReason::Stop } else { FinishReason::Calls };
        self.add(now + end, Planned::Finished(answer, reason));
    }
}
