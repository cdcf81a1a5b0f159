//! What was said in the call, as far as it was heard, what the tools returned, and which of it the present agent reads.

use agent_turn::ReplyId;
use providers_core::{ChatMessage, ToolCall, ToolOutcome};

use crate::{Keep, context::tokens_in_all, live::UserAudio};

/// What the mind reads in place of the output of a tool that still runs.
const STILL_RUNNING: &str = "The function is still running.";

/// What was said in the call, oldest first; a reply stands where its playout began.
#[derive(Clone, Debug, Default)]
pub(crate) struct History {
    entries: Vec<Entry>,
    view: View,
    /// How often anything but a turn of the user was added or changed.
    revision: u64,
    /// How many agents had the call before the present one: what each of them did carries its number.
    agent: u32,
}

/// What an agent reads of the history.
#[derive(Clone, Debug, Default)]
pub(crate) struct View {
    /// What stands in place of what it does not read.
    head: Vec<ChatMessage>,
    /// From which entry on it reads.
    from: usize,
}

#[derive(Clone, Debug)]
enum Entry {
    User(String),
    /// A turn that only a realtime model has heard, until it tells what was said; by whom.
    Heard(UserAudio, Option<String>),
    Note(String),
    Reply {
        reply: ReplyId,
        agent: u32,
        heard: String,
        calls: Vec<(ToolCall, Option<ToolOutcome>)>,
    },
}

impl History {
    /// Somebody said this; by whom matters where there are several. An answer to it may have been begun when it was not
    /// yet a turn, and knows it.
    pub(crate) fn turn(&mut self, text: &str, name: Option<&str>) {
        self.entries.push(Entry::User(user_text(text, name)));
    }

    /// The program says this for somebody.
    pub(crate) fn user(&mut self, text: &str, name: Option<&str>) {
        self.revision += 1;
        self.turn(text, name);
    }

    /// Somebody said something that only a realtime model has heard. Its words may come later, or never.
    pub(crate) fn user_heard(&mut self, audio: UserAudio, name: Option<&str>) {
        self.entries.push(Entry::Heard(audio, name.map(str::to_owned)));
    }

    /// What a turn said that was only heard. False when it has words, or was never heard.
    pub(crate) fn transcribed(&mut self, audio: UserAudio, text: &str) -> bool {
        let is_it = |entry: &&mut Entry| matches!(entry, Entry::Heard(heard, _) if *heard == audio);
        let Some(entry) = self.entries.iter_mut().rev().find(is_it) else { return false };
        let Entry::Heard(_, name) = &*entry else { return false };
        *entry = Entry::User(user_text(text, name.as_deref()));
        true
    }

    /// How often anything but a turn of the user was added or changed.
    pub(crate) const fn revision(&self) -> u64 {
        self.revision
    }

    /// The estimated tokens of what is read.
    pub(crate) fn tokens(&self) -> u32 {
        tokens_in_all(&self.messages())
    }

    /// Something that the mind is to know.
    pub(crate) fn note(&mut self, text: String) {
        self.revision += 1;
        self.entries.push(Entry::Note(text));
    }

    /// Gives a reply its place, if it has none.
    pub(crate) fn open(&mut self, reply: ReplyId) {
        if self.find(reply).is_none() {
            let (agent, heard, calls) = (self.agent, String::new(), Vec::new());
            self.entries.push(Entry::Reply { reply, agent, heard, calls });
        }
    }

    /// What of a reply was heard so far.
    pub(crate) fn heard(&mut self, reply: ReplyId, text: &str) {
        self.revision += 1;
        if let Some(Entry::Reply { heard, .. }) = self.find(reply) {
            text.clone_into(heard);
        }
    }

    /// The reply called these tools.
    pub(crate) fn called(&mut self, reply: ReplyId, made: &[ToolCall]) {
        self.revision += 1;
        self.open(reply);
        if let Some(Entry::Reply { calls, .. }) = self.find(reply) {
            calls.extend(made.iter().map(|call| (call.clone(), None)));
        }
    }

