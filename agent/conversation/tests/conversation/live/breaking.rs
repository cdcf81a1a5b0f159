//! Sessions that break, never answer, or are missing what is asked of them.

use providers_core::ErrorKind;

use super::*;

const ERROR: Mishap = Mishap::Error { kind: ErrorKind::Unreachable, retry_after: None };

#[test]
fn a_session_that_breaks_in_the_middle_of_an_answer_says_what_has_come_and_the_next_knows_what_was_said() {
    let fault = Fault { after: 21, what: ERROR };
    let script = script(&[STORY, HELLO], vec![answer(STORY, LONG, 10.0), answer(HELLO, FINE, 1.0)]);
    let model = Arc::new(FakeRealtime::new(script).with_faults(Faults::sequence([Some(fault)])).recording());
    let played =
        Scene::new().live(&model, LiveTurns::Voice).user(0.5, 2.5, "", 0.0).user(7.0, 8.0, "", 0.0).check(
            expect![[r#"
            0.00 agent Listening
            0.55 user Speaking
            3.00 user Listening
            3.00 speech Generate
            3.00 agent Thinking
            3.30 play
            3.30 latency e2e 0.80 ttft 0.30 ttfb -
            3.30 agent Speaking
            3.34 failed Realtime unreachable final
            4.81 played 1.50 cut
            4.81 message Assistant* "Here i"
            4.81 agent Listening
            7.05 user Speaking
            8.50 user Listening
            8.50 speech Generate
            8.50 agent Thinking
            8.80 play
            8.80 latency e2e 0.80 ttft 0.30 ttfb -
            8.80 agent Speaking
            8.90 final "Hello, how are you?"
            8.90 message User "Hello, how are you?"
            9.81 played 1.00
            9.81 message Assistant "I'm doing well, thank you!"
            9.81 agent Listening
            13.00 closed user_left
        "#]],
        );
    assert_eq!(model.opened(), 2);
    assert_eq!(played.report.history.last(), Some(&assistant(FINE)), "the call goes on");
}

#[test]
fn a_session_that_is_opened_while_a_reply_is_heard_knows_what_was_heard_of_it() {
    // Ten seconds of answer come in 0.3 s: 100 pieces of audio, text, the transcript, what was used and the end.
    for stops in [false, true] {
        let mut script = story_model();
        script.capabilities.updates = false;
        let model = model(script);
        let mut scene = Scene::new()
            .live(&model, LiveTurns::Voice)
            .user(0.5, 2.5, "", 0.0)
            .program(6.0, |call| call.instruct("Be kind.").expect("the call runs"))
            .end(16.0);
        if stops {
            scene = scene.program(8.0, |call| {
                call.interrupt(true);
            });
        }
        let played = scene.play();
        assert_eq!(model.opened(), 2);
        assert_eq!(model.known(), played.report.history, "stopped: {stops}");
        assert_eq!(played.report.history.len(), 2);
    }
}

#[test]
fn a_session_is_replaced_once_no_answer_comes_that_would_be_cut() {
    let slow = SpokenAnswer { duration: seconds(5.0), ..answer(STORY, LONG, 6.0) };
    let mut script = script(&[STORY], vec![slow]);
    script.capabilities.updates = false;
    let model = model(script);
    let played = Scene::new()
        .live(&model, LiveTurns::Voice)
        .user(0.5, 2.5, "", 0.0)
        .program(4.0, |call| call.instruct("Be kind.").expect("the call runs"))
        .end(12.0)
        .play();
    assert_eq!(model.opened(), 2);
    assert_eq!(played.report.history, [user(STORY), assistant(LONG)], "it is whole");
    assert_eq!(model.known(), played.report.history);
}

#[test]
fn an_answer_of_which_only_words_have_come_is_asked_for_again() {
    // One piece of text, and the session is gone before any sound.
    let fault = Fault { after: 1, what: ERROR };
    let script =
        RealtimeScript { transcript: None, ..script(&[HELLO, HELLO], vec![answer(HELLO, FINE, 1.0)]) };
    let model = Arc::new(FakeRealtime::new(script).with_faults(Faults::sequence([Some(fault)])).recording());
    let played = Scene::new().live(&model, LiveTurns::Voice).user(0.5, 2.5, "", 0.0).play();
    assert_eq!(played.report.history, [assistant(FINE)], "its words are there once");
    assert_eq!(model.opened(), 2);
}

#[test]
fn a_turn_that_was_not_answered_is_given_again_to_the_next_session() {
    for mishap in [ERROR, Mishap::End] {
        let fault = Fault { after: 0, what: mishap };
        let script = script(&[HELLO, HELLO], vec![answer(HELLO, FINE, 1.0)]);
        let script = RealtimeScript { transcript: None, ..script };
        let model =
            Arc::new(FakeRealtime::new(script).with_faults(Faults::sequence([Some(fault)])).recording());
        let played = Scene::new().live(&model, LiveTurns::Voice).user(0.5, 2.5, "", 0.0).play();
        assert_eq!(played.report.history, [assistant(FINE)]);
        assert_eq!(model.opened(), 2);
        let asked: Vec<_> =
            told(&model).into_iter().filter(|told| matches!(told, Told::Committed(_))).collect();
        assert_eq!(asked, vec![Told::Committed(HeardId(1)); 2], "once in each session");
    }
}

#[test]
fn a_session_that_never_answers_fails_the_turn_and_not_the_call() {
    let fault = Fault { after: 0, what: Mishap::Stall };
    let script = script(&[HELLO, HELLO], vec![answer(HELLO, FINE, 1.0)]);
    let model = Arc::new(FakeRealtime::new(script).with_faults(Faults::always(fault)).recording());
    let played = Scene::new()
        .live(&model, LiveTurns::Voice)
        .with(|config| {
            config.turn.deadlines.reply = seconds(3.0);
            config.errors.apology = Some("Sorry.".to_owned());
        })
        .voice("Sorry.", 0.5, 0.2, 0.3)
        .user(0.5, 2.5, "", 0.0)
        .end(9.0)
        .play();
    assert_eq!(played.report.history, [assistant("Sorry.")]);
    assert!(told(&model).contains(&Told::Cancelled(AnswerId(1))));
}

#[test]
fn sessions_that_break_again_and_again_are_opened_ever_later_until_the_call_is_over() {
    let fault = Fault { after: 0, what: ERROR };
    let script = script(&[HELLO], vec![answer("*", FINE, 1.0)]);
    let model = Arc::new(FakeRealtime::new(script).with_faults(Faults::always(fault)));
    let played =
        Scene::new().live(&model, LiveTurns::Voice).user(0.5, 2.5, "", 0.0).end(60.0).check(expect![[r#"
            0.00 agent Listening
            0.55 user Speaking
            3.00 user Listening
            3.00 speech Generate
            3.00 agent Thinking
            3.30 failed Realtime unreachable final
            4.10 failed Realtime unreachable final
            5.40 failed Realtime unreachable final
            7.70 failed Realtime unreachable final
            7.70 agent Listening
            7.70 closed error
        "#]]);
    assert_eq!(model.opened(), 4, "{:?}", played.report);
}

#[test]
fn dropping_the_call_closes_the_session() {
    let model = model(story_model());
    Scene::new().live(&model, LiveTurns::Voice).user(0.5, 2.5, "", 0.0).drop_at(4.0);
    assert_eq!((model.opened(), model.open_now()), (1, 0));
}

#[test]
fn words_that_nobody_can_say_fail_and_say_so() {
    use agent_conversation::{CallEvent, Conversation, LiveModel, Moment, Observer, Parts, Person};
    use std::{cell::RefCell, rc::Rc};
    use tests_sim::body::{Cue, Deed, ScriptedBody};

    struct Failures(Rc<RefCell<Vec<String>>>);
    impl Observer for Failures {
        fn observe(&mut self, _at: Moment, event: &CallEvent<'_>) {
            if let CallEvent::Failed { component, kind, .. } = event {
                self.0.borrow_mut().push(format!("{component:?} {}", kind.name()));
            }
        }
    }

    let failures = Rc::new(RefCell::new(Vec::new()));
    let live = LiveModel { model: model(story_model()), turns: LiveTurns::Voice, voice: None };
    let parts = Parts { observer: Box::new(Failures(failures.clone())), ..Parts::live(live) };
    let cues =
        vec![Cue::user(Duration::ZERO, Deed::Joined(Person::alone())), Cue::user(seconds(3.0), Deed::Left)];
    let end = crate::scene::runtime().block_on(async {
        let conversation =
            Conversation::new(crate::scene::config(), parts, ScriptedBody::new(cues, true, ()));
        let said = conversation.handle().say(Say::words("Good morning."));
        conversation.run().await;
        said.end()
    });
    assert_eq!(end, Some(SpeechEnd::Failed));
    assert_eq!(*failures.borrow(), ["Tts unsupported"]);
}
