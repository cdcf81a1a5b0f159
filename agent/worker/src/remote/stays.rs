//! Who is there, by which stay, and whether they may ask; and what somebody has sent before the server told of them.
//! Not what they ask.

use std::{
    collections::{BTreeMap, VecDeque},
    mem,
    time::Duration,
};

use agent_conversation::Moment;
use agent_rtc::{Identity, ParticipantSid};

/// Those who are there, and those of whom only words are.
#[derive(Default)]
pub(super) struct Stays {
    /// By identity, which no two have at once. One after the other may.
    present: BTreeMap<Identity, Stay>,
    /// The server tells of somebody up to seconds after their first word.
    early: VecDeque<Early>,
}

/// One stay of somebody.
struct Stay {
    sid: ParticipantSid,
    may_ask: bool,
}

/// A request of a stay that was not told of.
struct Early {
    from: Identity,
    stay: ParticipantSid,
    bytes: Vec<u8>,
    until: Moment,
}

impl Stays {
    /// The server tells of a stay. Its first word decides who may ask, and a later one only takes that back: what a token
    /// says is told from the beginning, and what comes later anybody may have said. Whether it was known, and may
    /// still ask.
    pub(super) fn see(&mut self, who: &Identity, sid: &ParticipantSid, may_ask: bool) -> bool {
        if let Some(known) = self.present.get_mut(who).filter(|known| known.sid == *sid) {
            known.may_ask &= may_ask;
            return known.may_ask;
        }
        self.present.insert(who.clone(), Stay { sid: sid.clone(), may_ask });
        false
    }

    /// A stay is over.
    pub(super) fn forget(&mut self, who: &Identity, sid: &ParticipantSid) {
        if self.present.get(who).is_some_and(|known| known.sid == *sid) {
            self.present.remove(who);
        }
    }

    /// Whether a stay may ask; `None` before the server has told of it.
    pub(super) fn may_ask(&self, who: &Identity, sid: &ParticipantSid) -> Option<bool> {
        self.present.get(who).filter(|known| known.sid == *sid).map(|known| known.may_ask)
    }

    /// Those who may ask, and are told.
    pub(super) fn askers(&self) -> Vec<Identity> {
        self.present.iter().filter(|(_, stay)| stay.may_ask).map(|(who, _)| who.clone()).collect()
    }

    /// Keeps a request until the server tells of the stay that it is of; false when too many wait.
    pub(super) fn keep(&mut self, now: Moment, from: &Identity, stay: &ParticipantSid, bytes: &[u8]) -> bool {
        let n_theirs = self.early.iter().filter(|early| early.from == *from).count();
        if self.early.len() >= EARLY || n_theirs >= EARLY_OF_ONE {
            return false;
        }
        let (from, stay, bytes) = (from.clone(), stay.clone(), bytes.to_vec());
        self.early.push_back(Early { from, stay, bytes, until: Moment(now.0 + EARLY_PATIENCE) });
        true
    }

    /// What a stay has sent before it was told of, in order. What another sent under the same name stays where it is.
    pub(super) fn take_kept(&mut self, of: &Identity, sid: &ParticipantSid) -> Vec<Vec<u8>> {
        let is_theirs = |early: &Early| early.from == *of && early.stay == *sid;
        let (theirs, others): (VecDeque<_>, VecDeque<_>) =
            mem::take(&mut self.early).into_iter().partition(is_theirs);
        self.early = others;
        theirs.into_iter().map(|early| early.bytes).collect()
    }

    /// Drops what has waited for too long; how many requests.
    pub(super) fn drop_late(&mut self, now: Moment) -> usize {
        let before = self.early.len();
        self.early.retain(|early| early.until > now);
        before - self.early.len()
    }

    /// Drops all that waits; how many requests.
    pub(super) fn drop_kept(&mut self) -> usize {
        mem::take(&mut self.early).len()
    }

    /// When the first has waited for too long.
    pub(super) fn deadline(&self) -> Option<Moment> {
        self.early.front().map(|early| early.until)
    }
}

/// Requests that may wait for the server to tell of who sent them; more are refused.
const EARLY: usize = 16;
/// Of them, those under one name: one alone does not fill the waiting room.
const EARLY_OF_ONE: usize = 4;
/// How long they wait. A server gathers news of those who publish nothing for up to three seconds.
const EARLY_PATIENCE: Duration = Duration::from_secs(5);
