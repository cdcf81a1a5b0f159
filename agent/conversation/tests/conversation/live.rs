//! A realtime model in place of mind and voice: who hears what when, what is cut where, and what breaks.

use std::{sync::Arc, time::Duration};

use agent_conversation::{Agent, AgentProfile, Agents, Handle, Keep, LiveTurns, Say, SpeechEnd};
use agent_turn::Detection;
use expect_test::expect;
use providers_core::{
    AnswerId, ChatMessage, HeardId, HearingRate, ItemId, RealtimeCapabilities, SampleRate, ToolCall,
};
use providers_fake::{
    FakeRealtime, Fault, Faults, Heard, Mishap, OwnTurns, RealtimeScript, Sound, SpokenAnswer, Told, When,
};

use crate::scene::{FINE, HELLO, LONG, STORY, Scene, seconds};

mod breaking;
mod own_turns;
mod random;
mod tools;

/// A model that hears these turns, tells what they said after 0.4 s, and answers.
fn script(heard: &[&str], answers: Vec<SpokenAnswer>) -> RealtimeScript {
    RealtimeScript {
        capabilities: RealtimeCapabilities {
            turn_detection: false,
            user_transcripts: true,
            audio: true,
            truncation: true,
            updates: true,
            answers_tools: false,
        },
        hears_at: HearingRate::Khz24,
        speaks_at: SampleRate::VOICE,
        sound: Sound::Silence,
        heard: Heard::InTurn(heard.iter().map(|text| (*text).to_owned()).collect()),
        transcript: Some(seconds(0.4)),
        answers,
        turns: OwnTurns::At(Vec::new()),
        late_chunks: 0,
    }
}

/// An answer that begins after 0.3 s and has come whole 0.3 s later.
fn answer(when: &str, text: &str, length: f64) -> SpokenAnswer {
    let (first, duration) = (seconds(0.3), seconds(0.6));
    let (when, text, length) = (When::parse(when), text.to_owned(), seconds(length));
    SpokenAnswer { when, text, calls: Vec::new(), length, first, duration }
}

fn story_model() -> RealtimeScript {
    script(&[STORY, "Stop!"], vec![answer(STORY, LONG, 10.0), answer("Stop!", "I will.", 1.0)])
}

fn model(script: RealtimeScript) -> Arc<FakeRealtime> {
    Arc::new(FakeRealtime::new(script).recording())
}

/// What a model was told, but for what it was when it was opened.
fn told(model: &FakeRealtime) -> Vec<Told> {
    model.told().into_iter().filter(|told| !matches!(told, Told::Opened(_))).collect()
}

fn truncated(answer: u64, millis: u64, text: &str) -> Told {
    let item = ItemId(format!("item {answer}").into());
    Told::Truncated { item, audio: Duration::from_millis(millis), text: text.to_owned() }
}

fn user(text: &str) -> ChatMessage {
    ChatMessage::User { text: text.to_owned() }
}

fn assistant(text: &str) -> ChatMessage {
    ChatMessage::Assistant { text: text.to_owned(), calls: Vec::new() }
}

