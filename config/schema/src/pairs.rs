//! Words and what stands for them, written as one text.

use crate::value::{Setting, Value};

/// Words and what stands for them, in the order of the text; no word twice.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pairs(pub Vec<(String, String)>);

impl Pairs {
    /// `Dr. Who=Doctor Who|GHz=gigahertz`; `None` when it is not that.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut pairs: Vec<(String, String)> = Vec::new();
        for pair in text.split('|').filter(|_| !text.trim().is_empty()) {
            let (word, instead) = pair.split_once('=')?;
            let (word, instead) = (word.trim(), instead.trim());
            if word.is_empty() || pairs.iter().any(|(known, _)| known.eq_ignore_ascii_case(word)) {
                return None;
            }
            pairs.push((word.to_owned(), instead.to_owned()));
        }
        Some(Self(pairs))
    }
}

impl Setting for Pairs {
    fn take(value: &Value) -> Option<Self> {
        let Value::Text(text) = value else { return None };
        Self::parse(text)
    }
}

#[cfg(test)]
mod tests {
    use super::Pairs;

    #[test]
    fn words_and_what_stands_for_them_are_read_or_refused_as_a_whole() {
        for (text, pairs) in [
            ("", Some(vec![])),
            (" ", Some(vec![])),
            ("a=b", Some(vec![("a", "b")])),
            (" Dr. Who = Doctor Who |GHz=", Some(vec![("Dr. Who", "Doctor Who"), ("GHz", "")])),
            ("a=b=c", Some(vec![("a", "b=c")])),
            ("a", None),
            ("=b", None),
            ("a=b|", None),
            ("a=b|A=c", None),
        ] {
            let expected = pairs
                .map(|pairs| Pairs(pairs.into_iter().map(|(a, b)| (a.to_owned(), b.to_owned())).collect()));
            assert_eq!(Pairs::parse(text), expected, "{text:?}");
        }
    }
}
