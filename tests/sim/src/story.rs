//! What happened in a call, from its journal: who spoke when, what was made of it and how fast. Without the words,
//! which no journal has.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use agent_turn::{
    Config, Machine, Moment, ReplyId, RequestId,
    journal::{self, Entry, ReplayError},
};

use crate::event::Event;

mod reading;
mod retelling;

/// What happened in a call.
pub struct Story {
    config: Config,
    /// What the linked speaker said, in order.
    said: Vec<Said>,
    /// How long after its end voice activity noticed the end of speech.
    hangover: Option<Duration>,
    replies: BTreeMap<ReplyId, Made>,
    /// What the program did, as an action without its time.
    deeds: Vec<(Moment, String)>,
    /// What came out, as far as a journal knows.
    events: Vec<Event>,
    /// When the call ended.
    end: Moment,
    /// What a scenario cannot tell.
    untold: BTreeSet<&'static str>,
    /// The words of the open turn; those of the utterance `open_from` begin at `open_at`.
    open: String,
    open_from: Option<usize>,
    open_at: usize,
    /// The words of the turn that was committed last.
    committed: String,
    /// What the user wrote last.
    typed: Option<String>,
    /// The requests whose words were given.
    given: BTreeSet<RequestId>,
}

/// One utterance.
struct Said {
    start: Moment,
    end: Option<Moment>,
    /// Words that were final.
    words: u32,
    /// Words that were guessed last.
    guessed: u32,
    /// When the last final transcript came.
    understood: Option<Moment>,
    /// When a judge of pauses was asked last.
    asked: Option<Moment>,
    /// What it said last, in thousandths, and how long it took.
    judged: Option<(u16, Duration)>,
    /// Counted from 1.
    number: usize,
}

/// One reply.
struct Made {
    begun: Moment,
    /// What it answers.
    to: String,
    /// From when on it could be voiced.
    confirmed: Option<Moment>,
    /// When its first sample was there.
    ready: Option<Moment>,
    /// When all of it was made.
    finished: Option<Moment>,
    /// When it was known how many functions it calls, and how many they are.
    called: Option<Moment>,
    calls: usize,
    /// When they began to run, and how long they took, in the order of their returns.
    ran: Option<Moment>,
    took: Vec<Duration>,
    heard: Option<Duration>,
    is_stopped: bool,
    /// Whether its words were given.
    is_given: bool,
}

impl Said {
    /// Words that stand for those of the utterance: as many, and no other utterance's.
    fn text(&self) -> String {
        let words = if self.words > 0 { self.words } else { self.guessed };
        let more = (1..words).map(|_| " word");
        if words == 0 { String::new() } else { format!("u{}{}", self.number, more.collect::<String>()) }
    }

    /// Whether any of it was understood for good.
    const fn is_final(&self) -> bool {
        self.words > 0 || self.guessed == 0
    }
}

impl Story {
    /// Reads the journal of a call.
    ///
    /// # Errors
    /// When a line is no line of a journal.
    pub fn read<'a>(lines: impl IntoIterator<Item = &'a str>) -> Result<Self, ReplayError> {
        let mut reading = None;
        let mut number = 0;
        for text in lines {
            number += 1;
            let wrong = |error| ReplayError { line: number, error };
            let Some((at, entry)) = journal::parse(text).map_err(|error| wrong(Some(error)))? else {
                continue;
            };
            match (&mut reading, entry) {
                (None, Entry::Began(config)) => {
                    let (mut machine, mut story) = (Machine::new(*config, at), Self::of(*config));
                    story.follow(at, &mut machine);
                    reading = Some((machine, story));
                }
                (Some((machine, story)), Entry::Fact(fact)) => {
                    story.on_fact(at, fact);
                    machine.handle_input(at, fact);
                    story.follow(at, machine);
                }
                (Some((machine, story)), Entry::Timeout) => {
                    machine.handle_timeout(at);
                    story.follow(at, machine);
                }
                (None, Entry::Fact(_) | Entry::Timeout) | (Some(_), Entry::Began(_)) => {
                    return Err(wrong(None));
                }
            }
        }
        reading.map(|(_, story)| story).ok_or(ReplayError { line: number.max(1), error: None })
    }

    const fn of(config: Config) -> Self {
        Self {
            config,
            said: Vec::new(),
            hangover: None,
            replies: BTreeMap::new(),
            deeds: Vec::new(),
            events: Vec::new(),
            end: Moment::START,
            untold: BTreeSet::new(),
            open: String::new(),
            open_from: None,
            open_at: 0,
            committed: String::new(),
            typed: None,
            given: BTreeSet::new(),
        }
    }
}
