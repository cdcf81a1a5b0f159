//! The thread that speaks: one piece of one stream at a time, the streams in turn.

use std::{
    collections::{BTreeMap, VecDeque},
    panic::{self, AssertUnwindSafe},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
};

use providers_core::{ErrorKind, ProviderError, SampleRate, SpeechChunk, Usage, WordTiming};

use super::{
    desk::{Desk, Manner},
    pieces::Piece,
};
use crate::{PROVIDER, error::LocalError, sys::flite};

/// Holds the thread: it ends when this is dropped.
pub(super) struct Speaker {
    queue: Arc<Queue>,
    /// Held by every desk.
    open: Arc<()>,
}

#[derive(Default)]
struct Queue {
    state: Mutex<QueueState>,
    changed: Condvar,
}

#[derive(Default)]
struct QueueState {
    /// Streams with a piece to speak, each at most once.
    desks: VecDeque<Arc<Desk>>,
    closed: bool,
}

impl Speaker {
    /// Starts the thread with its first voice.
    pub(super) fn start(name: String, voice: flite::Voice) -> Result<Self, LocalError> {
        let queue = Arc::new(Queue::default());
        let theirs = Arc::clone(&queue);
        let mut voices = BTreeMap::from([(name, voice)]);
        let speak = move |desk: &Desk, piece, begins| speak(desk, piece, begins, &mut voices);
        match thread::Builder::new().name("local-voice".to_owned()).spawn(move || run(&theirs, speak)) {
            Ok(_) => Ok(Self { queue, open: Arc::default() }),
            Err(source) => Err(LocalError::Thread { purpose: "the local voice", source }),
        }
    }

    /// A new stream's desk.
    pub(super) fn desk(&self, manner: Manner, ahead: usize) -> Arc<Desk> {
        Arc::new(Desk::new(manner, ahead, Arc::clone(&self.open)))
    }

    /// Desks that a stream or the thread holds.
    pub(super) fn busy(&self) -> usize {
        Arc::strong_count(&self.open) - 1
    }

    /// Queues a stream that has a piece to speak.
    pub(super) fn queue(&self, desk: Arc<Desk>) {
        self.queue.add(desk);
    }
}

impl Queue {
    fn add(&self, desk: Arc<Desk>) {
        self.state().desks.push_back(desk);
        self.changed.notify_one();
    }

    fn close(&self) {
        self.state().closed = true;
        self.changed.notify_one();
    }

    fn state(&self) -> MutexGuard<'_, QueueState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Speaker {
    fn drop(&mut self) {
        self.queue.close();
    }
}

/// The thread's life. A piece at which it breaks is told so, and costs no other stream its voice: there is one thread
/// for all.
fn run(queue: &Queue, mut speak: impl FnMut(&Desk, Piece, u64) -> Result<(), ProviderError>) {
    while let Some(desk) = next(queue) {
        if let Some((piece, begins)) = desk.next() {
            // Nothing of a piece is used after its failure but the voices, which hold no state between two pieces.
            let spoken = panic::catch_unwind(AssertUnwindSafe(|| speak(&desk, piece, begins)));
            if let Err(error) = spoken.unwrap_or_else(|_| Err(broken())) {
                desk.fail(error);
            }
        }
        if desk.done() {
            queue.state().desks.push_back(desk);
        }
    }
}

fn broken() -> ProviderError {
    ProviderError::new(PROVIDER, ErrorKind::Internal, "the local voice broke at a sentence")
}

fn next(queue: &Queue) -> Option<Arc<Desk>> {
    let idle = |state: &mut QueueState| state.desks.is_empty() && !state.closed;
    let mut state = queue.changed.wait_while(queue.state(), idle).unwrap_or_else(PoisonError::into_inner);
    state.desks.pop_front()
}

