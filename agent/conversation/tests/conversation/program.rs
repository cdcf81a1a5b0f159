//! What the program wants: to say, to stop, to close; and the journal that it keeps.

use std::sync::Arc;

use agent_conversation::{AgentInfo, Agents, CloseReason, Generate, Priority, Say};
use agent_tools::{Function, NoArguments};
use agent_turn::{Detection, journal};
use expect_test::expect;
use providers_core::{ChatMessage, Tool};

use crate::scene::{FINE, HELLO, Scene, seconds, story};

#[test]
fn a15_a_greeting_is_said_first_and_may_be_firm() {
    Scene::new()
        .greeting("Good morning!", false)
        .voice("Good morning!", 3.0, 0.2, 0.3)
        .user(1.0, 2.0, HELLO, 0.2)
        .mind(HELLO, FINE, 0.1, 0.3)
        .voice(FINE, 1.0, 0.2, 0.3)
        .check(expect![[r#"
            0.00 agent Listening
            0.00 speech Say
            0.20 play
            0.20 agent Speaking
            1.05 user Speaking
            2.10 interim "Hello, how"
            2.20 final "Hello, how are you?"
            2.50 user Listening
            2.50 message User "Hello, how are you?"
            3.21 played 3.00
            3.21 message Assistant "Good morning!"
            3.21 agent Listening
            3.21 speech Generate
            3.21 agent Thinking
            3.71 play
            3.71 latency e2e 1.71 ttft 0.10 ttfb 0.20
            3.71 agent Speaking
            4.72 played 1.00
            4.72 message Assistant "I'm doing well, thank you!"
            4.72 agent Listening
            7.00 closed user_left
        "#]]);
}

#[test]
fn x13_what_waits_behind_an_interrupted_speech_is_said() {
    let mut scene = Scene::new().end(5.0);
    for (words, interruptible) in [("one", true), ("two", false), ("three", true)] {
        scene = scene.voice(words, 1.0, 0.1, 0.1).program(0.2, move |handle| {
            drop(handle.say(Say::words(words).interruptible(interruptible)));
        });
    }
    scene.program(0.8, |handle| assert!(handle.interrupt(false))).check(expect![[r#"
        0.00 agent Listening
        0.20 speech Say
        0.20 speech Say
        0.20 speech Say
        0.30 play
        0.30 agent Speaking
        0.80 played 0.50 cut
        0.80 message Assistant* "one"
        0.80 agent Listening
        0.90 play
        0.90 agent Speaking
        1.91 played 1.00
        1.91 message Assistant "two"
        1.91 agent Listening
        2.01 play
        2.01 agent Speaking
        3.02 played 1.00
        3.02 message Assistant "three"
        3.02 agent Listening
        5.00 closed user_left
    "#]]);
}

#[test]
fn a_program_may_instruct_the_mind_and_close_the_call() {
    let played = Scene::new()
        .mind("Say goodbye.", "Goodbye, **friend**! 👋", 0.1, 0.3)
        .voice("*", 1.0, 0.2, 0.3)
        .program(1.0, |handle| drop(handle.generate_reply(Generate::instructed("Say goodbye."))))
        .program(4.0, |handle| assert!(handle.close(CloseReason::Completed)))
        .end(9.0)
        .check(expect![[r#"
            0.00 agent Listening
            1.00 speech Generate
            1.00 agent Thinking
            1.50 play
            1.50 agent Speaking
            2.51 played 1.00
            2.51 message Assistant "Goodbye, **friend**! 👋"
            2.51 agent Listening
            4.00 closed completed
        "#]]);
    assert_eq!(played.report.reason, CloseReason::Completed);
    assert_eq!(played.report.duration, seconds(4.0));
}

#[test]
fn a_call_decided_again_from_its_journal_gives_the_same_state() {
    let played = story(10.0).user(5.0, 6.0, "Stop!", 0.2).play();
    let replay = journal::replay(played.journal.iter().map(String::as_str));
    let journal::Replay { machine, orders } = replay.expect("a journal is read as it was written");
    let orders = orders.len();
    assert!(orders > 20, "{orders} orders");
    assert_eq!(machine.state(), &agent_turn::State::Closed);
    assert_eq!(machine.counters().ignored, 0);
}

#[test]
fn x9_without_anybody_who_notices_the_end_of_a_turn_the_program_commits_it() {
    Scene::new()
        .with(|config| config.turn.detection = Detection::Manual)
        .user(0.5, 2.5, HELLO, 0.2)
        .program(3.0, |call| assert_eq!(call.commit_user_turn(true, seconds(2.0)), Ok(())))
        .mind(HELLO, FINE, 0.1, 0.3)
        .voice("*", 1.0, 0.2, 0.3)
        .check(expect![[r#"
            0.00 agent Listening
            0.55 user Speaking
            2.60 interim "Hello, how"
            2.70 final "Hello, how are you?"
            3.00 user Listening
            3.00 message User "Hello, how are you?"
            3.00 speech Generate
            3.00 agent Thinking
            3.50 play
            3.50 latency e2e 1.00 ttft 0.10 ttfb 0.20
            3.50 agent Speaking
            4.51 played 1.00
            4.51 message Assistant "I'm doing well, thank you!"
            4.51 agent Listening
            7.50 closed user_left
        "#]]);
}

#[test]
fn what_the_program_clears_is_no_turn() {
    let played = Scene::new()
        .user(0.5, 2.5, HELLO, 0.2)
        .program(2.8, |call| assert_eq!(call.clear_user_turn(), Ok(())))
        .mind(HELLO, FINE, 0.1, 0.3)
        .play();
    assert_eq!((played.report.turns, played.report.history), (0, Vec::new()));
}

#[test]
fn a_call_that_drains_says_what_was_asked_for_and_then_closes() {
    Scene::new()
        .voice("*", 1.0, 0.1, 0.2)
        .program(0.5, |call| {
            drop(call.say("One."));
            drop(call.say("Two."));
            assert_eq!(call.drain(CloseReason::Completed), Ok(()));
        })
        .end(9.0)
        .check(expect![[r#"
            0.00 agent Listening
            0.50 speech Say
            0.50 speech Say
            0.60 play
            0.60 agent Speaking
            1.61 played 1.00
            1.61 message Assistant "One."
            1.61 agent Listening
            1.71 play
            1.71 agent Speaking
            2.72 played 1.00
            2.72 message Assistant "Two."
            2.72 agent Listening
            2.72 closed completed
        "#]]);
}

#[test]
fn what_cannot_wait_goes_before_what_can() {
    let said = |call: &agent_conversation::Handle, words: &str, priority| {
        drop(call.say(Say::words(words).priority(priority)));
    };
    let played = Scene::new()
        .voice("*", 1.0, 0.1, 0.2)
        .program(0.5, move |call| {
            said(call, "First.", Priority::Normal);
            said(call, "In the background.", Priority::Low);
            said(call, "As usual.", Priority::Normal);
            said(call, "Fire!", Priority::High);
        })
        .end(9.0)
        .play();
    let said: Vec<_> =
        played.events.lines().filter_map(|line| line.split("message Assistant ").nth(1)).collect();
    assert_eq!(said, [r#""First.""#, r#""Fire!""#, r#""As usual.""#, r#""In the background.""#]);
}

#[test]
fn a_long_wait_for_a_tool_is_filled_with_words_that_the_mind_does_not_read() {
    let slow = Function::typed("look", "", |_: NoArguments, _| async {
        tokio::time::sleep(seconds(3.0)).await;
        Ok("seen")
    });
    let played = Scene::new()
        .with(|config| {
            config.turn.speaking.filler_after = Some(seconds(1.0));
            config.fillers = vec!["One moment.".to_owned()];
        })
        .user(0.5, 2.5, HELLO, 0.2)
        .mind_calls(HELLO, "", &["look"], 0.1, 0.3)
        .mind("seen", FINE, 0.1, 0.3)
        .voice("*", 1.0, 0.2, 0.3)
        .tool(slow)
        .end(9.0)
        .check(expect![[r#"
            0.00 agent Listening
            0.55 user Speaking
            2.60 interim "Hello, how"
            2.70 final "Hello, how are you?"
            2.70 speech Generate
            3.00 user Listening
            3.00 message User "Hello, how are you?"
            3.00 agent Thinking
            4.20 play
            4.20 agent Speaking
            5.21 played 1.00
            5.21 agent Thinking
            6.00 tools look errors 0
            6.00 speech Tool
            6.50 play
            6.50 latency e2e 4.00 ttft 0.10 ttfb 0.20
            6.50 agent Speaking
            7.51 played 1.00
            7.51 message Assistant "I'm doing well, thank you!"
            7.51 agent Listening
            9.00 closed user_left
        "#]]);
    let heard = played
        .report
        .history
        .iter()
        .filter(|m| matches!(m, ChatMessage::Assistant { text, .. } if text == "One moment."));
    assert_eq!(heard.count(), 0);
}

#[test]
fn a_tool_that_takes_long_is_waited_for_with_words_of_its_own() {
    let takes = |name: &str, length: f64| {
        Function::typed(name, "", move |_: NoArguments, _| async move {
            tokio::time::sleep(seconds(length)).await;
            Ok("seen")
        })
    };
    let writing = |length| takes("write", length).filler("I am writing it down.");
    for (case, tools, expected) in [
        ("its own", vec![writing(3.0)], "I am writing it down."),
        (
            "of several that of one that has any",
            vec![takes("look", 3.0), writing(3.0)],
            "I am writing it down.",
        ),
        ("one that has returned is not spoken of", vec![writing(0.5), takes("look", 3.0)], "One moment."),
        (
            "nor one that nobody waits for",
            vec![writing(9.0).in_background(), takes("look", 3.0)],
            "One moment.",
        ),
    ] {
        let names: Vec<String> = tools.iter().map(|tool| tool.spec().name.clone()).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let scene = Scene::new().with(|config| {
            config.turn.speaking.filler_after = Some(seconds(1.0));
            config.fillers = vec!["One moment.".to_owned()];
        });
        let played = tools
            .into_iter()
            .fold(scene, Scene::tool)
            .typed(0.5, HELLO)
            .mind_calls(HELLO, "", &names, 0.1, 0.3)
            .mind("*", FINE, 0.1, 0.3)
            .voice("*", 1.0, 0.2, 0.3)
            .end(8.0)
            .play();
        let said = played.shown.iter().filter_map(|line| line.strip_prefix("agent 1 +"));
        assert_eq!(said.collect::<String>(), expected, "{case}: {:?}", played.shown);
    }
}

#[test]
fn a_program_may_know_what_the_agent_is_that_has_the_call() {
    let look = Function::typed("look", "", |_: NoArguments, _| async { Ok("seen") });
    let (told, hears) = std::sync::mpsc::channel();
    let played = Scene::new()
        .typed(0.5, HELLO)
        .mind(HELLO, FINE, 0.1, 0.3)
        .voice("*", 1.0, 0.2, 0.3)
        .tool(look)
        .program(4.0, move |call| {
            let call = call.clone();
            tokio::task::spawn_local(async move { told.send(call.agent().await).unwrap() });
        })
        .end(5.0)
        .play();
    let AgentInfo { name, instructions, tools, history } = hears.try_recv().unwrap().unwrap();
    assert_eq!((name.as_str(), instructions.as_str()), ("agent", "Be brief."));
    assert_eq!(tools, ["look"]);
    assert_eq!(history, played.report.history);
}

#[test]
fn data_of_the_program_is_found_by_its_type() {
    let agents = Agents::configured().with_data(Arc::new(42_u64));
    Scene::new()
        .agents(agents)
        .program(0.5, |call| {
            assert_eq!(call.data::<u64>().as_deref(), Some(&42));
            assert_eq!(call.data::<String>(), None);
        })
        .end(1.0)
        .play();
}
