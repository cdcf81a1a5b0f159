//! Who judges: a few threads, each with a judge of its own, behind one bounded queue, the oldest pause first.
//!
//! A [`Ticket`] is the place of one pause. Dropping it gives the place up: what waits is forgotten, what is being judged is
//! stopped.

use std::{
    collections::VecDeque,
    pin::Pin,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
    thread,
};

use providers_core::{ErrorKind, ProviderError};
use tokio::sync::oneshot;

use crate::{PROVIDER, error::SmartTurnError};

/// What a thread of the pool owns.
pub(crate) trait Judge: Send + 'static {
    /// How one judgement is stopped from outside.
    type Stop: Stop;

    /// What stops the judgement that it will be given to.
    fn stop() -> Result<Self::Stop, ProviderError>;

    /// The probability that the turn is complete.
    fn judge(&mut self, audio: &[i16], stop: &Self::Stop) -> Result<f32, ProviderError>;
}

/// Stops one judgement, begun or not.
pub(crate) trait Stop: Send + Sync + 'static {
    fn stop(&self);
}

/// The threads; they end when this is dropped, each after the judgement it is at.
pub(crate) struct Pool<J: Judge> {
    shared: Arc<Shared<J>>,
}

struct Shared<J: Judge> {
    /// Pauses that wait at most.
    waiting: usize,
    state: Mutex<State<J>>,
    changed: Condvar,
}

struct State<J: Judge> {
    queue: VecDeque<Pause<J>>,
    next: u64,
    alive: usize,
    judging: usize,
    closed: bool,
}

struct Pause<J: Judge> {
    number: u64,
    audio: Vec<i16>,
    stop: Arc<J::Stop>,
    answer: oneshot::Sender<Result<f32, ProviderError>>,
}

/// The place of one pause, and its judgement once it is made.
pub(crate) struct Ticket<J: Judge> {
    number: u64,
    stop: Arc<J::Stop>,
    answered: oneshot::Receiver<Result<f32, ProviderError>>,
    shared: Arc<Shared<J>>,
}

impl<J: Judge> Pool<J> {
    /// A thread for each judge. `waiting` more pauses than that may wait; one more is refused.
    pub(crate) fn new(judges: Vec<J>, waiting: usize) -> Result<Self, SmartTurnError> {
        let state = State { queue: VecDeque::new(), next: 0, alive: judges.len(), judging: 0, closed: false };
        let pool =
            Self { shared: Arc::new(Shared { waiting, state: Mutex::new(state), changed: Condvar::new() }) };
        for judge in judges {
            let shared = Arc::clone(&pool.shared);
            let run = move || shared.run(judge);
            if let Err(source) = thread::Builder::new().name("smart-turn".to_owned()).spawn(run) {
                return Err(SmartTurnError::Thread { source });
            }
        }
        Ok(pool)
    }

    /// Has a pause judged by the next free thread.
    pub(crate) fn submit(&self, audio: Vec<i16>) -> Result<Ticket<J>, ProviderError> {
        let stop = Arc::new(J::stop()?);
        let (answer, answered) = oneshot::channel();
        let mut state = self.shared.state();
        if state.alive == 0 {
            return Err(gone());
        }
        let free = state.alive - state.judging;
        if state.queue.len() >= self.shared.waiting + free {
            let message = "all threads judge and too many pauses wait";
            return Err(ProviderError::new(PROVIDER, ErrorKind::Overloaded, message));
        }
        let number = state.next;
        state.next += 1;
        state.queue.push_back(Pause { number, audio, stop: Arc::clone(&stop), answer });
        self.shared.changed.notify_one();
        Ok(Ticket { number, stop, answered, shared: Arc::clone(&self.shared) })
    }

    /// Pauses that wait or are being judged.
    pub(crate) fn busy(&self) -> usize {
        let state = self.shared.state();
        state.queue.len() + state.judging
    }
}

impl<J: Judge> Drop for Pool<J> {
    fn drop(&mut self) {
        let mut state = self.shared.state();
        state.closed = true;
        state.queue.clear();
        self.shared.changed.notify_all();
    }
}

impl<J: Judge> Shared<J> {
    /// A thread's life.
    fn run(&self, mut judge: J) {
        let _leaves = Leaves(self);
        while let Some(pause) = self.next() {
            let judging = Judging(self);
            let judgement = judge.judge(&pause.audio, &pause.stop);
            // Free before the verdict is told: who hears it may ask again at once.
            drop(judging);
            // Nobody may be waiting any more.
            let _ = pause.answer.send(judgement);
        }
    }

    /// Waits for a pause; `None` when the pool is closed.
    fn next(&self) -> Option<Pause<J>> {
        let idle = |state: &mut State<J>| state.queue.is_empty() && !state.closed;
        let mut state = self.changed.wait_while(self.state(), idle).unwrap_or_else(PoisonError::into_inner);
        let pause = state.queue.pop_front()?;
        state.judging += 1;
        Some(pause)
    }

    fn state(&self) -> MutexGuard<'_, State<J>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Held while a thread lives; also a thread that panics leaves. With the last one, what waits is told so.
struct Leaves<'a, J: Judge>(&'a Shared<J>);

impl<J: Judge> Drop for Leaves<'_, J> {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.alive -= 1;
        if state.alive == 0 {
            state.queue.clear();
        }
    }
}

/// Held while a thread judges.
struct Judging<'a, J: Judge>(&'a Shared<J>);

impl<J: Judge> Drop for Judging<'_, J> {
    fn drop(&mut self) {
        self.0.state().judging -= 1;
    }
}

