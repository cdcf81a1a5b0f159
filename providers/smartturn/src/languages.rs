//! The languages that Smart Turn v3 was taught, as its authors list them.

/// Their BCP 47 codes, in order. Norwegian also goes by its two written forms, Chinese by Mandarin's own code.
pub const LANGUAGES: [&str; 26] = [
    "ar", "bn", "cmn", "da", "de", "en", "es", "fi", "fr", "hi", "id", "it", "ja", "ko", "mr", "nb", "nl",
    "nn", "no", "pl", "pt", "ru", "tr", "uk", "vi", "zh",
];

/// The language of a tag without region and script: `en` of `en-GB`.
pub(crate) fn primary(tag: &str) -> String {
    tag.split(['-', '_']).next().unwrap_or_default().to_ascii_lowercase()
}

pub(crate) fn is_known(tag: &str) -> bool {
    LANGUAGES.binary_search(&primary(tag).as_str()).is_ok()
}

#[cfg(test)]
mod tests {
    use super::{LANGUAGES, is_known};

    #[test]
    fn a_regional_tag_is_its_language() {
        assert!(LANGUAGES.is_sorted());
        for tag in ["en", "en-GB", "EN-us", "zh-Hans-CN", "nb", "pt_BR"] {
            assert!(is_known(tag), "{tag}");
        }
        for tag in ["", "-", "sv", "e", "english", "xx-en"] {
            assert!(!is_known(tag), "{tag}");
        }
    }
}
