//! What programs in the room may ask a call, by byte streams of one topic, beside what its people say. Not who may: that
//! is the service's own to judge.

use std::task::{Context, Poll};

use agent_rtc::{
    Identity, Participant, ParticipantSid, Room,
    data::{Delivery, StreamInfo, StreamOptions},
};

/// Bytes that may wait for the data channel when news joins them; beyond it news is left out: transcripts and states go
/// before it.
const NEWS_BACKLOG: usize = 128 * 1024;
/// Bytes that may wait for the data channel with an answer among them; beyond it the answer is left out, and its service
/// is told so. It is a part of what the channel's queue holds: what a call shows its people has the rest.
const ANSWER_BACKLOG: usize = 1024 * 1024;
/// What the streams' content is called.
const MIME_TYPE: &str = "application/octet-stream";

/// Serves programs in a room. It lives on the thread of its call and is driven with its body: it must neither block nor
/// wait.
pub trait Service {
    /// The topic of its streams, both ways.
    fn topic(&self) -> &'static str;

    /// Somebody is there, or something about them has changed.
    fn on_present(&mut self, participant: &Participant);

    /// A stay of somebody is over.
    fn on_gone(&mut self, identity: &Identity, stay: &ParticipantSid);

    /// Somebody has sent a whole stream. The server says in which stay: it may be one of which it has not told yet, or
    /// that of another who had the same name; it is empty where a server does not say it.
    fn on_received(&mut self, from: &Identity, stay: &ParticipantSid, bytes: &[u8]);

    /// What was given last by [`poll_dispatch`](Self::poll_dispatch) is on its way, or is not: too much waits for the
    /// data channel. It is told before the next is asked for.
    fn on_dispatched(&mut self, is_sent: bool);

    /// The call comes to its end. What is to be sent is asked for once more, and nothing is told after that.
    fn on_closing(&mut self);

    /// What is to be sent next; registers the waker when there is nothing.
    fn poll_dispatch(&mut self, cx: &mut Context<'_>) -> Poll<Dispatch>;
}

/// One stream that a service sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dispatch {
    /// To whom.
    pub to: Vec<Identity>,
    /// What.
    pub bytes: Vec<u8>,
    /// Whether it is news, which nobody waits for: it is left out when the data channel is behind.
    pub is_news: bool,
}

/// The hatch at which a service serves: what a body tells it, and what it sends.
pub(super) struct Hatch(pub(super) Option<Box<dyn Service>>);

impl Hatch {
    /// Opens it in a room, to those who are there.
    pub(super) fn open(&mut self, room: &mut Room, present: &[Participant]) {
        let Some(service) = &mut self.0 else { return };
        room.data().receive(service.topic(), Delivery::Whole);
        present.iter().for_each(|participant| service.on_present(participant));
    }

    pub(super) fn on_present(&mut self, participant: Option<&Participant>) {
        if let (Some(service), Some(participant)) = (&mut self.0, participant) {
            service.on_present(participant);
        }
    }

    pub(super) fn on_gone(&mut self, identity: &Identity, stay: &ParticipantSid) {
        if let Some(service) = &mut self.0 {
            service.on_gone(identity, stay);
        }
    }

    pub(super) fn on_received(&mut self, info: &StreamInfo, bytes: &[u8]) {
        if let Some(service) = self.0.as_mut().filter(|service| service.topic() == info.topic) {
            service.on_received(&info.key.sender, &info.key.stay, bytes);
        }
    }

    /// Sends all that the service has to send, and then what it has to when the call ends.
    pub(super) fn close(&mut self, cx: &mut Context<'_>, room: &mut Room) {
        while self.poll(cx, room) {}
        if let Some(service) = &mut self.0 {
            service.on_closing();
        }
        while self.poll(cx, room) {}
    }

    /// Sends what the service has to send next. True if there was anything.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>, room: &mut Room) -> bool {
        let Some(service) = &mut self.0 else { return false };
        let Poll::Ready(dispatch) = service.poll_dispatch(cx) else { return false };
        let is_sent = dispatch.fits(room.data().queued_bytes()) && send(room, service.topic(), dispatch);
        service.on_dispatched(is_sent);
        true
    }
}

impl Dispatch {
    /// Whether it may join so many bytes that wait for the data channel.
    const fn fits(&self, queued: usize) -> bool {
        if self.is_news { queued <= NEWS_BACKLOG } else { queued + self.bytes.len() <= ANSWER_BACKLOG }
    }
}

fn send(room: &mut Room, topic: &str, Dispatch { to, bytes, .. }: Dispatch) -> bool {
    let options = StreamOptions { topic: topic.to_owned(), destinations: to, ..StreamOptions::default() };
    let now = room.now();
    let sent = room.data().send_bytes(now, &bytes, topic, MIME_TYPE, options);
    if let Err(error) = &sent {
        tracing::debug!(%error, "a service's stream is not sent");
    }
    sent.is_ok()
}

#[cfg(test)]
mod tests {
    use super::{ANSWER_BACKLOG, Dispatch, NEWS_BACKLOG};

    #[test]
    fn what_a_call_shows_its_people_goes_before_news_and_long_answers() {
        let dispatch = |is_news, length| Dispatch { to: Vec::new(), bytes: vec![0; length], is_news };
        for (is_news, length, queued, fits) in [
            (true, 1_000, NEWS_BACKLOG, true),
            (true, 1_000, NEWS_BACKLOG + 1, false),
            (false, 1_000, NEWS_BACKLOG + 1, true),
            (false, 1_000, ANSWER_BACKLOG - 1_000, true),
            (false, 1_000, ANSWER_BACKLOG - 999, false),
            (false, ANSWER_BACKLOG + 1, 0, false),
        ] {
            let named = format!("news {is_news}, {length} bytes after {queued}");
            assert_eq!(dispatch(is_news, length).fits(queued), fits, "{named}");
        }
    }
}
