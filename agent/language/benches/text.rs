//! What text costs on a call's thread, for each character: wording by steps, words kept, sentences, overlaps.

use std::{sync::Arc, time::Duration};

use agent_language::{
    Captions,
    listening::{Listener, asks_for_patience, seems_unfinished},
    reading::normaliser,
    wording::{Chain, Markup, Replace, Transform, Wording},
};
use divan::{Bencher, counter::CharsCount};
use providers_core::{Interruption, Overlap};

const PLAIN: &str = "I have booked your table on the terrace, and the kitchen knows about the nuts. \
                     If anything changes, please call us before noon, and we will find another time for you.";
const RICH: &str = "**Your order** #4711 costs $1,299.99 incl. 19% VAT, due Nov 21, 2026 at 5 p.m.; call +1 555 123 4567 \
                    or write to jane.doe@example.com. Dr. Smith, 221 Baker St., is 5 km away (20°C today).";

fn main() {
    divan::main();
}

fn wording() -> Wording {
    Wording {
        markdown: true,
        emoji: true,
        replacements: vec![("LiveKit".into(), "Live Kit".into())],
        pronunciations: vec![("Theo".into(), "Tayo".into())],
        normaliser: normaliser("en"),
    }
}

/// In pieces of four letters, as a mind gives them.
fn run(bencher: Bencher<'_, '_>, text: &str, chain: impl Fn() -> Chain + Sync) {
    let text = if text == "rich" { RICH } else { PLAIN };
    let letters: Vec<char> = text.chars().collect();
    let pieces: Vec<String> = letters.chunks(4).map(|piece| piece.iter().collect()).collect();
    bencher.counter(CharsCount::new(letters.len())).bench_local(|| {
        let (mut chain, mut out) = (chain(), Vec::new());
        for piece in &pieces {
            chain.push(piece, &mut out);
        }
        chain.finish(&mut out);
        out
    });
}

#[divan::bench(args = ["plain", "rich"])]
fn all_steps(bencher: Bencher<'_, '_>, text: &str) {
    run(bencher, text, || wording().chain());
}

#[divan::bench(args = ["plain", "rich"])]
fn markdown_and_emoji(bencher: Bencher<'_, '_>, text: &str) {
    run(bencher, text, || Chain::new(vec![Box::new(Markup::new(true, true))]));
}

#[divan::bench(args = ["plain", "rich"])]
fn replacements(bencher: Bencher<'_, '_>, text: &str) {
    let list: Vec<(String, String)> = (0..50).map(|n| (format!("word{n}"), String::new())).collect();
    run(bencher, text, || Chain::new(vec![Box::new(Replace::new(&list))]));
}

#[divan::bench(args = ["plain", "rich"])]
fn reading(bencher: Bencher<'_, '_>, text: &str) {
    let english = normaliser("en").expect("English");
    run(bencher, text, || {
        Chain::new(vec![Box::new(agent_language::reading::Reader::new(Arc::clone(&english)))])
    });
}

/// The words kept, asked every 20 ms of ten seconds.
#[divan::bench]
fn ten_seconds_of_captions(bencher: Bencher<'_, '_>) {
    bencher.counter(CharsCount::of_str(PLAIN)).bench_local(|| {
        let mut captions = Captions::default();
        captions.push(PLAIN);
        captions.voiced(Duration::from_secs(10), &[]);
        captions.complete();
        captions.begin(false);
        for frame in 1..=500 {
            captions.advance(Duration::from_millis(frame * 20));
        }
        captions
    });
}

#[divan::bench]
fn an_overlap(bencher: Bencher<'_, '_>) {
    let mut listener = Listener::new("en");
    bencher.bench_local(|| {
        listener.judge(&Overlap {
            speech: Duration::from_millis(700),
            since_agent_start: Duration::from_secs(3),
            words: "yeah but what about Friday",
            said_before: "",
            said_since: PLAIN,
            language: Some("en"),
        })
    });
}

#[divan::bench]
fn a_pause(bencher: Bencher<'_, '_>) {
    let text = "I would like to book a table for four people on Friday, because";
    bencher.bench_local(|| (asks_for_patience(text, "en"), seems_unfinished(text, "en")));
}
