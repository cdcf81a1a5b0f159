//! How well a listener's noises are told from wishes to speak, on lists of what people say.

use std::{collections::BTreeMap, task::Poll, time::Duration};

use agent_language::listening::{Listener, WordsDetector, asks_for_patience, seems_unfinished};
use providers_core::{Interruption, InterruptionVerdict, Overlap, PauseContext, TurnDetector};

#[test]
fn noises_wishes_and_echoes_are_told_apart() {
    let (all, faults, figures) = judged(include_str!("data/overlaps.tsv"));
    println!("{figures}");
    assert!(all >= 150);
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// This list was written after the word lists, and the word lists were not changed for it.
#[test]
fn most_of_a_list_that_was_not_tuned_for_is_told_apart() {
    let (all, faults, figures) = judged(include_str!("data/unseen.tsv"));
    println!("{figures}\n{}", faults.join("\n"));
    assert!(faults.len() * 10 <= all, "{} of {all}:\n{}", faults.len(), faults.join("\n"));
}

/// How many overlaps there are, which were judged otherwise than expected, and the figures of each verdict.
fn judged(table: &str) -> (usize, Vec<String>, String) {
    let mut counts: BTreeMap<(char, char), usize> = BTreeMap::new();
    let mut faults = Vec::new();
    for row in rows(table) {
        let [language, ms, words, agent_text, expected] = row[..] else { continue };
        // A bar stands where the person began; without one, the agent says it while they speak.
        let (said_before, said_since) = agent_text.split_once('|').unwrap_or(("", agent_text));
        let verdict = Listener::new("en").judge(&Overlap {
            speech: Duration::from_millis(ms.parse().expect("milliseconds")),
            since_agent_start: Duration::from_secs(3),
            words,
            said_before,
            said_since,
            language: Some(language),
        });
        let got = match verdict {
            InterruptionVerdict::Undecided => 'u',
            InterruptionVerdict::Interruption => 'i',
            InterruptionVerdict::Backchannel => 'b',
            InterruptionVerdict::Echo => 'e',
            InterruptionVerdict::Repetition => 'r',
        };
        let expected = expected.chars().next().expect("a verdict");
        *counts.entry((expected, got)).or_default() += 1;
        if got != expected {
            faults.push(format!("{row:?}: {got}"));
        }
    }
    let all: usize = counts.values().sum();
    let mut figures = format!("{all} overlaps, {} otherwise than expected", faults.len());
    for class in ['i', 'b', 'e', 'r', 'u'] {
        let hit = counts.get(&(class, class)).copied().unwrap_or_default();
        let said: usize = counts.iter().filter(|((_, got), _)| *got == class).map(|(_, n)| n).sum();
        let is: usize = counts.iter().filter(|((expected, _), _)| *expected == class).map(|(_, n)| n).sum();
        figures.push_str(&format!("\n{class}: precision {hit}/{said}, recall {hit}/{is}"));
    }
    (all, faults, figures)
}

#[test]
fn pleas_and_broken_off_sentences_are_told_from_complete_ones() {
    let detector = WordsDetector::default();
    let mut faults = Vec::new();
    for row in rows(include_str!("data/pauses.tsv")) {
        let [language, text, expected] = row[..] else { continue };
        let got = match (asks_for_patience(text, language), seems_unfinished(text, language)) {
            (true, _) => "p",
            (false, true) => "u",
            (false, false) => "c",
        };
        if got != expected {
            faults.push(format!("{row:?}: {got}"));
        }
        let verdict = verdict(&detector, text, language);
        assert_eq!(verdict, got == "c", "the detector says the same of {text:?}");
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn a_noise_that_goes_on_is_no_noise_any_more() {
    let mut listener = Listener::new("en");
    for (ms, words, expected) in [
        (300, "", InterruptionVerdict::Undecided),
        (500, "yeah", InterruptionVerdict::Backchannel),
        (900, "yeah I", InterruptionVerdict::Undecided),
        (1200, "yeah I see", InterruptionVerdict::Backchannel),
        (2000, "yeah I see a problem", InterruptionVerdict::Interruption),
    ] {
        let verdict = listener.judge(&Overlap {
            speech: Duration::from_millis(ms),
            since_agent_start: Duration::from_secs(1),
            words,
            said_before: "",
            said_since: "",
            language: None,
        });
        assert_eq!(verdict, expected, "{words:?} after {ms} ms");
    }
}

#[test]
fn any_text_is_judged_without_a_panic() {
    let seed = fastrand::u64(..);
    let mut random = fastrand::Rng::with_seed(seed);
    for _ in 0..5_000 {
        let mut text = || (0..random.usize(..12)).map(|_| random.char(..)).collect::<String>();
        let (words, said_before, said_since) = (text(), text(), text());
        println!("seed {seed}: {words:?} {said_before:?} {said_since:?}");
        Listener::new("de").judge(&Overlap {
            speech: Duration::from_secs(1),
            since_agent_start: Duration::ZERO,
            words: &words,
            said_before: &said_before,
            said_since: &said_since,
            language: None,
        });
        let _ = (asks_for_patience(&words, "en"), seems_unfinished(&words, "fr"));
    }
}

/// Whether the turn counts as complete.
fn verdict(detector: &WordsDetector, text: &str, language: &str) -> bool {
    let pause = PauseContext {
        text: text.to_owned(),
        language: Some(language.to_owned()),
        ..PauseContext::default()
    };
    let mut future = detector.judge(pause);
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    let Poll::Ready(verdict) = future.as_mut().poll(&mut context) else { return false };
    verdict.is_ok_and(|verdict| verdict.complete_permille >= verdict.threshold_permille)
}

fn rows(table: &str) -> impl Iterator<Item = Vec<&str>> {
    table
        .lines()
        .filter(|line| !line.starts_with("# ") && !line.is_empty())
        .map(|line| line.split('\t').collect())
}
