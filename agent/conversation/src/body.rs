//! The body of a conversation: what it hears through and speaks through. A room, files, or a simulation.
//!
//! A body judges nothing. It reports voice activity, plays what it is given, and says to the sample what was heard.
//! It lives on the thread of its conversation and is driven by being polled.

use std::{
    task::{Context, Poll},
    time::Duration,
};

use agent_audio::PlayoutId;
use agent_turn::{AgentState, CloseReason, ReplyId, SpeakerId, Standing};
use providers_core::{SampleRate, VoiceEdge};

use crate::{Recording, SoundSlot};

mod captions;
mod edges;
pub(crate) mod room;
pub(crate) mod sound;
pub(crate) mod written;

/// What a conversation hears through and speaks through.
pub trait Body {
    /// The next event; registers the waker when there is none. All input and output of the body is driven from here.
    fn poll_event(&mut self, cx: &mut Context<'_>) -> Poll<BodyEvent<'_>>;

    /// Whether people can hear what it plays. If not, what the agent says is only shown, and no voice is asked.
    fn speaks(&self) -> bool {
        true
    }

    /// Whether it hears people. If not, they only write, and no recogniser is asked.
    fn hears(&self) -> bool {
        true
    }

    /// Prepares the playout of a reply, of which all samples come at this rate. Nothing is heard of an earlier one.
    fn begin(&mut self, reply: ReplyId, rate: SampleRate);

    /// Appends samples to the reply that was begun last; it is heard as soon as there are any.
    fn play(&mut self, samples: &[i16]);

    /// Says that no more samples come for the reply; [`BodyEvent::PlayoutFinished`] follows the last one.
    fn finish(&mut self);

    /// How much was given by [`Body::play`] and not yet heard.
    fn queued(&self) -> Duration;

    /// Silences the reply, keeping its place.
    fn pause(&mut self);

    /// Goes on from the first sample not yet heard.
    fn resume(&mut self);

    /// Silences the reply for good, drops what is queued and says how much of it was heard. No event follows for it.
    fn stop(&mut self) -> Duration;

    /// How much of the reply was heard so far.
    fn heard(&self) -> Duration;

    /// Whether [`Body::pause`] works; if not, an interrupted reply is stopped at once.
    fn can_pause(&self) -> bool;

    /// Puts a sound beside replies, again and again, or takes it away. A body that cannot mix leaves it out.
    fn set_sound(&mut self, slot: SoundSlot, sound: Option<&Recording>) {
        let _ = (slot, sound);
    }

    /// Lets the voice activity of somebody begin anew: the speech that it is in counts as ended, without an edge.
    fn flush_voice(&mut self, speaker: SpeakerId);

    /// Shows the state of the agent to the others.
    fn show_agent(&mut self, state: AgentState);

    /// Shows what somebody said so far in a segment; takes the place of what was shown before for it.
    fn show_user_words(&mut self, speaker: SpeakerId, segment: Segment, text: &str, is_final: bool);

    /// Shows more of what the agent says in a segment, as it is heard.
    fn show_agent_words(&mut self, segment: Segment, more: &str);

    /// Says that no more comes for the agent's segment.
    fn end_agent_words(&mut self, segment: Segment);

    /// Ends the body's business cleanly (leaves, writes what is left). Polled until ready, after which the body is dropped.
    fn poll_close(&mut self, cx: &mut Context<'_>, reason: CloseReason) -> Poll<()>;
}

/// A stretch of transcript, numbered within the call; user's and agent's are counted together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Segment(pub u32);

/// What a body reports.
#[derive(Clone, Debug, PartialEq)]
pub enum BodyEvent<'a> {
    /// Somebody did something. Whom the call is for is [`SpeakerId::LINKED`]; others are numbered as they come, and a
    /// number is not used again.
    User(SpeakerId, UserEvent<'a>),
    /// The first sample of the reply was given to the user's side.
    PlayoutStarted(ReplyId),
    /// More of the reply was heard; [`Body::heard`] says how much. At least twice a second while it plays.
    PlayoutProgressed(ReplyId),
    /// The reply's last sample was heard.
    PlayoutFinished {
        /// The reply.
        reply: ReplyId,
        /// How much of it was heard.
        heard: Duration,
    },
    /// The body cannot go on. Comes once; nothing follows.
    Closed(BodyEnd),
}

/// What somebody did.
#[derive(Clone, Debug, PartialEq)]
pub enum UserEvent<'a> {
    /// They are there. With the linked one the conversation may begin.
    Joined(Person),
    /// What they say: 16 kHz mono, in order and without gaps.
    Heard(&'a [i16]),
    /// Voice activity began or ended.
    Voice(VoiceEdge),
    /// The voice fell silent `silence` ago, too short yet to count as an end.
    VoiceLapsed {
        /// How long it is silent already.
        silence: Duration,
    },
    /// The voice came back after a lapse.
    VoiceRevived,
    /// They wrote.
    Typed(String),
    /// They left.
    Left,
}

impl UserEvent<'_> {
    /// The same, without what is only lent.
    pub(crate) fn kept(self) -> UserEvent<'static> {
        match self {
            Self::Joined(person) => UserEvent::Joined(person),
            Self::Heard(_) => UserEvent::Heard(&[]),
            Self::Voice(edge) => UserEvent::Voice(edge),
            Self::VoiceLapsed { silence } => UserEvent::VoiceLapsed { silence },
            Self::VoiceRevived => UserEvent::VoiceRevived,
            Self::Typed(text) => UserEvent::Typed(text),
            Self::Left => UserEvent::Left,
        }
    }
}

/// Who somebody is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// What the mind is to call them where there are several; `None`: by their number.
    pub name: Option<String>,
    /// What their words are worth.
    pub standing: Standing,
}

impl Person {
    /// Whom the call is for, where nobody else is heard.
    #[must_use]
    pub const fn alone() -> Self {
        Self { name: None, standing: Standing::Answered }
    }
}

/// Why a body cannot go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BodyEnd {
    /// Others ended it in order: the room was deleted, or we were asked to leave.
    Ended,
    /// It was lost.
    Lost,
}

/// The reply of which a playout speaks; it was begun under the reply's number.
fn reply_of(playout: PlayoutId) -> ReplyId {
    ReplyId(u32::try_from(playout.0).unwrap_or(u32::MAX))
}
