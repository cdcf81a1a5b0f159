//! The suite finds what it is there to find: a mind and a voice broken in one way each break the rule that says so.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    task::{Context, Poll, ready},
    time::Duration,
};

use futures_core::Stream;
use providers_conformance::{Fault, MindBench, MindScene, VoiceBench, VoiceScene, check_mind, check_voice};
use providers_core::{
    ChatMessage, ChatRequest, ErrorKind, FinishReason, LanguageModel, LlmEvent, LlmStream, ProviderError,
    ProviderInfo, SampleRate, TextToSpeech, Usage,
};
use providers_fake::{Answer, FakeMind, FakeVoice, Fault as Failure, Faults, Mishap, Sound, Speech, When};

/// One way to be broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Whole,
    LosesText,
    RepeatsText,
    CountsUsageTwice,
    GoesOnAfterTheEnd,
    NamesFaultsWrong,
    QuotesThePerson,
    SucceedsAfterACut,
    ForgetsToFree,
}

#[tokio::test(start_paused = true)]
async fn each_broken_mind_breaks_its_rule() {
    for (way, rule) in [
        (Way::Whole, ""),
        (Way::LosesText, "no text is lost or repeated at any chunking"),
        (Way::RepeatsText, "no text is lost or repeated at any chunking"),
        (Way::CountsUsageTwice, "an answer ends with its end mark, and nothing follows"),
        (Way::GoesOnAfterTheEnd, "an answer ends with its end mark, and nothing follows"),
        (Way::NamesFaultsWrong, "each fault has its name and shows no secret"),
        (Way::QuotesThePerson, "each fault has its name and shows no secret"),
        (Way::SucceedsAfterACut, "each fault has its name and shows no secret"),
        (Way::ForgetsToFree, "a dropped answer frees its request within 50 ms"),
    ] {
        let report = check_mind(&mut Bench { way, open: Arc::default() }).await;
        let broken: Vec<&str> = report.broken.iter().map(|(rule, _)| *rule).collect();
        assert_eq!(broken.is_empty(), rule.is_empty(), "{way:?}: {report}");
        assert!(rule.is_empty() || broken.contains(&rule), "{way:?}: {report}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_voice_that_never_ends_breaks_the_rule_and_not_the_suite() {
    let report = check_voice(&mut Bench { way: Way::Whole, open: Arc::default() }).await;
    assert!(report.broken.iter().any(|(_, how)| how == "nothing came within 30 s"), "{report}");
    assert!(report.to_string().contains("broken: a text becomes audio, and the stream ends"));
}

struct Bench {
    way: Way,
    open: Arc<AtomicU64>,
}

impl MindBench for Bench {
    fn mind(&mut self, scene: &MindScene) -> Option<Arc<dyn LanguageModel>> {
        if scene.endless {
            return None;
        }
        let answers = scene.answers.iter().map(|(question, text)| Answer {
            when: When::Text(question.clone()),
            text: text.clone(),
            calls: scene.calls.clone(),
            ttft: Duration::from_millis(1),
            duration: Duration::from_millis(2),
        });
        let inner =
            FakeMind::new(answers.collect()).with_faults(scene.fault.map_or_else(Faults::none, script));
        Some(Arc::new(Broken { way: self.way, inner, open: Arc::clone(&self.open) }))
    }

    fn plain(&mut self) -> (Arc<dyn LanguageModel>, String) {
        let answer = Answer {
            when: When::Any,
            text: "Fine, thank you.".to_owned(),
            calls: Vec::new(),
            ttft: Duration::ZERO,
            duration: Duration::ZERO,
        };
        let inner = FakeMind::new(vec![answer]);
        (Arc::new(Broken { way: self.way, inner, open: Arc::clone(&self.open) }), "How are you?".to_owned())
    }

    fn open_requests(&self) -> u64 {
        self.open.load(Relaxed)
    }
}

fn script(fault: Fault) -> Faults {
    let (after, kind, retry_after) = match fault {
        Fault::RateLimited => (0, ErrorKind::RateLimited, Some(Duration::from_secs(7))),
        Fault::ServerError | Fault::Overloaded => (0, ErrorKind::Overloaded, None),
        Fault::Reset => (0, ErrorKind::StreamCut, None),
        Fault::Cut | Fault::NoEndMark => (1, ErrorKind::StreamCut, None),
        Fault::Malformed => (1, ErrorKind::ProtocolBroken, None),
        Fault::ContextTooLong => (0, ErrorKind::ContextTooLong, None),
        Fault::ContentFilter => (0, ErrorKind::ContentFiltered, None),
        Fault::BadRequest => (0, ErrorKind::BadRequest, None),
        Fault::WrongKey => (0, ErrorKind::Unauthorised, None),
        Fault::NoSuchModel => (0, ErrorKind::NotFound, None),
        Fault::NoResponse => return Faults::always(Failure { after: 0, what: Mishap::Stall }),
        Fault::Stalled => return Faults::always(Failure { after: 1, what: Mishap::Stall }),
        Fault::SlowFirst => return Faults::none(),
    };
    Faults::always(Failure { after, what: Mishap::Error { kind, retry_after } })
}

/// A mind broken in one way.
struct Broken {
    way: Way,
    inner: FakeMind,
    open: Arc<AtomicU64>,
}

impl LanguageModel for Broken {
    fn info(&self) -> &ProviderInfo {
        self.inner.info()
    }

    fn answer(&self, request: ChatRequest) -> LlmStream {
        self.open.fetch_add(1, Relaxed);
        let question = request.messages.iter().rev().find_map(|message| match message {
            ChatMessage::User { text } => Some(text.clone()),
            _ => None,
        });
        Box::pin(BrokenAnswer {
            way: self.way,
            question: question.unwrap_or_default(),
            inner: self.inner.answer(request),
            texts: 0,
            again: None,
            over: false,
            open: Arc::clone(&self.open),
        })
    }
}

struct BrokenAnswer {
    way: Way,
    question: String,
    inner: LlmStream,
    texts: usize,
    again: Option<LlmEvent>,
    over: bool,
    open: Arc<AtomicU64>,
}

impl Drop for BrokenAnswer {
    fn drop(&mut self) {
        if self.way != Way::ForgetsToFree {
            self.open.fetch_sub(1, Relaxed);
        }
    }
}

impl Stream for BrokenAnswer {
    type Item = Result<LlmEvent, ProviderError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if let Some(event) = self.again.take() {
            return Poll::Ready(Some(Ok(event)));
        }
        if self.over {
            return Poll::Ready(None);
        }
        let mut event = ready!(self.inner.as_mut().poll_next(cx));
        self.texts += usize::from(matches!(event, Some(Ok(LlmEvent::Text(_)))));
        match (self.way, &mut event) {
            (Way::LosesText, Some(Ok(LlmEvent::Text(text)))) if self.texts == 2 => text.clear(),
            (Way::RepeatsText, Some(Ok(LlmEvent::Text(text)))) if self.texts == 2 => {
                self.again = Some(LlmEvent::Text(text.clone()));
            }
            (Way::CountsUsageTwice, Some(Ok(LlmEvent::Usage(usage)))) => {
                self.again = Some(LlmEvent::Usage(*usage));
            }
            (Way::GoesOnAfterTheEnd, Some(Ok(LlmEvent::Finished(_)))) => {
                self.again = Some(LlmEvent::Usage(Usage::default()));
            }
            (Way::NamesFaultsWrong, Some(Err(error))) => error.kind = ErrorKind::Internal,
            (Way::QuotesThePerson, Some(Err(error))) => error.message.push_str(&self.question),
            (Way::SucceedsAfterACut, Some(Err(error))) if error.kind == ErrorKind::StreamCut => {
                self.over = true;
                event = Some(Ok(LlmEvent::Finished(FinishReason::Stop)));
            }
            _ => {}
        }
        Poll::Ready(event)
    }
}

impl VoiceBench for Bench {
    fn voice(&mut self, _scene: &VoiceScene) -> Option<Arc<dyn TextToSpeech>> {
        None
    }

    fn plain(&mut self) -> (Arc<dyn TextToSpeech>, String) {
        let stall = Faults::always(Failure { after: 1, what: Mishap::Stall });
        let [length, ttfb, duration] = [1_000, 10, 20].map(Duration::from_millis);
        let speech = Speech { when: When::Any, length, ttfb, duration };
        let voice = FakeVoice::new(SampleRate::VOICE, Sound::Silence, vec![speech]).with_faults(stall);
        (Arc::new(voice), "Endless.".to_owned())
    }

    fn open_requests(&self) -> u64 {
        1
    }
}
