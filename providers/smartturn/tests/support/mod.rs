//! Where the tests find the model: `COLLOQUY_MODELS`, or where `./dev models smart-turn` puts it.

use std::path::PathBuf;

use providers_smartturn::{SmartTurn, SmartTurnConfig, Thresholds};

/// The folder of the model and of ONNX Runtime.
#[expect(
    clippy::disallowed_methods,
    reason = "a test is told where the model is as a program is by its configuration"
)]
pub(crate) fn folder() -> PathBuf {
    let named = std::env::var("COLLOQUY_MODELS").map(PathBuf::from);
    let folder = named.unwrap_or_else(|_| {
        PathBuf::from(std::env::var("HOME").expect("a home")).join(".cache/colloquy/models")
    });
    let model = folder.join("smart-turn-v3.2-cpu.onnx");
    assert!(model.exists(), "no {}: run `./dev models smart-turn`, or set COLLOQUY_MODELS", model.display());
    folder
}

/// One thread, 500 for every language, and so many pauses that wait.
pub(crate) fn config(waiting: usize) -> SmartTurnConfig {
    SmartTurnConfig {
        model: folder().join("smart-turn-v3.2-cpu.onnx"),
        library: None,
        thresholds: Thresholds { usual: 500, by_language: [("de".to_owned(), 600)].into() },
        threads: 1,
        waiting,
    }
}

/// The detector of [`config`].
pub(crate) fn detector(waiting: usize) -> SmartTurn {
    SmartTurn::new(config(waiting)).expect("fetched by ./dev models smart-turn")
}
