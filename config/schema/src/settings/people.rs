//! Settings of the people in a room: for whom the call is, and who else is heard.

use crate::{
    inventory::{choice, section},
    rule::{some_of, text},
};

choice! {
    /// Who counts as a person.
    pub enum PersonKind {
        /// Somebody at a client.
        Standard = "standard",
        /// Somebody on the telephone.
        Sip = "sip",
        /// Somebody behind a connector to another network.
        Connector = "connector",
    }
}

choice! {
    /// What the words of others are worth.
    pub enum OthersStanding {
        /// They are not heard.
        Unheard = "unheard",
        /// They are heard and stand in the conversation, but are not answered, and interrupt nobody.
        Heard = "heard",
        /// They are answered as the one whom the call is for.
        Answered = "answered",
    }
}

section! {
    /// The people in a room: for whom the call is, and who else is heard. How many at once is turn.max_speakers.
    pub struct People at "people" {
        /// The identity of the one whom the call is for. Empty: the participant that the job is about, or the first person.
        identity: Option<String> = "identity" text("", 256);
        /// Who counts as a person. Those whom LiveKit's own agents talk to.
        kinds: Vec<PersonKind> = "kinds" some_of(PersonKind::WORDS, PersonKind::WORDS);
        /// What the words of others are worth. Each who is heard costs what one call costs to hear.
        others: OthersStanding = "others" OthersStanding::Unheard.rule();
    }
}
