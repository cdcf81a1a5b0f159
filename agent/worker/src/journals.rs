//! Journals of calls, a file each: what the turn machine was told, from which a call can be decided again on a desk.
//!
//! A line holds times and counts, never what people say (`agent_turn::journal`). A call hands its lines over in pieces
//! and waits for nothing; one thread writes for all calls. When that thread is behind, or the disk is full, a journal
//! ends early: what is there is the beginning of the call without a gap, and can still be decided again.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{self, Write as _},
    mem,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
        mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use agent_conversation::Journal;
use config_schema::Config;
use tokio::time::Instant;
use tracing::warn;

use crate::metrics::Metrics;

/// The folder of journals, and the thread that writes them. Dropping it writes what calls have handed over by then.
pub struct Journals {
    pieces: SyncSender<Piece>,
    writer: Option<JoinHandle<()>>,
    metrics: Arc<Metrics>,
    calls: AtomicU64,
}

/// Why journals cannot be kept.
#[derive(Debug, thiserror::Error)]
#[error("journal.folder: cannot write into {}: {source}", folder.display())]
pub struct JournalsError {
    folder: PathBuf,
    source: io::Error,
}

/// What a call hands over.
enum Piece {
    /// Whole lines of the journal of a call of this number and name.
    Lines { call: u64, name: Arc<str>, text: String },
    /// There will be no more of it.
    Over { call: u64 },
    /// There will be no more of any.
    End,
}

impl Journals {
    /// Journals in this folder, which is made if it is not there.
    pub fn open(folder: &Path, metrics: Arc<Metrics>) -> Result<Self, JournalsError> {
        let failed = |source| JournalsError { folder: folder.to_owned(), source };
        fs::create_dir_all(folder).map_err(failed)?;
        let (pieces, inbox) = sync_channel(PIECES);
        let mut desk = Desk { folder: folder.to_owned(), files: BTreeMap::new(), metrics: metrics.clone() };
        let writer = thread::Builder::new().name("journals".to_owned());
        let writer = writer.spawn(move || desk.write(&inbox)).map_err(failed)?;
        Ok(Self { pieces, writer: Some(writer), metrics, calls: AtomicU64::new(0) })
    }

    /// The journal of a call of this name. The file is `NAME.journal`, or `NAME-2.journal` if there is one.
    #[must_use]
    pub fn of(&self, name: &str) -> Box<dyn Journal> {
        Box::new(CallJournal {
            call: self.calls.fetch_add(1, Relaxed),
            name: file_name(name).into(),
            pieces: self.pieces.clone(),
            metrics: self.metrics.clone(),
            text: String::new(),
            handed_over: Instant::now(),
            is_cut: false,
        })
    }
}

impl Drop for Journals {
    fn drop(&mut self) {
        // The thread takes pieces until it is told that there are no more; it is gone only if it panicked.
        if self.pieces.send(Piece::End).is_ok()
            && let Some(writer) = self.writer.take()
            && writer.join().is_err()
        {
            warn!("the thread that writes journals panicked");
        }
    }
}

/// The journals that the configuration asks for.
pub fn journals(config: &Config, metrics: &Arc<Metrics>) -> Result<Option<Journals>, JournalsError> {
    let folder = config.journal.folder.as_deref().map(Path::new);
    folder.map(|folder| Journals::open(folder, metrics.clone())).transpose()
}

/// The journal of one call, on that call's thread.
struct CallJournal {
    call: u64,
    name: Arc<str>,
    pieces: SyncSender<Piece>,
    metrics: Arc<Metrics>,
    /// Lines that were not yet handed over.
    text: String,
    handed_over: Instant,
    is_cut: bool,
}

impl CallJournal {
    fn hand_over(&mut self) {
        self.handed_over = Instant::now();
        let text = mem::take(&mut self.text);
        if text.is_empty() || self.is_cut {
            return;
        }
        match self.pieces.try_send(Piece::Lines { call: self.call, name: self.name.clone(), text }) {
            Ok(()) => {}
            Err(TrySendError::Full(_)) => {
                self.is_cut = true;
                self.metrics.journal_cut();
                warn!(call = %self.name, "the disk is too slow: the call's journal ends here");
            }
            Err(TrySendError::Disconnected(_)) => self.is_cut = true,
        }
    }
}

impl Journal for CallJournal {
    fn line(&mut self, line: &str) {
        if self.is_cut {
            return;
        }
        self.text.push_str(line);
        self.text.push('\n');
        if self.text.len() >= PIECE || self.handed_over.elapsed() >= HELD {
            self.hand_over();
        }
    }
}

impl Drop for CallJournal {
    fn drop(&mut self) {
        self.hand_over();
        // A file that is not closed now is closed with all others.
        let _full = self.pieces.try_send(Piece::Over { call: self.call });
    }
}

