//! What an answer of the rule engine costs on a call's thread, early and late in a conversation.

use std::{hint::black_box, sync::Arc};

use divan::Bencher;
use futures_util::{FutureExt, StreamExt};
use providers_core::{ChatMessage, ChatRequest, LanguageModel};
use providers_local::{Intents, LocalMind, MindConfig, WallClock};
use time::macros::datetime;

/// What the person says in turn.
const SAID: [&str; 6] = [
    "what time is it",
    "could you please turn on the kitchen light",
    "what do you think of the novels of jane austen",
    "what is the weather in london tomorrow",
    "how much is twelve times eleven",
    "thank you very much",
];

fn main() {
    divan::main();
}

/// An answer after so many turns; nobody has told a name.
#[divan::bench(args = [1, 10, 100])]
fn answer(bencher: Bencher<'_, '_>, turns: usize) {
    let clock = WallClock::new(|| datetime!(2026-03-14 15:09 UTC));
    let mind = LocalMind::new(MindConfig { intents: Arc::new(Intents::embedded()), clock });
    let mut messages = vec![ChatMessage::System { text: "You are a receptionist.".to_owned() }];
    for said in SAID.iter().cycle().take(turns) {
        messages.push(ChatMessage::User { text: (*said).to_owned() });
        messages.push(ChatMessage::Assistant { text: "I see.".to_owned(), calls: Vec::new() });
    }
    messages.pop();
    let request = ChatRequest { messages, ..ChatRequest::default() };
    bencher.bench_local(|| {
        let answer = mind.answer(request.clone()).collect::<Vec<_>>().now_or_never();
        black_box(answer.map_or(0, |events| events.len()))
    });
}
