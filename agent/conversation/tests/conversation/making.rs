//! How answers are made: begun before the turn has ended, within bounds of money and context, worded for the voice.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use agent_conversation::{ContextPolicy, Micros, Prices, Say, SummaryPolicy};
use agent_language::reading::normaliser;
use agent_tools::{Function, NoArguments};
use expect_test::expect;
use futures_core::Stream;
use providers_core::{ChatMessage, SampleRate};
use tokio::sync::mpsc;

use crate::scene::{FINE, HELLO, Played, Scene, seconds};

/// When answers are heard for the first time.
fn plays(played: &Played) -> Vec<&str> {
    played.events.lines().filter_map(|line| line.strip_suffix(" play")).collect()
}

fn quick() -> Scene {
    Scene::new().user(0.5, 2.0, HELLO, 0.1).mind(HELLO, FINE, 0.1, 0.3).voice("*", 3.0, 0.3, 0.3).end(4.0)
}

#[test]
fn a18_an_answer_that_was_voiced_in_advance_is_heard_sooner_and_never_before_the_turn_has_ended() {
    assert_eq!(plays(&quick().play()), ["2.80"]);
    let voiced = |config: &mut agent_conversation::ConversationConfig| config.voices_speculations = true;
    assert_eq!(plays(&quick().with(voiced).play()), ["2.70"]);
    let slow_turn = quick().with(voiced).with(|config| config.turn.endpoint.min_delay = seconds(1.5));
    assert_eq!(
        plays(&slow_turn.end(6.0).play()),
        ["3.50"],
        "ready at 2.70, and silent until it is confirmed"
    );
}

#[test]
fn a_tool_that_an_answer_begun_in_advance_calls_is_run_once_the_turn_has_ended() {
    for is_voiced in [false, true] {
        let look = Function::typed("look", "", |_: NoArguments, _| async { Ok("seen") });
        let played = Scene::new()
            .with(|config| config.voices_speculations = is_voiced)
            .user(0.5, 2.0, HELLO, 0.1)
            .mind_calls(HELLO, "", &["look"], 0.1, 0.2)
            .mind("seen", FINE, 0.1, 0.2)
            .voice("*", 1.0, 0.2, 0.3)
            .tool(look)
            .play();
        assert_eq!(
            (played.report.speculations, plays(&played)),
            ((1, 1), vec!["2.90"]),
            "voiced: {is_voiced}"
        );
    }
}

#[test]
fn the_voices_delay_counts_from_its_first_sentence_and_not_from_the_text_that_follows() {
    let mut scene = Scene::new()
        .with(|config| config.turn.speculation.enabled = false)
        .user(0.5, 2.0, HELLO, 0.1)
        .mind(HELLO, "I look for it now. It takes a while, for there are so many of them here.", 0.1, 4.0)
        .voice("*", 1.0, 0.3, 0.3);
    scene.others.has_sentences = true;
    let played = scene.play();
    let latency = played.events.lines().find_map(|line| line.split_once(" ttfb ")).map(|(_, ttfb)| ttfb);
    assert_eq!(latency, Some("0.30"), "{}", played.events);
}

/// Three utterances that are one turn: the answers to the first two are begun in vain.
fn three_parts() -> Scene {
    Scene::new()
        .with(|config| {
            config.turn.endpoint.min_delay = seconds(1.0);
            config.prices = Prices { llm_input: Micros(1_000_000), ..Prices::default() };
        })
        .user(0.5, 1.5, "I would like to", 0.2)
        .user(2.2, 3.0, "book a table", 0.2)
        .user(3.7, 4.5, "for tonight", 0.2)
        .mind("*", "For how many?", 0.1, 0.3)
        .voice("*", 1.0, 0.2, 0.3)
}

#[test]
fn what_was_begun_in_vain_is_counted_in_tokens_and_money_and_bounded_by_a_budget() {
    let played = three_parts().play();
    assert_eq!(played.report.speculations, (3, 1));
    let (usage, cost) = played.report.wasted;
    assert!(usage.input_tokens > 0, "{usage:?}");
    assert_eq!(cost, Micros(usage.input_tokens), "a token costs a millionth");
    let bounded = three_parts().with(|config| config.speculation_budget = Some(Micros(1)));
    assert_eq!(bounded.play().report.speculations, (2, 0), "once one is paid for, no more are begun");
}

#[test]
fn an_answer_that_was_begun_from_what_is_no_longer_so_is_made_anew() {
    let noted = quick().program(2.3, |call| assert_eq!(call.note("The user is in a hurry."), Ok(()))).play();
    assert_eq!((noted.report.speculations, plays(&noted)), ((1, 0), vec!["3.10"]));
    let instructed = quick().program(2.3, |call| assert_eq!(call.instruct("Be rude."), Ok(()))).play();
    assert_eq!((instructed.report.speculations, plays(&instructed)), ((1, 0), vec!["3.10"]));
    let requests = instructed.mind.requests();
    let last = requests.last().and_then(|request| request.messages.first().cloned());
    assert_eq!(last, Some(ChatMessage::System { text: "Be rude.".to_owned() }));
}

