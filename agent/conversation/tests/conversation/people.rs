//! Several people in one call: who is heard, who is answered, and who said what.

use agent_conversation::{Person, SpeakerId, Standing, UserEvent};
use expect_test::expect;
use providers_core::ChatMessage;

use crate::{body::Cue, scene::Scene};

const ANNA: SpeakerId = SpeakerId(2);
const TOO_MANY: SpeakerId = SpeakerId(3);

fn joins(speaker: SpeakerId, name: &str, standing: Standing) -> Cue {
    let person = Person { name: Some(name.to_owned()), standing };
    Cue::Other(speaker, UserEvent::Joined(person))
}

fn writes(speaker: SpeakerId, text: &str) -> Cue {
    Cue::Other(speaker, UserEvent::Typed(text.to_owned()))
}

#[test]
fn where_several_are_heard_the_mind_is_told_who_said_what() {
    let played = Scene::new()
        .cue(1.0, Cue::Typed("Alone."))
        .cue(3.0, joins(ANNA, "Anna", Standing::Answered))
        .cue(4.0, writes(ANNA, "Hello from me."))
        .cue(6.0, Cue::Typed("And me."))
        .cue(8.0, Cue::Other(ANNA, UserEvent::Left))
        .cue(8.5, writes(ANNA, "I am gone."))
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
        .cue(0.5, joins(ANNA, "Anna", Standing::HeardOnly))
        .cue(0.6, joins(TOO_MANY, "Bob", Standing::Answered))
        .cue(1.0, writes(ANNA, "Nobody asked me."))
        .cue(1.5, writes(TOO_MANY, "Hear me!"))
        .cue(2.0, Cue::Typed("What did she say?"))
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