    /// A tool that the reply called has returned: as a mind reads it.
    pub(crate) fn returned(
        &mut self,
        reply: ReplyId,
        call: usize,
        outcome: ToolOutcome,
    ) -> Option<ChatMessage> {
        self.revision += 1;
        let Some(Entry::Reply { calls, .. }) = self.find(reply) else { return None };
        let call = calls.get_mut(call)?;
        call.1 = Some(outcome);
        Some(output(call))
    }

    /// Another agent has the call, and reads this much of what was said.
    pub(crate) fn hand_over(&mut self, keep: Keep) {
        match keep {
            Keep::All => {}
            Keep::Nothing => self.view = View { head: Vec::new(), from: self.entries.len() },
            Keep::LastTurns(n) => self.keep_turns(n),
            Keep::Summary => {}
            Keep::Chosen(choose) => {
                self.view = View { head: choose(self.messages()), from: self.entries.len() };
            }
        }
        self.revision += 1;
        self.agent += 1;
    }

    fn keep_turns(&mut self, n: usize) {
        if let Some(from) = self.beginning_of(n) {
            self.view = View { head: Vec::new(), from };
        }
    }

    /// Where the last `n` turns begin; `None` when there are not so many.
    fn beginning_of(&self, n: usize) -> Option<usize> {
        let users = self.entries.iter().enumerate().skip(self.view.from).rev();
        let mut users = users.filter(|(_, entry)| entry.is_turn());
        n.checked_sub(1).map_or(Some(self.entries.len()), |n| users.nth(n).map(|(at, _)| at))
    }

    /// Forgets the oldest turns until the rest has so many tokens at most; the last one is never forgotten. What stands
    /// in place of older ones stays, unless it alone is too long.
    pub(crate) fn shorten(&mut self, max_tokens: u32) {
        let mut left = max_tokens.saturating_sub(tokens_in_all(&self.view.head));
        if left == 0 {
            self.view.head.clear();
            left = max_tokens;
        }
        let mut from = self.entries.len();
        let mut rendered = Vec::new();
        for (at, entry) in self.entries.iter().enumerate().skip(self.view.from).rev() {
            rendered.clear();
            entry.render(|agent| agent == self.agent, &mut rendered);
            let Some(rest) = left.checked_sub(tokens_in_all(&rendered)) else { break };
            left = rest;
            if entry.is_turn() {
                from = at;
            }
        }
        self.view.from = from.min(self.beginning_of(1).unwrap_or(self.view.from));
    }

    /// What is read before the last `keep` turns, and where those begin; `None` when there is nothing before.
    pub(crate) fn before_the_last(&self, keep: usize) -> Option<(Vec<ChatMessage>, usize)> {
        let until = self.beginning_of(keep).filter(|until| *until > self.view.from)?;
        let mut messages = self.view.head.clone();
        for entry in &self.entries[self.view.from..until] {
            entry.render(|agent| agent == self.agent, &mut messages);
        }
        Some((messages, until))
    }

    /// From now on this is read in place of everything before the entry `until`.
    pub(crate) fn summarised(&mut self, text: String, until: usize) {
        self.revision += 1;
        let from = until.min(self.entries.len()).max(self.view.from);
        self.view = View { head: vec![ChatMessage::System { text }], from };
    }

    /// What is read now; to be given back by [`History::resume`] when a task is done.
    pub(crate) fn view(&self) -> (View, u32) {
        (self.view.clone(), self.agent)
    }

    /// The agent of whom this view was has the call again; what was said meanwhile is read too.
    pub(crate) fn resume(&mut self, (view, agent): (View, u32)) {
        self.revision += 1;
        (self.view, self.agent) = (view, agent);
    }

