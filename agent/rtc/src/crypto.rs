//! One crypto provider for the process: AWS-LC, for TLS and for WebRTC.

/// Installs it. Call it once in `main`, before the first room; again changes nothing.
///
/// rustls panics at the first `wss://` when two providers are linked and none is installed.
pub fn install_crypto() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        // Refused when the process has installed one already: then that one is meant.
        drop(rustls::crypto::aws_lc_rs::default_provider().install_default());
        agent_rtc_proto::install_crypto();
    });
}
