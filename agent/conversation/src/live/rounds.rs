//! The tools that the answers of a realtime session call: of which calls it waits to hear, and to which replies' tools it
//! goes on. Pure.

use std::collections::{BTreeSet, VecDeque};

use agent_turn::ReplyId;
use providers_core::ToolCall;

/// Calls of one session.
#[derive(Debug, Default)]
pub(crate) struct Rounds {
    /// Calls of which the session was not told what they returned.
    calls: Vec<Called>,
    /// Replies that called tools, until it is known whether a reply to those is wanted.
    callers: BTreeSet<ReplyId>,
    /// Replies of which the session was told all that their tools returned, and to which it has not gone on yet.
    told: VecDeque<Option<ReplyId>>,
}

/// A call of a tool.
#[derive(Debug)]
pub(crate) struct Called {
    /// By which reply; `None`: by an answer that no reply is.
    of: Option<ReplyId>,
    pub(crate) id: String,
    pub(crate) name: String,
    runs: bool,
}

impl Rounds {
    /// An answer calls a tool.
    pub(crate) fn call(&mut self, of: Option<ReplyId>, call: &ToolCall) {
        self.callers.extend(of);
        self.calls.push(Called { of, id: call.id.clone(), name: call.name.clone(), runs: false });
    }

    /// The tools that a reply calls run.
    pub(crate) fn run(&mut self, reply: ReplyId) {
        for call in self.calls.iter_mut().filter(|call| call.of == Some(reply)) {
            call.runs = true;
        }
    }

    /// The session was told what a call returned. With `goes_on` it answers by itself once it knows all of a reply's.
    pub(crate) fn told(&mut self, call_id: &str, goes_on: bool) {
        let Some(at) = self.calls.iter().position(|call| call.id == call_id) else { return };
        let of = self.calls.remove(at).of;
        if goes_on && self.calls.iter().all(|call| call.of != of) {
            self.told.push_back(of);
        }
    }

    /// The session goes on by itself: to the tools of this reply, the first of which it was told all.
    pub(crate) fn went_on(&mut self) -> Option<ReplyId> {
        self.told.pop_front().flatten()
    }

    /// A call of this reply that does not run, and of which the session was not told.
    pub(crate) fn idle(&self, of: ReplyId) -> Option<&Called> {
        self.calls.iter().find(|call| call.of == Some(of) && !call.runs)
    }

    /// Whether this reply called tools, and nobody has spoken about them.
    pub(crate) fn is_open(&self, of: ReplyId) -> bool {
        self.callers.contains(&of)
    }

    /// There is a reply to this one's tools, or none is wanted.
    pub(crate) fn close(&mut self, of: ReplyId) {
        self.callers.remove(&of);
    }
}

#[cfg(test)]
mod tests {
    use agent_turn::ReplyId;
    use providers_core::ToolCall;

    use super::Rounds;

    fn call(id: &str) -> ToolCall {
        ToolCall { id: id.to_owned(), name: "look".to_owned(), arguments: String::new() }
    }

    #[test]
    fn calls_that_do_not_run_are_known_until_the_session_is_told_of_them() {
        let mut rounds = Rounds::default();
        rounds.call(Some(ReplyId(1)), &call("one"));
        assert_eq!(rounds.idle(ReplyId(1)).map(|call| call.id.as_str()), Some("one"));
        rounds.run(ReplyId(1));
        assert!(rounds.idle(ReplyId(1)).is_none());
    }

    #[test]
    fn it_goes_on_once_it_knows_all_and_to_what_it_was_told_first() {
        let mut rounds = Rounds::default();
        rounds.call(Some(ReplyId(1)), &call("one"));
        rounds.call(Some(ReplyId(1)), &call("two"));
        rounds.call(Some(ReplyId(2)), &call("three"));
        for id in ["one", "three", "no such call"] {
            rounds.told(id, true);
        }
        assert_eq!(rounds.went_on(), Some(ReplyId(2)));
        assert_eq!(rounds.went_on(), None, "a call of the first is out");
        rounds.told("two", true);
        assert_eq!(rounds.went_on(), Some(ReplyId(1)));
        assert!(rounds.is_open(ReplyId(1)));
        rounds.close(ReplyId(1));
        assert!(!rounds.is_open(ReplyId(1)) && rounds.is_open(ReplyId(2)));
    }
}
