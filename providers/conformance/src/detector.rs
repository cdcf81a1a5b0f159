//! The rules of turn detectors.

use std::{sync::Arc, time::Duration};

use futures_util::{FutureExt, future};
use providers_core::{ErrorKind, PauseContext, ProviderError, SampleRate, TurnDetector, TurnVerdict};
use tokio::time::Instant;

use crate::{
    Report,
    report::{Broken, Verdict, ensure},
    scene::{MEASURES, freed, judge_freed, opened},
};

/// A turn detector on the bench.
pub trait DetectorBench {
    /// A detector.
    fn detector(&mut self) -> Arc<dyn TurnDetector>;

    /// One whose judgement does not come, and how long after being asked it says so; `None` when that cannot be staged.
    fn stalled(&mut self) -> Option<(Arc<dyn TurnDetector>, Duration)>;

    /// At least two pauses, with words and with audio, in a language that it supports.
    fn pauses(&mut self) -> Vec<PauseContext>;

    /// Pauses that wait or are being judged.
    fn open_requests(&self) -> u64;
}

/// The most that a detector is given.
const LONGEST: Duration = Duration::from_secs(8);
/// More pauses at once than any detector serves.
const FLOOD: usize = 64;

/// Runs every rule of turn detectors.
pub async fn check_detector(bench: &mut dyn DetectorBench) -> Report {
    let mut report = Report::default();
    report.run("a verdict is a probability and a threshold", verdicts_are_shares(bench)).await;
    report
        .run("a pause is judged the same again, and alone as among others", judgements_do_not_mix(bench))
        .await;
    report.run("a region is its language, and no tag is too odd", languages_are_known(bench)).await;
    report.run("nothing, one sample, silence and noise are judged", odd_audio_is_judged(bench)).await;
    report.run("what is older than eight seconds changes nothing", only_the_end_counts(bench)).await;
    report.run("a dropped judgement frees its place within 50 ms", drop_frees(bench)).await;
    report.run("a judgement that does not come ends at its deadline", deadline_is_kept(bench)).await;
    report.run("of too many pauses each is judged or refused as one too many", flood_is_bounded(bench)).await;
    report
}

async fn judged(detector: &dyn TurnDetector, pause: PauseContext) -> Result<TurnVerdict, Broken> {
    detector.judge(pause).await.map_err(|error| Broken(format!("a judgement fails: {error}")))
}

async fn verdicts_are_shares(bench: &mut dyn DetectorBench) -> Result<Verdict, Broken> {
    let detector = bench.detector();
    for pause in bench.pauses() {
        let verdict = judged(&*detector, pause).await?;
        let sound = verdict.complete_permille <= 1_000 && (1..=1_000).contains(&verdict.threshold_permille);
        ensure(sound, || format!("{verdict:?} is no share of a thousand"))?;
    }
    Ok(Verdict::Holds)
}

async fn judgements_do_not_mix(bench: &mut dyn DetectorBench) -> Result<Verdict, Broken> {
    let (detector, pauses) = (bench.detector(), bench.pauses());
    let mut alone = Vec::new();
    for pause in &pauses {
        alone.push(judged(&*detector, pause.clone()).await?);
    }
    let together = future::join_all(pauses.iter().map(|pause| judged(&*detector, pause.clone()))).await;
    let together: Vec<TurnVerdict> = together.into_iter().collect::<Result<_, _>>()?;
    ensure(alone == together, || format!("alone: {alone:?}, together: {together:?}"))?;
    Ok(Verdict::Holds)
}

async fn languages_are_known(bench: &mut dyn DetectorBench) -> Result<Verdict, Broken> {
    let (detector, pauses) = (bench.detector(), bench.pauses());
    for tag in pauses.iter().filter_map(|pause| pause.language.as_deref()) {
        let language = tag.split('-').next().unwrap_or(tag);
        for tag in [tag.to_owned(), language.to_owned(), format!("{language}-001"), language.to_uppercase()] {
            ensure(detector.supports(&tag), || format!("{language} is supported and {tag} is not"))?;
        }
    }
    let long = "en-".repeat(5_000);
    for odd in ["", "-", "--", "e", "\u{1d518}\u{301}", long.as_str()] {
        let _ = detector.supports(odd);
        let pause = PauseContext { language: Some(odd.to_owned()), ..PauseContext::default() };
        // Whether it judges what it does not support is its own affair; that it comes back is not.
        let _ = detector.judge(pause).await;
    }
    Ok(Verdict::Holds)
}