    /// The conversation as the present agent's mind reads it. Replies of which nothing was heard and that called
    /// nothing are left out, and so are the calls of other agents, whose tools it does not have.
    pub(crate) fn messages(&self) -> Vec<ChatMessage> {
        let mut messages = self.view.head.clone();
        for entry in self.entries.iter().skip(self.view.from) {
            entry.render(|agent| agent == self.agent, &mut messages);
        }
        messages
    }

    /// All of it, whoever had the call.
    pub(crate) fn record(&self) -> Vec<ChatMessage> {
        let mut messages = Vec::with_capacity(self.entries.len());
        for entry in &self.entries {
            entry.render(|_| true, &mut messages);
        }
        messages
    }

    fn find(&mut self, id: ReplyId) -> Option<&mut Entry> {
        let is_it = |entry: &&mut Entry| matches!(entry, Entry::Reply { reply, .. } if *reply == id);
        self.entries.iter_mut().rev().find(is_it)
    }
}

/// What somebody said as a mind reads it.
pub(crate) fn user_text(text: &str, name: Option<&str>) -> String {
    name.map_or_else(|| text.to_owned(), |name| format!("{name}: {text}"))
}

impl Entry {
    /// Whether it begins a turn.
    const fn is_turn(&self) -> bool {
        match self {
            Self::User(_) | Self::Heard(..) => true,
            Self::Note(_) | Self::Reply { .. } => false,
        }
    }

    fn render(&self, shows_calls_of: impl Fn(u32) -> bool, messages: &mut Vec<ChatMessage>) {
        match self {
            Self::User(text) => messages.push(ChatMessage::User { text: text.clone() }),
            // Nobody knows what it said.
            Self::Heard(..) => {}
            Self::Note(text) => messages.push(ChatMessage::System { text: text.clone() }),
            Self::Reply { agent, heard, calls, .. } => {
                let calls = if shows_calls_of(*agent) { calls.as_slice() } else { &[] };
                if heard.is_empty() && calls.is_empty() {
                    return;
                }
                let made = calls.iter().map(|(call, _)| call.clone()).collect();
                messages.push(ChatMessage::Assistant { text: heard.clone(), calls: made });
                messages.extend(calls.iter().map(output));
            }
        }
    }
}

fn output((call, outcome): &(ToolCall, Option<ToolOutcome>)) -> ChatMessage {
    let (output, is_error) = match outcome {
        Some(outcome) => (outcome.output.clone(), outcome.is_error),
        None => (STILL_RUNNING.to_owned(), false),
    };
    ChatMessage::Tool { call_id: call.id.clone(), name: call.name.clone(), output, is_error }
}

#[cfg(test)]
mod tests {
    use agent_turn::ReplyId;
    use providers_core::{ChatMessage, ToolCall, ToolOutcome};

    use super::{History, STILL_RUNNING};
    use crate::{Keep, context::tokens_in_all};

    fn call(name: &str) -> ToolCall {
        ToolCall { id: format!("id of {name}"), name: name.to_owned(), arguments: "{}".to_owned() }
    }

    fn tool(name: &str, output: &str) -> ChatMessage {
        let (call_id, name, output) = (format!("id of {name}"), name.to_owned(), output.to_owned());
        ChatMessage::Tool { call_id, name, output, is_error: false }
    }

    fn user(text: &str) -> ChatMessage {
        ChatMessage::User { text: text.to_owned() }
    }

    fn assistant(text: &str) -> ChatMessage {
        ChatMessage::Assistant { text: text.to_owned(), calls: Vec::new() }
    }

    /// Three turns; a tool was called in the second.
    fn three_turns() -> History {
        let mut history = History::default();
        for n in 1..=3 {
            history.user(&format!("question {n}"), None);
            if n == 2 {
                history.called(ReplyId(n), &[call("weather")]);
                history.returned(ReplyId(n), 0, ToolOutcome::returned("sunny"));
            }
            history.open(ReplyId(n));
            history.heard(ReplyId(n), &format!("answer {n}"));
        }
        history
    }

