//! What is written in digits and signs is said in words: tables, a line each, and what must hold for any text.

use std::sync::Arc;

use agent_language::reading::{English, German, Normaliser, Reader, Said, normaliser};

const TABLES: [(&str, &str); 3] = [
    ("en", include_str!("data/english.tsv")),
    ("en-GB", include_str!("data/british.tsv")),
    ("de", include_str!("data/german.tsv")),
];

#[test]
fn numbers_dates_money_and_signs_are_said_as_people_say_them() {
    let (mut faults, mut cases) = (Vec::new(), 0);
    for (language, table) in TABLES {
        let reader = normaliser(language).expect("a language of this house");
        for (written, expected) in rows(table) {
            let said = read(&reader, written, written.len().max(1));
            let spoken: String = said.iter().map(Said::spoken).collect();
            if spoken != expected {
                faults.push(format!("{language} {written:?}\n  wanted {expected:?}\n  got    {spoken:?}"));
            }
            cases += 1;
        }
    }
    assert!(faults.is_empty(), "{} of {cases}:\n{}", faults.len(), faults.join("\n"));
    assert!(cases >= 250, "{cases}");
}

#[test]
fn it_is_the_same_at_any_chunking_and_what_was_written_is_kept() {
    for (language, table) in TABLES {
        let reader = normaliser(language).expect("a language of this house");
        let all: String =
            table.lines().filter_map(|line| line.split('\t').next()).map(|line| format!("{line} ")).collect();
        for text in rows(table).map(|(written, _)| written).chain([all.as_str()]) {
            let whole = read(&reader, text, text.len().max(1));
            assert_eq!(whole.iter().map(Said::written).collect::<String>(), text);
            for size in 1..=50 {
                assert_eq!(
                    merged(&read(&reader, text, size)),
                    merged(&whole),
                    "{language}, by {size}: {text:?}"
                );
            }
        }
    }
}

#[test]
fn any_text_is_read_without_loss_or_panic_at_any_chunking() {
    let seed = fastrand::u64(..);
    let mut random = fastrand::Rng::with_seed(seed);
    let parts = [
        "5",
        "12",
        "1,234",
        "3.14",
        "$",
        "€",
        "£",
        "%",
        "km",
        "°C",
        "-",
        "–",
        "/",
        ":",
        ".",
        ",",
        " ",
        " ",
        " ",
        "\n",
        "Nov",
        "21",
        "2026",
        "st",
        "Mr.",
        "e.g.",
        "z. B.",
        "p.m.",
        "am",
        "Uhr",
        "+",
        "(",
        ")",
        "'",
        "\"",
        "@",
        "#",
        "a",
        "B",
        "xX",
        "VIII",
        "Henry",
        "½",
        "你",
        "é",
        "👩‍👩‍👧",
        "\u{a0}",
        "\u{202f}",
        "\u{0}",
        "0",
        "00",
        "x",
        "https://",
        "example.com",
        "million",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "99999999999999999999",
    ];
    for _ in 0..20_000 {
        let mut text = String::new();
        for _ in 0..random.usize(..14) {
            if random.u8(..8) == 0 {
                text.push(random.char(..));
            } else {
                text.push_str(parts[random.usize(..parts.len())]);
            }
        }
        for reader in readers() {
            let whole = read(&reader, &text, text.len().max(1));
            assert_eq!(whole.iter().map(Said::written).collect::<String>(), text, "seed {seed}");
            let size = random.usize(1..=9);
            assert_eq!(
                merged(&read(&reader, &text, size)),
                merged(&whole),
                "seed {seed}, by {size}: {text:?}"
            );
        }
    }
}

#[test]
fn little_is_held_back() {
    let english = normaliser("en").expect("English");
    for (text, held) in [
        ("Hello there ", ""),
        ("Hello the", "the"),
        ("I have 5", "5"),
        ("I have 5 ", "5 "),
        ("I have 5 cats ", ""),
        ("on Nov ", "Nov "),
        ("on Nov 21, ", "Nov 21, "),
        ("on Nov 21, we ", ""),
        ("It costs $5.50 now ", ""),
    ] {
        let mut reader = Reader::new(Arc::clone(&english));
        let mut said = Vec::new();
        reader.push(text, &mut said);
        let out: usize = said.iter().map(|one| one.written().len()).sum();
        assert_eq!(&text[out..], held, "{text:?}");
    }
    let mut reader = Reader::new(english);
    let (mut said, mut given) = (Vec::new(), 0);
    for _ in 0..10_000 {
        reader.push("1-", &mut said);
        given += 2;
        let out: usize = said.iter().map(|one| one.written().len()).sum();
        assert!(given - out <= 600);
    }
}

fn readers() -> [Arc<dyn Normaliser>; 3] {
    [Arc::new(English::AMERICAN), Arc::new(English::BRITISH), Arc::new(German)]
}

fn rows(table: &str) -> impl Iterator<Item = (&str, &str)> {
    table.lines().filter(|line| !line.starts_with("# ")).filter_map(|line| line.split_once('\t'))
}

fn read(normaliser: &Arc<dyn Normaliser>, text: &str, size: usize) -> Vec<Said> {
    let mut reader = Reader::new(Arc::clone(normaliser));
    let mut said = Vec::new();
    let letters: Vec<char> = text.chars().collect();
    for piece in letters.chunks(size) {
        reader.push(&piece.iter().collect::<String>(), &mut said);
    }
    reader.finish(&mut said);
    said
}

/// With plain pieces next to each other made one.
fn merged(said: &[Said]) -> Vec<Said> {
    let mut all: Vec<Said> = Vec::new();
    for one in said {
        match (all.last_mut(), one) {
            (Some(Said::Plain(last)), Said::Plain(text)) => last.push_str(text),
            (_, one) => all.push(one.clone()),
        }
    }
    all
}
