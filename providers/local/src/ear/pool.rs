//! The decoders: threads that each own a recogniser and hear the utterances that wait, the oldest first.

use std::{
    collections::VecDeque,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
};

use providers_core::{ErrorKind, ProviderError};

use super::utterance::{Outcome, Utterance};
use crate::{PROVIDER, error::LocalError};

/// What the threads hear with.
pub(super) trait Hears: Send + Sync + 'static {
    /// What each thread owns.
    type Decoder;

    /// Makes one, on its thread.
    fn make(&self) -> Result<Self::Decoder, LocalError>;

    /// Hears an utterance to its end.
    fn hear(&self, decoder: &mut Self::Decoder, utterance: &Utterance) -> Outcome;
}

/// Holds the decoders: their threads end when this is dropped.
pub(super) struct Pool<H: Hears> {
    shared: Arc<Shared<H>>,
}

struct Shared<H> {
    hears: H,
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

impl<H: Hears> Pool<H> {
    pub(super) fn new(hears: H, decoders: usize, waiting: usize) -> Self {
        let (decoders, state, changed) = (decoders.max(1), Mutex::default(), Condvar::new());
        Self { shared: Arc::new(Shared { hears, decoders, waiting, state, changed }) }
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

impl<H: Hears> Drop for Pool<H> {
    fn drop(&mut self) {
        self.shared.state().closed = true;
        self.shared.changed.notify_all();
    }
}

impl<H: Hears> Shared<H> {
    /// A decoder's life.
    fn run(&self) {
        let _leaves = Leaves(self);
        match self.hears.make() {
            Ok(mut decoder) => self.hear_all(&mut decoder),
            Err(error) => self.give_up(error),
        }
    }

    fn hear_all(&self, decoder: &mut H::Decoder) {
        while let Some(utterance) = self.next() {
            let hearing = Hearing { shared: self, utterance: &utterance };
            let outcome = self.hears.hear(decoder, &utterance);
            // Free before the words are told: who hears them may speak again at once.
            drop(hearing);
            utterance.tell(outcome);
        }
    }
}

impl<H> Shared<H> {
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

/// Held while a thread lives; also a thread that panics leaves. With the last one, what waits is told so: the next
/// utterance makes another decoder.
struct Leaves<'a, H>(&'a Shared<H>);

impl<H> Drop for Leaves<'_, H> {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.alive -= 1;
        state.free -= 1;
        let waiting = if state.alive == 0 { std::mem::take(&mut state.waiting) } else { VecDeque::new() };
        drop(state);
        waiting.iter().for_each(|utterance| utterance.fail(broken()));
    }
}

/// Held while an utterance is heard. One at which its decoder panics is told so, and no other.
struct Hearing<'a, H> {
    shared: &'a Shared<H>,
    utterance: &'a Utterance,
}

impl<H> Drop for Hearing<'_, H> {
    fn drop(&mut self) {
        self.shared.state().free += 1;
        if thread::panicking() {
            self.utterance.fail(broken());
        }
    }
}

fn broken() -> ProviderError {
    ProviderError::new(PROVIDER, ErrorKind::Internal, "the local decoder broke")
}

#[cfg(test)]
mod tests {
    use std::{future::poll_fn, task::Poll, time::Duration};

    use providers_core::Transcript;

    use super::{
        super::{
            tape::Tape,
            utterance::{Speaker, Told},
        },
        *,
    };

    /// Breaks at utterances that begin at an odd sample, or while it is made.
    struct Fragile {
        is_made: bool,
    }

    impl Hears for Fragile {
        type Decoder = ();

        fn make(&self) -> Result<(), LocalError> {
            assert!(self.is_made, "a decoder that cannot be made");
            Ok(())
        }

        fn hear(&self, (): &mut (), utterance: &Utterance) -> Outcome {
            assert!(utterance.begins().is_multiple_of(2), "an utterance that breaks its decoder");
            let transcript = Transcript { text: utterance.begins().to_string(), ..Transcript::default() };
            Outcome { words: Ok(transcript), heard: 0, lost: 0 }
        }
    }

    fn utterance(pool: &Pool<Fragile>, begins: u64) -> Arc<Utterance> {
        let utterance = Arc::new(Utterance::new(Arc::new(Tape::new(1)), Arc::<Speaker>::default(), begins));
        pool.submit(&utterance);
        utterance
    }

    /// The words, or the kind of the error.
    async fn told(utterance: &Utterance) -> String {
        let outcome = poll_fn(|cx| match utterance.poll(cx.waker()) {
            Told::Outcome(outcome) => Poll::Ready(outcome),
            Told::Interim(_) | Told::Nothing => Poll::Pending,
        });
        let outcome = tokio::time::timeout(Duration::from_secs(60), outcome).await.expect("it is told");
        outcome.words.map_or_else(|error| error.kind.name().to_owned(), |transcript| transcript.text)
    }

    #[tokio::test]
    async fn an_utterance_that_breaks_its_decoder_is_told_and_those_after_it_are_heard() {
        let pool = Pool::new(Fragile { is_made: true }, 1, 8);
        for round in 0..20 {
            let broken = utterance(&pool, 1);
            assert_eq!(told(&broken).await, "internal", "round {round}");
            let next = utterance(&pool, 2);
            // It may have come before the broken thread had left, and be told with it.
            let words = told(&next).await;
            assert!(["2", "internal"].contains(&words.as_str()), "round {round}: {words}");
        }
        while pool.shared.state().alive > 1 {
            tokio::task::yield_now().await;
        }
        let last = utterance(&pool, 4);
        assert!(["4", "internal"].contains(&told(&last).await.as_str()));
    }

    #[tokio::test]
    async fn a_decoder_that_breaks_while_it_is_made_leaves_nobody_waiting() {
        let pool = Pool::new(Fragile { is_made: false }, 2, 8);
        let waiting = [0, 2, 4, 6].map(|begins| utterance(&pool, begins));
        for utterance in &waiting {
            assert_eq!(told(utterance).await, "internal");
        }
        while pool.shared.state().alive > 0 {
            tokio::task::yield_now().await;
        }
        assert_eq!(pool.busy(), 0);
    }
}
