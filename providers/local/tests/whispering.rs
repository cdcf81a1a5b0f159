//! whisper.cpp with the weights that `./dev models` makes, named by `COLLOQUY_WHISPER_WEIGHTS`.
#![cfg(feature = "whisper")]

use std::path::PathBuf;

use providers_core::{BatchRecogniser, ErrorKind, SttOptions};
use providers_local::{WhisperConfig, WhisperEar};
use speech::{error_count, say, testdata};

#[expect(dead_code, reason = "the other tests use the rest of it")]
mod speech;

#[tokio::test]
async fn it_hears_seven_words_of_eight_of_old_novels() {
    let ear = WhisperEar::new(&config()).expect("weights");
    let (mut errors, mut words) = (0, 0);
    for (audio, transcript) in testdata() {
        let heard = ear.recognise(audio, &SttOptions::default()).await.expect("words").transcript.text;
        errors += error_count(&transcript, &plain(&heard));
        words += transcript.split(' ').count();
    }
    assert!(errors * 8 <= words, "{errors} of {words} words wrong");
}

#[tokio::test]
async fn a_dropped_request_frees_its_thread() {
    let ear = WhisperEar::new(&config()).expect("weights");
    drop(ear.recognise(vec![0; 16_000 * 20], &SttOptions::default()));
    let heard = ear.recognise(say("turn on the kitchen light").await, &SttOptions::default()).await;
    let recognition = heard.expect("words");
    assert_eq!(plain(&recognition.transcript.text), "turn on the kitchen light");
    assert!(recognition.usage.audio_in_ms > 1_000);
}

#[test]
fn weights_that_are_missing_or_none_are_told() {
    let missing = WhisperConfig { weights: "/nowhere.bin".into(), ..config() };
    let error = WhisperEar::new(&missing).err().expect("none there");
    assert_eq!(error.kind, ErrorKind::NotFound);
    assert!(error.to_string().contains("./dev models"), "{error}");
    let wrong = WhisperConfig { weights: "Cargo.toml".into(), ..config() };
    let error = WhisperEar::new(&wrong).err().expect("no weights");
    assert!(error.to_string().contains("no ggml weights file"), "{error}");
}

fn plain(text: &str) -> String {
    let letters = text.chars().filter(|c| c.is_alphabetic() || *c == ' ' || *c == '-');
    letters.collect::<String>().to_lowercase().replace('-', " ").replace("mr ", "mister ")
}

#[expect(
    clippy::disallowed_methods,
    reason = "a test is told where the weights are as a program is by its configuration"
)]
fn config() -> WhisperConfig {
    let weights =
        std::env::var("COLLOQUY_WHISPER_WEIGHTS").expect("the path of a file that `./dev models` made");
    WhisperConfig { weights: PathBuf::from(weights), recognisers: 1, waiting: 4 }
}