impl<J: Judge> Future for Ticket<J> {
    type Output = Result<f32, ProviderError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.answered).poll(cx).map(|answer| answer.unwrap_or_else(|_| Err(gone())))
    }
}

impl<J: Judge> Drop for Ticket<J> {
    fn drop(&mut self) {
        self.stop.stop();
        self.shared.state().queue.retain(|pause| pause.number != self.number);
    }
}

fn gone() -> ProviderError {
    ProviderError::new(PROVIDER, ErrorKind::Internal, "the threads of Smart Turn have ended")
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Mutex,
        mpsc::{Receiver, Sender, channel},
    };

    use providers_core::{ErrorKind, ProviderError};

    use super::{Judge, Pool, Stop};

    /// Tells when a judgement begins, and judges as it is told.
    struct Scripted {
        begun: Sender<usize>,
        verdicts: Receiver<f32>,
    }

    /// Tells that it was stopped.
    struct Stopped(Mutex<bool>);

    impl Stop for Stopped {
        fn stop(&self) {
            *self.0.lock().unwrap() = true;
        }
    }

    impl Judge for Scripted {
        type Stop = Stopped;

        fn stop() -> Result<Stopped, ProviderError> {
            Ok(Stopped(Mutex::new(false)))
        }

        fn judge(&mut self, audio: &[i16], stop: &Stopped) -> Result<f32, ProviderError> {
            self.begun.send(audio.len()).unwrap();
            let verdict = self.verdicts.recv().unwrap();
            assert!(verdict >= 0.0, "a judge that breaks");
            if *stop.0.lock().unwrap() {
                return Err(ProviderError::new("scripted", ErrorKind::Cancelled, "stopped"));
            }
            Ok(verdict)
        }
    }

    struct Scene {
        pool: Pool<Scripted>,
        begun: Receiver<usize>,
        verdicts: Sender<f32>,
    }

    fn scene(waiting: usize) -> Scene {
        let (begin, begun) = channel();
        let (verdicts, judge) = channel();
        let pool = Pool::new(vec![Scripted { begun: begin, verdicts: judge }], waiting).unwrap();
        Scene { pool, begun, verdicts }
    }

    #[tokio::test]
    async fn pauses_are_judged_the_oldest_first_and_do_not_mix() {
        let scene = scene(2);
        let tickets = [1, 2, 3].map(|length| scene.pool.submit(vec![0; length]).unwrap());
        for (number, ticket) in tickets.into_iter().enumerate() {
            assert_eq!(scene.begun.recv().unwrap(), number + 1);
            scene.verdicts.send(number as f32 / 10.0).unwrap();
            assert_eq!(ticket.await.unwrap(), number as f32 / 10.0);
        }
        assert_eq!(scene.pool.busy(), 0);
    }

    #[tokio::test]
    async fn one_pause_too_many_is_refused_and_a_dropped_one_makes_room() {
        let scene = scene(1);
        let judged = scene.pool.submit(vec![0; 1]).unwrap();
        scene.begun.recv().unwrap();
        let waits = scene.pool.submit(vec![0; 2]).unwrap();
        let refused = scene.pool.submit(vec![0; 3]).err().unwrap();
        assert_eq!((refused.kind, scene.pool.busy()), (ErrorKind::Overloaded, 2));
        drop(waits);
        assert_eq!(scene.pool.busy(), 1);
        let waits = scene.pool.submit(vec![0; 4]).unwrap();
        scene.verdicts.send(0.5).unwrap();
        assert_eq!(judged.await.unwrap(), 0.5);
        assert_eq!(scene.begun.recv().unwrap(), 4, "the dropped pause is never judged");
        scene.verdicts.send(0.25).unwrap();
        assert_eq!(waits.await.unwrap(), 0.25);
    }

    #[tokio::test]
    async fn a_pause_that_is_dropped_while_it_is_judged_is_stopped_and_the_next_is_judged() {
        let scene = scene(4);
        let dropped = scene.pool.submit(vec![0; 1]).unwrap();
        scene.begun.recv().unwrap();
        let stop = std::sync::Arc::clone(&dropped.stop);
        drop(dropped);
        assert!(*stop.0.lock().unwrap());
        let next = scene.pool.submit(vec![0; 2]).unwrap();
        scene.verdicts.send(1.0).unwrap();
        assert_eq!(scene.begun.recv().unwrap(), 2);
        scene.verdicts.send(0.75).unwrap();
        assert_eq!(next.await.unwrap(), 0.75);
    }

    #[tokio::test]
    async fn when_the_last_thread_breaks_all_are_told() {
        let scene = scene(4);
        let judged = scene.pool.submit(vec![0; 1]).unwrap();
        scene.begun.recv().unwrap();
        let waits = scene.pool.submit(vec![0; 2]).unwrap();
        scene.verdicts.send(-1.0).unwrap();
        assert_eq!(judged.await.unwrap_err().kind, ErrorKind::Internal);
        assert_eq!(waits.await.unwrap_err().kind, ErrorKind::Internal);
        assert_eq!(scene.pool.submit(vec![0; 3]).err().unwrap().kind, ErrorKind::Internal);
    }

    #[tokio::test]
    async fn a_closed_pool_tells_those_who_wait() {
        let scene = scene(4);
        let judged = scene.pool.submit(vec![0; 1]).unwrap();
        scene.begun.recv().unwrap();
        let waits = scene.pool.submit(vec![0; 2]).unwrap();
        drop(scene.pool);
        assert_eq!(waits.await.unwrap_err().kind, ErrorKind::Internal);
        scene.verdicts.send(0.5).unwrap();
        assert_eq!(judged.await.unwrap(), 0.5, "what is being judged is judged");
    }
}