async fn odd_audio_is_judged(bench: &mut dyn DetectorBench) -> Result<Verdict, Broken> {
    let detector = bench.detector();
    let noise = (0..16_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 16) as i16).collect();
    for audio in [vec![], vec![0], vec![i16::MIN], vec![0; 32_000], vec![i16::MIN; 32_000], noise] {
        judged(&*detector, PauseContext { audio, ..PauseContext::default() }).await?;
    }
    Ok(Verdict::Holds)
}

async fn only_the_end_counts(bench: &mut dyn DetectorBench) -> Result<Verdict, Broken> {
    let (detector, pauses) = (bench.detector(), bench.pauses());
    let longest = SampleRate::HEARING.samples_in(LONGEST) as usize;
    for pause in pauses {
        let audio: Vec<i16> = pause.audio.iter().copied().cycle().take(longest).collect();
        let older = [vec![12_000; 50_000], audio.clone()].concat();
        let short = judged(&*detector, PauseContext { audio, ..pause.clone() }).await?;
        let long = judged(&*detector, PauseContext { audio: older, ..pause }).await?;
        ensure(short == long, || format!("eight seconds give {short:?}, eleven give {long:?}"))?;
    }
    Ok(Verdict::Holds)
}

async fn drop_frees(bench: &mut dyn DetectorBench) -> Result<Verdict, Broken> {
    let Some(pause) = bench.pauses().into_iter().next() else { return Ok(Verdict::NotStaged) };
    let detector = bench.detector();
    let mut times = Vec::new();
    for _ in 0..MEASURES {
        let mut judgement = detector.judge(pause.clone());
        if (&mut judgement).now_or_never().is_some() {
            // Judged at once: there is nothing to drop.
            return Ok(Verdict::NotStaged);
        }
        opened(|| bench.open_requests()).await?;
        drop(judgement);
        times.push(freed(|| bench.open_requests()).await?);
    }
    judge_freed(times)?;
    judged(&*detector, pause).await?;
    Ok(Verdict::Holds)
}

async fn deadline_is_kept(bench: &mut dyn DetectorBench) -> Result<Verdict, Broken> {
    let Some(pause) = bench.pauses().into_iter().next() else { return Ok(Verdict::NotStaged) };
    let Some((detector, deadline)) = bench.stalled() else { return Ok(Verdict::NotStaged) };
    let began = Instant::now();
    let verdict = detector.judge(pause).await;
    let waited = began.elapsed();
    let kind = verdict.as_ref().err().map(|error| error.kind);
    ensure(kind == Some(ErrorKind::TotalTimeout), || format!("what does not come is {verdict:?}"))?;
    let in_time = waited >= deadline && waited <= deadline + Duration::from_millis(50);
    ensure(in_time, || format!("the deadline of {deadline:?} is kept after {waited:?}"))?;
    freed(|| bench.open_requests()).await?;
    Ok(Verdict::Holds)
}

async fn flood_is_bounded(bench: &mut dyn DetectorBench) -> Result<Verdict, Broken> {
    let Some(pause) = bench.pauses().into_iter().next() else { return Ok(Verdict::NotStaged) };
    let detector = bench.detector();
    let expected = judged(&*detector, pause.clone()).await?;
    let told = future::join_all((0..FLOOD).map(|_| detector.judge(pause.clone()))).await;
    let is_right = |answer: &Result<TurnVerdict, ProviderError>| match answer {
        Ok(verdict) => *verdict == expected,
        Err(error) => {
            error.kind == ErrorKind::Overloaded
                && (pause.text.is_empty() || !error.to_string().contains(&pause.text))
        }
    };
    ensure(told.iter().any(Result::is_ok), || "none of them is judged".to_owned())?;
    let wrong = told.iter().find(|answer| !is_right(answer));
    ensure(wrong.is_none(), || format!("one of them is told {wrong:?}"))?;
    ensure(bench.open_requests() == 0, || "places stay taken when all is told".to_owned())?;
    Ok(Verdict::Holds)
}
