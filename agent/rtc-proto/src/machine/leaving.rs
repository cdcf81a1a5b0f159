//! Leaving: with the last words, and with a word to the server, so that it does not wait for us to come back.

use std::time::Instant;

use livekit_protocol::leave_request::Action;
use livekit_protocol::signal_request::Message as Say;
use livekit_protocol::{DisconnectReason, LeaveRequest, ReconnectReason};

use super::{Machine, Phase};
use crate::event::DisconnectCause;
use crate::link::LinkPurpose;
use crate::reconnect::Attempt;
use crate::timer::Timer;
use crate::vocabulary::Reliability;

impl Machine {
    /// The owner wants to leave. Without a link one is asked for, or the one asked for is awaited: for a server that
    /// hears nothing we are in the room for another half a minute, and others wait for us.
    pub(super) fn leave(&mut self, now: Instant) {
        match self.phase {
            Phase::Live => self.phase = Phase::Leaving,
            Phase::Resuming => self.phase = Phase::Departing,
            Phase::Waiting(Attempt::Resume) => {
                let Some(participant) = self.local_sid() else { return self.say_goodbye(now) };
                self.timers.stop(Timer::Reconnect);
                self.phase = Phase::Departing;
                let reason = ReconnectReason::RrSignalDisconnected;
                self.open_link(now, LinkPurpose::Resume { participant, reason });
            }
            // The stay is past saving; to join anew only to leave would take others' time.
            Phase::Joining | Phase::Waiting(Attempt::Restart) => return self.say_goodbye(now),
            Phase::Leaving | Phase::Departing | Phase::Closed => return,
        }
        self.timers.set(Timer::Leave, now + self.config.patience.leave);
    }

    /// There is a link to say goodbye on.
    pub(super) fn depart(&mut self, now: Instant) {
        self.phase = Phase::Leaving;
        self.say_goodbye(now);
    }

    /// Leaves as soon as no reliable data is on its way.
    pub(super) fn leave_when_done(&mut self, now: Instant) {
        let (stay, mut wire) = self.stay_and_wire();
        let unacknowledged = stay
            .publisher
            .as_mut()
            .map_or(0, |publisher| publisher.unacknowledged(now, &mut wire, Reliability::Reliable));
        if unacknowledged == 0 && !self.outgoing.has_reliable() {
            self.say_goodbye(now);
        }
    }

    /// Says goodbye if there is a link, and ends.
    pub(super) fn say_goodbye(&mut self, now: Instant) {
        match self.phase {
            Phase::Live | Phase::Leaving => self.say(Say::Leave(LeaveRequest {
                reason: DisconnectReason::ClientInitiated as i32,
                action: Action::Disconnect as i32,
                ..LeaveRequest::default()
            })),
            Phase::Joining | Phase::Waiting(_) | Phase::Resuming | Phase::Departing | Phase::Closed => {
                self.counters.goodbyes_missed += 1;
            }
        }
        self.end(now, DisconnectCause::Left);
    }
}
