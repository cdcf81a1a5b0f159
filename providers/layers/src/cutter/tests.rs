//! Where sentences end, and where they only seem to.

use super::{SentenceCutter, SentenceRules};

const TINY: SentenceRules =
    SentenceRules { minimum: 1, first_minimum: 1, first_clause: usize::MAX, longest: 60, together: 0 };

#[test]
fn sentences_are_cut_where_people_would_cut_them() {
    let plain = SentenceRules::PLAIN;
    for (rules, text, expected) in [
        (
            plain,
            "Hi! LiveKit is a platform for live audio. It works.",
            vec!["Hi! LiveKit is a platform for live audio.", "It works."],
        ),
        (
            plain,
            "A short sentence. A longer sentence that is longer than the previous sentence.",
            vec!["A short sentence. A longer sentence that is longer than the previous sentence."],
        ),
        (
            plain,
            "R.T.C stands for Real-Time Communication... again R.T.C.",
            vec!["R.T.C stands for Real-Time Communication... again R.T.C."],
        ),
        (
            plain,
            "Mr. Theo is testing the sentence tokenizer. He said so.",
            vec!["Mr. Theo is testing the sentence tokenizer.", "He said so."],
        ),
        (
            plain,
            "f(x) = x * 2.54 + 42. Then we see what follows.",
            vec!["f(x) = x * 2.54 + 42.", "Then we see what follows."],
        ),
        (TINY, "这是第一句。这是第二句！好吗？", vec!["这是第一句。", "这是第二句！", "好吗？"]),
        (
            TINY,
            "She said \"no way!\" He left. (Really?) Yes.",
            vec!["She said \"no way!\"", "He left.", "(Really?)", "Yes."],
        ),
        (
            TINY,
            "It closes at 5 p.m. Tuesday. We open at 9 a.m. The door is red.",
            vec!["It closes at 5 p.m. Tuesday.", "We open at 9 a.m.", "The door is red."],
        ),
        (TINY, "1. Milk\n2. Eggs\nThat is all", vec!["1. Milk", "2. Eggs", "That is all"]),
        (
            TINY,
            "Write to a.b@example.com or see docs.rs/x?y=1 today. Bye",
            vec!["Write to a.b@example.com or see docs.rs/x?y=1 today.", "Bye"],
        ),
        (
            TINY,
            "one two three four five six, seven eight nine ten eleven twelve thirteen",
            vec!["one two three four five six,", "seven eight nine ten eleven twelve thirteen"],
        ),
        (TINY, "   \n \n ", vec![]),
        (TINY, "", vec![]),
    ] {
        assert_eq!(trimmed(&cut(rules, &[text])), expected, "{text:?}");
    }
}

#[test]
fn short_sentences_join_and_paragraphs_names_and_formulas_do_not_break() {
    let text = "Hi! LiveKit is a platform for live audio and video applications and services. \n\n\
                R.T.C stands for Real-Time Communication... again R.T.C. \
                Mr. Theo is testing the sentence tokenizer. \nThis is a test. Another test. A short sentence.\n\
                A longer sentence that is longer than the previous sentence. f(x) = x * 2.54 + 42. \
                Hey!\n Hi! Hello! \n\nThis is a sentence. 这是一个中文句子。これは日本語の文章です。\
                你好！LiveKit是一个直播音频和视频应用程序和服务的平台。\nIt has   consecutive spaces.";
    let expected = [
        "Hi! LiveKit is a platform for live audio and video applications and services.",
        "R.T.C stands for Real-Time Communication... again R.T.C.",
        "Mr. Theo is testing the sentence tokenizer.",
        "This is a test. Another test.",
        "A short sentence.\nA longer sentence that is longer than the previous sentence.",
        "f(x) = x * 2.54 + 42.",
        "Hey!\n Hi! Hello! \n\nThis is a sentence.",
        "这是一个中文句子。",
        "これは日本語の文章です。",
        "你好！LiveKit是一个直播音频和视频应用程序和服务的平台。",
        "It has   consecutive spaces.",
    ];
    assert_eq!(trimmed(&cut(SentenceRules::PLAIN, &[text])), expected);
    for size in [1, 2, 4] {
        assert_eq!(trimmed(&cut(SentenceRules::PLAIN, &chunks(text, size))), expected, "by {size}");
    }
    assert_eq!(
        trimmed(&cut(TINY, &["Paragraph 1.\n\nParagraph 2."])),
        ["Paragraph 1.", "Paragraph 2."],
        "a paragraph ends a sentence"
    );
    assert_eq!(
        trimmed(&cut(TINY, &["Das ist z. B. so. Herr Dr. Müller kommt um 9 Uhr. Gut."])),
        ["Das ist z. B. so.", "Herr Dr. Müller kommt um 9 Uhr.", "Gut."]
    );
}

