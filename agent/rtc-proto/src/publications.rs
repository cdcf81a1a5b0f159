//! What we publish: each track from the wish to its end, over stays, announced once in each (R2).

use std::collections::BTreeMap;

use livekit_protocol::{AddTrackRequest, AudioTrackFeature, TrackInfo, TrackPublishedResponse, TrackType};
use str0m::media::Mid;

use crate::names::{LocalTrack, TrackSid};
use crate::red::RedWriter;
use crate::vocabulary::{FrameFate, TrackOptions};

/// All tracks of ours.
#[derive(Debug, Default)]
pub(crate) struct Publications {
    tracks: BTreeMap<LocalTrack, Publication>,
    /// Sections whose track was ended and whose end no offer has told yet.
    retired: Vec<Mid>,
}

/// One track of ours.
#[derive(Debug)]
pub(crate) struct Publication {
    options: TrackOptions,
    muted: bool,
    announced: bool,
    mid: Option<Mid>,
    sid: Option<TrackSid>,
    info: Option<TrackInfo>,
    next_sequence: u64,
    red: RedWriter,
}

impl Publications {
    /// A track is wanted. One that is there already stays as it is.
    pub(crate) fn add(&mut self, track: LocalTrack, options: TrackOptions) {
        self.tracks.entry(track).or_insert(Publication {
            options,
            muted: false,
            announced: false,
            mid: None,
            sid: None,
            info: None,
            next_sequence: 1,
            red: RedWriter::default(),
        });
    }

    /// A track is no longer wanted. Says whether it was there.
    pub(crate) fn remove(&mut self, track: LocalTrack) -> bool {
        let removed = self.tracks.remove(&track);
        self.retired.extend(removed.as_ref().and_then(|publication| publication.mid));
        removed.is_some()
    }

    /// A new stay: nothing is announced, nothing has a section.
    pub(crate) fn on_restarted(&mut self) {
        self.retired.clear();
        for publication in self.tracks.values_mut() {
            publication.announced = false;
            publication.mid = None;
            publication.sid = None;
            publication.info = None;
            // A new connection is a new RTP stream, and a first packet cannot be past a rollover.
            publication.next_sequence = 1;
        }
    }

    /// What the server has to be told of; each is told once a stay.
    pub(crate) fn announce(&mut self) -> Vec<AddTrackRequest> {
        let unknown = self.tracks.iter_mut().filter(|(_, publication)| !publication.announced);
        unknown
            .map(|(track, publication)| {
                publication.announced = true;
                publication.request(*track)
            })
            .collect()
    }

    /// The link that carried our last words may have lost some: those without an answer are told again.
    pub(crate) fn on_resumed(&mut self) {
        for publication in self.tracks.values_mut().filter(|publication| publication.info.is_none()) {
            publication.announced = false;
        }
    }

    /// Tracks without a section: with the stream and the track id that the section shall carry.
    pub(crate) fn without_section(&self) -> Vec<(LocalTrack, String, String)> {
        let without = self.tracks.iter().filter(|(_, publication)| publication.mid.is_none());
        without
            .map(|(track, publication)| (*track, publication.options.stream.clone(), track.client_id()))
            .collect()
    }

    pub(crate) fn retired(&self) -> &[Mid] {
        &self.retired
    }

    /// An offer was answered: tracks have sections now, and the end of others is told.
    pub(crate) fn on_negotiated(&mut self, sections: &[(LocalTrack, Mid)], retired: &[Mid]) {
        self.retired.retain(|mid| !retired.contains(mid));
        for (track, mid) in sections {
            match self.tracks.get_mut(track) {
                Some(publication) => publication.mid = Some(*mid),
                None => self.retired.push(*mid),
            }
        }
    }

    /// The server knows a track by a name now.
    pub(crate) fn on_published(
        &mut self,
        response: TrackPublishedResponse,
    ) -> Option<(LocalTrack, TrackSid)> {
        let info = response.track?;
        let (track, publication) =
            self.tracks.iter_mut().find(|(track, _)| track.client_id() == response.cid)?;
        let sid = TrackSid::from(info.sid.as_str());
        publication.sid = Some(sid.clone());
        publication.info = Some(info);
        Some((*track, sid))
    }

    pub(crate) fn by_sid(&self, sid: &str) -> Option<LocalTrack> {
        let with_sid =
            |publication: &Publication| publication.sid.as_ref().is_some_and(|known| known.as_str() == sid);
        self.tracks.iter().find(|(_, publication)| with_sid(publication)).map(|(track, _)| *track)
    }

    pub(crate) fn sid(&self, track: LocalTrack) -> Option<&TrackSid> {
        self.tracks.get(&track)?.sid.as_ref()
    }

    /// Mutes or unmutes. Says whether that changed anything.
    pub(crate) fn mute(&mut self, track: LocalTrack, muted: bool) -> bool {
        let changed = self.tracks.get_mut(&track).filter(|publication| publication.muted != muted);
        changed.map(|publication| publication.muted = muted).is_some()
    }

    /// Where a track would be sent: its section, or why there is none to send it in.
    pub(crate) fn way(&self, track: LocalTrack) -> Result<Mid, FrameFate> {
        let publication = self.tracks.get(&track).ok_or(FrameFate::NotPublished)?;
        if publication.muted {
            return Err(FrameFate::Muted);
        }
        publication.mid.ok_or(FrameFate::NotConnected)
    }

    /// Where the next packet of a track goes, under which number, and what packs it. `None` while it cannot be sent.
    pub(crate) fn next_packet(&mut self, track: LocalTrack) -> Option<(Mid, u64, &mut RedWriter)> {
        let publication = self.tracks.get_mut(&track).filter(|publication| !publication.muted)?;
        let mid = publication.mid?;
        let sequence = publication.next_sequence;
        publication.next_sequence += 1;
        Some((mid, sequence, &mut publication.red))
    }

    /// For the server, at a resume: what it should know.
    pub(crate) fn known(&self) -> Vec<TrackPublishedResponse> {
        let known = |(track, publication): (&LocalTrack, &Publication)| {
            Some(TrackPublishedResponse { cid: track.client_id(), track: Some(publication.info.clone()?) })
        };
        self.tracks.iter().filter_map(known).collect()
    }

    /// What is muted, by its name: a server that has lost our last words hears it again.
    pub(crate) fn mutes(&self) -> impl Iterator<Item = (TrackSid, bool)> {
        self.tracks.values().filter_map(|publication| Some((publication.sid.clone()?, publication.muted)))
    }
}

impl Publication {
    fn request(&self, track: LocalTrack) -> AddTrackRequest {
        AddTrackRequest {
            cid: track.client_id(),
            name: self.options.name.clone(),
            r#type: TrackType::Audio as i32,
            source: self.options.source as i32,
            stream: self.options.stream.clone(),
            muted: self.muted,
            audio_features: if self.options.dtx {
                Vec::new()
            } else {
                vec![AudioTrackFeature::TfNoDtx as i32]
            },
            ..AddTrackRequest::default()
        }
    }
}
