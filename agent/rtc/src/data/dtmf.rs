//! The sixteen keys of a telephone, on the wire and off it.

use livekit_protocol as proto;

/// A key in the order of its code on the wire.
const KEYS: [char; 16] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '*', '#', 'A', 'B', 'C', 'D'];

/// A touch tone: `0`–`9`, `*`, `#`, `A`–`D`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DtmfDigit(u8);

impl DtmfDigit {
    /// The key with this sign; letters in either case.
    pub fn parse(sign: char) -> Option<Self> {
        let code = KEYS.iter().position(|key| key.eq_ignore_ascii_case(&sign))?;
        Some(Self(code as u8))
    }

    /// The digit's sign decides; a packet that only has a code is understood too.
    pub(super) fn from_wire(tone: &proto::SipDtmf) -> Option<Self> {
        let mut signs = tone.digit.chars();
        match (signs.next(), signs.next()) {
            (Some(sign), None) => Self::parse(sign),
            (None, _) if (tone.code as usize) < KEYS.len() => Some(Self(tone.code as u8)),
            (None, _) | (Some(_), Some(_)) => None,
        }
    }

    /// The event code of RFC 4733, 0–15.
    pub fn code(self) -> u32 {
        u32::from(self.0)
    }

    /// The key's sign.
    pub fn as_char(self) -> char {
        KEYS[usize::from(self.0)]
    }
}
