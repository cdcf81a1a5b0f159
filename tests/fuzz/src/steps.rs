//! An input as steps: a byte that says what happens, two bytes of length (little end first), and that many bytes.
//!
//! A length that is too long is cut, so that every input means something and a mutation of one step leaves the others.

/// One thing that happens.
#[derive(Clone, Copy, Debug)]
pub struct Step<'a> {
    /// What.
    pub kind: u8,
    /// With what.
    pub bytes: &'a [u8],
}

/// The steps of an input.
pub fn read(mut input: &[u8]) -> impl Iterator<Item = Step<'_>> {
    std::iter::from_fn(move || {
        let (&[kind, low, high], rest) = input.split_first_chunk()?;
        let length = usize::from(u16::from_le_bytes([low, high])).min(rest.len());
        let (bytes, rest) = rest.split_at(length);
        input = rest;
        Some(Step { kind, bytes })
    })
}

/// A step as it stands in an input.
#[must_use]
pub fn write(kind: u8, bytes: &[u8]) -> Vec<u8> {
    let length = u16::try_from(bytes.len()).unwrap_or(u16::MAX);
    let mut step = vec![kind];
    step.extend_from_slice(&length.to_le_bytes());
    step.extend_from_slice(&bytes[..usize::from(length)]);
    step
}
