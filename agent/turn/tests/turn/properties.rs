//! T1 to T8 over random sequences of facts, likely and unlikely. Each sequence is repeated by its seed alone.

use std::time::Duration;

use agent_turn::{
    CloseReason, Config, Input, Machine, Moment, Output, PlayoutFact, ReplyFact, ReplyId, RequestId, Score,
    SpeechKind, State, Told, UserFact,
    journal::{self, Entry},
};

use crate::support::{Orders, config, drain, eager};

/// How many sequences one run of each property takes, and how many facts a sequence has at most.
const SEQUENCES: u64 = 60_000;
const FACTS: u64 = 60;

#[test]
fn the_invariants_hold_for_any_sequence_of_facts() {
    for seed in 0..SEQUENCES {
        let call = Call::of(seed);
        assert_eq!(call.machine.counters().breaches, 0, "seed {seed}");
    }
}

#[test]
fn every_state_is_left_when_the_user_falls_silent() {
    for seed in SEQUENCES..2 * SEQUENCES {
        let mut call = Call::of(seed);
        let bound = call.now + call.longest_wait();
        call.tell(Input::User(SpeakerId::LINKED, UserFact::SpeechStopped { at: call.now }));
        while !call.is_at_rest() {
            let Some((due, timer)) = call.machine.poll_timeout() else {
                panic!("seed {seed}: stuck in {:?}", call.machine);
            };
            assert!(
                due <= bound,
                "seed {seed}: {timer:?} is due at {due:?}, after {bound:?}: {:?}",
                call.machine
            );
            call.pass(due);
        }
    }
}

#[test]
fn the_same_journal_gives_the_same_orders() {
    for seed in 2 * SEQUENCES..2 * SEQUENCES + SEQUENCES / 4 {
        let call = Call::of(seed);
        let mut replayed = Machine::new(call.config.clone(), Moment::START);
        let mut told = Vec::new();
        drain(&mut replayed, Moment::START, &mut told);
        for line in &call.journal {
            match journal::parse(line) {
                Ok(Some((at, Entry::Fact(fact)))) => {
                    replayed.handle_input(at, fact);
                    drain(&mut replayed, at, &mut told);
                }
                Ok(Some((at, Entry::Timeout))) => {
                    replayed.handle_timeout(at);
                    drain(&mut replayed, at, &mut told);
                }
                Ok(None) | Err(_) => panic!("seed {seed}: {line}"),
            }
        }
        assert_eq!(told, call.told, "seed {seed}");
        assert_eq!(replayed, call.machine, "seed {seed}");
    }
}

#[test]
fn after_the_close_nothing_is_told() {
    for seed in 3 * SEQUENCES..3 * SEQUENCES + SEQUENCES / 4 {
        let mut call = Call::of(seed);
        call.tell(Input::Told(Told::Close { reason: CloseReason::Completed }));
        call.settle_stops();
        assert!(
            matches!(call.told.last(), Some((_, Output::Close { .. }))),
            "seed {seed}: {:?}",
            call.told.last()
        );
        let told = call.told.len();
        for _ in 0..FACTS {
            call.happen();
        }
        assert_eq!(call.told.len(), told, "seed {seed}");
        assert_eq!(call.machine.poll_timeout(), None, "seed {seed}");
    }
}

/// A call whose facts are drawn from a seed.
struct Call {
    seed: u64,
    random: u64,
    config: Config,
    machine: Machine,
    now: Moment,
    told: Orders,
    journal: Vec<String>,
    /// Orders already looked at for what they make a body do.
    seen: usize,
    /// Stops that the body has not answered.
    stops: Vec<ReplyId>,
    replies: u32,
}

#[expect(clippy::print_stderr, reason = "a failed run says how to repeat it")]
impl Drop for Call {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("seed {}; the journal:\n{}", self.seed, self.journal.join("\n"));
        }
    }
}

