//! What a stream and the speaking thread share: pieces going one way, audio the other.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
};

use providers_core::{ProviderError, SpeechChunk};

use super::pieces::Piece;

/// How a stream speaks.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Manner {
    pub(super) voice: String,
    /// 2 is half as fast.
    pub(super) stretch: f32,
}

/// The desk between one stream and the thread.
pub(super) struct Desk {
    pub(super) manner: Manner,
    /// Unread samples above which no further piece is begun.
    ahead: usize,
    state: Mutex<State>,
    /// Counted by the speaker.
    _open: Arc<()>,
}

#[derive(Default)]
struct State {
    pieces: VecDeque<Piece>,
    audio: VecDeque<Result<SpeechChunk, ProviderError>>,
    /// Samples in `audio`.
    unread: usize,
    /// Samples given to `audio` since the beginning.
    given: u64,
    /// In the thread's queue or in its hands.
    in_work: bool,
    /// No more text comes.
    finished: bool,
    /// Nobody listens any more, or an error was told.
    over: bool,
    reader: Option<Waker>,
}

impl Desk {
    pub(super) fn new(manner: Manner, ahead: usize, open: Arc<()>) -> Self {
        Self { manner, ahead, state: Mutex::default(), _open: open }
    }

    /// Adds a piece; `true` when the desk must be queued for the thread.
    #[must_use]
    pub(super) fn add(&self, piece: Piece) -> bool {
        let mut state = self.state();
        if state.over {
            return false;
        }
        state.pieces.push_back(piece);
        self.claim(&mut state)
    }

    pub(super) fn finish(&self) {
        let mut state = self.state();
        state.finished = true;
        state.wake();
    }

    /// Nobody listens any more: what waits is dropped, what is being spoken stops at its next chunk.
    pub(super) fn abandon(&self) {
        let mut state = self.state();
        state.over = true;
        state.pieces.clear();
        state.audio.clear();
    }

    /// The next audio, and whether the desk must be queued for the thread.
    pub(super) fn poll(
        &self,
        cx: &mut Context<'_>,
    ) -> (Poll<Option<Result<SpeechChunk, ProviderError>>>, bool) {
        let mut state = self.state();
        if let Some(audio) = state.audio.pop_front() {
            state.unread -= audio.as_ref().map_or(0, |chunk| chunk.samples.len());
            let claimed = self.claim(&mut state);
            return (Poll::Ready(Some(audio)), claimed);
        }
        if state.over || (state.finished && state.pieces.is_empty() && !state.in_work) {
            return (Poll::Ready(None), false);
        }
        state.reader = Some(cx.waker().clone());
        (Poll::Pending, false)
    }

    /// The thread takes the next piece, and where in the stream's audio it begins.
    pub(super) fn next(&self) -> Option<(Piece, u64)> {
        let mut state = self.state();
        let given = state.given;
        state.pieces.pop_front().map(|piece| (piece, given))
    }

    /// The thread gives audio; `false` when nobody listens.
    pub(super) fn give(&self, chunk: SpeechChunk) -> bool {
        let mut state = self.state();
        if state.over {
            return false;
        }
        state.unread += chunk.samples.len();
        state.given += chunk.samples.len() as u64;
        state.audio.push_back(Ok(chunk));
        state.wake();
        true
    }

    /// The thread gives up on the stream.
    pub(super) fn fail(&self, error: ProviderError) {
        let mut state = self.state();
        if !state.over {
            state.over = true;
            state.pieces.clear();
            state.audio.push_back(Err(error));
            state.wake();
        }
    }

    /// The thread is done with a piece; `true` when the desk must be queued again.
    #[must_use]
    pub(super) fn done(&self) -> bool {
        let mut state = self.state();
        state.in_work = false;
        let again = self.claim(&mut state);
        if !again {
            state.wake();
        }
        again
    }

    fn claim(&self, state: &mut State) -> bool {
        let wanted = !state.in_work && !state.pieces.is_empty() && state.unread < self.ahead;
        state.in_work |= wanted;
        wanted
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn wake(&mut self) {
        if let Some(reader) = self.reader.take() {
            reader.wake();
        }
    }
}
