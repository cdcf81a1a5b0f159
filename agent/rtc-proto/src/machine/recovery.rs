//! Losing the server and coming back: resume, restart, giving up (R3).

use std::time::Instant;

use livekit_protocol::leave_request::Action;
use livekit_protocol::signal_request::Message as Say;
use livekit_protocol::{
    DataChannelInfo, DisconnectReason, LeaveRequest, ReconnectReason, ReconnectResponse, SignalTarget,
    SyncState, UpdateSubscription,
};

use super::{Machine, Phase};
use crate::event::{DisconnectCause, RoomEvent};
use crate::input::TcpId;
use crate::link::{LinkFailure, LinkPurpose, SignalPath};
use crate::names::ParticipantSid;
use crate::output::Output;
use crate::reconnect::{Attempt, Outage};
use crate::timer::Timer;

/// Losing.
impl Machine {
    pub(super) fn on_link_failed(&mut self, now: Instant, failure: LinkFailure) {
        match self.phase {
            // A server without the single path: ask on the other, before anything else is said about it.
            Phase::Joining
                if self.path == SignalPath::Single
                    && self.roster.local.is_none()
                    && matches!(failure, LinkFailure::NotFound(_)) =>
            {
                self.path = SignalPath::Dual;
                self.timers.stop(Timer::Link);
                self.begin_stay(now);
            }
            Phase::Joining | Phase::Live | Phase::Resuming => self.lose(now, failure, false),
            Phase::Leaving | Phase::Departing => self.say_goodbye(now),
            // The link was given up before it broke.
            Phase::Waiting(_) | Phase::Closed => {}
        }
    }

    /// The server is lost, or an attempt to find it failed. `restart_only`: the stay is past saving.
    pub(super) fn lose(&mut self, now: Instant, failure: LinkFailure, restart_only: bool) {
        match self.phase {
            Phase::Closed => return,
            Phase::Leaving | Phase::Departing => return self.say_goodbye(now),
            Phase::Joining | Phase::Live | Phase::Waiting(_) | Phase::Resuming => {}
        }
        if self.roster.local.is_none() {
            return self.end(now, DisconnectCause::JoinFailed(failure));
        }
        for timer in
            [Timer::Link, Timer::Answer, Timer::Media, Timer::Tcp, Timer::Ping, Timer::Pong, Timer::Word]
        {
            self.timers.stop(timer);
        }
        self.outputs.push_back(Output::CloseLink);
        let mut outage = self.outage.take().unwrap_or_else(|| {
            self.outputs.push_back(Output::Event(RoomEvent::Reconnecting));
            Outage::new(failure.clone())
        });
        outage.last = failure;
        let is_dead = self.stay.connections().any(|connection| connection.is_dead());
        // Once a new stay was asked for, there is no way back to the old one.
        outage.restart_only |= restart_only || is_dead || outage.restarts > 0;
        match outage.next(&self.config.patience, self.config.seed) {
            Some((attempt, delay)) => {
                self.phase = Phase::Waiting(attempt);
                self.timers.set(Timer::Reconnect, now + delay);
                self.outage = Some(outage);
            }
            None => self.end(now, DisconnectCause::Lost { attempts: outage.attempts(), last: outage.last }),
        }
    }

    /// Media has stopped, or a connection is past saving: how bad it is depends on what else is going on.
    pub(super) fn on_media_state(&mut self, now: Instant) {
        self.tell_media();
        let (is_lost, is_dead) = self.stay.connections().fold((false, false), |(lost, dead), connection| {
            (lost || connection.is_lost(), dead || connection.is_dead())
        });
        match self.phase {
            Phase::Live if is_dead => self.wait_for_word(now),
            Phase::Live if is_lost && self.outage.is_none() => self.lose(now, LinkFailure::Media, false),
            Phase::Live if self.stay.is_up() => self.on_media_up(),
            Phase::Waiting(_) | Phase::Resuming if is_dead => {
                if let Some(outage) = &mut self.outage {
                    outage.restart_only = true;
                }
                if self.phase == Phase::Waiting(Attempt::Resume) {
                    self.phase = Phase::Waiting(Attempt::Restart);
                }
            }
            Phase::Leaving if is_dead => self.say_goodbye(now),
            Phase::Joining
            | Phase::Live
            | Phase::Waiting(_)
            | Phase::Resuming
            | Phase::Leaving
            | Phase::Departing
            | Phase::Closed => {}
        }
    }

    /// The server ended media. A deleted room looks so too, and to come back into it would make it anew.
    fn wait_for_word(&mut self, now: Instant) {
        if self.timers.get(Timer::Word).is_none() {
            self.timers.set(Timer::Word, now + self.config.patience.word);
        }
    }

