//! All short sequences of facts. States that are equal are walked on from once.

use std::{
    collections::BTreeMap,
    hash::{DefaultHasher, Hash, Hasher},
    time::Duration,
};

use agent_turn::{
    Answer, CloseReason, Config, Detection, Input, Machine, Manner, Moment, Output, PauseId, PlayoutFact,
    ReplyFact, ReplyId, RequestId, Score, SpeakerId, SpeechKind, Standing, State, Told, TurnId, UserFact,
    Verdict,
};

use crate::{random, support};

/// Each way of noticing the end of a turn is walked.
pub(crate) const DETECTIONS: [Detection; 4] =
    [Detection::Voice, Detection::Model, Detection::Recogniser, Detection::Manual];

/// How many facts may come next, the passing of time included.
pub(crate) const FACTS: u32 = 32;

/// What was found.
pub(crate) struct Walk {
    pub(crate) sequences: u128,
    pub(crate) states: usize,
    /// How long a call took at most until it was at rest.
    pub(crate) longest: Duration,
}

/// A call after some facts, and how many sequences lead to it.
#[derive(Clone)]
struct Node {
    machine: Machine,
    now: Moment,
    replies: u32,
    turns: u32,
    requests: u32,
    stops: Vec<ReplyId>,
    pauses: Vec<(SpeakerId, PauseId)>,
    sequences: u128,
}

/// Walks all sequences of `depth` facts; the error names the state in which something is wrong.
pub(crate) fn walk(detection: Detection, depth: u32) -> Result<Walk, String> {
    let mut config = support::config();
    config.detection = detection;
    config.speculation.enabled = true;
    config.speaking.filler_after = Some(Duration::from_millis(300));
    let mut level = BTreeMap::new();
    let first = Node::first(config);
    level.insert(first.hash(), first);
    let mut walk = Walk { sequences: 1, states: 1, longest: Duration::ZERO };
    for _ in 0..depth {
        let mut next: BTreeMap<u64, Node> = BTreeMap::new();
        for node in level.values() {
            for fact in 0..FACTS {
                let mut after = node.clone();
                after.happen(fact)?;
                let same = next.entry(after.hash()).or_insert_with(|| Node { sequences: 0, ..after });
                same.sequences += node.sequences;
            }
        }
        for node in next.values() {
            walk.longest = walk.longest.max(node.clone().come_to_rest(&config)?);
        }
        walk.states += next.len();
        walk.sequences += next.values().map(|node| node.sequences).sum::<u128>();
        level = next;
    }
    Ok(walk)
}

impl Node {
    fn first(config: Config) -> Self {
        let machine = Machine::new(config, Moment::START);
        let (replies, turns, requests) = (0, 0, 0);
        let mut node = Self {
            machine,
            now: Moment::START,
            replies,
            turns,
            requests,
            stops: Vec::new(),
            pauses: Vec::new(),
            sequences: 1,
        };
        node.look();
        node
    }

    fn hash(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.machine.hash(&mut hasher);
        self.stops.hash(&mut hasher);
        self.pauses.hash(&mut hasher);
        hasher.finish()
    }

