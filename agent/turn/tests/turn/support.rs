//! How timelines are run: facts as journal lines in, orders with their moments out.

use std::{fmt::Write, time::Duration};

use agent_turn::{
    Config, Deadlines, Detection, EndpointConfig, InterruptionConfig, JudgeConfig, Machine, Moment, Output,
    Pace, SpeakingConfig, SpeculationConfig, TranscriptConfig, TurnLimits,
    journal::{self, Entry},
};
use expect_test::Expect;

/// The values under which the timelines of `turn-taking.md` were measured; speculation off, so that it stands out
/// where it is meant.
pub(crate) fn config() -> Config {
    Config {
        detection: Detection::Voice,
        endpoint: EndpointConfig {
            min_delay: Duration::from_millis(500),
            max_delay: Duration::from_secs(3),
            pace: Pace::Fixed,
        },
        judge: JudgeConfig {
            silence: Duration::from_millis(200),
            deadline: Duration::from_secs(1),
            reads_words: false,
        },
        transcript: TranscriptConfig {
            floor: Duration::from_secs(1),
            ceiling: Duration::from_secs(5),
            known: None,
        },
        limits: TurnLimits { longest_speech: Duration::from_secs(60), max_words: None, max_duration: None },
        interruption: InterruptionConfig {
            enabled: true,
            min_duration: Duration::from_millis(500),
            min_words: 0,
            false_interruption: Some(Duration::from_secs(2)),
            aec_warmup: Duration::ZERO,
            backchannel_boundary: Duration::from_secs(1),
        },
        speculation: SpeculationConfig {
            enabled: false,
            max_attempts: 3,
            max_speech: Duration::from_secs(10),
        },
        speaking: SpeakingConfig { min_gap: Duration::ZERO, filler_after: None },
        deadlines: Deadlines {
            reply: Duration::from_secs(20),
            functions: Duration::from_secs(30),
            stall: Duration::from_secs(15),
            consider: Duration::from_secs(10),
            hold: Duration::from_secs(30),
            close: Duration::from_secs(2),
        },
        considers_turns: false,
        user_away: None,
        max_speakers: 4,
    }
}

/// The same with speculation.
pub(crate) fn eager() -> Config {
    let mut config = config();
    config.speculation.enabled = true;
    config
}

/// Runs a timeline with the usual values and compares the orders.
pub(crate) fn check(facts: &str, orders: Expect) {
    check_with(config(), facts, orders);
}

/// Runs a timeline and compares the orders.
#[expect(
    clippy::needless_pass_by_value,
    reason = "`expect!` makes values, and reads best as the last argument"
)]
pub(crate) fn check_with(config: Config, facts: &str, orders: Expect) {
    let (_, told) = run(config, facts);
    orders.assert_eq(&shown(&told));
}

/// Orders with their moments.
pub(crate) type Orders = Vec<(Moment, Output)>;

/// Runs a timeline: each fact at its moment, each timer when it is due. `<moment> end` lets time pass without a fact.
#[expect(clippy::panic, reason = "a timeline that cannot be read is a mistake in the test")]
pub(crate) fn run(config: Config, facts: &str) -> (Machine, Orders) {
    let mut machine = Machine::new(config, Moment::START);
    let mut told = Orders::new();
    drain(&mut machine, Moment::START, &mut told);
    for line in facts.lines() {
        let (at, fact) = match journal::parse(&line.replace(" end", " timeout")) {
            Ok(None) => continue,
            Ok(Some((at, Entry::Fact(fact)))) => (at, Some(fact)),
            Ok(Some((at, Entry::Timeout))) => (at, None),
            Ok(Some((_, Entry::Began(_)))) => panic!("the configuration is an argument: {line}"),
            Err(error) => panic!("{error}: {line}"),
        };
        pass_until(&mut machine, at, fact.is_none(), &mut told);
        if let Some(fact) = fact {
            machine.handle_input(at, fact);
            drain(&mut machine, at, &mut told);
        }
    }
    (machine, told)
}

/// Handles each timer when it is due, before `until`, or at it too.
pub(crate) fn pass_until(machine: &mut Machine, until: Moment, inclusive: bool, told: &mut Orders) {
    while let Some((due, _)) = machine.poll_timeout() {
        if due > until || (due == until && !inclusive) {
            return;
        }
        machine.handle_timeout(due);
        drain(machine, due, told);
    }
}

/// Takes all orders.
pub(crate) fn drain(machine: &mut Machine, at: Moment, told: &mut Orders) {
    while let Some(output) = machine.poll_output() {
        told.push((at, output));
    }
}

fn shown(told: &Orders) -> String {
    told.iter().skip(1).fold(String::new(), |mut text, (at, output)| {
        let _ = writeln!(text, "{} {output}", at.0.as_millis());
        text
    })
}