    /// Tells when media begins to flow.
    pub(super) fn tell_media(&mut self) {
        let flows = self.stay.flows();
        if !std::mem::replace(&mut self.media_told, flows) && flows {
            self.tell(RoomEvent::MediaConnected);
        }
    }

    fn on_media_up(&mut self) {
        self.timers.stop(Timer::Media);
        self.timers.stop(Timer::Tcp);
        if let Some(outage) = self.outage.take() {
            self.tell(RoomEvent::Reconnected { full: outage.restarts > 0 });
        }
    }
}

/// Coming back.
impl Machine {
    /// The time for the next attempt has come.
    pub(super) fn attempt(&mut self, now: Instant) {
        let (Phase::Waiting(attempt), Some(outage)) = (self.phase, &mut self.outage) else { return };
        match attempt {
            Attempt::Resume => {
                outage.resumes += 1;
                self.counters.resumes += 1;
                let reason = if outage.last == LinkFailure::Media {
                    ReconnectReason::RrPublisherFailed
                } else {
                    ReconnectReason::RrSignalDisconnected
                };
                let Some(participant) = self.local_sid() else { return };
                self.phase = Phase::Resuming;
                self.open_link(now, LinkPurpose::Resume { participant, reason });
            }
            Attempt::Restart => {
                outage.restarts += 1;
                self.counters.restarts += 1;
                self.begin_stay(now);
            }
        }
    }

    /// The server goes on with our stay on the new link.
    pub(super) fn on_resumed(&mut self, now: Instant, response: &ReconnectResponse) {
        if self.phase == Phase::Departing {
            return self.depart(now);
        }
        if self.phase != Phase::Resuming {
            self.counters.unexpected_signals += 1;
            return;
        }
        self.phase = Phase::Live;
        self.timers.stop(Timer::Link);
        self.start_pings(now);
        self.link.awaits_everybody = true;
        self.say(Say::SyncState(self.sync_state()));
        self.say_unwanted();
        self.outgoing.on_resumed(response.last_message_seq, &mut self.counters);
        self.publications.on_resumed();
        let mutes: Vec<_> = self.publications.mutes().collect();
        for (sid, muted) in mutes {
            self.say_mute(&sid, muted);
        }
        self.tell_own_again();
        self.stay.needs.restart_ice = true;
        self.repeat_offer(now);
        self.timers.set(Timer::Media, now + self.config.patience.media_again);
        self.expect_tcp(now);
        self.announce(now);
    }

    fn sync_state(&self) -> SyncState {
        let channel = |label: &str, target: SignalTarget| DataChannelInfo {
            label: label.into(),
            id: 0,
            target: target as i32,
        };
        SyncState {
            subscription: Some(UpdateSubscription {
                track_sids: self.wanted_and_known(),
                subscribe: true,
                ..UpdateSubscription::default()
            }),
            publish_tracks: self.publications.known(),
            data_channels: vec![
                channel("_reliable", SignalTarget::Publisher),
                channel("_lossy", SignalTarget::Publisher),
            ],
            datachannel_receive_states: self.received.states(),
            ..SyncState::default()
        }
    }

    pub(super) fn on_tcp_closed(&mut self, now: Instant, id: TcpId) {
        let (stay, mut wire) = self.stay_and_wire();
        let Some(connection) = stay.connection_of_tcp(id) else { return };
        connection.on_tcp_closed(now, &mut wire);
        if stay.tcp_allowed {
            self.timers.set(Timer::Tcp, now + self.config.patience.tcp_after);
        }
    }

    pub(super) fn local_sid(&self) -> Option<ParticipantSid> {
        self.roster.local.as_ref().map(|local| local.sid.clone())
    }
}

/// The end.
impl Machine {
    /// The server says that the link or the stay ends here.
    pub(super) fn on_leave(&mut self, now: Instant, leave: &LeaveRequest) {
        let reason = DisconnectReason::try_from(leave.reason).unwrap_or_default();
        let closed = LinkFailure::Closed(format!("the server asked to reconnect: {}", reason.as_str_name()));
        // Servers before the actions say only whether to come back.
        let action = match Action::try_from(leave.action).unwrap_or_default() {
            Action::Disconnect if leave.can_reconnect => Action::Reconnect,
            action => action,
        };
        match action {
            Action::Disconnect => self.end(now, DisconnectCause::Removed(reason)),
            Action::Resume => self.lose(now, closed, false),
            Action::Reconnect => self.lose(now, closed, true),
        }
    }

    pub(super) fn end(&mut self, now: Instant, cause: DisconnectCause) {
        if self.phase == Phase::Closed {
            return;
        }
        self.end_stay(now);
        self.phase = Phase::Closed;
        self.outage = None;
        self.timers.stop_all();
        self.outputs.push_back(Output::CloseLink);
        self.tell(RoomEvent::Disconnected(cause));
    }
}
