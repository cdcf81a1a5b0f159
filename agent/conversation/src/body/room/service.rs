//! What programs in the room may ask a call, by byte streams of one topic, beside what its people say. Not who may: that
//! is the service's own to judge.

use std::task::{Context, Poll};

use agent_rtc::{
    Identity, Participant, Room,
    data::{Delivery, StreamOptions},
};

/// Bytes that may wait for the data channel before news is left out: transcripts and states go before it.
const NEWS_BACKLOG: usize = 128 * 1024;
/// What the streams' content is called.
const MIME_TYPE: &str = "application/octet-stream";

/// Serves programs in a room. It lives on the thread of its call and is driven with its body: it must neither block nor
/// wait.
pub trait Service {
    /// The topic of its streams, both ways.
    fn topic(&self) -> &'static str;

    /// Somebody is there, or something about them has changed.
    fn on_present(&mut self, participant: &Participant);

    /// Somebody is gone.
    fn on_gone(&mut self, identity: &Identity);

    /// Somebody has sent a whole stream.
    fn on_received(&mut self, from: &Identity, bytes: &[u8]);

    /// Something could not be sent: too much waits for the data channel.
    fn on_unsent(&mut self, dispatch: Dispatch);

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

    pub(super) fn on_gone(&mut self, identity: &Identity) {
        if let Some(service) = &mut self.0 {
            service.on_gone(identity);
        }
    }

    pub(super) fn on_received(&mut self, topic: &str, from: &Identity, bytes: &[u8]) {
        if let Some(service) = self.0.as_mut().filter(|service| service.topic() == topic) {
            service.on_received(from, bytes);
        }
    }

    /// Sends what the service has to send next. True if there was anything.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>, room: &mut Room) -> bool {
        let Some(service) = &mut self.0 else { return false };
        let Poll::Ready(dispatch) = service.poll_dispatch(cx) else { return false };
        if dispatch.is_news && room.data().queued_bytes() > NEWS_BACKLOG {
            service.on_unsent(dispatch);
            return true;
        }
        let (now, topic) = (room.now(), service.topic().to_owned());
        let options = StreamOptions { topic, destinations: dispatch.to.clone(), ..StreamOptions::default() };
        if let Err(error) =
            room.data().send_bytes(now, &dispatch.bytes, &options.topic.clone(), MIME_TYPE, options)
        {
            tracing::debug!(%error, "a service's stream is not sent");
            service.on_unsent(dispatch);
        }
        true
    }
}
