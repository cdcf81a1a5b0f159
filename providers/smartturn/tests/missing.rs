//! What is said of files that are missing or wrong. A process opens one ONNX Runtime, so this one begins without.

use providers_core::ErrorKind;
use providers_smartturn::{SmartTurn, SmartTurnConfig};
use support::{config, folder};

#[expect(dead_code, reason = "the other tests use the rest of it")]
mod support;

#[test]
fn what_is_missing_or_wrong_is_named_with_its_remedy() {
    let scratch = tempfile::tempdir().expect("a folder");
    let text = scratch.path().join("text.onnx");
    std::fs::write(&text, "no model").expect("a file");
    let other = scratch.path().join("other.onnx");
    std::fs::write(&other, MAGNITUDE).expect("a file");
    let library = Some(folder().join("libonnxruntime.so"));
    for (config, kind, says) in [
        (
            SmartTurnConfig { model: "/nowhere/a.onnx".into(), ..config(1) },
            ErrorKind::NotFound,
            "./dev models smart-turn",
        ),
        (
            SmartTurnConfig { library: Some("/nowhere/lib.so".into()), ..config(1) },
            ErrorKind::NotFound,
            "/nowhere/lib.so",
        ),
        (
            SmartTurnConfig { library: Some(text.clone()), ..config(1) },
            ErrorKind::Unsupported,
            "text.onnx cannot be used",
        ),
        (
            SmartTurnConfig { model: text.clone(), library: library.clone(), ..config(1) },
            ErrorKind::Unsupported,
            "text.onnx is no model",
        ),
        (
            SmartTurnConfig { model: other, library, ..config(1) },
            ErrorKind::Unsupported,
            "other.onnx is another model than Smart Turn v3",
        ),
        (SmartTurnConfig { library: Some(text), ..config(1) }, ErrorKind::Unsupported, "open already"),
    ] {
        let error = SmartTurn::new(config).err().expect("none of these can be loaded");
        assert_eq!(error.kind, kind, "{error}");
        assert!(error.to_string().contains(says), "{error}");
    }
}

/// An ONNX model that gives the magnitude of the one number it is given.
const MAGNITUDE: &[u8] = b"\x08\x08\x3A\x2A\
    \x0A\x0B\x0A\x01x\x12\x01y\x22\x03Abs\
    \x12\x01g\
    \x5A\x0B\x0A\x01x\x12\x06\x0A\x04\x08\x01\x12\x00\
    \x62\x0B\x0A\x01y\x12\x06\x0A\x04\x08\x01\x12\x00\
    \x42\x04\x0A\x00\x10\x0D";
