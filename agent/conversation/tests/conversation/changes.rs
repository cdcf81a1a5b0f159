//! What an agent changes when it has the call: how turns are taken, what its mind reads of what was said before, and
//! what becomes of turns that are too long.

use std::time::Duration;

use agent_conversation::{
    Agent, AgentProfile, Agents, Handle, Keep, Say, SpeechEnd, SummaryPolicy, TurnProfile,
};
use agent_turn::{EndpointConfig, Pace};
use expect_test::expect;
use providers_core::ChatMessage;

use crate::scene::{Played, Scene, seconds};

const HELLO: &str = "Hello, how are you?";
const FINE: &str = "I'm doing well, thank you!";

/// Waits long for the end of a turn.
struct Patient;

impl Agent for Patient {
    fn profile(&self, _call: &Handle) -> AgentProfile {
        let endpoint = EndpointConfig { min_delay: seconds(1.5), max_delay: seconds(3.0), pace: Pace::Fixed };
        let turns = TurnProfile { endpoint: Some(endpoint), ..TurnProfile::default() };
        AgentProfile { turns, ..AgentProfile::new("patient", "You listen.") }
    }
}

#[test]
fn an_agent_takes_turns_in_its_own_way_from_the_moment_it_has_the_call() {
    Scene::new()
        .agents(Agents::configured().with("patient", || Patient))
        .user(0.5, 1.5, "Hello.", 0.2)
        .user(5.0, 6.0, "And now?", 0.2)
        .mind("*", "Yes.", 0.1, 0.3)
        .voice("*", 1.0, 0.2, 0.3)
        .program(4.0, |handle| assert_eq!(handle.hand_off_to("patient", Keep::All), Ok(())))
        .end(10.0)
        .check(expect![[r#"
            0.00 agent Listening
            0.55 user Speaking
            1.60 interim "Hello."
            1.70 final "Hello."
            1.70 speech Generate
            2.00 user Listening
            2.00 message User "Hello."
            2.00 agent Thinking
            2.20 play
            2.20 latency e2e 0.70 ttft 0.10 ttfb 0.20
            2.20 agent Speaking
            3.21 played 1.00
            3.21 message Assistant "Yes."
            3.21 agent Listening
            4.00 handoff agent to patient
            5.05 user Speaking
            6.10 interim "And now?"
            6.20 final "And now?"
            6.20 speech Generate
            6.50 user Listening
            7.50 message User "And now?"
            7.50 agent Thinking
            7.70 play
            7.70 latency e2e 1.70 ttft 0.10 ttfb 0.20
            7.70 agent Speaking
            8.71 played 1.00
            8.71 message Assistant "Yes."
            8.71 agent Listening
            10.00 closed user_left
        "#]]);
}

/// A conversation that is handed over with a summary, which a mind makes in `takes`.
fn summarised(takes: f64) -> Played {
    let summary =
        SummaryPolicy { above_tokens: 100_000, keep_turns: 2, instructions: "Summarise.".to_owned() };
    Scene::new()
        .agents(Agents::configured().with("patient", || Patient))
        .with(|config| {
            config.context.summary = Some(summary);
            config.hook_deadline = Duration::from_secs(3);
        })
        .user(0.5, 2.5, HELLO, 0.2)
        .user(12.0, 13.0, "And now?", 0.2)
        .mind(HELLO, FINE, 0.1, 0.3)
        .mind("And now?", "Now I know.", 0.1, 0.3)
        .mind("*", "They said hello.", takes, takes)
        .voice("*", 1.0, 0.2, 0.3)
        .program(6.0, |handle| assert_eq!(handle.hand_off_to("patient", Keep::Summary), Ok(())))
        .end(18.0)
        .play()
}

#[test]
fn who_is_handed_over_to_with_a_summary_reads_the_summary_alone() {
    let played = summarised(1.0);
    let requests = played.mind.requests();
    let last = &requests[requests.len() - 1].messages;
    assert_eq!(
        last[1..],
        [
            ChatMessage::System { text: "They said hello.".to_owned() },
            ChatMessage::User { text: "And now?".to_owned() }
        ]
    );
    assert_eq!(played.report.history.len(), 4, "the record keeps everything");
}

#[test]
fn who_is_handed_over_to_without_a_summary_in_time_reads_everything() {
    let played = summarised(5.0);
    let requests = played.mind.requests();
    let last = &requests[requests.len() - 1].messages;
    assert_eq!(
        last[1..],
        [
            ChatMessage::User { text: HELLO.to_owned() },
            ChatMessage::Assistant { text: FINE.to_owned(), calls: Vec::new() },
            ChatMessage::User { text: "And now?".to_owned() }
        ]
    );
}

/// Stops who says too much.
struct Brisk;

impl Agent for Brisk {
    fn profile(&self, _call: &Handle) -> AgentProfile {
        AgentProfile::default()
    }

    async fn on_user_turn_exceeded(&self, call: &Handle) {
        let said = call.say(Say::words("Let me stop you there.").interruptible(false)).await;
        assert_eq!(said, SpeechEnd::Played);
    }
}

#[test]
fn who_says_too_much_is_told_so_and_answered() {
    Scene::new()
        .agents(Agents::new("brisk", || Brisk))
        .with(|config| config.turn.limits.max_words = Some(6))
        .user(0.5, 2.5, "I would like to know everything", 0.2)
        .mind("*", "That is a lot.", 0.1, 0.3)
        .voice("*", 1.0, 0.2, 0.3)
        .end(9.0)
        .check(expect![[r#"
            0.00 agent Listening
            0.55 user Speaking
            2.60 interim "I would"
            2.70 final "I would like to know everything"
            2.70 too long: 6 words
            2.70 speech Generate
            2.70 speech Say
            2.90 play
            2.90 agent Speaking
            3.00 user Listening
            3.00 message User "I would like to know everything"
            3.91 played 1.00
            3.91 message Assistant "Let me stop you there."
            3.91 agent Listening
            3.91 play
            3.91 latency e2e 1.41 ttft 0.10 ttfb 0.20
            3.91 agent Speaking
            4.92 played 1.00
            4.92 message Assistant "That is a lot."
            4.92 agent Listening
            9.00 closed user_left
        "#]]);
}