fn speak(
    desk: &Desk,
    piece: Piece,
    begins: u64,
    voices: &mut BTreeMap<String, flite::Voice>,
) -> Result<(), ProviderError> {
    let name = &desk.manner.voice;
    if !voices.contains_key(name) {
        voices.insert(name.clone(), flite::Voice::load(name)?);
    }
    let voice = &voices[name];
    let characters = piece.characters as u64;
    let mut take =
        Take { desk, begins, given: 0, waiting: VecDeque::new(), words: piece.words, stopped: false };
    // What holds nothing readable is passed on with its text, and takes no time.
    if !piece.spoken.is_empty()
        && voice.speak(&flite::text(&piece.spoken), desk.manner.stretch, &mut take).is_err()
        && !take.stopped
    {
        return Err(ProviderError::new(PROVIDER, ErrorKind::Internal, "flite could not speak a sentence"));
    }
    take.finish(characters);
    Ok(())
}

/// One piece being spoken.
struct Take<'a> {
    desk: &'a Desk,
    /// Samples of the stream before this piece.
    begins: u64,
    /// Samples of this piece so far.
    given: u64,
    words: Vec<String>,
    /// Words whose chunk has not come yet, in order.
    waiting: VecDeque<WordTiming>,
    stopped: bool,
}

impl Take<'_> {
    /// The words that begin in the next `samples` samples.
    fn words_within(&mut self, samples: u64) -> Vec<WordTiming> {
        let end = SampleRate::HEARING.duration_of(self.begins + self.given + samples);
        std::iter::from_fn(|| self.waiting.pop_front_if(|word| word.start < end)).collect()
    }

    fn finish(mut self, characters: u64) {
        let now = SampleRate::HEARING.duration_of(self.begins + self.given);
        let mut words: Vec<WordTiming> = self.waiting.drain(..).collect();
        // Words without times (the library counted otherwise) stand at the end, so that no text is lost.
        words.extend(self.words.drain(..).map(|text| WordTiming { text, start: now, end: now }));
        let audio_out_ms = self.given * 1000 / u64::from(SampleRate::HEARING.hertz());
        let usage = Usage { characters, audio_out_ms, ..Usage::default() };
        self.desk.give(SpeechChunk { samples: Vec::new(), words, usage: Some(usage) });
    }
}

impl flite::Hearer for Take<'_> {
    fn tokens(&mut self, times: &[(f32, f32)]) {
        if times.len() != self.words.len() {
            return;
        }
        let before = SampleRate::HEARING.duration_of(self.begins);
        let at = |seconds: f32| before + std::time::Duration::try_from_secs_f32(seconds).unwrap_or_default();
        let mut earliest = before;
        for (text, &(start, end)) in self.words.drain(..).zip(times) {
            let start = at(start).max(earliest);
            let end = at(end).max(start);
            earliest = end;
            self.waiting.push_back(WordTiming { text, start, end });
        }
    }

    fn samples(&mut self, samples: &[i16]) -> bool {
        let words = self.words_within(samples.len() as u64);
        self.given += samples.len() as u64;
        self.stopped = !self.desk.give(SpeechChunk { samples: samples.to_vec(), words, usage: None });
        !self.stopped
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use super::*;

    #[tokio::test]
    async fn a_sentence_that_breaks_the_voice_costs_no_other_stream_its_voice() {
        let queue = Arc::new(Queue::default());
        let theirs = Arc::clone(&queue);
        let thread = thread::spawn(move || {
            run(&theirs, |desk, piece, _| {
                assert!(piece.spoken != "Break.", "a sentence that breaks the voice");
                desk.give(SpeechChunk { samples: vec![1], ..SpeechChunk::default() });
                Ok(())
            });
        });
        for (text, expected) in
            [("Break.", "internal"), ("Go on.", "1"), ("Break.", "internal"), ("On.", "1")]
        {
            let manner = Manner { voice: String::new(), stretch: 1.0 };
            let desk = Arc::new(Desk::new(manner, 100, Arc::default()));
            let piece = Piece { spoken: text.to_owned(), ..Piece::default() };
            assert!(desk.add(piece));
            queue.add(Arc::clone(&desk));
            let audio = poll_fn(|cx| desk.poll(cx).0).await.expect("there is something");
            let told =
                audio.map_or_else(|error| error.kind.name().to_owned(), |c| c.samples.len().to_string());
            assert_eq!(told, expected, "{text}");
        }
        queue.close();
        thread.join().expect("it ends in order");
    }
}
