//! Calls whose facts are drawn from a seed, likely ones and unlikely ones, and what must hold for each. Used by the tests
//! and by `cargo run -q -p agent-turn --example walk --release`, which takes many more seeds.

use std::time::Duration;

use agent_turn::{
    Answer, CloseReason, Config, Detection, Input, Keep, Machine, Manner, Moment, Output, Pace, PauseId,
    PlayoutFact, Priority, ReplyFact, ReplyId, RequestId, Score, SpeakerId, SpeechKind, Standing, Told,
    TurnId, UserFact, Verdict,
    journal::{self, Entry},
};

use crate::support::{Orders, config, drain};

/// How many facts a sequence has at most.
const FACTS: u64 = 60;

/// T1 to T6 and T8 hold at each step, and each request is begun or dropped at most once.
pub(crate) fn holds(seed: u64) {
    let call = Call::of(seed);
    assert_eq!(call.machine.counters().breaches, 0, "seed {seed}");
    call.check_requests();
}

/// Once nothing more happens but what was ordered and what is due, the call comes to rest within a bounded time.
#[expect(clippy::panic, reason = "a call that is stuck is what is looked for")]
pub(crate) fn comes_to_rest(seed: u64) {
    let mut call = Call::of(seed);
    let bound = call.now + longest_wait(&call.config) * (FACTS as u32);
    call.settle_orders();
    while !call.machine.is_at_rest() {
        let Some((due, timer)) = call.machine.poll_timeout() else {
            panic!("seed {seed}: stuck in {}", call.machine.state());
        };
        assert!(due <= bound, "seed {seed}: {timer:?} is due at {due:?}, after {bound:?}");
        call.pass(due);
        call.settle_orders();
    }
    assert_eq!(call.machine.counters().breaches, 0, "seed {seed}");
}

/// T7: the journal alone decides the call again.
#[expect(clippy::panic, reason = "a journal that cannot be read is what is looked for")]
pub(crate) fn is_decided_again(seed: u64) {
    let call = Call::of(seed);
    match journal::replay(call.journal.iter().map(String::as_str)) {
        Ok(replay) => {
            assert_eq!(replay.orders, call.told, "seed {seed}");
            assert_eq!(replay.machine, call.machine, "seed {seed}");
        }
        Err(error) => panic!("seed {seed}: {error}"),
    }
}

/// T2 and T8: after the close each turn has ended once, each request was begun or dropped once, and nothing is told.
pub(crate) fn closes_in_silence(seed: u64) {
    let mut call = Call::of(seed);
    // At once when nobody can be heard any more, else when the last words are known or have been awaited long enough.
    let is_deaf = seed.is_multiple_of(2);
    let reason = if is_deaf { CloseReason::Disconnected } else { CloseReason::Completed };
    call.tell(Input::Told(Told::Close { reason }));
    call.settle_orders();
    if !is_deaf {
        let patience = call.config.deadlines.close;
        call.pass(call.now + patience);
        call.settle_orders();
    }
    let last = call.told.last();
    assert!(matches!(last, Some((_, Output::Close { .. }))), "seed {seed}: {last:?}");
    let count = |what: fn(&Output) -> bool| call.told.iter().filter(|(_, output)| what(output)).count();
    let (committed, ended) = (
        count(|output| matches!(output, Output::CommitTurn { .. })),
        count(|output| matches!(output, Output::EndTurn { .. })),
    );
    assert_eq!(committed, ended, "seed {seed}");
    assert_eq!(call.check_requests(), call.asked, "seed {seed}: a request was neither begun nor dropped");
    let told = call.told.len();
    for _ in 0..FACTS {
        call.happen();
    }
    assert_eq!(call.told.len(), told, "seed {seed}");
    assert_eq!(call.machine.poll_timeout(), None, "seed {seed}");
    assert_eq!(call.machine.counters().breaches, 0, "seed {seed}");
}

