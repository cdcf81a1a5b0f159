//! The tools that replies call: started, answered, and what becomes of the call after them.

use std::task::{Context, Poll};

use agent_turn::{CloseReason, Input, ReplyFact, ReplyId};
use providers_core::{ChatMessage, Then, ToolOutcome};

use super::{Call, agents::Change};
use crate::{
    Body, CallEvent, Generate,
    handle::{NextAgent, Wish},
    toolbox::{Part, Returned, Round},
};

impl<B: Body> Call<B> {
    /// Runs the tools that a reply calls.
    pub(super) fn run_tools(&mut self, id: ReplyId) {
        let Some(making) = self.reply(id) else { return };
        let calls = std::mem::take(&mut making.calls);
        making.has_called = true;
        self.history.called(id, &calls);
        if let Some(live) = &mut self.live {
            live.runs_tools(id);
        }
        let now = self.now();
        for call in &calls {
            self.tally.tell(now, CallEvent::ToolCalled { reply: id, call });
        }
        self.toolbox.start(id, &calls);
        self.end_if_silent(id);
    }

    pub(super) fn poll_tools(&mut self, cx: &mut Context<'_>) -> bool {
        let Poll::Ready(returned) = self.toolbox.poll(cx) else { return false };
        self.tell_call(&returned);
        let Returned { reply, call, id: _, name, outcome, part, ended: _ } = returned;
        if part == Part::Late {
            self.tell_late(&name, &outcome);
            if !outcome.reply {
                self.inform(ChatMessage::System { text: late(&name, &outcome) });
            }
            self.history.returned(reply, call, outcome);
            return true;
        }
        self.keep_output(reply, call, outcome);
        self.tell(Input::Reply(reply, ReplyFact::FunctionFinished));
        // What an interrupted reply wanted to know is in the history. The mind does not speak about it, and what its
        // tools wanted done is not done: the user wants something else.
        if part == Part::Last && self.machine.state().reply().is_none_or(|present| present.id != reply) {
            self.pass_over_tools(reply);
        }
        true
    }

    /// What a tool returned enters the history, and a realtime model is told.
    fn keep_output(&mut self, reply: ReplyId, call: usize, outcome: ToolOutcome) {
        if let Some(output) = self.history.returned(reply, call, outcome) {
            self.inform(output);
        }
    }

    /// A reply is stopped or cancelled: those of its tools that may be cancelled are, and the history says so before
    /// anything is answered to what comes next.
    pub(super) fn interrupt_tools(&mut self, reply: ReplyId) {
        self.toolbox.interrupt(reply);
        while let Some(returned) = self.toolbox.take_answered() {
            self.tell_call(&returned);
            let Returned { reply, call, outcome, part, .. } = returned;
            self.keep_output(reply, call, outcome);
            self.facts.push_back(Input::Reply(reply, ReplyFact::FunctionFinished));
            if part == Part::Last {
                self.pass_over_tools(reply);
            }
        }
        // Its tools had returned while its words were heard; nothing will be said about them.
        if self.toolbox.is_round_over(reply) {
            self.pass_over_tools(reply);
        }
    }

    /// What a reply's tools returned is not spoken about.
    fn pass_over_tools(&mut self, reply: ReplyId) {
        if self.tell_tools(reply).is_some()
            && let Some(live) = &mut self.live
        {
            live.decline_tools(reply);
        }
    }

    /// The conversation is over: tools that run are cancelled.
    pub(super) fn end_tools(&mut self) {
        self.toolbox.end();
        while let Some(returned) = self.toolbox.take_answered() {
            self.tell_call(&returned);
        }
    }

    /// Tells the observer of a call that is over.
    fn tell_call(&mut self, returned: &Returned) {
        let Returned { reply, call: _, id, name, outcome, part: _, ended } = returned;
        if let Some((end, took)) = *ended {
            let (reply, output) = (*reply, outcome.output.as_str());
            let event = CallEvent::ToolEnded { reply, call: id, name, end, output, took };
            self.tally.tell(self.now(), event);
        }
    }

    /// Has the mind speak about what nobody waited for, when the floor is free.
    fn tell_late(&mut self, name: &str, outcome: &ToolOutcome) {
        if !outcome.reply {
            return;
        }
        let text = format!("{}\nTell the user.", late(name, outcome));
        let request = self.handle.next_request();
        self.ask_to_speak(request, Wish::Generate(Generate::instructed(text)), None);
    }

    /// Tells the observer of a reply's tools, once.
    fn tell_tools(&mut self, reply: ReplyId) -> Option<Round> {
        let round = self.toolbox.take_round(reply)?;
        let event = CallEvent::ToolsExecuted { reply, names: &round.names, errors: round.errors };
        self.tally.tell(self.now(), event);
        Some(round)
    }

    /// The tools of a reply have returned, and `reply` is about them: whether it is to say anything. What they want
    /// done is done after it.
    pub(super) fn end_round(&mut self, of: ReplyId, reply: ReplyId) -> bool {
        let Some(round) = self.tell_tools(of) else { return true };
        match round.then {
            Then::GoOn => {}
            Then::HandOff(agent) => {
                let keep = self.agents.keep(&agent.0);
                self.ask_to_change(Change::hand_off(NextAgent::Named(agent.0), keep));
            }
            Then::Close => self.last_reply = Some(reply),
        }
        round.reply
    }

    /// Closes the call as a tool wanted it, once the reply after that tool is over. True if it did.
    pub(super) fn close_after_tools(&mut self) -> bool {
        let is_over = |reply: &mut ReplyId| self.replies.iter().all(|making| making.id != *reply);
        let closes = self.last_reply.take_if(is_over).is_some();
        if closes {
            self.close(CloseReason::Completed);
        }
        closes
    }
}

/// What a mind is told of a function for which nobody waited.
fn late(name: &str, outcome: &ToolOutcome) -> String {
    let how = if outcome.is_error { "failed" } else { "returned" };
    format!("The function {name} that you called earlier has {how}: {}", outcome.output)
}
