//! Voice activity: is this speech?

/// Samples in one window at 16 kHz: 32 ms.
pub const VAD_WINDOW: usize = 512;

/// A detector of speech. Lives on the audio thread: costs tens of microseconds, allocates nothing after `new`.
pub trait VoiceActivity: Send {
    /// The probability, 0 to 1, that the window is speech. Windows come in order, each [`VAD_WINDOW`] samples of
    /// 16 kHz mono.
    fn probability(&mut self, window: &[i16; VAD_WINDOW]) -> f32;

    /// Forgets what was heard.
    fn reset(&mut self);
}
