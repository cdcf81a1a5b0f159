//! The conversation itself: one future that owns everything of the call.

use std::{collections::BTreeMap, sync::Arc};

use agent_turn::CloseReason;
use providers_core::{LanguageModel, SpeechToText, TextToSpeech};
use tokio::{sync::mpsc, time::Instant};

use crate::{
    Body, BodyEvent, CallReport, ConversationConfig, Handle, Journal, Observer, Tools,
    handle::{COMMANDS, Command},
};

/// What a conversation is made of, besides its body.
pub struct Parts {
    /// The ear.
    pub stt: Arc<dyn SpeechToText>,
    /// The mind.
    pub llm: Arc<dyn LanguageModel>,
    /// The voice.
    pub tts: Arc<dyn TextToSpeech>,
    /// What the mind may do.
    pub tools: Arc<dyn Tools>,
    /// Who is told what happens.
    pub observer: Box<dyn Observer>,
    /// Where the inputs of the turn machine are kept.
    pub journal: Option<Box<dyn Journal>>,
}

/// One call, not yet begun.
pub struct Conversation<B> {
    config: ConversationConfig,
    parts: Parts,
    body: B,
    handle: Handle,
    commands: mpsc::Receiver<Command>,
}

impl<B: Body> Conversation<B> {
    /// A conversation of these parts in this body.
    #[must_use]
    pub fn new(config: ConversationConfig, parts: Parts, body: B) -> Self {
        let (handle, commands) = mpsc::channel(COMMANDS);
        Self { config, parts, body, handle: Handle(handle), commands }
    }

    /// A way to ask the conversation for something while it runs.
    #[must_use]
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// Holds the conversation to its end. Dropping the future ends it at once and frees everything.
    pub async fn run(mut self) -> CallReport {
        let began = Instant::now();
        let _ = (&self.config, &self.parts, &self.handle);
        let reason = std::future::poll_fn(|cx| {
            if let std::task::Poll::Ready(Some(Command::Close(reason))) = self.commands.poll_recv(cx) {
                return std::task::Poll::Ready(reason);
            }
            loop {
                match std::task::ready!(self.body.poll_event(cx)) {
                    BodyEvent::UserLeft => return std::task::Poll::Ready(CloseReason::UserLeft),
                    BodyEvent::Closed => return std::task::Poll::Ready(CloseReason::Disconnected),
                    _ => {}
                }
            }
        })
        .await;
        std::future::poll_fn(|cx| self.body.poll_close(cx, reason)).await;
        CallReport {
            reason,
            duration: began.elapsed(),
            turns: 0,
            replies: 0,
            interruptions: 0,
            false_interruptions: 0,
            speculations: (0, 0),
            failures: BTreeMap::new(),
            usage: BTreeMap::new(),
            breaches: 0,
            history: Vec::new(),
        }
    }
}
