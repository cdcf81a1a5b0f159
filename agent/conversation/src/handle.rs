//! What a program may ask of a running conversation, from any thread.

use agent_turn::CloseReason;
use tokio::sync::mpsc;

use crate::Speech;

/// Asks a running conversation for something. When it is over, asking does nothing.
#[derive(Clone, Debug)]
pub struct Handle(pub(crate) mpsc::Sender<Command>);

/// How many commands may wait. One that does not fit is refused ([`Handle`]'s methods return false): a program that
/// asks faster than a conversation runs is wrong, and the call goes on.
pub(crate) const COMMANDS: usize = 64;

/// One wish.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Command {
    Speak { speech: Speech, interruptible: bool },
    Type(String),
    Interrupt { force: bool },
    Close(CloseReason),
}

impl Handle {
    /// Says something, after what is being said. False when it was refused.
    pub fn speak(&self, speech: Speech, interruptible: bool) -> bool {
        self.send(Command::Speak { speech, interruptible })
    }

    /// Takes this text as what the user wrote: it stops the agent and is answered. False when it was refused.
    pub fn user_text(&self, text: impl Into<String>) -> bool {
        self.send(Command::Type(text.into()))
    }

    /// Stops what is being said; with `force`, also what is not interruptible. False when it was refused.
    pub fn interrupt(&self, force: bool) -> bool {
        self.send(Command::Interrupt { force })
    }

    /// Closes the call. False when it was refused.
    pub fn close(&self, reason: CloseReason) -> bool {
        self.send(Command::Close(reason))
    }

    fn send(&self, command: Command) -> bool {
        self.0.try_send(command).is_ok()
    }
}
