//! A number for each of some languages, written as one text.

use std::collections::BTreeMap;

use crate::{
    rule::is_language,
    value::{Setting, Value},
};

/// Numbers from 0 to 1 by BCP 47 tag in lower case.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ByLanguage(pub BTreeMap<String, f32>);

impl ByLanguage {
    /// `de=0.6, pt-BR=0.45`; `None` when it is not that.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut shares = BTreeMap::new();
        for pair in text.split(',').map(str::trim).filter(|_| !text.trim().is_empty()) {
            let (tag, share) = pair.split_once('=')?;
            let (tag, share) = (tag.trim(), share.trim().parse().ok()?);
            let is_new = is_language(tag) && shares.insert(tag.to_ascii_lowercase(), share).is_none();
            if !is_new || !(0.0..=1.0).contains(&share) {
                return None;
            }
        }
        Some(Self(shares))
    }
}

impl Setting for ByLanguage {
    fn take(value: &Value) -> Option<Self> {
        let Value::Text(text) = value else { return None };
        Self::parse(text)
    }
}

#[cfg(test)]
mod tests {
    use super::ByLanguage;

    #[test]
    fn numbers_by_language_are_read_or_refused_as_a_whole() {
        for (text, shares) in [
            ("", Some(vec![])),
            ("  ", Some(vec![])),
            ("de=0.6", Some(vec![("de", 0.6)])),
            (" pt-BR = 0.45 ,de=1", Some(vec![("de", 1.0), ("pt-br", 0.45)])),
            ("de=0.6,", None),
            ("de", None),
            ("de=", None),
            ("de=1.1", None),
            ("de=-0.1", None),
            ("de=nan", None),
            ("german=0.5", None),
            ("=0.5", None),
            ("de=0.5, DE=0.6", None),
        ] {
            let expected = shares.map(|shares| {
                ByLanguage(shares.into_iter().map(|(tag, share)| (tag.to_owned(), share)).collect())
            });
            assert_eq!(ByLanguage::parse(text), expected, "{text:?}");
        }
    }
}