/// All that one thing after the other can be awaited.
pub(crate) fn longest_wait(config: &Config) -> Duration {
    let deadlines = config.deadlines;
    config.endpoint.max_delay
        + config.transcript.ceiling
        + config.judge.deadline
        + config.limits.longest_speech
        + config.speaking.min_gap
        + deadlines.reply
        + deadlines.functions
        + deadlines.stall
        + deadlines.consider
        + deadlines.hold
        + deadlines.close
        + Duration::from_secs(10)
}

/// A call whose facts are drawn from a seed.
pub(crate) struct Call {
    seed: u64,
    random: u64,
    config: Config,
    machine: Machine,
    now: Moment,
    told: Orders,
    journal: Vec<String>,
    /// Orders already looked at for what they make others do.
    seen: usize,
    /// Stops that the body has not answered.
    stops: Vec<ReplyId>,
    /// Pauses that the judge has not answered.
    pauses: Vec<(SpeakerId, PauseId)>,
    replies: u32,
    turns: u32,
    asked: u32,
}

#[expect(clippy::print_stderr, reason = "a failed run says how to repeat it")]
impl Drop for Call {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let orders = self.told.iter().map(|(at, order)| format!("{} {order}", at.0.as_millis()));
            let orders: Vec<_> = orders.collect();
            eprintln!("seed {}; the journal:\n{}", self.seed, self.journal.join("\n"));
            eprintln!("the orders:\n{}", orders.join("\n"));
        }
    }
}

impl Call {
    /// The call of this seed, after all its facts.
    pub(crate) fn of(seed: u64) -> Self {
        let config = configured(seed);
        let mut call = Self {
            seed,
            random: seed,
            config,
            machine: Machine::new(config, Moment::START),
            now: Moment::START,
            told: Vec::new(),
            journal: vec![journal::write(Moment::START, Entry::Began(Box::new(config)))],
            seen: 0,
            stops: Vec::new(),
            pauses: Vec::new(),
            replies: 0,
            turns: 0,
            asked: 0,
        };
        drain(&mut call.machine, Moment::START, &mut call.told);
        for _ in 0..call.draw(FACTS) {
            call.happen();
        }
        call
    }

    /// Time passes, or something happens.
    fn happen(&mut self) {
        if self.draw(3) > 0 {
            let step = [1, 20, 100, 500, 700, 3000][self.draw(6) as usize];
            self.pass(self.now + Duration::from_millis(step));
        }
        if self.draw(4) > 0 {
            self.settle_orders();
        }
        let fact = self.fact();
        self.tell(fact);
    }

    fn fact(&mut self) -> Input {
        match self.draw(18) {
            0..=8 => {
                let speaker = SpeakerId([1, 1, 1, 2, 3][self.draw(5) as usize]);
                Input::User(speaker, self.fact_of_user())
            }
            9..=14 => self.fact_of_reply(),
            15 | 16 => Input::Told(self.speak()),
            _ => Input::Told(self.wish()),
        }
    }

    fn fact_of_user(&mut self) -> UserFact {
        let ago = Duration::from_millis(self.draw(600));
        let at = self.now.before(ago);
        let words = self.draw(4) as u32;
        let foreseen = self.draw(4) == 0;
        match self.draw(24) {
            0..=3 => UserFact::SpeechStarted { at },
            4..=7 => UserFact::SpeechStopped { at },
            8 | 9 => UserFact::InterimHeard { words, foreseen },
            10..=13 => UserFact::FinalHeard { words, foreseen },
            14 => UserFact::SpeechLapsed { at },
            15 => UserFact::SpeechRevived,
            16 => UserFact::Typed,
            17 => UserFact::PreflightHeard { words },
            18 => UserFact::RecogniserStarted,
            19 => UserFact::RecogniserStopped,
            20 => UserFact::PatienceAsked,
            21 => {
                let all = [
                    Verdict::Undecided,
                    Verdict::Interruption,
                    Verdict::Backchannel,
                    Verdict::Echo,
                    Verdict::Repetition,
                    Verdict::SideSpeech,
                ];
                UserFact::OverlapJudged { verdict: all[self.draw(6) as usize] }
            }
            22 => {
                let standing = if self.draw(2) == 0 { Standing::Answered } else { Standing::HeardOnly };
                UserFact::Joined { standing }
            }
            _ => UserFact::Left,
        }
    }

