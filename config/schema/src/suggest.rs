//! Which name was probably meant: the nearest by edit distance, if it is near enough to be a misspelling.

/// The candidate nearest to `name`, when at most a third of its letters differ (and never fewer than two allowed).
pub(crate) fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let allowed = (name.chars().count() / 3).max(2);
    candidates
        .into_iter()
        .map(|candidate| (distance(name, candidate), candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .min()
        .map(|(_, candidate)| candidate)
}

/// Insertions, deletions and replacements that turn `from` into `to`; case and `-` for `_` cost nothing.
fn distance(from: &str, to: &str) -> usize {
    let plain = |text: &str| text.to_lowercase().replace('-', "_").chars().collect::<Vec<_>>();
    let (from, to) = (plain(from), plain(to));
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (i, a) in from.iter().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, b) in to.iter().enumerate() {
            let replaced = diagonal + usize::from(a != b);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[to.len()]
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_misspelling_finds_its_word_and_another_word_finds_none() {
        let words = ["slots", "shards", "agent_name"];
        for (name, meant) in [
            ("slot", Some("slots")),
            ("agent-name", Some("agent_name")),
            ("agnet_name", Some("agent_name")),
            ("Shards", Some("shards")),
            ("temperature", None),
            ("", None),
        ] {
            assert_eq!(nearest(name, words), meant, "{name}");
        }
    }
}
