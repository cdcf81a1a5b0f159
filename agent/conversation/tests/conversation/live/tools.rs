//! Tools that a realtime model calls.

use agent_conversation::ToolOutcome;
use agent_tools::Function;

use super::*;
use crate::tools;

const WEATHER: &str = "What's the weather?";
const SUNNY: &str = "It is sunny.";

fn weather(answers_tools: bool) -> RealtimeScript {
    let call = ToolCall { id: "call 1".to_owned(), name: "weather".to_owned(), arguments: "{}".to_owned() };
    let asks = SpokenAnswer { calls: vec![call], ..answer(WEATHER, "Let me see.", 1.0) };
    let mut script = script(&[WEATHER, "Stop!"], vec![asks, answer("sunny", SUNNY, 2.0)]);
    script.capabilities.answers_tools = answers_tools;
    script
}

fn tool(takes: f64) -> Function {
    tools::tool("weather", takes, ToolOutcome::returned("sunny"))
}

#[test]
fn what_a_tool_returns_is_told_to_the_session_which_goes_on_asked_or_by_itself() {
    for by_itself in [false, true] {
        let model = model(weather(by_itself));
        let played = Scene::new()
            .live(&model, LiveTurns::Voice)
            .tool(tool(1.0))
            .user(0.5, 2.5, "", 0.0)
            .end(9.0)
            .play();
        let said: Vec<_> = played.report.history.iter().filter_map(text_of_reply).collect();
        assert_eq!(said, ["Let me see.", SUNNY], "by itself: {by_itself}");
        let n_asked = told(&model).iter().filter(|told| matches!(told, Told::Asked(..))).count();
        assert_eq!(n_asked, if by_itself { 1 } else { 2 });
        let output = told(&model)
            .into_iter()
            .any(|told| matches!(told, Told::Added(ChatMessage::Tool { output, .. }) if output == "sunny"));
        assert!(output, "the session was not told");
        assert_eq!(played.report.breaches, 0);
    }
}

#[test]
fn a_session_that_breaks_while_a_tool_runs_does_not_keep_its_answer_from_coming() {
    for by_itself in [false, true] {
        let script = RealtimeScript { transcript: Some(seconds(1.5)), ..weather(by_itself) };
        // Ten pieces of text and ten of audio, the call, what was used and the end; in place of the transcript it breaks.
        let fault = Fault { after: 23, what: Mishap::End };
        let faults = Faults::sequence([Some(fault)]);
        let model = Arc::new(FakeRealtime::new(script).with_faults(faults).recording());
        let played = Scene::new()
            .live(&model, LiveTurns::Voice)
            .tool(tool(2.0))
            .user(0.5, 2.5, "", 0.0)
            .end(12.0)
            .play();
        let said: Vec<_> = played.report.history.iter().filter_map(text_of_reply).collect();
        assert_eq!(said, ["Let me see.", SUNNY], "by itself: {by_itself}, {} sessions", model.opened());
    }
}

#[test]
fn what_a_tool_of_an_interrupted_answer_returns_is_kept_and_not_spoken_about() {
    for by_itself in [false, true] {
        let model = model(weather(by_itself));
        let played = Scene::new()
            .live(&model, LiveTurns::Voice)
            .tool(tool(3.0))
            .user(0.5, 2.5, "", 0.0)
            .typed(3.8, "never mind")
            .end(12.0)
            .play();
        let said: Vec<_> = played.report.history.iter().filter_map(text_of_reply).collect();
        assert!(!said.contains(&SUNNY), "by itself: {by_itself}: {said:?}");
        let is_output =
            |message: &ChatMessage| matches!(message, ChatMessage::Tool { output, .. } if output == "sunny");
        assert!(played.report.history.iter().any(is_output), "{:?}", played.report.history);
    }
}

fn text_of_reply(message: &ChatMessage) -> Option<&str> {
    match message {
        ChatMessage::Assistant { text, .. } => Some(text.as_str()).filter(|text| !text.is_empty()),
        ChatMessage::System { .. } | ChatMessage::User { .. } | ChatMessage::Tool { .. } => None,
    }
}