    /// Mostly about the latest replies, and mostly what may follow.
    fn fact_of_reply(&mut self) -> Input {
        let back = self.draw(3) as u32;
        let reply = ReplyId(self.replies.saturating_sub(back).max(1));
        let heard = Duration::from_millis(self.draw(5000));
        match self.draw(12) {
            0..=2 => Input::Reply(reply, ReplyFact::Ready),
            3 => Input::Reply(reply, ReplyFact::Finished { audible: true }),
            4 => Input::Reply(reply, ReplyFact::Finished { audible: false }),
            5 => Input::Reply(reply, ReplyFact::Failed),
            6 => Input::Reply(reply, ReplyFact::FunctionsCalled { functions: 1 + self.draw(2) as u32 }),
            7 => Input::Reply(reply, ReplyFact::FunctionFinished),
            8 | 9 => Input::Playout(reply, PlayoutFact::Started),
            10 => Input::Playout(reply, PlayoutFact::Progressed { heard }),
            _ => Input::Playout(reply, PlayoutFact::Finished { heard }),
        }
    }

    fn speak(&mut self) -> Told {
        self.asked += u32::from(*self.machine.state() != agent_turn::State::Closed);
        let kind = if self.draw(2) == 0 { SpeechKind::Said } else { SpeechKind::Generated };
        let priority =
            [Priority::Low, Priority::Normal, Priority::Normal, Priority::High][self.draw(4) as usize];
        let manner = Manner {
            priority,
            min_duration: (self.draw(4) == 0).then_some(Duration::from_secs(1)),
            min_words: (self.draw(4) == 0).then_some(2),
            ..Manner::normal(self.draw(3) > 0)
        };
        Told::Speak { request: RequestId(self.asked), kind, manner }
    }

    fn wish(&mut self) -> Told {
        let force = self.draw(2) == 0;
        let speaker = SpeakerId(1 + self.draw(2) as u32);
        match self.draw(16) {
            0..=2 => Told::Stop { force },
            3 => Told::Withdraw { request: RequestId(self.asked), force },
            4 | 5 => {
                let wait = Duration::from_millis(self.draw(2000));
                Told::CommitTurn { speaker, answer: !force, wait }
            }
            6 => Told::ClearTurn { speaker },
            7..=9 => {
                let answer = [Answer::AsIs, Answer::Anew, Answer::Not][self.draw(3) as usize];
                Told::Considered { turn: TurnId(self.turns), answer }
            }
            10 => {
                let seed = self.draw(1 << 20);
                Told::Profile(configured(seed).profile())
            }
            11 | 12 => Told::Hold,
            13 => Told::Release,
            14 => Told::Budget { left: force },
            _ if self.draw(3) == 0 => Told::Drain { reason: CloseReason::Completed },
            _ => Told::Release,
        }
    }

    fn tell(&mut self, fact: Input) {
        self.journal.push(journal::write(self.now, Entry::Fact(fact)));
        if let Input::Playout(reply, PlayoutFact::Finished { .. }) = fact {
            self.stops.retain(|stop| *stop != reply);
        }
        self.machine.handle_input(self.now, fact);
        self.look();
    }

    /// Lets time pass; sometimes the machine is called late, or too early.
    fn pass(&mut self, until: Moment) {
        while let Some((due, _)) = self.machine.poll_timeout() {
            assert!(due > self.now, "seed {}: due at {due:?}, which is past at {:?}", self.seed, self.now);
            if due > until {
                break;
            }
            self.now = if self.draw(8) == 0 { until } else { due };
            self.journal.push(journal::write(self.now, Entry::Timeout));
            self.machine.handle_timeout(self.now);
            self.look();
        }
        self.now = until;
        let before = self.machine.clone();
        self.machine.handle_timeout(until);
        self.journal.push(journal::write(until, Entry::Timeout));
        let state = self.machine.state();
        assert_eq!(state, before.state(), "seed {}: an early call changed something", self.seed);
        self.look();
    }

