//! What was said in the call, as far as it was heard, and what the tools returned.

use agent_turn::ReplyId;
use providers_core::{ChatMessage, ToolCall};

use crate::ToolOutput;

/// What the mind reads in place of the output of a tool that still runs.
const STILL_RUNNING: &str = "The function is still running.";

/// What was said in the call, oldest first; a reply stands where its playout began.
#[derive(Clone, Debug, Default)]
pub(crate) struct History(Vec<Entry>);

#[derive(Clone, Debug)]
enum Entry {
    User(String),
    Reply { reply: ReplyId, heard: String, calls: Vec<(ToolCall, Option<ToolOutput>)> },
}

impl History {
    pub(crate) fn user(&mut self, text: &str) {
        self.0.push(Entry::User(text.to_owned()));
    }

    /// Gives a reply its place, if it has none.
    pub(crate) fn open(&mut self, reply: ReplyId) {
        if self.find(reply).is_none() {
            self.0.push(Entry::Reply { reply, heard: String::new(), calls: Vec::new() });
        }
    }

    /// What of a reply was heard so far.
    pub(crate) fn heard(&mut self, reply: ReplyId, text: &str) {
        if let Some(Entry::Reply { heard, .. }) = self.find(reply) {
            text.clone_into(heard);
        }
    }

    /// The reply called these tools.
    pub(crate) fn called(&mut self, reply: ReplyId, made: &[ToolCall]) {
        self.open(reply);
        if let Some(Entry::Reply { calls, .. }) = self.find(reply) {
            calls.extend(made.iter().map(|call| (call.clone(), None)));
        }
    }

    /// A tool that the reply called has returned.
    pub(crate) fn returned(&mut self, reply: ReplyId, call: usize, output: ToolOutput) {
        if let Some(Entry::Reply { calls, .. }) = self.find(reply)
            && let Some((_, slot)) = calls.get_mut(call)
        {
            *slot = Some(output);
        }
    }

    /// The conversation as a mind reads it. Replies of which nothing was heard and that called nothing are left out.
    pub(crate) fn messages(&self) -> Vec<ChatMessage> {
        let mut messages = Vec::with_capacity(self.0.len() + 2);
        for entry in &self.0 {
            match entry {
                Entry::User(text) => messages.push(ChatMessage::User { text: text.clone() }),
                Entry::Reply { heard, calls, .. } if heard.is_empty() && calls.is_empty() => {}
                Entry::Reply { heard, calls, .. } => {
                    let made = calls.iter().map(|(call, _)| call.clone()).collect();
                    messages.push(ChatMessage::Assistant { text: heard.clone(), calls: made });
                    messages.extend(calls.iter().map(output));
                }
            }
        }
        messages
    }

    fn find(&mut self, id: ReplyId) -> Option<&mut Entry> {
        self.0.iter_mut().rev().find(|entry| matches!(entry, Entry::Reply { reply, .. } if *reply == id))
    }
}

fn output((call, output): &(ToolCall, Option<ToolOutput>)) -> ChatMessage {
    let (text, is_error) = match output {
        Some(output) => (output.text.clone(), output.is_error),
        None => (STILL_RUNNING.to_owned(), false),
    };
    ChatMessage::Tool { call_id: call.id.clone(), name: call.name.clone(), output: text, is_error }
}

#[cfg(test)]
mod tests {
    use agent_turn::ReplyId;
    use providers_core::{ChatMessage, ToolCall};

    use super::{History, STILL_RUNNING};
    use crate::ToolOutput;

    fn call(name: &str) -> ToolCall {
        ToolCall { id: format!("id of {name}"), name: name.to_owned(), arguments: "{}".to_owned() }
    }

    fn tool(name: &str, output: &str) -> ChatMessage {
        let (call_id, name, output) = (format!("id of {name}"), name.to_owned(), output.to_owned());
        ChatMessage::Tool { call_id, name, output, is_error: false }
    }

    #[test]
    fn a_reply_stands_where_it_began_with_what_was_heard_and_what_its_tools_returned() {
        let mut history = History::default();
        history.user("What's the weather?");
        history.called(ReplyId(1), &[call("weather"), call("clock")]);
        history.open(ReplyId(2));
        history.open(ReplyId(1));
        history.user("Stop!");
        history.heard(ReplyId(1), "Let me");
        history.returned(ReplyId(1), 0, ToolOutput { text: "sunny".to_owned(), is_error: false });
        assert_eq!(
            history.messages(),
            [
                ChatMessage::User { text: "What's the weather?".to_owned() },
                ChatMessage::Assistant {
                    text: "Let me".to_owned(),
                    calls: vec![call("weather"), call("clock")]
                },
                tool("weather", "sunny"),
                tool("clock", STILL_RUNNING),
                ChatMessage::User { text: "Stop!".to_owned() },
            ]
        );
    }
}
