//! What programs, hooks and tools ask for.

use std::{
    rc::Rc,
    task::{Context, Poll},
};

use agent_turn::{CloseReason, Input, SpeakerId, Told};
use providers_core::ChatMessage;

use super::{Call, agents::Change};
use crate::{AgentInfo, Body, SoundSlot, active::Active, handle::Command};

impl<B: Body> Call<B> {
    pub(super) fn poll_commands(&mut self, cx: &mut Context<'_>) -> bool {
        let Poll::Ready(Some(command)) = self.commands.poll_recv(cx) else { return false };
        match command {
            Command::Speak { request, wish, end } => {
                self.ask_to_speak(request, wish, Some(end));
                self.settle();
            }
            Command::Withdraw { request, force } => {
                self.tell_dismissal(Input::Told(Told::Withdraw { request, force }));
            }
            Command::Type(text) => self.on_typed(SpeakerId::LINKED, text),
            Command::CommitTurn { answer, wait } => {
                let speaker = SpeakerId::LINKED;
                if let Some(listener) = self.people.get_mut(&speaker) {
                    listener.hearing.flush();
                }
                self.count_open_voice(speaker);
                self.tell(Input::Told(Told::CommitTurn { speaker, answer, wait }));
            }
            Command::ClearTurn => {
                self.tell(Input::Told(Told::ClearTurn { speaker: SpeakerId::LINKED }));
            }
            Command::Interrupt { force } => self.tell_dismissal(Input::Told(Told::Stop { force })),
            Command::HandOff { to, keep } => self.ask_to_change(Change::hand_off(to, keep)),
            Command::RunTask { agent } => self.ask_to_change(Change::task(agent)),
            Command::Complete { deliver } => self.ask_to_change(Change::back(deliver)),
            Command::Instruct(instructions) => {
                Rc::make_mut(&mut self.active).instructions = instructions;
                self.changes_of_agent += 1;
                self.replace_live(false);
            }
            Command::Background(sound) => self.body.set_sound(SoundSlot::Background, sound.as_ref()),
            Command::Drain(reason) => self.tell(Input::Told(Told::Drain { reason })),
            Command::Refresh(done) => {
                self.refresh();
                // It is no loss when who asked does not wait any more.
                let _ = done.send(());
            }
            Command::Note(text) => {
                self.history.note(text.clone());
                self.inform(ChatMessage::System { text });
            }
            // Dropped: who asked does not wait any more.
            Command::History(answer) => drop(answer.send(self.history.messages())),
            Command::Describe(answer) => drop(answer.send(self.describe())),
            Command::Close(reason) => self.close(reason),
        }
        true
    }

    /// What the agent is that has the call.
    fn describe(&self) -> AgentInfo {
        let Active { name, instructions, tools, .. } = &*self.active;
        AgentInfo {
            name: name.clone(),
            instructions: instructions.clone(),
            tools: tools.iter().map(|tool| tool.spec().name.clone()).collect(),
            history: self.history.messages(),
        }
    }

    pub(super) fn close(&mut self, reason: CloseReason) {
        self.tell_dismissal(Input::Told(Told::Close { reason }));
    }
}
