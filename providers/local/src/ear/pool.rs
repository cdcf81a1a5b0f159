//! The decoders: threads that each own a recogniser and hear the utterances that wait, the oldest first.

use std::{
    collections::VecDeque,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
};

use providers_core::{ErrorKind, ProviderError};

use super::{
    recogniser::{Recipe, Recogniser},
    utterance::{BLOCK, Manner, Utterance},
};
use crate::{PROVIDER, error::LocalError};

/// Holds the decoders: their threads end when this is dropped.
pub(super) struct Pool {
    shared: Arc<Shared>,
}

struct Shared {
    recipe: Recipe,
    manner: Manner,
    /// Decoders alive at most.
    decoders: usize,
    /// Utterances that wait at most.
    waiting: usize,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Arc<Utterance>>,
    /// Threads that own a decoder or are making one.
    alive: usize,
    /// Of them, those that wait for an utterance or are about to.
    free: usize,
    closed: bool,
}

impl Pool {
    pub(super) fn new(recipe: Recipe, manner: Manner, decoders: usize, waiting: usize) -> Self {
        let (decoders, state, changed) = (decoders.max(1), Mutex::default(), Condvar::new());
        Self { shared: Arc::new(Shared { recipe, manner, decoders, waiting, state, changed }) }
    }

    /// Makes one decoder, if there is none.
    pub(super) fn prewarm(&self) {
        let mut state = self.shared.state();
        if state.alive == 0 {
            self.add_decoder(&mut state);
        }
    }

    /// Has an utterance heard by the next free decoder. When too many wait, it ends at once in an error.
    pub(super) fn submit(&self, utterance: &Arc<Utterance>) {
        let mut state = self.shared.state();
        if state.free <= state.waiting.len() && state.alive < self.shared.decoders {
            self.add_decoder(&mut state);
        }
        if state.waiting.len() >= self.shared.waiting + state.free {
            drop(state);
            let message = "all local decoders are busy and too many utterances wait";
            utterance.fail(ProviderError::new(PROVIDER, ErrorKind::Overloaded, message));
            return;
        }
        state.waiting.push_back(Arc::clone(utterance));
        self.shared.changed.notify_one();
    }

    /// Decoders that hear an utterance.
    pub(super) fn busy(&self) -> usize {
        let state = self.shared.state();
        state.alive - state.free
    }

    /// Starts a thread; when that fails, what waits is told by the thread that is not there: here.
    fn add_decoder(&self, state: &mut State) {
        let shared = Arc::clone(&self.shared);
        match thread::Builder::new().name("local-ear".to_owned()).spawn(move || shared.run()) {
            Ok(_) => {
                state.alive += 1;
                state.free += 1;
            }
            Err(source) if state.alive == 0 => {
                let error = Arc::new(LocalError::Thread { purpose: "a local decoder", source });
                for utterance in state.waiting.drain(..) {
                    let error = Arc::clone(&error);
                    utterance.fail(
                        ProviderError::new(PROVIDER, ErrorKind::Internal, error.to_string())
                            .with_source(error),
                    );
                }
            }
            // The decoders that are there go on.
            Err(_) => {}
        }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.shared.state().closed = true;
        self.shared.changed.notify_all();
    }
}

impl Shared {
    /// A decoder's life.
    fn run(&self) {
        match self.recipe.make() {
            Ok(mut recogniser) => self.hear_all(&mut recogniser),
            Err(error) => self.give_up(error),
        }
        let mut state = self.state();
        state.alive -= 1;
        state.free -= 1;
    }

    fn hear_all(&self, recogniser: &mut Recogniser) {
        let mut block = Vec::with_capacity(BLOCK as usize);
        while let Some(utterance) = self.next() {
            let outcome = utterance.be_heard(recogniser, self.manner, &mut block);
            // Free before the words are told: who hears them may speak again at once.
            self.state().free += 1;
            utterance.tell(outcome);
        }
    }

    /// Waits for an utterance; `None` when the pool is closed.
    fn next(&self) -> Option<Arc<Utterance>> {
        let idle = |state: &mut State| state.waiting.is_empty() && !state.closed;
        let mut state = self.changed.wait_while(self.state(), idle).unwrap_or_else(PoisonError::into_inner);
        if state.closed {
            return None;
        }
        let utterance = state.waiting.pop_front();
        state.free -= usize::from(utterance.is_some());
        utterance
    }

    /// The recogniser could not be made: the utterance that this decoder was for says so.
    fn give_up(&self, error: LocalError) {
        if let Some(utterance) = self.state().waiting.pop_front() {
            utterance.fail(error.into());
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