impl Call {
    /// The call of this seed, after all its facts.
    fn of(seed: u64) -> Self {
        let mut config = if seed.is_multiple_of(2) { config() } else { eager() };
        config.interruption.min_words = if seed.is_multiple_of(5) { 2 } else { 0 };
        config.interruption.enabled = !seed.is_multiple_of(11);
        config.user_away = seed.is_multiple_of(3).then_some(Duration::from_secs(4));
        if seed.is_multiple_of(7) {
            config.interruption.false_interruption = None;
        }
        if seed.is_multiple_of(4) {
            config.interruption.aec_warmup = Duration::from_secs(3);
        }
        let machine = Machine::new(config.clone(), Moment::START);
        let mut call = Self {
            seed,
            random: seed,
            config,
            machine,
            now: Moment::START,
            told: Vec::new(),
            journal: Vec::new(),
            seen: 0,
            stops: Vec::new(),
            replies: 0,
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
        if !self.stops.is_empty() && self.draw(4) > 0 {
            self.settle_stops();
        }
        let fact = self.fact();
        self.tell(fact);
    }

    fn fact(&mut self) -> Input {
        let ago = Duration::from_millis(self.draw(600));
        let at = self.now.before(ago);
        let words = self.draw(4) as u32;
        match self.draw(16) {
            0 | 1 => Input::User(SpeakerId::LINKED, UserFact::SpeechStarted { at }),
            2 | 3 => Input::User(SpeakerId::LINKED, UserFact::SpeechStopped { at }),
            4 => Input::User(SpeakerId::LINKED, UserFact::InterimHeard { words }),
            5 | 6 => Input::User(SpeakerId::LINKED, UserFact::FinalHeard { words }),
            7 => match self.draw(6) {
                0 => Input::User(SpeakerId::LINKED, UserFact::SpeechLapsed { at }),
                1 => Input::User(SpeakerId::LINKED, UserFact::SpeechRevived),
                2 | 3 => Input::User(SpeakerId::LINKED, UserFact::Typed),
                _ => {
                    let score = Score { complete_permille: self.draw(1001) as u16, threshold_permille: 500 };
                    Input::User(SpeakerId::LINKED, UserFact::EndOfTurnScored { score })
                }
            },
            8..=13 => self.fact_of_reply(),
            14 => {
                let kind = if self.draw(2) == 0 { SpeechKind::Said } else { SpeechKind::Generated };
                let interruptible = self.draw(3) > 0;
                Input::Told(Told::Speak { request: RequestId(words), kind, interruptible })
            }
            _ => Input::Told(Told::Stop { force: self.draw(2) == 0 }),
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
            6 => Input::Reply(reply, ReplyFact::FunctionStarted),
            7 => Input::Reply(reply, ReplyFact::FunctionFinished),
            8 | 9 => Input::Playout(reply, PlayoutFact::Started),
            10 => Input::Playout(reply, PlayoutFact::Progressed { heard }),
            _ => Input::Playout(reply, PlayoutFact::Finished { heard }),
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
        assert_eq!(
            self.machine.state(),
            before.state(),
            "seed {}: an early call changed something",
            self.seed
        );
        self.look();
    }

    /// The body answers the stops it was told.
    fn settle_stops(&mut self) {
        for reply in std::mem::take(&mut self.stops) {
            let heard = Duration::from_millis(self.draw(5000));
            self.tell(Input::Playout(reply, PlayoutFact::Finished { heard }));
        }
    }

    fn look(&mut self) {
        drain(&mut self.machine, self.now, &mut self.told);
        for (_, output) in &self.told[self.seen..] {
            match output {
                Output::StopPlayout { reply } => self.stops.push(*reply),
                Output::BeginReply { reply, .. } => self.replies = reply.0,
                _ => {}
            }
        }
        self.seen = self.told.len();
        assert!(self.machine.poll_timeout().is_none_or(|(due, _)| due > self.now), "seed {}", self.seed);
    }

    /// Nobody speaks, nothing is on its way and nothing is awaited.
    fn is_at_rest(&mut self) -> bool {
        self.settle_stops();
        matches!(self.machine.state(), State::Listening { .. })
    }

    /// What waits, each for its longest.
    fn longest_wait(&self) -> Duration {
        let one = self.config.endpoint.max_delay
            + self.config.endpoint.transcript_limit
            + self.config.reply_deadline
            + self.config.function_deadline
            + self.config.stall_deadline
            + Duration::from_secs(10);
        one * (FACTS as u32)
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
