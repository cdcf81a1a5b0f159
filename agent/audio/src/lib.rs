//! What a call hears and says, sample by sample: Opus, jitter buffer, voice activity, mixing, playout clock. Pure.
