//! Journals of calls, a file each: what the turn machine was told, from which a call can be decided again on a desk.
//!
//! A line holds times and counts, never what people say (`agent_turn::journal`). A call hands its lines over in pieces
//! and waits for nothing; one thread writes for all calls. When that thread is behind, or the disk is full, a journal
//! ends early: what is there is the beginning of the call without a gap, and can still be decided again.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    fs::{self, File},
    io::{self, Write as _},
    mem,
    path::{Path, PathBuf},
    sync::{
        Arc, Weak,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
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
    /// Whole lines of the journal of a call.
    Lines { call: Arc<Head>, text: String },
    /// There will be no more of any.
    End,
}

/// What a call's journal is called, held by the call and, while it writes, by the thread that writes.
struct Head {
    number: u64,
    name: String,
    /// Whether it has ended before its call.
    is_cut: AtomicBool,
}

impl Head {
    /// It ends here: told once.
    fn cut(&self, metrics: &Metrics, why: &dyn std::fmt::Display) {
        if !self.is_cut.swap(true, Relaxed) {
            metrics.journal_cut();
            warn!(call = %self.name, %why, "the call's journal ends here");
        }
    }
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
        let number = self.calls.fetch_add(1, Relaxed);
        let head = Arc::new(Head { number, name: file_name(name), is_cut: AtomicBool::new(false) });
        Box::new(CallJournal {
            head,
            pieces: self.pieces.clone(),
            metrics: self.metrics.clone(),
            text: String::new(),
            handed_over: Instant::now(),
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
    head: Arc<Head>,
    pieces: SyncSender<Piece>,
    metrics: Arc<Metrics>,
    /// Lines that were not yet handed over.
    text: String,
    handed_over: Instant,
}

impl CallJournal {
    fn hand_over(&mut self) {
        self.handed_over = Instant::now();
        let text = mem::take(&mut self.text);
        if text.is_empty() {
            return;
        }
        match self.pieces.try_send(Piece::Lines { call: self.head.clone(), text }) {
            Ok(()) => {}
            Err(TrySendError::Full(_)) => self.head.cut(&self.metrics, &"the disk is too slow"),
            Err(TrySendError::Disconnected(_)) => {
                self.head.cut(&self.metrics, &"the thread that writes is gone");
            }
        }
    }
}

impl Journal for CallJournal {
    fn line(&mut self, line: &str) {
        if self.head.is_cut.load(Relaxed) {
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
    }
}

/// What the writing thread has before it.
struct Desk {
    folder: PathBuf,
    /// Of calls that go on, by number.
    files: BTreeMap<u64, Open>,
    metrics: Arc<Metrics>,
}

/// The file of a call.
struct Open {
    file: File,
    /// How long it is: whole lines.
    length: u64,
    /// Gone when its call is.
    of: Weak<Head>,
}

impl Desk {
    fn write(&mut self, inbox: &Receiver<Piece>) {
        while let Ok(piece) = inbox.recv() {
            match piece {
                Piece::Lines { call, text } => {
                    if let Err(error) = self.append(&call, &text) {
                        self.files.remove(&call.number);
                        call.cut(&self.metrics, &error);
                    }
                    drop(call);
                    self.files.retain(|_, open| open.of.strong_count() > 0);
                }
                Piece::End => return,
            }
        }
    }

    fn append(&mut self, call: &Arc<Head>, text: &str) -> io::Result<()> {
        if call.is_cut.load(Relaxed) {
            return Ok(());
        }
        let open = match self.files.entry(call.number) {
            Entry::Occupied(open) => open.into_mut(),
            Entry::Vacant(place) => {
                let file = create(&self.folder, &call.name)?;
                place.insert(Open { file, length: 0, of: Arc::downgrade(call) })
            }
        };
        let written = open.file.write_all(text.as_bytes());
        match &written {
            Ok(()) => open.length += text.len() as u64,
            // Half a line could be read as another line.
            Err(_) => open.file.set_len(open.length)?,
        }
        written
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
        assert!(inbox.try_recv().is_err(), "nothing after the gap");
        assert_eq!(metrics.journals_cut(), 1);
    }

    #[test]
    fn a_file_that_cannot_be_written_is_told_once_and_the_files_of_calls_that_are_over_are_closed() {
        let folder = tempfile::tempdir().unwrap();
        let metrics = Arc::new(Metrics::new());
        let mut desk =
            Desk { folder: folder.path().to_owned(), files: BTreeMap::new(), metrics: metrics.clone() };
        let head = |number, name: &str| {
            Arc::new(Head { number, name: name.to_owned(), is_cut: AtomicBool::new(false) })
        };
        let (good, bad) = (head(1, "AJ_1"), head(2, "no/such"));
        let (pieces, inbox) = sync_channel(8);
        for call in [&good, &bad, &good, &bad] {
            let text = "20 timeout\n".to_owned();
            pieces.send(Piece::Lines { call: call.clone(), text }).unwrap();
        }
        pieces.send(Piece::End).unwrap();
        desk.write(&inbox);
        assert_eq!(
            files(folder.path()),
            [("AJ_1.journal".to_owned(), "20 timeout\n20 timeout\n".to_owned())]
        );
        assert_eq!((metrics.journals_cut(), desk.files.len()), (1, 1));
        drop(good);
        let text = "20 timeout\n".to_owned();
        pieces.send(Piece::Lines { call: head(3, "AJ_3"), text }).unwrap();
        pieces.send(Piece::End).unwrap();
        desk.write(&inbox);
        assert_eq!(desk.files.len(), 0, "both calls are over");
    }

    #[test]
    fn a_folder_that_cannot_be_had_is_named() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let error = Journals::open(&file.path().join("in"), Arc::new(Metrics::new())).err().unwrap();
        assert!(error.to_string().starts_with("journal.folder: cannot write into "), "{error}");
    }
}
