//! Transcripts as clients of LiveKit's agents read them: text streams of topic `lk.transcription`.
//!
//! What the agent says is one stream for each segment, grown as it is heard and closed when it is over. What the user
//! says is a stream for each version of a segment, in the user's name; a client replaces by the segment's id. Clients
//! that cannot read streams are sent the older packets.

use std::collections::BTreeMap;

use agent_rtc::{
    Identity, LocalTrack, Participant, ParticipantKind, Room, TrackSid,
    data::{SendError, StreamOptions, TextStream, TranscriptionSegment},
};
use tracing::debug;

use crate::Segment;

const TOPIC: &str = "lk.transcription";
const SEGMENT: &str = "lk.segment_id";
const FINAL: &str = "lk.transcription_final";
const TRACK: &str = "lk.transcribed_track_id";
/// From this `client_protocol` on, a client reads transcripts from streams.
const READS_STREAMS: i32 = 3;

/// Writes the transcripts of one call.
pub(super) struct Captions {
    /// What makes the ids of this call's segments differ from another's.
    salt: u64,
    open: Option<Open>,
}

/// The agent's segment that is being heard.
struct Open {
    segment: Segment,
    /// `None`: it could not be opened yet.
    stream: Option<TextStream>,
    text: String,
}

impl Captions {
    pub(super) const fn new(salt: u64) -> Self {
        Self { salt, open: None }
    }

    /// The words of the user so far.
    pub(super) fn user(
        &self,
        room: &mut Room,
        segment: Segment,
        user: &Identity,
        track: Option<&TrackSid>,
        text: &str,
        is_final: bool,
    ) {
        let options = StreamOptions {
            sender: Some(user.clone()),
            ..self.options(segment, track.map(TrackSid::as_str), is_final)
        };
        let now = room.now();
        note(room.data().send_text(now, text, options).map(drop));
        self.send_packet(room, segment, user, track.map(TrackSid::as_str), text, is_final);
    }

    /// More words of the agent, which are heard now.
    pub(super) fn agent(&mut self, room: &mut Room, segment: Segment, track: Option<LocalTrack>, more: &str) {
        if self.open.as_ref().is_none_or(|open| open.segment != segment) {
            self.end(room, track);
            self.open = Some(Open { segment, stream: None, text: String::new() });
        }
        let Some(mut open) = self.open.take() else { return };
        open.text.push_str(more);
        match open.stream.as_mut().filter(|stream| !room.data().is_lost(stream)) {
            Some(stream) => note(room.data().append_text(stream, more)),
            // The room was joined anew: whoever reads has to be told all of it again.
            None => open.stream = self.open_stream(room, track, segment, &open.text),
        }
        self.open = Some(open);
        self.send_agent_packet(room, track, false);
    }

    /// A stream of a segment that holds this already.
    fn open_stream(
        &self,
        room: &mut Room,
        track: Option<LocalTrack>,
        segment: Segment,
        text: &str,
    ) -> Option<TextStream> {
        let sid = track.and_then(|track| room.local_track_sid(track).cloned());
        let options = self.options(segment, sid.as_ref().map(TrackSid::as_str), false);
        let now = room.now();
        let opened = room.data().open_text(now, options);
        let mut stream = opened.map_err(|error| note(Err(error))).ok()?;
        note(room.data().append_text(&mut stream, text));
        Some(stream)
    }

    /// The agent's segment is over.
    pub(super) fn end_agent(&mut self, room: &mut Room, segment: Segment, track: Option<LocalTrack>) {
        if self.open.as_ref().is_some_and(|open| open.segment == segment) {
            self.end(room, track);
        }
    }

    fn end(&mut self, room: &mut Room, track: Option<LocalTrack>) {
        self.send_agent_packet(room, track, true);
        let Some(Open { segment, stream, text }) = self.open.take() else { return };
        let stream = stream.filter(|stream| !room.data().is_lost(stream));
        if let Some(stream) = stream.or_else(|| self.open_stream(room, track, segment, &text)) {
            let is_final = BTreeMap::from([(FINAL.to_owned(), "true".to_owned())]);
            room.data().close_text(stream, is_final, None);
        }
    }

    fn send_agent_packet(&self, room: &mut Room, track: Option<LocalTrack>, is_final: bool) {
        let Some(open) = &self.open else { return };
        let sid = track.and_then(|track| room.local_track_sid(track).cloned());
        let agent = room.local().identity.clone();
        self.send_packet(
            room,
            open.segment,
            &agent,
            sid.as_ref().map(TrackSid::as_str),
            &open.text,
            is_final,
        );
    }

    /// The older packet, if somebody here reads nothing else. It is about a track: clients of LiveKit's Rust core stop
    /// with a panic when it names none.
    fn send_packet(
        &self,
        room: &mut Room,
        segment: Segment,
        speaker: &Identity,
        track: Option<&str>,
        text: &str,
        is_final: bool,
    ) {
        let needs_packets = |person: &Participant| {
            person.kind == ParticipantKind::Standard && person.client_protocol < READS_STREAMS
        };
        let Some(track) = track.filter(|_| room.participants().any(needs_packets)) else { return };
        let segment = TranscriptionSegment {
            id: self.id(segment),
            text: text.to_owned(),
            is_final,
            language: String::new(),
        };
        note(room.data().send_transcription(speaker, track, vec![segment]));
    }

    fn options(&self, segment: Segment, track: Option<&str>, is_final: bool) -> StreamOptions {
        let mut attributes = BTreeMap::from([
            (SEGMENT.to_owned(), self.id(segment)),
            (FINAL.to_owned(), is_final.to_string()),
        ]);
        if let Some(track) = track {
            attributes.insert(TRACK.to_owned(), track.to_owned());
        }
        StreamOptions { topic: TOPIC.to_owned(), attributes, ..StreamOptions::default() }
    }

    /// `SG_` and twelve hexadecimal digits.
    fn id(&self, segment: Segment) -> String {
        let number = self.salt.wrapping_add(u64::from(segment.0)) & 0xffff_ffff_ffff;
        format!("SG_{number:012x}")
    }
}

/// A transcript that cannot be sent is missed by those who read it; the call goes on.
fn note(sent: Result<(), SendError>) {
    if let Err(error) = sent {
        debug!(%error, "transcript is not sent");
    }
}