    /// The fact of this number.
    fn happen(&mut self, fact: u32) -> Result<(), String> {
        let now = self.now;
        let linked = |fact| Input::User(SpeakerId::LINKED, fact);
        let (latest, heard) = (ReplyId(self.replies), Duration::from_millis(100));
        let input = match fact {
            0 => return self.pass(now + Duration::from_millis(300)),
            1 => {
                let due = self.machine.poll_timeout().map_or(now + Duration::from_secs(1), |(due, _)| due);
                return self.pass(due);
            }
            2 => linked(UserFact::SpeechStarted { at: now }),
            3 => linked(UserFact::SpeechLapsed { at: now }),
            4 => linked(UserFact::SpeechRevived),
            5 => linked(UserFact::SpeechStopped { at: now }),
            6 => linked(UserFact::InterimHeard { words: 1, foreseen: false }),
            7 => linked(UserFact::FinalHeard { words: 1, foreseen: false }),
            8 => linked(UserFact::PreflightHeard { words: 1 }),
            9 => linked(UserFact::RecogniserStopped),
            10 => linked(UserFact::OverlapJudged { verdict: Verdict::Backchannel }),
            11 => linked(UserFact::OverlapJudged { verdict: Verdict::Interruption }),
            12 => linked(UserFact::Typed),
            13 => Input::User(SpeakerId(2), UserFact::Joined { standing: Standing::Answered }),
            14 => Input::User(SpeakerId(2), UserFact::SpeechStarted { at: now }),
            15 => Input::User(SpeakerId(2), UserFact::FinalHeard { words: 2, foreseen: false }),
            16 => Input::User(SpeakerId(2), UserFact::Left),
            17 => Input::Reply(latest, ReplyFact::Ready),
            18 => Input::Reply(latest, ReplyFact::Finished { audible: false }),
            19 => Input::Reply(latest, ReplyFact::Failed),
            20 => Input::Reply(latest, ReplyFact::FunctionsCalled { functions: 1 }),
            21 => Input::Reply(latest, ReplyFact::FunctionFinished),
            22 => Input::Playout(latest, PlayoutFact::Started),
            23 => match self.stops.first() {
                Some(stopped) => Input::Playout(*stopped, PlayoutFact::Finished { heard }),
                None => Input::Playout(latest, PlayoutFact::Finished { heard }),
            },
            24 => self.speak(SpeechKind::Said, true),
            25 => self.speak(SpeechKind::Generated, false),
            26 => Input::Told(Told::Stop { force: false }),
            27 => {
                let wait = Duration::from_secs(1);
                Input::Told(Told::CommitTurn { speaker: SpeakerId::LINKED, answer: true, wait })
            }
            28 => Input::Told(Told::Considered { turn: TurnId(self.turns), answer: Answer::AsIs }),
            29 => Input::Told(Told::Hold),
            30 => linked(UserFact::OverlapJudged { verdict: Verdict::Repetition }),
            _ => Input::Told(Told::Drain { reason: CloseReason::Completed }),
        };
        self.tell(input)
    }

    fn speak(&mut self, kind: SpeechKind, interruptible: bool) -> Input {
        self.requests += 1;
        let request = RequestId(self.requests);
        Input::Told(Told::Speak { request, kind, manner: Manner::normal(interruptible) })
    }

    fn tell(&mut self, input: Input) -> Result<(), String> {
        if let Input::Playout(reply, PlayoutFact::Finished { .. }) = input {
            self.stops.retain(|stopped| *stopped != reply);
        }
        self.machine.handle_input(self.now, input);
        self.look();
        self.check()
    }

    fn pass(&mut self, until: Moment) -> Result<(), String> {
        while let Some((due, _)) = self.machine.poll_timeout().filter(|(due, _)| *due <= until) {
            self.now = due;
            self.machine.handle_timeout(due);
            self.look();
            self.check()?;
        }
        self.now = until;
        self.machine.handle_timeout(until);
        self.look();
        self.check()
    }

    fn look(&mut self) {
        while let Some(output) = self.machine.poll_output() {
            match output {
                Output::StopPlayout { reply } => self.stops.push(reply),
                Output::TruncateReply { reply, .. } => self.stops.retain(|stopped| *stopped != reply),
                Output::BeginReply { reply, .. } => self.replies = reply.0,
                Output::CommitTurn { turn, .. } => self.turns = turn.0,
                Output::JudgePause { speaker, pause } => self.pauses.push((speaker, pause)),
                _ => {}
            }
        }
    }

    fn check(&self) -> Result<(), String> {
        let is_late = self.machine.poll_timeout().is_some_and(|(due, _)| due <= self.now);
        if is_late || self.machine.counters().breaches > 0 {
            return Err(format!("late: {is_late}, in {:?}", self.machine));
        }
        Ok(())
    }

    /// Nothing more happens but what is due and what was ordered; how long it takes until nothing is awaited.
    fn come_to_rest(mut self, config: &Config) -> Result<Duration, String> {
        let from = self.now;
        let bound = from + random::longest_wait(config) * 8;
        loop {
            self.answer()?;
            if self.machine.is_at_rest() || *self.machine.state() == State::Closed {
                return Ok(self.now.since(from));
            }
            let Some((due, _)) = self.machine.poll_timeout().filter(|(due, _)| *due <= bound) else {
                return Err(format!("stuck in {:?}", self.machine));
            };
            self.pass(due)?;
        }
    }

    /// What was ordered of the body and of the judge is done.
    fn answer(&mut self) -> Result<(), String> {
        for reply in std::mem::take(&mut self.stops) {
            self.tell(Input::Playout(reply, PlayoutFact::Finished { heard: Duration::ZERO }))?;
        }
        for (speaker, pause) in std::mem::take(&mut self.pauses) {
            let score = Score { complete_permille: 900, threshold_permille: 500 };
            self.tell(Input::User(speaker, UserFact::PauseJudged { pause, score }))?;
        }
        Ok(())
    }
}
