//! The suite finds what it is there to find: a turn detector broken in one way breaks the rule that says so.

use std::{sync::Arc, time::Duration};

use providers_conformance::{DetectorBench, check_detector};
use providers_core::{
    BoxFuture, ErrorKind, PauseContext, ProviderError, ProviderInfo, TurnDetector, TurnVerdict,
};
use providers_fake::{FakeDetector, Judgement, When};

/// One way to be broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Whole,
    SaysMoreThanAll,
    CountsUp,
    KnowsOneRegion,
    RefusesNothing,
    HearsTheBeginning,
    ForgetsToFree,
    ForgetsItsDeadline,
    QuotesThePerson,
}

#[tokio::test(start_paused = true)]
async fn each_broken_detector_breaks_its_rule() {
    for (way, rule) in [
        (Way::Whole, ""),
        (Way::SaysMoreThanAll, "a verdict is a probability and a threshold"),
        (Way::CountsUp, "a pause is judged the same again, and alone as among others"),
        (Way::KnowsOneRegion, "a region is its language, and no tag is too odd"),
        (Way::RefusesNothing, "nothing, one sample, silence and noise are judged"),
        (Way::HearsTheBeginning, "what is older than eight seconds changes nothing"),
        (Way::ForgetsToFree, "a dropped judgement frees its place within 50 ms"),
        (Way::ForgetsItsDeadline, "a judgement that does not come ends at its deadline"),
        (Way::QuotesThePerson, "of too many pauses each is judged or refused as one too many"),
    ] {
        let report = check_detector(&mut Bench { way, inner: Arc::new(fake()) }).await;
        let broken: Vec<&str> = report.broken.iter().map(|(rule, _)| *rule).collect();
        assert_eq!(broken.is_empty(), rule.is_empty(), "{way:?}: {report}");
        assert!(rule.is_empty() || broken.contains(&rule), "{way:?}: {report}");
    }
}

fn fake() -> FakeDetector {
    let judgement = Judgement { when: When::Text(SAID.to_owned()), complete_permille: 300 };
    FakeDetector::new(vec![judgement], Duration::from_millis(20)).recording()
}

const SAID: &str = "something confidential";

struct Bench {
    way: Way,
    inner: Arc<FakeDetector>,
}

impl DetectorBench for Bench {
    fn detector(&mut self) -> Arc<dyn TurnDetector> {
        Arc::new(Broken { way: self.way, inner: Arc::clone(&self.inner) })
    }

    fn stalled(&mut self) -> Option<(Arc<dyn TurnDetector>, Duration)> {
        // Twenty milliseconds are its deadline when it keeps one; the fake never says so.
        (self.way == Way::ForgetsItsDeadline).then(|| (self.detector(), Duration::from_millis(20)))
    }

    fn pauses(&mut self) -> Vec<PauseContext> {
        let pause = |audio: Vec<i16>| PauseContext {
            audio,
            text: SAID.to_owned(),
            language: Some("en-GB".to_owned()),
            ..PauseContext::default()
        };
        vec![pause(vec![500; 8_000]), pause(vec![700; 9_000])]
    }

    fn open_requests(&self) -> u64 {
        self.inner.open_now()
    }
}

/// A detector broken in one way.
struct Broken {
    way: Way,
    inner: Arc<FakeDetector>,
}

impl TurnDetector for Broken {
    fn info(&self) -> &ProviderInfo {
        self.inner.info()
    }

    fn supports(&self, language: &str) -> bool {
        self.way != Way::KnowsOneRegion || language == "en-GB"
    }

    fn judge(&self, pause: PauseContext) -> BoxFuture<'static, Result<TurnVerdict, ProviderError>> {
        let (way, heard) = (self.way, pause.audio.clone());
        let asked = self.inner.pauses().len() as u16;
        let judgement = self.inner.judge(pause);
        if way == Way::ForgetsToFree {
            // A task goes on when nobody waits for it.
            let task = tokio::spawn(async move {
                tokio::time::sleep(Duration::from_millis(100)).await;
                judgement.await
            });
            return Box::pin(async move { task.await.expect("it does not panic") });
        }
        Box::pin(async move {
            let mut verdict = judgement.await?;
            match way {
                Way::SaysMoreThanAll => verdict.complete_permille = 1_001,
                Way::CountsUp => verdict.complete_permille = asked,
                Way::RefusesNothing if heard.is_empty() => {
                    return Err(ProviderError::new("broken", ErrorKind::BadRequest, "no audio"));
                }
                Way::HearsTheBeginning => {
                    verdict.complete_permille = (heard.len() / 1_000) as u16;
                }
                Way::QuotesThePerson if asked > 20 => {
                    return Err(ProviderError::new(
                        "broken",
                        ErrorKind::Overloaded,
                        format!("{SAID} is too much"),
                    ));
                }
                _ => {}
            }
            Ok(verdict)
        })
    }
}