#[test]
fn numbers_are_read_aloud_while_captions_and_history_keep_what_was_written() {
    let played = Scene::new()
        .with(|config| config.wording.normaliser = normaliser("en"))
        .voice("That is five dollars, or 20 percent.", 2.0, 0.1, 0.2)
        .voice("That is five dollars, or twenty percent.", 2.0, 0.1, 0.2)
        .program(0.5, |call| drop(call.say("**That** is $5, or 20%. 🎉")))
        .end(5.0)
        .play();
    assert_eq!(plays(&played), ["0.60"], "the voice knows the spoken words only");
    let said = ChatMessage::Assistant { text: "**That** is $5, or 20%. 🎉".to_owned(), calls: Vec::new() };
    assert_eq!(played.report.history, [said]);
}

/// Text as it is sent.
struct Pieces(mpsc::Receiver<String>);

impl Stream for Pieces {
    type Item = String;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<String>> {
        self.0.poll_recv(cx)
    }
}

#[test]
fn given_audio_is_played_as_it_is_and_text_may_come_piece_by_piece() {
    let rate = SampleRate::VOICE;
    let (tx, rx) = mpsc::channel(4);
    Scene::new()
        .voice("One two three.", 1.0, 0.1, 0.2)
        .program(0.5, move |call| {
            drop(call.say(Say::words("Ding!").with_audio(rate, vec![0; 36_000])));
            drop(call.say(Say::stream(Pieces(rx))));
        })
        .program(1.0, {
            let tx = tx.clone();
            move |_| assert!(tx.try_send("One two ".to_owned()).is_ok())
        })
        .program(3.0, move |_| assert!(tx.try_send("three.".to_owned()).is_ok()))
        .end(8.0)
        .check(expect![[r#"
            0.00 agent Listening
            0.50 speech Say
            0.50 play
            0.50 agent Speaking
            0.50 speech Say
            2.01 played 1.50
            2.01 message Assistant "Ding!"
            2.01 agent Listening
            3.10 play
            3.10 agent Speaking
            4.11 played 1.00
            4.11 message Assistant "One two three."
            4.11 agent Listening
            8.00 closed user_left
        "#]]);
}

/// A conversation of so many written turns, each of about twenty tokens.
fn long(turns: u32, context: ContextPolicy) -> Played {
    long_in(Scene::new(), turns, context)
}

fn long_in(scene: Scene, turns: u32, context: ContextPolicy) -> Played {
    let mut scene = scene.with(|config| config.context = context);
    for n in 0..turns {
        scene = scene.typed(f64::from(n) * 2.0 + 1.0, "This is a question of some length.");
    }
    scene
        .mind("*", "This is an answer of some length.", 0.1, 0.2)
        .voice("*", 0.5, 0.1, 0.2)
        .end(f64::from(turns) * 2.0 + 1.0)
        .play()
}

#[test]
fn a_request_never_has_more_tokens_than_allowed_and_its_beginning_changes_seldom() {
    let policy = ContextPolicy { max_tokens: 300, cut_to_percent: 50, summary: None };
    let played = long(30, policy);
    let requests = played.mind.requests();
    assert_eq!(requests.len(), 30);
    let mut cuts = 0;
    for pair in requests.windows(2) {
        let letters: usize = pair[1].messages.iter().map(|message| format!("{message:?}").len()).sum();
        assert!(letters < 300 * 12, "{letters} letters, names of fields included");
        let is_prefix = pair[1].messages.starts_with(&pair[0].messages);
        cuts += usize::from(!is_prefix);
        assert!(matches!(pair[1].messages[1], ChatMessage::User { .. }), "it begins with a turn");
    }
    assert!((2..=6).contains(&cuts), "{cuts} cuts in 30 turns");
    assert_eq!(played.report.history.len(), 60, "the record keeps everything");
}

#[test]
fn a_mind_that_follows_no_instructions_is_asked_for_no_summary() {
    let summary = SummaryPolicy { above_tokens: 150, keep_turns: 2, instructions: "Summarise.".to_owned() };
    let context = ContextPolicy { max_tokens: 100_000, cut_to_percent: 60, summary: Some(summary) };
    let requests = long_in(Scene::new().by_rules(), 12, context).mind.requests();
    assert_eq!(requests.len(), 12, "one for each turn");
    assert_eq!(requests[11].messages.len(), 1 + 11 * 2 + 1, "all that was said stays");
}

#[test]
fn the_beginning_of_a_long_conversation_is_told_in_short_between_turns() {
    let summary = SummaryPolicy { above_tokens: 150, keep_turns: 2, instructions: "Summarise.".to_owned() };
    let played = long(12, ContextPolicy { max_tokens: 100_000, cut_to_percent: 60, summary: Some(summary) });
    let requests = played.mind.requests();
    let is_summary = |text: &str| text == "Summarise.";
    let asked_for = requests
        .iter()
        .filter(|request| matches!(&request.messages[0], ChatMessage::System { text } if is_summary(text)));
    let n_summaries = asked_for.count();
    assert!((1..=4).contains(&n_summaries), "{n_summaries} summaries");
    let last = &requests[requests.len() - 1].messages;
    let told = ChatMessage::System { text: "This is an answer of some length.".to_owned() };
    assert_eq!(last[1], told, "what the mind made of the beginning stands in its place");
    assert!(last.len() < 20, "{} messages", last.len());
    assert_eq!(played.report.turns, 12);
}
