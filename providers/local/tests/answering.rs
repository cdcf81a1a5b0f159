//! The mind: what it answers, remembers, calls, and never does.

use std::sync::Arc;

use futures_util::StreamExt;
use proptest::prelude::*;
use providers_core::{
    ChatMessage, ChatRequest, ErrorKind, FinishReason, GenerationOptions, LanguageModel, LlmEvent,
    ToolChoice, ToolSpec,
};
use providers_local::{Intents, LocalMind, MindConfig, WallClock};
use serde_json::json;
use time::macros::datetime;

#[tokio::test]
async fn it_answers_by_the_intents_file() {
    for (said, expected) in [
        (vec!["What time is it?"], "It is 3:09 PM."),
        (vec!["Could you tell me what time it is, please?"], "It is 3:09 PM."),
        (vec!["what day is it today"], "It is Saturday."),
        (vec!["do you know which day it is"], "It is Saturday."),
        (vec!["can you tell me what seven plus five is"], "7 plus 5 is 12."),
        (vec!["Tell me the date, please."], "Today is Saturday, March 14, 2026."),
        (vec!["what's 12 * 11"], "12 times 11 is 132."),
        (vec!["how much is seven divided by zero"], "Nothing can be divided by zero."),
        (vec!["what is seven plus five plus three"], "7 plus 5 plus 3 is 15."),
        (vec!["what is 45 times 45"], "45 times 45 is 2,025."),
        (vec!["what is 9 - 4 - 2"], "9 minus 4 minus 2 is 3."),
        (vec!["my name is zaphod", "call me back", "what is my name"], "Your name is Zaphod."),
        (vec!["what is my name"], "You have not told me your name yet."),
        (vec!["my name is zaphod", "what is my name"], "Your name is Zaphod."),
        (vec!["my name is zaphod", "do you remember what my name is"], "Your name is Zaphod."),
        (vec!["my name is anna", "call me bob", "hello there"], "Hello again, Bob."),
        (
            vec!["turn on the kitchen light"],
            "I understood: the kitchen light, on. But this agent has no tool for lights.",
        ),
        (
            vec!["set a timer for ten minutes"],
            "I understood: a timer of 10 minutes. But this agent has no tool for timers.",
        ),
    ] {
        assert_eq!(text(&answer(request(&said)).await), expected, "{said:?}");
    }
}

#[tokio::test]
async fn what_it_has_no_rule_for_it_says_and_gives_examples() {
    let said = text(&answer(request(&["what do you think of the novels of jane austen"])).await);
    assert!(said.contains("You can say: ") || said.contains("you can say: "), "{said}");
    assert!(text(&answer(request(&[" "])).await).contains("did not"));
    let greeting = text(&answer(ChatRequest::default()).await);
    assert!(greeting.starts_with("Hello"), "{greeting}");
}

#[tokio::test]
async fn it_calls_the_tool_that_an_intent_names_and_tells_what_came_of_it() {
    let mut request = request(&["will it rain in new york tomorrow"]);
    request.tools =
        vec![tool("get_weather", &json!({"city": {"type": "string"}, "day": {"type": "string"}}))];
    let events = answer(request.clone()).await;
    let [LlmEvent::Call(call), LlmEvent::Usage(_), LlmEvent::Finished(FinishReason::Calls)] = &events[..]
    else {
        panic!("{events:?}");
    };
    assert_eq!((call.name.as_str(), call.id.as_str()), ("get_weather", "call_1"));
    let arguments: serde_json::Value = serde_json::from_str(&call.arguments).expect("json");
    assert_eq!(arguments, json!({"city": "New York", "day": "tomorrow"}));

    request.messages.push(ChatMessage::Assistant { text: String::new(), calls: vec![call.clone()] });
    for (output, is_error, expected) in [
        ("It will rain all day.", false, "It will rain all day."),
        (
            r#"{"sky": "clear", "degrees": 21, "warnings": []}"#,
            false,
            "degrees is 21, sky is clear, warnings is ",
        ),
        ("no such city", true, "That did not work. The answer was: no such city"),
    ] {
        let mut told = request.clone();
        let (call_id, name) = (call.id.clone(), call.name.clone());
        told.messages.push(ChatMessage::Tool { call_id, name, output: output.to_owned(), is_error });
        assert_eq!(text(&answer(told).await), expected);
    }
}

