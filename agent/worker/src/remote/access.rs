//! Who may ask: whom their token says so of.

use agent_rtc::{Participant, Permissions};

/// The attribute by which a token says that its bearer may ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Access(pub(super) String);

impl Access {
    /// Whether a participant, as it stands, looks like one who may ask. An attribute of one who may change its own
    /// attributes is its own word, and not that of its token. One who may send no data cannot ask; and where a server
    /// does not tell what somebody may do, they seem to be one. Nor can one who is hidden: a server tells nobody of
    /// them, and leaves their name out of what they send.
    ///
    /// A server that takes the right to change attributes away leaves those that were given with it. So this holds for
    /// the first word of a stay only; see [`Stays::see`](super::stays::Stays::see).
    pub(super) fn admits(&self, participant: &Participant) -> bool {
        let Permissions { update_metadata, publish_data, .. } = participant.permissions;
        let carries = participant.attributes.get(&self.0).is_some_and(|value| value == ADMITS);
        carries && publish_data && !update_metadata
    }
}

/// What the attribute says.
const ADMITS: &str = "true";
