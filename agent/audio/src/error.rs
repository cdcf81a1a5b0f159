//! What can be wrong with a codec: its settings, never the network's bytes (those are counted).

/// The codec refused to be made or to work.
#[derive(Debug, thiserror::Error)]
pub enum CodecError {
    /// The decoder could not be made; libopus is out of memory.
    #[error("cannot make an opus decoder")]
    Decoder(#[source] opus::Error),
    /// The encoder could not be made or refused a setting.
    #[error("cannot make an opus encoder with this configuration")]
    Encoder(#[source] opus::Error),
}