#[tokio::test]
async fn what_a_call_lacks_is_asked_for_until_it_is_whole() {
    let people = "For how many people?";
    let (day, hour) = ("On which day?", "At what hour?");
    for (said, expected) in [
        (vec!["book a table"], people),
        (vec!["book a table", "for four"], day),
        (vec!["book a table", "four people please"], day),
        (vec!["book a table", "tomorrow at eight"], people),
        (vec!["book a table", "for four", "tomorrow"], hour),
        (vec!["book a table", "for four", "tomorrow", "what a nice dog"], hour),
        (
            vec!["book a table", "for four", "tomorrow", "at eight"],
            r#"{"day":"tomorrow","hour":8,"people":4}"#,
        ),
        (vec!["book a table", "tomorrow at eight", "um two"], r#"{"day":"tomorrow","hour":8,"people":2}"#),
        (
            vec!["book a table", "for four", "book a table on friday at seven"],
            r#"{"day":"Friday","hour":7,"people":4}"#,
        ),
        (vec!["book a table for two tomorrow at nine", "book a table"], people),
        (vec!["book a table", "what time is it"], "It is 3:09 PM."),
        (vec!["book a table", "what time is it", "for four"], "-"),
        (vec!["book a table", "never mind"], "All right."),
    ] {
        let mut asked = request(&said);
        let schema =
            json!({"people": {"type": "integer"}, "day": {"type": "string"}, "hour": {"type": "integer"}});
        asked.tools = vec![tool("book_table", &schema)];
        let events = answer(asked).await;
        let got = match events.first() {
            Some(LlmEvent::Call(call)) => call.arguments.clone(),
            _ => text(&events),
        };
        let got = if got.contains("can say: ") { "-".to_owned() } else { got };
        assert_eq!(got, expected, "{said:?}");
    }
}

#[tokio::test]
async fn a_call_takes_no_value_of_another_call_unless_the_file_says_so() {
    let mut asked = request(&["my account number is four seven two nine", "where is my order"]);
    asked.tools = vec![tool("order_status", &json!({"number": {"type": "string"}}))];
    assert_eq!(text(&answer(asked).await), "What is the number of your order?");
    let mut asked = request(&["will it rain in paris", "how is the weather tomorrow"]);
    asked.tools = vec![tool("get_weather", &json!({"city": {"type": "string"}}))];
    let events = answer(asked).await;
    let Some(LlmEvent::Call(call)) = events.first() else { panic!("{events:?}") };
    assert_eq!(call.arguments, r#"{"city":"Paris","day":"tomorrow"}"#);
}

#[test]
fn the_restaurants_file_is_well_formed_and_asks_too() {
    let file = include_str!("../../../config/agents/restaurant/intents/restaurant.toml");
    let intents = Arc::new(Intents::parse("restaurant.toml", file).expect("well formed"));
    let clock = WallClock::new(|| datetime!(2026-03-14 15:09 UTC));
    let mind = LocalMind::new(MindConfig { intents, clock });
    let mut asked = request(&["i want to book a table", "for four", "on friday"]);
    asked.tools = vec![tool("book_table", &json!({}))];
    let events: Vec<_> = futures_util::FutureExt::now_or_never(mind.answer(asked).collect::<Vec<_>>())
        .expect("it waits for nothing")
        .into_iter()
        .map(|event| event.expect("an answer"))
        .collect();
    assert_eq!(text(&events), "At what hour?");
}

#[tokio::test]
async fn what_was_said_again_is_not_what_is_said_again() {
    let mut asked = request(&["what time is it", "say that again", "say that again"]);
    let mut said = ["It is 3:09 PM.", "I said: It is 3:09 PM."].into_iter();
    for message in &mut asked.messages {
        if let ChatMessage::Assistant { text, .. } = message {
            *text = said.next().expect("two answers").to_owned();
        }
    }
    assert_eq!(text(&answer(asked).await), "I said: It is 3:09 PM.");
}

#[tokio::test]
async fn arguments_are_typed_as_the_tool_wants_them() {
    let mut request = request(&["set a timer for twenty five minutes"]);
    request.tools = vec![tool("set_timer", &json!({"minutes": {"type": "integer"}}))];
    let events = answer(request).await;
    let Some(LlmEvent::Call(call)) = events.first() else { panic!("{events:?}") };
    assert_eq!(call.arguments, r#"{"minutes":25}"#);
}

#[tokio::test]
async fn the_choice_of_tools_is_obeyed() {
    let mut asked = request(&["set a timer for ten minutes"]);
    asked.tools = vec![tool("set_timer", &json!({})), tool("end_call", &json!({}))];
    asked.tool_choice = ToolChoice::None;
    assert!(text(&answer(asked.clone()).await).contains("no tool for timers"));
    asked.tool_choice = ToolChoice::Named("end_call".to_owned());
    assert!(matches!(&answer(asked.clone()).await[0], LlmEvent::Call(call) if call.name == "end_call"));
    asked.tool_choice = ToolChoice::Named("unknown".to_owned());
    assert_eq!(error(asked.clone()).await, ErrorKind::BadRequest);
    asked.messages = request(&["tell me a joke"]).messages;
    asked.tool_choice = ToolChoice::Required;
    assert_eq!(error(asked).await, ErrorKind::Unsupported);
}

#[tokio::test]
async fn a_long_answer_is_cut_at_the_limit_and_says_so() {
    let mut request = request(&["tell me a story"]);
    request.options = GenerationOptions { max_output_tokens: Some(5), ..GenerationOptions::default() };
    let events = answer(request).await;
    assert_eq!(text(&events).split_whitespace().count(), 5);
    assert_eq!(events.last(), Some(&LlmEvent::Finished(FinishReason::Length)));
}

proptest! {
    #[test]
    fn no_text_makes_it_panic_or_end_without_its_mark(said in prop::collection::vec("\\PC{0,80}|(what is|my name is|turn on the|[0-9]{1,12}| plus | divided by |zero|a hundred| )*", 0..4)) {
        let said: Vec<&str> = said.iter().map(String::as_str).collect();
        let events = futures_util::FutureExt::now_or_never(answer(request(&said))).expect("it waits for nothing");
        prop_assert_eq!(events.last(), Some(&LlmEvent::Finished(FinishReason::Stop)));
        prop_assert!(!text(&events).is_empty());
    }
}

fn request(said: &[&str]) -> ChatRequest {
    let mut messages = vec![ChatMessage::System { text: "You are a receptionist.".to_owned() }];
    for text in said {
        messages.push(ChatMessage::User { text: (*text).to_owned() });
        messages.push(ChatMessage::Assistant { text: "I see.".to_owned(), calls: Vec::new() });
    }
    messages.pop();
    ChatRequest { messages, ..ChatRequest::default() }
}

fn tool(name: &str, properties: &serde_json::Value) -> ToolSpec {
    let parameters = json!({"type": "object", "properties": properties});
    ToolSpec { name: name.to_owned(), description: String::new(), parameters }
}

async fn answer(request: ChatRequest) -> Vec<LlmEvent> {
    mind().answer(request).map(|event| event.expect("an answer")).collect().await
}

async fn error(request: ChatRequest) -> ErrorKind {
    mind().answer(request).next().await.expect("an event").expect_err("a refusal").kind
}

fn mind() -> LocalMind {
    let clock = WallClock::new(|| datetime!(2026-03-14 15:09 UTC));
    LocalMind::new(MindConfig { intents: Arc::new(Intents::embedded()), clock })
}

fn text(events: &[LlmEvent]) -> String {
    events
        .iter()
        .filter_map(|event| if let LlmEvent::Text(text) = event { Some(text.as_str()) } else { None })
        .collect()
}
