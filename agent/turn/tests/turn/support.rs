//! How timelines are run: facts as journal lines in, orders with their moments out.

use std::{fmt::Write, time::Duration};

use agent_turn::{
    Config, EndpointConfig, InterruptionConfig, Machine, Moment, Output, SpeculationConfig,
    journal::{self, Entry},
};
use expect_test::Expect;

/// The values under which the timelines of `turn-taking.md` were measured; speculation off, so that it stands out
/// where it is meant.
pub(crate) fn config() -> Config {
    Config {
        endpoint: EndpointConfig {
            min_delay: Duration::from_millis(500),
            max_delay: Duration::from_secs(3),
            transcript_limit: Duration::from_secs(5),
        },
        interruption: InterruptionConfig {
            enabled: true,
            min_duration: Duration::from_millis(500),
            min_words: 0,
            false_interruption: Some(Duration::from_secs(2)),
            aec_warmup: Duration::ZERO,
        },
        speculation: SpeculationConfig {
            enabled: false,
            max_attempts: 3,
            max_speech: Duration::from_secs(10),
        },
        reply_deadline: Duration::from_secs(20),
        function_deadline: Duration::from_secs(30),
        stall_deadline: Duration::from_secs(15),
        user_away: None,
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
