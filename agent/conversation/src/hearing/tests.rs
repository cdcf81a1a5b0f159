//! Streams that are opened in the middle of what somebody says: what each of them hears.

use std::{future::poll_fn, sync::Arc, time::Duration};

use agent_audio::Recent;
use providers_core::{BatchRecogniser, ErrorKind, SpeechToText, SttOptions, VoiceEdge};
use providers_fake::{FakeEar, FakeRecogniser, Fault, Faults, Heard, Mishap};
use providers_layers::{SegmentRules, Segments};

use super::{Hearing, News, Sureness};

const SECOND: Duration = Duration::from_secs(1);
const STARTED: VoiceEdge = VoiceEdge::Started { lead: Duration::ZERO };
const STOPPED: VoiceEdge = VoiceEdge::Stopped { silence: Duration::ZERO };

/// Who speaks, and whose voice is kept.
struct Talk {
    hearing: Hearing,
    tape: Recent,
}

impl Talk {
    fn new(stt: &Arc<dyn SpeechToText>) -> Self {
        let mut hearing = Hearing::new(stt.clone(), SttOptions::default(), SECOND / 10);
        hearing.open();
        Self { hearing, tape: Recent::new(8 * SECOND) }
    }

    fn speak(&mut self, milliseconds: usize) {
        for _ in 0..milliseconds / 20 {
            self.hearing.push(&[1; 320]);
            self.tape.push(&[1; 320]);
        }
    }

    /// What is told within a second, words as they are; usage is not asked for.
    async fn told(&mut self) -> Vec<String> {
        let mut told = Vec::new();
        let all = async {
            loop {
                told.push(match poll_fn(|cx| self.hearing.poll(cx, Some(&self.tape))).await {
                    News::Words { text, sureness: Sureness::Final, .. } => text,
                    News::Words { .. } | News::Used(_) => continue,
                    News::Failed { kind, .. } => kind.name().to_owned(),
                    News::Lost => "lost".to_owned(),
                    other @ (News::SpeechStarted | News::SpeechEnded) => format!("{other:?}"),
                });
            }
        };
        let endless: Result<(), _> = tokio::time::timeout(SECOND, all).await;
        assert!(endless.is_err());
        told
    }
}

fn play(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.expect("a runtime without I/O needs nothing that could fail").block_on(test);
}

fn ear(words: &str) -> Arc<dyn SpeechToText> {
    Arc::new(FakeEar::answering(Heard::InTurn(vec![words.to_owned()]), SECOND / 10))
}

#[test]
fn each_of_two_ears_is_believed_about_what_it_heard_of_one_utterance() {
    play(async {
        let mut talk = Talk::new(&ear("I would like to"));
        talk.hearing.voice(STARTED);
        talk.speak(1_000);
        talk.hearing.replace(&ear("book a table"), &SttOptions::default());
        talk.speak(1_000);
        assert_eq!(talk.told().await, ["I would like to"]);
        talk.hearing.voice(STOPPED);
        assert_eq!(talk.told().await, ["book a table"], "it was told that somebody speaks");
        assert_eq!(talk.hearing.so_far(), "I would like to book a table");
    });
}

#[test]
fn an_ear_of_which_nothing_is_awaited_is_left_at_once() {
    play(async {
        let first = Arc::new(FakeEar::answering(Heard::Counted, SECOND / 10));
        let mut talk = Talk::new(&(first.clone() as Arc<dyn SpeechToText>));
        talk.hearing.voice(STARTED);
        talk.speak(500);
        talk.hearing.voice(STOPPED);
        assert_eq!(talk.told().await, ["utterance 1"]);
        talk.hearing.replace(&ear("hello"), &SttOptions::default());
        assert_eq!(first.open_now(), 0);
    });
}

#[test]
fn an_ear_that_is_opened_again_hears_what_the_tape_has_of_the_utterance() {
    play(async {
        let recogniser = Arc::new(FakeRecogniser::new(Heard::Counted, SECOND / 10).recording());
        let segments: Arc<dyn SpeechToText> =
            Arc::new(Segments::new(recogniser.clone() as Arc<dyn BatchRecogniser>, SegmentRules::SPOKEN));
        let what = Mishap::Error { kind: ErrorKind::Unauthorised, retry_after: None };
        let failing = FakeEar::scripted(&[providers_fake::Utterance {
            start: Duration::ZERO,
            end: Duration::ZERO,
            text: "hello".to_owned(),
            delay: Duration::ZERO,
            is_final: true,
        }]);
        let failing: Arc<dyn SpeechToText> =
            Arc::new(failing.with_faults(Faults::always(Fault { after: 0, what })));
        let mut talk = Talk::new(&failing);
        talk.speak(3_000);
        talk.hearing.voice(STARTED);
        talk.speak(2_000);
        talk.hearing.stt = segments;
        assert_eq!(talk.told().await, ["unauthorised"]);
        talk.speak(1_000);
        talk.hearing.voice(STOPPED);
        assert_eq!(talk.told().await, ["utterance 1"]);
        assert_eq!(recogniser.utterances(), [3_000 * 16], "all of it, and nothing of the silence before");
    });
}

#[test]
fn what_was_said_to_an_ear_that_is_gone_is_lost_unless_it_had_words() {
    play(async {
        for (after, told) in [(0, ["unauthorised", "lost"]), (1, ["unauthorised", "utterance 1"])] {
            let what = Mishap::Error { kind: ErrorKind::Unauthorised, retry_after: None };
            let faults = Faults::sequence([Some(Fault { after, what })]);
            let ear = FakeEar::answering(Heard::Counted, SECOND / 10).with_faults(faults);
            let mut talk = Talk::new(&(Arc::new(ear) as Arc<dyn SpeechToText>));
            talk.hearing.voice(STARTED);
            talk.speak(500);
            talk.hearing.voice(STOPPED);
            assert_eq!(talk.told().await, told);
        }
    });
}
