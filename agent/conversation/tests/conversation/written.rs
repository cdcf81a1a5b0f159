//! Conversations without sound: what people write is answered in writing.

use expect_test::expect;

use crate::scene::{HELLO, LONG, STORY, Scene};

#[test]
fn what_is_written_is_answered_as_the_mind_wrote_it_and_no_voice_is_asked() {
    let scene = Scene::new().written().greeting("Hi.", true).typed(1.0, HELLO).end(3.0);
    let played = scene.mind(HELLO, "I am **well**, for $5.", 0.1, 0.3).check(expect![[r#"
        0.00 agent Listening
        0.00 speech Say
        0.00 play
        0.00 agent Speaking
        0.00 played 0.00
        0.00 message Assistant "Hi."
        0.00 agent Listening
        1.00 message User "Hello, how are you?"
        1.00 speech Generate
        1.00 agent Thinking
        1.10 play
        1.10 latency e2e - ttft 0.10 ttfb -
        1.10 agent Speaking
        1.30 played 0.00
        1.30 message Assistant "I am **well**, for $5."
        1.30 agent Listening
        3.00 closed user_left
    "#]]);
    let pieces: Vec<&str> = played.shown.iter().filter_map(|line| line.strip_prefix("agent 2 +")).collect();
    assert_eq!(pieces.concat(), "I am **well**, for $5.");
    assert!(pieces.len() > 5, "it is shown as it comes: {pieces:?}");
}

#[test]
fn words_that_were_shown_before_an_interruption_are_kept() {
    let scene = Scene::new().written().typed(1.0, STORY).mind(STORY, LONG, 0.1, 2.1);
    let played = scene.typed(2.0, HELLO).mind(HELLO, "Fine.", 0.1, 0.3).end(4.0).check(expect![[r#"
        0.00 agent Listening
        1.00 message User "Tell me a story."
        1.00 speech Generate
        1.00 agent Thinking
        1.10 play
        1.10 latency e2e - ttft 0.10 ttfb -
        1.10 agent Speaking
        2.00 message User "Hello, how are you?"
        2.00 played 0.00 cut
        2.00 message Assistant* "Here is a long story"
        2.00 speech Generate
        2.00 agent Thinking
        2.10 play
        2.10 latency e2e - ttft 0.10 ttfb -
        2.10 agent Speaking
        2.30 played 0.00
        2.30 message Assistant "Fine."
        2.30 agent Listening
        4.00 closed user_left
    "#]]);
    let shown: String = played.shown.iter().filter_map(|line| line.strip_prefix("agent 1 +")).collect();
    assert_eq!(shown.trim_end(), "Here is a long story");
}
