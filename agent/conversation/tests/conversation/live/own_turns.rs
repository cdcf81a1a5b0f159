//! The model finds the turns itself.

use super::*;

/// The story model, which hears speech at these times.
fn hearing_at(times: &[(f64, f64)]) -> RealtimeScript {
    let mut script = story_model();
    script.capabilities.turn_detection = true;
    script.turns =
        OwnTurns::At(times.iter().map(|(from, until)| (seconds(*from), seconds(*until))).collect());
    script
}

#[test]
fn an_answer_that_begins_by_itself_is_the_reply_to_the_turn_that_the_model_heard() {
    let model = model(hearing_at(&[(0.5, 2.5)]));
    let played = Scene::new().live(&model, LiveTurns::Model).end(15.0).check(expect![[r#"
        0.00 agent Listening
        0.50 user Speaking
        2.50 user Listening
        2.50 speech Generate
        2.50 agent Thinking
        2.80 play
        2.80 latency e2e 0.30 ttft 0.30 ttfb -
        2.80 agent Speaking
        2.90 final "Tell me a story."
        2.90 message User "Tell me a story."
        12.81 played 10.00
        12.81 message Assistant "Here is a long story for you, it begins."
        12.81 agent Listening
        15.00 closed user_left
    "#]]);
    assert_eq!(told(&model), [], "it was told nothing");
    assert_eq!(played.report.history, [user(STORY), assistant(LONG)]);
}

#[test]
fn speech_that_the_model_hears_stops_the_answer_at_once_and_there_is_one_answer_at_a_time() {
    let model = model(hearing_at(&[(0.5, 2.5), (5.0, 6.0)]));
    let played = Scene::new().live(&model, LiveTurns::Model).end(10.0).check(expect![[r#"
        0.00 agent Listening
        0.50 user Speaking
        2.50 user Listening
        2.50 speech Generate
        2.50 agent Thinking
        2.80 play
        2.80 latency e2e 0.30 ttft 0.30 ttfb -
        2.80 agent Speaking
        2.90 final "Tell me a story."
        2.90 message User "Tell me a story."
        5.00 user Speaking
        5.00 played 2.20 cut
        5.00 message Assistant* "Here is a long"
        5.00 agent Listening
        6.00 user Listening
        6.00 speech Generate
        6.00 agent Thinking
        6.30 play
        6.30 latency e2e 0.30 ttft 0.30 ttfb -
        6.30 agent Speaking
        6.40 final "Stop!"
        6.40 message User "Stop!"
        7.31 played 1.00
        7.31 message Assistant "I will."
        7.31 agent Listening
        10.00 closed user_left
    "#]]);
    assert_eq!(told(&model), [truncated(1, 2_200, "Here is a long")]);
    assert_eq!((played.report.turns, played.report.interruptions), (2, 1));
}

#[test]
fn what_the_call_itself_takes_for_voice_does_not_count() {
    let model = model(hearing_at(&[(0.5, 2.5)]));
    let played = Scene::new().live(&model, LiveTurns::Model).user(4.0, 6.0, "", 0.0).end(15.0).play();
    assert_eq!(played.report.history, [user(STORY), assistant(LONG)]);
}

#[test]
fn a_second_turn_before_the_first_answer_is_heard_takes_its_place() {
    let mut script = hearing_at(&[(0.5, 2.5), (2.6, 3.5)]);
    script.answers[0].first = seconds(1.0);
    let model = model(script);
    let played = Scene::new().live(&model, LiveTurns::Model).end(9.0).play();
    let said: Vec<_> =
        played.report.history.iter().filter(|m| matches!(m, ChatMessage::Assistant { .. })).collect();
    assert_eq!(said, [&assistant("I will.")]);
    assert_eq!(played.report.breaches, 0);
}

#[test]
fn what_is_written_is_asked_for() {
    let model = model(hearing_at(&[]));
    let played = Scene::new().live(&model, LiveTurns::Model).typed(1.0, "Stop!").end(5.0).play();
    assert_eq!(played.report.history, [user("Stop!"), assistant("I will.")]);
}

struct Silent;

impl Agent for Silent {
    fn profile(&self, _call: &Handle) -> AgentProfile {
        AgentProfile::new("silent", "You listen.")
    }

    async fn on_user_turn_completed(&self, _call: &Handle, turn: &mut agent_conversation::UserTurn) {
        tokio::time::sleep(seconds(1.0)).await;
        turn.keep_silent();
    }
}

#[test]
fn an_answer_that_the_agent_does_not_want_is_cancelled_before_anything_is_heard() {
    let model = model(hearing_at(&[(0.5, 2.5)]));
    let played =
        Scene::new().live(&model, LiveTurns::Model).agents(Agents::new("silent", || Silent)).end(8.0).play();
    assert_eq!(played.report.history, [user(STORY)], "its words came while the agent considered it");
    assert_eq!(told(&model), [Told::Cancelled(AnswerId(1))]);
    assert_eq!(played.report.replies, 0);
}

#[test]
fn a_model_that_cannot_is_spoken_with_by_voice_activity() {
    let model = model(story_model());
    let played = Scene::new().live(&model, LiveTurns::Model).user(0.5, 2.5, "", 0.0).end(15.0).play();
    assert_eq!(played.report.history, [user(STORY), assistant(LONG)]);
}
