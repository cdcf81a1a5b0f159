//! What programs, hooks and tools act through: asks a running conversation for something, from any thread.

use std::{
    any::Any,
    fmt,
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering::Relaxed},
    },
    time::Duration,
};

use agent_turn::{CloseReason, RequestId};
use providers_core::ChatMessage;
use tokio::sync::{mpsc, oneshot, watch};

use crate::{
    Agent, Done, Generate, Keep, Recording, Say, SpeechEnd, SpeechHandle, TaskLost, agent::AnyAgent,
};

/// Asks a running conversation for something. When it is over, asking does nothing.
#[derive(Clone)]
pub struct Handle(Arc<Shared>);

struct Shared {
    commands: mpsc::Sender<Command>,
    requests: AtomicU32,
    data: Option<Arc<dyn Any + Send + Sync>>,
}

/// How many commands may wait. One that does not fit is refused ([`Handle`]'s methods say so): a program that asks
/// faster than a conversation runs is wrong, and the call goes on.
const COMMANDS: usize = 64;

/// The conversation did not take a command: it is over, or too many wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the conversation does not take the command")]
pub struct Refused;

/// What the agent that has a call is.
#[derive(Clone, Debug, PartialEq)]
pub struct AgentInfo {
    /// Its name.
    pub name: String,
    /// What its mind is told to be.
    pub instructions: String,
    /// The names of its tools, in the order in which its mind is told of them.
    pub tools: Vec<String>,
    /// The conversation as its mind would read it now, without its instructions.
    pub history: Vec<ChatMessage>,
}

/// Makes the agent that is handed over to, on the call's thread.
pub(crate) type MakeAgent = Box<dyn FnOnce() -> Rc<dyn AnyAgent> + Send>;

/// One wish.
pub(crate) enum Command {
    Speak { request: RequestId, wish: Wish, end: watch::Sender<Option<SpeechEnd>> },
    Withdraw { request: RequestId, force: bool },
    Type(String),
    Interrupt { force: bool },
    CommitTurn { answer: bool, wait: Duration },
    ClearTurn,
    HandOff { to: NextAgent, keep: Keep },
    RunTask { agent: MakeAgent },
    Complete { deliver: Box<dyn FnOnce() + Send> },
    Instruct(String),
    Refresh(oneshot::Sender<()>),
    Note(String),
    History(oneshot::Sender<Vec<ChatMessage>>),
    Describe(oneshot::Sender<AgentInfo>),
    Background(Option<Recording>),
    Drain(CloseReason),
    Close(CloseReason),
}

/// Something to be said.
pub(crate) enum Wish {
    Say(Say),
    Generate(Generate),
}

/// Who is handed over to.
pub(crate) enum NextAgent {
    Named(String),
    Made(MakeAgent),
}

impl Handle {
    pub(crate) fn new(data: Option<Arc<dyn Any + Send + Sync>>) -> (Self, mpsc::Receiver<Command>) {
        let (commands, received) = mpsc::channel(COMMANDS);
        (Self(Arc::new(Shared { commands, requests: AtomicU32::new(0), data })), received)
    }

    /// Has given words said, when the floor is free. What became of them, the handle tells.
    pub fn say(&self, say: impl Into<Say>) -> SpeechHandle {
        self.speak(Wish::Say(say.into()))
    }

    /// Has something thought of and said, when the floor is free.
    pub fn generate_reply(&self, generate: Generate) -> SpeechHandle {
        self.speak(Wish::Generate(generate))
    }

    /// Takes this text as what the user wrote: it stops the agent and is answered. False when it was refused.
    pub fn user_text(&self, text: impl Into<String>) -> bool {
        self.send(Command::Type(text.into())).is_ok()
    }

    /// Stops what is being said; with `force`, also what is not interruptible. False when it was refused.
    pub fn interrupt(&self, force: bool) -> bool {
        self.send(Command::Interrupt { force }).is_ok()
    }

    /// Commits what the user has said so far, whatever the endpoint; with `answer` it is answered. If no final transcript
    /// has just come, one is awaited as long as `wait`; then the interim words count. Whom the call is for is meant.
    pub fn commit_user_turn(&self, answer: bool, wait: Duration) -> Result<(), Refused> {
        self.send(Command::CommitTurn { answer, wait })
    }