    #[test]
    fn a_reply_stands_where_it_began_with_what_was_heard_and_what_its_tools_returned() {
        let mut history = History::default();
        history.user("What's the weather?", None);
        history.called(ReplyId(1), &[call("weather"), call("clock")]);
        history.open(ReplyId(2));
        history.open(ReplyId(1));
        history.user("Stop!", None);
        history.heard(ReplyId(1), "Let me");
        history.returned(ReplyId(1), 0, ToolOutcome::returned("sunny"));
        assert_eq!(
            history.messages(),
            [
                user("What's the weather?"),
                ChatMessage::Assistant {
                    text: "Let me".to_owned(),
                    calls: vec![call("weather"), call("clock")]
                },
                tool("weather", "sunny"),
                tool("clock", STILL_RUNNING),
                user("Stop!"),
            ]
        );
    }

    #[test]
    fn who_is_handed_over_to_reads_what_was_kept_without_the_calls_of_others() {
        let said = [
            user("question 1"),
            assistant("answer 1"),
            user("question 2"),
            assistant("answer 2"),
            user("question 3"),
            assistant("answer 3"),
        ];
        let chosen = Keep::Chosen(Box::new(|mut messages| messages.split_off(messages.len() - 1)));
        let kept = [
            (Keep::All, 6),
            (Keep::Nothing, 0),
            (Keep::LastTurns(0), 0),
            (Keep::LastTurns(2), 4),
            (Keep::LastTurns(9), 6),
            (chosen, 1),
        ];
        for (keep, n) in kept {
            let name = format!("{keep:?}");
            let mut history = three_turns();
            history.hand_over(keep);
            assert_eq!(history.messages(), said[said.len() - n..], "{name}");
            history.user("and now?", None);
            assert_eq!(history.messages().len(), n + 1, "{name}");
            assert_eq!(history.record().len(), 8, "{name}: the record keeps everything");
        }
    }

    #[test]
    fn who_comes_back_after_a_task_reads_what_it_read_and_what_was_said_meanwhile() {
        let mut history = three_turns();
        let before = history.view();
        history.hand_over(Keep::Nothing);
        history.user("42", None);
        history.called(ReplyId(4), &[call("note_number")]);
        history.heard(ReplyId(4), "thank you");
        history.resume(before);
        let messages = history.messages();
        assert_eq!(messages[..2], [user("question 1"), assistant("answer 1")]);
        assert_eq!(messages[messages.len() - 2..], [user("42"), assistant("thank you")]);
        assert!(messages.contains(&tool("weather", "sunny")));
    }

    #[test]
    fn what_is_too_long_loses_its_oldest_turns_and_keeps_the_last_whatever_it_costs() {
        let mut history = three_turns();
        let all = tokens_in_all(&history.messages());
        history.shorten(all);
        assert_eq!(history.messages().len(), 7, "what fits is not touched");
        history.shorten(all - 1);
        assert_eq!(history.messages().first(), Some(&user("question 2")), "whole turns are forgotten");
        history.shorten(20);
        assert_eq!(history.messages(), [user("question 3"), assistant("answer 3")]);
        history.shorten(0);
        assert_eq!(history.messages(), [user("question 3"), assistant("answer 3")]);
    }

    #[test]
    fn a_summary_stands_in_place_of_what_it_tells() {
        let mut history = three_turns();
        assert_eq!(history.before_the_last(3), None);
        let (told, until) = history.before_the_last(1).expect("two turns come before the last");
        assert_eq!(told.len(), 5);
        history.user("question 4", None);
        history.summarised("They talked.".to_owned(), until);
        let summary = ChatMessage::System { text: "They talked.".to_owned() };
        let expected = [summary.clone(), user("question 3"), assistant("answer 3"), user("question 4")];
        assert_eq!(history.messages(), expected);
        let (told, _) = history.before_the_last(1).expect("one turn comes before the last");
        assert_eq!(told.first(), Some(&summary), "the next summary is made of this one too");
    }
}
