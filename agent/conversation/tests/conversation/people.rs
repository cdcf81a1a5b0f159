//! Several people in one call: who is heard, who is answered, and who said what.

use agent_conversation::{Person, SpeakerId, Standing};
use expect_test::expect;
use providers_core::ChatMessage;
use tests_sim::body::Deed;

use crate::scene::Scene;

const ANNA: SpeakerId = SpeakerId(2);
const TOO_MANY: SpeakerId = SpeakerId(3);

fn joins(name: &str, standing: Standing) -> Deed {
    Deed::Joined(Person { name: Some(name.to_owned()), standing })
}

fn writes(text: &str) -> Deed {
    Deed::Typed(text.to_owned())
}

#[test]
fn where_several_are_heard_the_mind_is_told_who_said_what() {
    let played = Scene::new()
        .typed(1.0, "Alone.")
        .other(3.0, ANNA, joins("Anna", Standing::Answered))
        .other(4.0, ANNA, writes("Hello from me."))
        .typed(6.0, "And me.")
        .other(8.0, ANNA, Deed::Left)
        .other(8.5, ANNA, writes("I am gone."))
        .mind("*", "Yes.", 0.1, 0.3)
        .voice("*", 1.0, 0.1, 0.2)
        .end(10.0)
        .play();
    let user = |text: &str| ChatMessage::User { text: text.to_owned() };
    let said: Vec<_> =
        played.report.history.iter().filter(|message| matches!(message, ChatMessage::User { .. })).collect();
    assert_eq!(said, [&user("Alone."), &user("Anna: Hello from me."), &user("Speaker 1: And me.")]);
    assert_eq!((played.report.turns, played.report.replies), (3, 3));
}

#[test]
fn whom_is_only_heard_is_written_down_and_not_answered_and_more_than_are_allowed_are_not_heard() {
    Scene::new()
        .with(|config| config.turn.max_speakers = 2)
        .other(0.5, ANNA, joins("Anna", Standing::HeardOnly))
        .other(0.6, TOO_MANY, joins("Bob", Standing::Answered))
        .other(1.0, ANNA, writes("Nobody asked me."))
        .other(1.5, TOO_MANY, writes("Hear me!"))
        .typed(2.0, "What did she say?")
        .mind("*", "That nobody asked her.", 0.1, 0.3)
        .voice("*", 1.0, 0.1, 0.2)
        .end(5.0)
        .check(expect![[r#"
            0.00 agent Listening
            1.00 message User "Nobody asked me."
            2.00 message User "What did she say?"
            2.00 speech Generate
            2.00 agent Thinking
            2.40 play
            2.40 latency e2e - ttft 0.10 ttfb 0.10
            2.40 agent Speaking
            3.41 played 1.00
            3.41 message Assistant "That nobody asked her."
            3.41 agent Listening
            5.00 closed user_left
        "#]]);
}