/// What the writing thread has before it.
struct Desk {
    folder: PathBuf,
    /// By call; `None` after a failure, which is told once.
    files: BTreeMap<u64, Option<File>>,
    metrics: Arc<Metrics>,
}

impl Desk {
    fn write(&mut self, inbox: &Receiver<Piece>) {
        while let Ok(piece) = inbox.recv() {
            match piece {
                Piece::Lines { call, name, text } => self.append(call, &name, &text),
                Piece::Over { call } => drop(self.files.remove(&call)),
                Piece::End => return,
            }
        }
    }

    fn append(&mut self, call: u64, name: &str, text: &str) {
        let opened = match self.files.remove(&call) {
            Some(None) => Ok(None),
            Some(Some(file)) => Ok(Some(file)),
            None => create(&self.folder, name).map(Some),
        };
        let written = opened
            .and_then(|file| file.map(|mut file| file.write_all(text.as_bytes()).map(|()| file)).transpose());
        let file = written.unwrap_or_else(|error| {
            self.metrics.journal_cut();
            warn!(call = name, %error, "the call's journal ends here");
            None
        });
        self.files.insert(call, file);
    }
}

fn create(folder: &Path, name: &str) -> io::Result<File> {
    let path = |number: u32| match number {
        1 => folder.join(format!("{name}.journal")),
        _ => folder.join(format!("{name}-{number}.journal")),
    };
    for number in 1..SAME_NAME {
        match File::create_new(path(number)) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            result => return result,
        }
    }
    File::create_new(path(SAME_NAME))
}

/// A name of a file that says which call it was and cannot lead elsewhere: the name is the server's word.
fn file_name(name: &str) -> String {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    name.chars().take(LONGEST_NAME).map(|c| if fits(c) { c } else { '_' }).collect()
}

/// Pieces that may wait for the disk, of all calls: some 4 MB.
const PIECES: usize = 1024;
/// From so many bytes on, lines are handed over.
const PIECE: usize = 4096;
/// And with the first line after so long.
const HELD: Duration = Duration::from_secs(1);
/// Characters of a call's name in the name of its file.
const LONGEST_NAME: usize = 128;
/// Journals of one name, as when a server gives a job a second time.
const SAME_NAME: u32 = 100;

#[cfg(test)]
mod tests {
    use super::*;

    fn files(folder: &Path) -> Vec<(String, String)> {
        let read = |entry: io::Result<fs::DirEntry>| {
            let path = entry.unwrap().path();
            (path.file_name().unwrap().to_string_lossy().into_owned(), fs::read_to_string(&path).unwrap())
        };
        let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(read).collect();
        files.sort();
        files
    }

    #[test]
    fn each_call_has_its_own_file_in_order_whatever_its_name_is() {
        let folder = tempfile::tempdir().unwrap();
        let journals = Journals::open(&folder.path().join("made"), Arc::new(Metrics::new())).unwrap();
        let mut calls = ["AJ_1", "AJ_1", "../../x"].map(|name| journals.of(name));
        for line in ["0 config", "20 timeout"] {
            calls.iter_mut().for_each(|call| call.line(line));
        }
        drop(calls);
        drop(journals);
        let text = "0 config\n20 timeout\n".to_owned();
        assert_eq!(
            files(&folder.path().join("made")),
            ["AJ_1-2.journal", "AJ_1.journal", "______x.journal"].map(|name| (name.to_owned(), text.clone()))
        );
    }

    #[test]
    fn a_journal_that_the_disk_is_too_slow_for_ends_without_a_gap_and_is_counted_once() {
        let (pieces, inbox) = sync_channel(1);
        let metrics = Arc::new(Metrics::new());
        let journals = Journals { pieces, writer: None, metrics: metrics.clone(), calls: AtomicU64::new(0) };
        let mut call = journals.of("AJ_1");
        let line = "x".repeat(PIECE);
        for _ in 0..3 {
            call.line(&line);
        }
        let Ok(Piece::Lines { text, .. }) = inbox.recv() else { panic!("the first piece is there") };
        assert_eq!(text.len(), PIECE + 1);
        call.line(&line);
        drop(call);
        assert!(matches!(inbox.try_recv(), Ok(Piece::Over { .. })), "nothing after the gap");
        assert_eq!(metrics.journals_cut(), 1);
        drop(inbox);
    }

    #[test]
    fn a_folder_that_cannot_be_had_is_named() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let error = Journals::open(&file.path().join("in"), Arc::new(Metrics::new())).err().unwrap();
        assert!(error.to_string().starts_with("journal.folder: cannot write into "), "{error}");
    }
}