#[test]
fn a_turn_of_voice_is_answered_and_its_words_come_when_the_answer_is_heard_already() {
    let model = model(script(&[HELLO], vec![answer(HELLO, FINE, 2.0)]));
    let played = Scene::new().live(&model, LiveTurns::Voice).user(0.5, 2.5, "", 0.0).check(expect![[r#"
        0.00 agent Listening
        0.55 user Speaking
        3.00 user Listening
        3.00 speech Generate
        3.00 agent Thinking
        3.30 play
        3.30 latency e2e 0.80 ttft 0.30 ttfb -
        3.30 agent Speaking
        3.40 final "Hello, how are you?"
        3.40 message User "Hello, how are you?"
        5.31 played 2.00
        5.31 message Assistant "I'm doing well, thank you!"
        5.31 agent Listening
        7.50 closed user_left
    "#]]);
    assert_eq!(played.report.history, [user(HELLO), assistant(FINE)], "the turn stands where it was");
    let asked = told(&model);
    assert!(matches!(asked[..], [Told::Committed(HeardId(1)), Told::Asked(AnswerId(1), _)]), "{asked:?}");
    assert!(played.shown.contains(&format!("user 2 final {HELLO}")), "{:?}", played.shown);
}

#[test]
fn a_turn_whose_words_never_come_is_answered_all_the_same() {
    let script = RealtimeScript { transcript: None, ..script(&[HELLO], vec![answer(HELLO, FINE, 2.0)]) };
    let played = Scene::new().live(&model(script), LiveTurns::Voice).user(0.5, 2.5, "", 0.0).play();
    assert_eq!(played.report.history, [assistant(FINE)]);
    assert_eq!(played.report.turns, 1);
}

#[test]
fn a_barge_in_truncates_the_item_where_it_was_heard() {
    let model = model(RealtimeScript { late_chunks: 5, ..story_model() });
    let played =
        Scene::new().live(&model, LiveTurns::Voice).user(0.5, 2.5, "", 0.0).user(5.0, 6.0, "", 0.0).check(
            expect![[r#"
            0.00 agent Listening
            0.55 user Speaking
            3.00 user Listening
            3.00 speech Generate
            3.00 agent Thinking
            3.30 play
            3.30 latency e2e 0.80 ttft 0.30 ttfb -
            3.30 agent Speaking
            3.40 final "Tell me a story."
            3.40 message User "Tell me a story."
            5.05 user Speaking
            5.50 pause
            5.50 agent Listening
            6.50 user Listening
            6.50 played 2.20 cut
            6.50 message Assistant* "Here is a long"
            6.50 speech Generate
            6.50 agent Thinking
            6.80 play
            6.80 latency e2e 0.80 ttft 0.30 ttfb -
            6.80 agent Speaking
            6.90 final "Stop!"
            6.90 message User "Stop!"
            7.81 played 1.00
            7.81 message Assistant "I will."
            7.81 agent Listening
            11.00 closed user_left
        "#]],
        );
    assert_eq!(played.report.interruptions, 1);
    let asked = told(&model);
    let heard = truncated(1, 2_200, "Here is a long");
    assert_eq!(asked[3], heard, "from the first sample at 3.3 s to the pause at 5.5 s");
    assert!(!asked.contains(&Told::Cancelled(AnswerId(1))), "it had come whole");
    assert_eq!(played.report.history[1], assistant("Here is a long"));
}

#[test]
fn an_answer_that_is_still_coming_is_cancelled_and_what_comes_of_it_later_is_not_heard() {
    let slow = SpokenAnswer { duration: seconds(9.0), ..answer(STORY, LONG, 10.0) };
    let script = script(&[STORY, "Stop!"], vec![slow, answer("Stop!", "I will.", 1.0)]);
    let model = model(RealtimeScript { late_chunks: 50, ..script });
    let played =
        Scene::new().live(&model, LiveTurns::Voice).user(0.5, 2.5, "", 0.0).user(5.0, 6.0, "", 0.0).play();
    let asked = told(&model);
    assert_eq!(asked[3], Told::Cancelled(AnswerId(1)), "before the next is asked for");
    assert!(matches!(&asked[4], Told::Truncated { audio, .. } if *audio == Duration::from_millis(2_200)));
    assert_eq!(played.report.history.len(), 4);
    assert_eq!(played.report.history[3], assistant("I will."));
    assert_eq!(played.report.breaches, 0);
}

#[test]
fn a_cough_over_the_agent_changes_nothing_and_is_forgotten() {
    let model = model(story_model());
    let played = Scene::new()
        .live(&model, LiveTurns::Voice)
        .user(0.5, 2.5, "", 0.0)
        .user(5.0, 5.3, "", 0.0)
        .end(15.0)
        .play();
    assert_eq!(played.report.history, [user(STORY), assistant(LONG)]);
    assert_eq!(told(&model).last(), Some(&Told::Cleared));
}

#[test]
fn with_a_recogniser_speech_without_words_is_a_false_interruption() {
    let model = model(story_model());
    let played = Scene::new()
        .live(&model, LiveTurns::Words)
        .user(0.5, 2.5, STORY, 0.2)
        .user(5.0, 6.0, "", 0.2)
        .end(16.0)
        .check(expect![[r#"
            0.00 agent Listening
            0.55 user Speaking
            2.60 interim "Tell me"
            2.70 final "Tell me a story."
            3.00 user Listening
            3.00 message User "Tell me a story."
            3.00 speech Generate
            3.00 agent Thinking
            3.30 play
            3.30 latency e2e 0.80 ttft 0.30 ttfb -
            3.30 agent Speaking
            5.05 user Speaking
            5.50 pause
            5.50 agent Listening
            6.50 user Listening
            8.50 resume
            8.50 agent Speaking
            11.00 missed, 0 words recovered
            16.00 played 9.70 cut
            16.00 message Assistant* "Here is a long story for you, it begins."
            16.00 agent Listening
            16.00 closed user_left
        "#]]);
    assert_eq!(played.report.false_interruptions, 1);
    assert_eq!(played.report.history, [user(STORY), assistant(LONG)], "its words are the recogniser's");
}

#[test]
fn what_the_user_writes_stops_the_answer_and_is_answered() {
    let model = model(story_model());
    let played = Scene::new()
        .live(&model, LiveTurns::Voice)
        .user(0.5, 2.5, "", 0.0)
        .typed(5.0, "Stop!")
        .end(9.0)
        .play();
    assert_eq!(played.report.history[2..], [user("Stop!"), assistant("I will.")]);
    let asked = told(&model);
    assert!(asked.contains(&Told::Added(user("Stop!"))), "{asked:?}");
    assert!(asked.contains(&truncated(1, 1_700, "Here is a")), "{asked:?}");
}

#[test]
fn the_program_commits_a_turn_in_the_middle_of_speech() {
    let model = model(story_model());
    let played = Scene::new()
        .live(&model, LiveTurns::Voice)
        .with(|config| config.turn.detection = Detection::Manual)
        .user(0.5, 3.0, "", 0.0)
        .program(2.0, |call| call.commit_user_turn(true, Duration::ZERO).expect("the call runs"))
        .end(12.0)
        .play();
    assert_eq!(played.report.replies, 1);
    let asked = told(&model);
    assert!(matches!(asked[..2], [Told::Committed(HeardId(1)), Told::Asked(..)]), "{asked:?}");
}

#[test]
fn given_words_are_said_by_the_voice_and_the_model_is_told_of_them() {
    let model = model(script(&[], Vec::new()));
    let played = Scene::new()
        .live(&model, LiveTurns::Voice)
        .voice("Good morning.", 1.0, 0.2, 0.3)
        .greeting("Good morning.", true)
        .end(4.0)
        .play();
    assert_eq!(played.report.history, [assistant("Good morning.")]);
    assert_eq!(told(&model), [Told::Added(assistant("Good morning."))]);
}

#[test]
fn a_model_that_only_writes_is_spoken_by_the_voice_and_cut_in_its_text() {
    let mut script = story_model();
    script.capabilities.audio = false;
    let model = model(script);
    let played = Scene::new()
        .live(&model, LiveTurns::Voice)
        .voice(LONG, 10.0, 0.2, 0.3)
        .voice("I will.", 1.0, 0.2, 0.3)
        .user(0.5, 2.5, "", 0.0)
        .user(5.0, 6.0, "", 0.0)
        .play();
    let ChatMessage::Assistant { text, .. } = &played.report.history[1] else { panic!("no reply was heard") };
    assert!(LONG.starts_with(text.as_str()) && text.len() < LONG.len(), "{text}");
    let cut = told(&model).into_iter().find_map(|told| match told {
        Told::Truncated { audio, text, .. } => Some((audio, text)),
        Told::Opened(_)
        | Told::Committed(_)
        | Told::Cleared
        | Told::Added(_)
        | Told::Asked(..)
        | Told::Cancelled(_)
        | Told::Updated(_) => None,
    });
    assert_eq!(cut.map(|(audio, cut)| (audio, cut.trim().to_owned())), Some((Duration::ZERO, text.clone())));
}

#[test]
fn what_is_read_is_the_models_text_and_no_item_is_cut_of_which_all_was_read() {
    let slow = SpokenAnswer { duration: seconds(4.0), ..answer(STORY, LONG, 10.0) };
    let model = model(script(&[], vec![slow, answer("Stop!", "I will.", 1.0)]));
    let played = Scene::new()
        .written()
        .live(&model, LiveTurns::Voice)
        .typed(1.0, STORY)
        .typed(3.0, "Stop!")
        .end(6.0)
        .play();
    let ChatMessage::Assistant { text, .. } = &played.report.history[1] else { panic!("nothing was shown") };
    assert!(LONG.starts_with(text.as_str()) && text.len() < LONG.len(), "{text}");
    assert_eq!(played.report.history[2..], [user("Stop!"), assistant("I will.")]);
    let asked = told(&model);
    assert!(asked.contains(&Told::Cancelled(AnswerId(1))), "{asked:?}");
    assert!(!asked.iter().any(|told| matches!(told, Told::Truncated { .. })), "{asked:?}");
}

#[test]
fn a_voice_that_does_not_end_is_a_turn_all_the_same() {
    let model = model(story_model());
    let played = Scene::new()
        .live(&model, LiveTurns::Voice)
        .with(|config| config.turn.limits.longest_speech = seconds(4.0))
        .user(0.5, 30.0, "", 0.0)
        .end(20.0)
        .play();
    assert_eq!(played.report.turns, 1, "{}", played.events);
    assert_eq!(played.report.history, [user(STORY), assistant(LONG)]);
}

#[test]
fn a_short_word_before_anything_of_the_answer_is_heard_is_a_turn() {
    let mut script = story_model();
    script.answers[0].first = seconds(1.0);
    let model = model(script);
    let played = Scene::new()
        .live(&model, LiveTurns::Voice)
        .user(0.5, 2.5, "", 0.0)
        .user(3.5, 3.7, "", 0.0)
        .end(12.0)
        .play();
    assert_eq!(played.report.history.last(), Some(&assistant("I will.")), "{}", played.events);
}

struct Named(&'static str, Option<&'static str>);

impl Agent for Named {
    fn profile(&self, _call: &Handle) -> AgentProfile {
        AgentProfile::new(self.0, format!("You are {}.", self.0))
    }

    async fn on_user_turn_completed(&self, call: &Handle, _turn: &mut agent_conversation::UserTurn) {
        if let Some(next) = self.1 {
            call.hand_off(Named(next, None), Keep::All).expect("the call runs");
        }
    }
}

#[test]
fn the_next_agent_is_told_to_the_session_or_a_new_one_is_opened_for_it() {
    for (keep_session, sessions) in [(true, 1), (false, 2)] {
        let mut script = script(&["cook, please", "Hello?"], vec![answer("*", FINE, 1.0)]);
        script.capabilities.updates = keep_session;
        let model = model(script);
        let played = Scene::new()
            .live(&model, LiveTurns::Voice)
            .agents(Agents::new("host", || Named("host", Some("cook"))))
            .user(0.5, 1.5, "", 0.0)
            .user(5.0, 6.0, "", 0.0)
            .play();
        assert_eq!(played.report.history.len(), 4, "{:?}", played.report.history);
        assert_eq!(model.opened(), sessions);
        let last = model.told().into_iter().rev().find_map(|told| match told {
            Told::Opened(setup) => Some((setup.instructions, setup.history.len())),
            Told::Updated(update) => Some((update.instructions, 0)),
            Told::Committed(_)
            | Told::Cleared
            | Told::Added(_)
            | Told::Asked(..)
            | Told::Cancelled(_)
            | Told::Truncated { .. } => None,
        });
        assert_eq!(last, Some(("You are cook.".to_owned(), 0)), "nothing was known in words");
    }
}
