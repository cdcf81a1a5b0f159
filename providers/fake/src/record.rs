//! What a fake was asked: how many streams are open, and, when told to record, with what.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicU64, Ordering::Relaxed},
};

/// The name of these providers.
pub(crate) const PROVIDER: &str = "fake";

/// How many requests a recording keeps; later ones are counted, not kept.
const RECORDED: usize = 4096;

/// Counts of streams, and the requests themselves when recording.
#[derive(Debug)]
pub(crate) struct Record<T> {
    opened: AtomicU64,
    open: AtomicU64,
    requests: Option<Mutex<Vec<T>>>,
}

impl<T> Record<T> {
    pub(crate) fn new(recording: bool) -> Arc<Self> {
        let requests = recording.then(|| Mutex::new(Vec::new()));
        Arc::new(Self { opened: AtomicU64::new(0), open: AtomicU64::new(0), requests })
    }

    /// Streams opened since the beginning.
    pub(crate) fn opened(&self) -> u64 {
        self.opened.load(Relaxed)
    }

    /// Streams that live now.
    pub(crate) fn open(&self) -> u64 {
        self.open.load(Relaxed)
    }

    /// Keeps a request, when recording.
    pub(crate) fn keep(&self, request: impl FnOnce() -> T) {
        let Some(requests) = &self.requests else { return };
        let mut requests = requests.lock().unwrap_or_else(PoisonError::into_inner);
        if requests.len() < RECORDED {
            requests.push(request());
        }
    }
}

impl<T: Clone> Record<T> {
    /// The requests kept, oldest first.
    pub(crate) fn requests(&self) -> Vec<T> {
        let Some(requests) = &self.requests else { return Vec::new() };
        requests.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Counts one stream as open until it is dropped.
#[derive(Debug)]
pub(crate) struct Open<T>(Arc<Record<T>>);

impl<T> Open<T> {
    /// Counts a stream, and says which number it has, counted from 0.
    pub(crate) fn count(record: &Arc<Record<T>>) -> (Self, u64) {
        record.open.fetch_add(1, Relaxed);
        let number = record.opened.fetch_add(1, Relaxed);
        (Self(Arc::clone(record)), number)
    }

    pub(crate) fn record(&self) -> &Record<T> {
        &self.0
    }
}

impl<T> Drop for Open<T> {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Relaxed);
    }
}