    /// Forgets what the user has said since the last turn.
    pub fn clear_user_turn(&self) -> Result<(), Refused> {
        self.send(Command::ClearTurn)
    }

    /// Hands the call over to this agent, once what is said is over.
    pub fn hand_off<A: Agent + Send>(&self, agent: A, keep: Keep) -> Result<(), Refused> {
        let to = NextAgent::Made(Box::new(move || Rc::new(agent)));
        self.send(Command::HandOff { to, keep })
    }

    /// Hands the call over to the agent of this name ([`crate::Agents`]), once what is said is over. A name that does
    /// not exist is told to the observer, and the call goes on as it is.
    pub fn hand_off_to(&self, name: impl Into<String>, keep: Keep) -> Result<(), Refused> {
        self.send(Command::HandOff { to: NextAgent::Named(name.into()), keep })
    }

    /// Has another agent hold the call until it is [`Done`]; then the present one has it again, and the value.
    pub async fn run_task<T, A>(
        &self,
        make: impl FnOnce(Done<T>) -> A + Send + 'static,
    ) -> Result<T, TaskLost>
    where
        T: Send + 'static,
        A: Agent,
    {
        let (value, mut received) = mpsc::channel(1);
        let done = Done { value, call: self.clone() };
        let agent: MakeAgent = Box::new(move || Rc::new(make(done)));
        self.send(Command::RunTask { agent }).map_err(|_| TaskLost)?;
        received.recv().await.ok_or(TaskLost)
    }

    /// Changes what the present agent is told to be, from the next answer on.
    pub fn instruct(&self, instructions: impl Into<String>) -> Result<(), Refused> {
        self.send(Command::Instruct(instructions.into()))
    }

    /// Asks the present agent again what it is ([`Agent::profile`]); what it says holds from the next answer on. Done
    /// when that is so.
    pub async fn refresh(&self) -> Result<(), Refused> {
        let (done, is_done) = oneshot::channel();
        self.send(Command::Refresh(done))?;
        is_done.await.map_err(|_| Refused)
    }

    /// Lets the mind read this from now on, after all that was said so far.
    pub fn note(&self, note: impl Into<String>) -> Result<(), Refused> {
        self.send(Command::Note(note.into()))
    }

    /// The conversation as the present agent's mind would read it now, without its instructions.
    pub async fn history(&self) -> Result<Vec<ChatMessage>, Refused> {
        let (answer, answered) = oneshot::channel();
        self.send(Command::History(answer))?;
        answered.await.map_err(|_| Refused)
    }

    /// What the agent is that has the call now.
    pub async fn agent(&self) -> Result<AgentInfo, Refused> {
        let (answer, answered) = oneshot::channel();
        self.send(Command::Describe(answer))?;
        answered.await.map_err(|_| Refused)
    }

    /// What the program gave the call ([`crate::Agents::with_data`]), if it is of this type.
    #[must_use]
    pub fn data<T: Send + Sync + 'static>(&self) -> Option<Arc<T>> {
        self.0.data.clone().and_then(|data| data.downcast().ok())
    }

    /// Has this sound heard behind everything from now on; `None`: none.
    pub fn background(&self, sound: Option<Recording>) -> Result<(), Refused> {
        self.send(Command::Background(sound))
    }

    /// Closes the call once what is being said, and what was asked to be said, has been said.
    pub fn drain(&self, reason: CloseReason) -> Result<(), Refused> {
        self.send(Command::Drain(reason))
    }

    /// Closes the call: nothing is said any more. What the user has said is kept, and what they are saying is awaited for
    /// a moment, if they can still be heard. False when it was refused.
    pub fn close(&self, reason: CloseReason) -> bool {
        self.send(Command::Close(reason)).is_ok()
    }

    pub(crate) fn next_request(&self) -> RequestId {
        RequestId(self.0.requests.fetch_add(1, Relaxed) + 1)
    }

    pub(crate) fn send(&self, command: Command) -> Result<(), Refused> {
        self.0.commands.try_send(command).map_err(|_| Refused)
    }

    fn speak(&self, wish: Wish) -> SpeechHandle {
        let (end, told) = watch::channel(None);
        let request = self.next_request();
        // Refused: the sender is dropped, and the handle says so.
        let _ = self.send(Command::Speak { request, wish, end });
        SpeechHandle::new(request, told, self.clone())
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle").finish_non_exhaustive()
    }
}