#[test]
fn the_first_piece_comes_early_and_may_end_at_a_clause() {
    let text = "Sure, I can look at the opening hours for you, and tell you about them. One moment please.";
    assert_eq!(
        trimmed(&cut(SentenceRules::SPOKEN, &[text])),
        ["Sure, I can look at the opening hours for you,", "and tell you about them.", "One moment please.",]
    );
    assert_eq!(
        trimmed(&cut(SentenceRules::SPOKEN, &["Of course! I will do that right away for you."])),
        ["Of course!", "I will do that right away for you.",]
    );
}

#[test]
fn a_sentence_is_released_as_soon_as_it_is_certain() {
    let mut cutter = SentenceCutter::new(SentenceRules::SPOKEN);
    cutter.push("Is it raining?");
    assert_eq!(cutter.next_piece(), None, "a quotation mark could follow");
    cutter.push(" ");
    assert_eq!(cutter.next_piece().as_deref(), Some("Is it raining?"));
    cutter.push("It is not raining at all. ");
    assert_eq!(cutter.next_piece(), None, "it could be an abbreviation");
    cutter.push("N");
    assert_eq!(cutter.next_piece().as_deref(), Some(" It is not raining at all."));
}

#[test]
fn streaming_equals_batch_at_any_chunking_and_loses_nothing() {
    let seed = fastrand::u64(..);
    let mut random = fastrand::Rng::with_seed(seed);
    let words = [
        "Hello",
        "Mr",
        "U.S",
        "e.g",
        "3.14",
        ".",
        ".",
        "!",
        "?",
        "...",
        "…",
        ",",
        ";",
        " ",
        " ",
        " ",
        "\n",
        "\"",
        ")",
        "the",
        "The",
        "R.T.C",
        "你好",
        "。",
        "！",
        "é",
        "👩‍👩‍👧",
        "1",
        "a.m",
        "I",
        "— ",
        "extraordinarilylongword",
        "\u{a0}",
    ];
    for _ in 0..4_000 {
        let text: String = (0..random.usize(..60)).map(|_| words[random.usize(..words.len())]).collect();
        for rules in [TINY, SentenceRules::PLAIN, SentenceRules::SPOKEN] {
            let batch = cut(rules, &[&text]);
            assert_eq!(batch.concat().trim_end(), text.trim_end(), "seed {seed}");
            assert!(batch.iter().all(|piece| !piece.trim().is_empty()), "seed {seed}: {batch:?}");
            for size in [1, 2, 4, 7] {
                assert_eq!(
                    cut(rules, &chunks(&text, size)),
                    batch,
                    "seed {seed}, chunks of {size}: {text:?}"
                );
            }
        }
    }
}

#[test]
fn memory_is_bounded_without_any_mark_or_space() {
    let mut cutter = SentenceCutter::new(SentenceRules::SPOKEN);
    for _ in 0..10_000 {
        cutter.push("ab");
        while let Some(piece) = cutter.next_piece() {
            assert!(piece.len() <= 400);
        }
        assert!(cutter.text.len() <= 402);
    }
}

fn cut(rules: SentenceRules, chunks: &[&str]) -> Vec<String> {
    let mut cutter = SentenceCutter::new(rules);
    let mut pieces = Vec::new();
    for chunk in chunks {
        cutter.push(chunk);
        pieces.extend(std::iter::from_fn(|| cutter.next_piece()));
    }
    cutter.flush();
    pieces.extend(std::iter::from_fn(|| cutter.next_piece()));
    pieces
}

fn chunks(text: &str, size: usize) -> Vec<&str> {
    let mut rest = text;
    let mut chunks = Vec::new();
    while !rest.is_empty() {
        let at = rest.char_indices().nth(size).map_or(rest.len(), |(n, _)| n);
        let (chunk, after) = rest.split_at(at);
        chunks.push(chunk);
        rest = after;
    }
    chunks
}

fn trimmed(pieces: &[String]) -> Vec<&str> {
    pieces.iter().map(|piece| piece.trim()).collect()
}
