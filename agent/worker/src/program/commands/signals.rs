//! Requests to stop: SIGTERM, Ctrl-C, and the end of standard input for a supervised worker.

use std::{
    future::pending,
    io::{self, Read as _},
    thread,
};

use crate::Request;
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    sync::{mpsc, oneshot},
};

use crate::program::failure::Failure;

/// Hears requests to stop from the moment it is made.
pub(super) struct Signals {
    terminate: Signal,
    interrupt: Signal,
    orphaned: Option<oneshot::Receiver<()>>,
}

impl Signals {
    /// With `supervised`, the end of standard input is a request too: whoever started this process is gone or wants it
    /// to stop.
    pub(super) fn new(supervised: bool) -> Result<Self, Failure> {
        let listen = || {
            let (terminate, interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
            Ok(Self { terminate, interrupt, orphaned: supervised.then(end_of_input).transpose()? })
        };
        listen().map_err(Failure::Signals)
    }

    /// The next request. Cancelling it loses nothing.
    pub(super) async fn next(&mut self) {
        let orphaned = async {
            match &mut self.orphaned {
                // The thread is gone or has seen the end: either way nobody supervises.
                Some(orphaned) => drop(orphaned.await),
                None => pending().await,
            }
        };
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
            () = orphaned => self.orphaned = None,
        }
    }

    /// Turns the first request into a drain, the second into a stop, and returns at the third.
    pub(super) async fn forward(mut self, requests: mpsc::Sender<Request>) -> Failure {
        for request in [Request::Drain, Request::Stop] {
            self.next().await;
            if requests.send(request).await.is_err() {
                // The worker has ended, and says so itself.
                pending::<()>().await;
            }
        }
        self.next().await;
        Failure::Aborted
    }
}

/// Resolves when standard input ends. A thread of its own waits for it: nothing in it can be cancelled, and it ends with
/// the process.
fn end_of_input() -> io::Result<oneshot::Receiver<()>> {
    let (ended, orphaned) = oneshot::channel();
    thread::Builder::new().name("supervised".to_owned()).spawn(move || {
        // An error is an end as well.
        drop(io::stdin().lock().read_to_end(&mut Vec::new()));
        drop(ended);
    })?;
    Ok(orphaned)
}
