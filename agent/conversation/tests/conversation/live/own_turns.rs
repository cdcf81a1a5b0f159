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
    assert_eq!(told(&model), [truncated(1, 0, "")], "it had come whole");
    assert_eq!(model.known(), [user(STORY)], "the model is not to think that it was heard");
    assert_eq!(played.report.replies, 0);
}

#[test]
fn an_answer_that_is_not_whole_is_one_to_the_point_to_which_it_was_kept() {
    let mut script = hearing_at(&[(0.5, 2.5)]);
    script.answers[0].length = seconds(30.0);
    let model = model(script);
    let played =
        Scene::new().live(&model, LiveTurns::Model).agents(Agents::new("thinks", || Thinks)).end(40.0).play();
    let [told, ChatMessage::Assistant { text, .. }] = &played.report.history[..] else {
        panic!("{:?}", played.report.history)
    };
    assert_eq!(told, &user(STORY));
    assert!(LONG.starts_with(text.as_str()) && text.len() < LONG.len(), "{text}");
    assert!(played.events.contains("played 20.00 cut"), "{}", played.events);
    assert_eq!(model.known().last(), Some(&assistant(text)));
}

/// Considers turns for a while, and changes nothing.
struct Thinks;

impl Agent for Thinks {
    fn profile(&self, _call: &Handle) -> AgentProfile {
        AgentProfile::new("thinks", "You listen.")
    }

    async fn on_user_turn_completed(&self, _call: &Handle, _turn: &mut agent_conversation::UserTurn) {
        tokio::time::sleep(seconds(1.0)).await;
    }
}

#[test]
fn an_answer_that_was_begun_before_the_agent_became_another_is_not_heard() {
    let model = model(hearing_at(&[(0.5, 2.5)]));
    let played = Scene::new()
        .live(&model, LiveTurns::Model)
        .agents(Agents::new("thinks", || Thinks))
        .program(3.0, |call| call.instruct("Be kind.").expect("the call runs"))
        .end(16.0)
        .play();
    assert_eq!(played.report.history, [user(STORY), assistant(LONG)]);
    let asked = told(&model);
    assert!(matches!(asked[0], Told::Updated(_)), "{asked:?}");
    assert_eq!(asked[1], truncated(1, 0, ""), "it had come whole");
    assert!(matches!(asked[2..], [Told::Asked(AnswerId(2), _)]), "{asked:?}");
    assert_eq!(model.known(), played.report.history);
}

/// Takes every turn for another.
struct Corrects;

impl Agent for Corrects {
    fn profile(&self, _call: &Handle) -> AgentProfile {
        AgentProfile::new("corrects", "You listen.")
    }

    async fn on_user_turn_completed(&self, _call: &Handle, turn: &mut agent_conversation::UserTurn) {
        tokio::time::sleep(seconds(1.0)).await;
        turn.set_text("Stop!");
    }
}

#[test]
fn a_turn_that_the_agent_takes_for_another_is_answered_anew() {
    let model = model(hearing_at(&[(0.5, 2.5)]));
    let played = Scene::new()
        .live(&model, LiveTurns::Model)
        .agents(Agents::new("corrects", || Corrects))
        .end(9.0)
        .play();
    assert_eq!(played.report.history, [user("Stop!"), assistant("I will.")]);
    assert!(told(&model).contains(&Told::Added(user("Stop!"))), "{:?}", told(&model));
}

#[test]
fn a_session_that_breaks_between_a_turn_and_its_answer_has_the_next_asked_for_it() {
    let mut script = hearing_at(&[(0.5, 2.5)]);
    script.answers[0].first = seconds(2.0);
    script.transcript = Some(seconds(0.2));
    // The beginning and the end of speech, the answer's beginning and the transcript.
    let fault = Fault { after: 4, what: Mishap::End };
    let model = Arc::new(FakeRealtime::new(script).with_faults(Faults::sequence([Some(fault)])).recording());
    let played = Scene::new().live(&model, LiveTurns::Model).end(20.0).play();
    assert_eq!(model.opened(), 2);
    assert_eq!(played.report.history, [user(STORY), assistant(LONG)]);
}

#[test]
fn a_session_that_breaks_while_it_hears_speech_does_not_leave_the_person_speaking() {
    let mut script = hearing_at(&[(0.5, 1.0), (2.0, 9.0)]);
    (script.answers, script.transcript) = (Vec::new(), Some(seconds(2.0)));
    // A turn, to which there is no answer, and the beginning of the next; in place of the transcript it breaks.
    let fault = Fault { after: 5, what: Mishap::End };
    let model = Arc::new(FakeRealtime::new(script).with_faults(Faults::sequence([Some(fault)])).recording());
    let played = Scene::new().live(&model, LiveTurns::Model).end(8.0).play();
    let states: Vec<_> = played.events.lines().filter(|line| line.contains("user ")).collect();
    let expected = ["0.50 user Speaking", "1.00 user Listening", "2.00 user Speaking", "3.00 user Listening"];
    assert_eq!(states, expected, "{}", played.events);
}

#[test]
fn what_the_model_hears_over_words_that_need_many_to_be_interrupted_is_a_turn() {
    let model = model(hearing_at(&[(2.5, 3.0)]));
    let played = Scene::new()
        .live(&model, LiveTurns::Model)
        .voice("Good morning.", 4.0, 0.2, 0.3)
        .program(1.0, |call| drop(call.say(Say::words("Good morning.").interrupted_by(Duration::ZERO, 3))))
        .typed(20.0, "Stop!")
        .end(25.0)
        .play();
    let said: Vec<_> = played.report.history.iter().collect();
    let stop = user("Stop!");
    assert!(said.contains(&&user(STORY)) && said.contains(&&assistant(LONG)), "{}", played.events);
    assert_eq!(said[said.len() - 2..], [&stop, &assistant("I will.")], "{}", played.events);
}

#[test]
fn a_model_that_cannot_is_spoken_with_by_voice_activity() {
    let model = model(story_model());
    let played = Scene::new().live(&model, LiveTurns::Model).user(0.5, 2.5, "", 0.0).end(15.0).play();
    assert_eq!(played.report.history, [user(STORY), assistant(LONG)]);
}