    /// The body answers the stops it was told, the judge the pauses.
    fn settle_orders(&mut self) {
        for reply in std::mem::take(&mut self.stops) {
            let heard = Duration::from_millis(self.draw(5000));
            self.tell(Input::Playout(reply, PlayoutFact::Finished { heard }));
        }
        for (speaker, pause) in std::mem::take(&mut self.pauses) {
            let score = Score { complete_permille: self.draw(1001) as u16, threshold_permille: 500 };
            let fact = match self.draw(4) {
                0 => UserFact::JudgementFailed { pause },
                1 => continue,
                _ => UserFact::PauseJudged { pause, score },
            };
            self.tell(Input::User(speaker, fact));
        }
    }

    fn look(&mut self) {
        drain(&mut self.machine, self.now, &mut self.told);
        for (_, output) in &self.told[self.seen..] {
            match output {
                Output::StopPlayout { reply } => self.stops.push(*reply),
                Output::BeginReply { reply, .. } => self.replies = reply.0,
                Output::JudgePause { speaker, pause } => self.pauses.push((*speaker, *pause)),
                Output::CommitTurn { turn, .. } => self.turns = turn.0,
                Output::TruncateReply { reply, .. } => self.stops.retain(|stop| stop != reply),
                _ => {}
            }
        }
        self.seen = self.told.len();
        assert!(self.machine.poll_timeout().is_none_or(|(due, _)| due > self.now), "seed {}", self.seed);
    }

    /// How many requests were begun or dropped; none was twice.
    fn check_requests(&self) -> u32 {
        let mut done: Vec<RequestId> = self.told.iter().filter_map(|(_, output)| done_with(output)).collect();
        let all = done.len();
        done.sort_unstable();
        done.dedup();
        assert_eq!(done.len(), all, "seed {}: a request was begun or dropped twice", self.seed);
        all as u32
    }

    /// A number below `bound`, the next of this seed (SplitMix64).
    fn draw(&mut self, bound: u64) -> u64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.random;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }
}

fn done_with(output: &Output) -> Option<RequestId> {
    match output {
        Output::BeginReply { cause: agent_turn::ReplyCause::Requested(request), .. }
        | Output::Tell(agent_turn::News::RequestDropped { request, .. }) => Some(*request),
        _ => None,
    }
}

/// The configuration of this seed.
fn configured(seed: u64) -> Config {
    let mut config = config();
    config.speculation.enabled = !seed.is_multiple_of(2);
    config.detection = match seed % 13 {
        0..=5 => Detection::Voice,
        6..=8 => Detection::Model,
        9 | 10 => Detection::Recogniser,
        _ => Detection::Manual,
    };
    config.judge.reads_words = seed.is_multiple_of(17);
    config.interruption.min_words = if seed.is_multiple_of(5) { 2 } else { 0 };
    config.interruption.enabled = !seed.is_multiple_of(11);
    config.user_away = seed.is_multiple_of(3).then_some(Duration::from_secs(4));
    config.considers_turns = seed.is_multiple_of(19);
    if seed.is_multiple_of(7) {
        config.interruption.false_interruption = None;
    }
    if seed.is_multiple_of(4) {
        config.interruption.aec_warmup = Duration::from_secs(3);
    }
    if seed.is_multiple_of(8) {
        config.speaking.min_gap = Duration::from_millis(400);
        config.limits.longest_speech = Duration::from_secs(5);
    }
    if seed.is_multiple_of(9) {
        config.speaking.filler_after = Some(Duration::from_millis(800));
    }
    if seed.is_multiple_of(10) {
        config.limits.max_words = Some(5);
    }
    if seed.is_multiple_of(6)
        && let Some(keep) = Keep::from_permille(500)
    {
        config.endpoint.pace = Pace::Learned { keep };
    }
    config
}
