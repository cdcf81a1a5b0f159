//! What a setting may be: its kind, its default, its bounds and its unit.

use crate::{by_language::ByLanguage, pairs::Pairs, value::Value};

/// The kind of a setting, with its default and what is allowed.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Rule {
    /// Any text up to a length.
    Text { default: &'static str, longest: usize },
    /// A text with a grammar.
    Shaped { default: &'static str, shape: Shape },
    /// A text that is never shown; `env:NAME` stands for a variable's value.
    Secret { default: &'static str },
    /// `true` or `false`.
    Flag { default: bool },
    /// A whole number.
    Count { default: i64, least: i64, most: i64, unit: &'static str },
    /// A whole number, or one word that stands for "no number".
    CountOr { default: Option<i64>, least: i64, most: i64, word: &'static str, unit: &'static str },
    /// A number with a fraction.
    Decimal { default: f64, least: f64, most: f64, unit: &'static str },
    /// One of a few words.
    Choice { default: &'static str, allowed: &'static [&'static str] },
    /// Some of a few words, none twice.
    Choices { default: &'static [&'static str], allowed: &'static [&'static str] },
    /// Names of agents, none twice; empty unless set.
    Names,
    /// Texts, none twice; empty unless set.
    Texts,
}

/// The grammar of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// A URL with a host and one of these schemes. Who asks has a key of its own: a user or a password in the address
    /// would be shown wherever the address is.
    Url(&'static [&'static str]),
    /// `ADDRESS:PORT`, or empty for "off".
    SocketAddress,
    /// A BCP 47 tag such as `en` or `de-DE`.
    Language,
    /// Letters that LiveKit accepts in an agent's name: no white space, no control characters; may be empty.
    Name,
    /// What an agent of a file may be called, or empty.
    AgentName,
    /// What a mind may call a tool by.
    ToolName,
    /// A JSON pointer, or empty for the whole.
    JsonPointer,
    /// Numbers from 0 to 1 by language, such as `de=0.6, pt-BR=0.45`; may be empty.
    ShareByLanguage,
    /// Words and what stands for them, such as `GHz=gigahertz|Dr. Who=Doctor Who`; may be empty.
    Pairs,
}

impl Shape {
    /// What is wrong with `text`, if anything: the words that follow "must be".
    pub(crate) fn wants(self, text: &str) -> Option<String> {
        let fits = match self {
            Self::Url(schemes) => url::Url::parse(text).is_ok_and(|url| {
                url.host_str().is_some_and(|h| !h.is_empty())
                    && schemes.contains(&url.scheme())
                    && url.username().is_empty()
                    && url.password().is_none()
            }),
            Self::SocketAddress => text.is_empty() || text.parse::<std::net::SocketAddr>().is_ok(),
            Self::Language => is_language(text),
            Self::AgentName => text.is_empty() || is_agent_name(text),
            Self::ToolName => is_tool_name(text),
            Self::JsonPointer => text.is_empty() || text.starts_with('/'),
            Self::ShareByLanguage => ByLanguage::parse(text).is_some(),
            Self::Pairs => Pairs::parse(text).is_some(),
            Self::Name => text.len() <= 128 && !text.contains(|c: char| c.is_whitespace() || c.is_control()),
        };
        (!fits).then(|| self.described())
    }

    /// What is allowed, as it follows "must be".
    pub(crate) fn described(self) -> String {
        match self {
            Self::Url(schemes) => {
                format!("a URL without user and password that begins with {}", alternatives(schemes, "://"))
            },
            Self::SocketAddress => {
                "an address and a port such as 127.0.0.1:8081, or empty for none".to_owned()
            }
            Self::Language => "a language tag such as en or de-DE".to_owned(),
            Self::ToolName => "1 to 64 letters, digits, _ or -".to_owned(),
            Self::JsonPointer => "a JSON pointer such as /tables/0, or empty".to_owned(),
            Self::AgentName => "at most 48 letters, digits, _ and -, or empty for none".to_owned(),
            Self::ShareByLanguage => {
                "numbers from 0 to 1 by language such as \"de=0.6, pt-BR=0.45\", none twice, or empty for none".to_owned()
            }
            Self::Pairs => {
                "words and what stands for them such as \"GHz=gigahertz|Dr. Who=Doctor Who\", no word twice, or empty for none"
                    .to_owned()
            }
            Self::Name => "at most 128 letters without white space or control characters".to_owned(),
        }
    }
}

impl Rule {
    /// The default as a value.
    pub(crate) fn default(&self) -> Value {
        match *self {
            Self::Text { default, .. }
            | Self::Shaped { default, .. }
            | Self::Choice { default, .. }
            | Self::Secret { default } => Value::Text(default.to_owned()),
            Self::Flag { default } => Value::Flag(default),
            Self::Count { default, .. } => Value::Count(default),
            Self::CountOr { default: Some(count), .. } => Value::Count(count),
            Self::CountOr { default: None, word, .. } => Value::Text(word.to_owned()),
            Self::Decimal { default, .. } => Value::Decimal(default),
            Self::Choices { default, .. } => {
                Value::List(default.iter().map(|word| (*word).to_owned()).collect())
            }
            Self::Names | Self::Texts => Value::List(Vec::new()),
        }
    }

    /// What is allowed, as it follows "must be".
    pub(crate) fn allowed(&self) -> String {
        match *self {
            Self::Text { longest, .. } => format!("a text of at most {longest} characters"),
            Self::Secret { .. } => "a text, or env: and the name of a variable".to_owned(),
            Self::Shaped { shape, .. } => shape.described(),
            Self::Flag { .. } => "true or false".to_owned(),
            Self::Count { least, most, unit, .. } => {
                format!("a whole number from {least} to {most}{}", spaced(unit))
            }
            Self::CountOr { least, most, word, unit, .. } => {
                format!("a whole number from {least} to {most}{}, or \"{word}\"", spaced(unit))
            }
            Self::Decimal { least, most, unit, .. } => {
                format!("a number from {least} to {most}{}", spaced(unit))
            }
            Self::Choice { allowed, .. } => alternatives(&in_quotes(allowed), ""),
            Self::Choices { allowed, .. } => {
                format!("a list without repetition of {}", alternatives(&in_quotes(allowed), ""))
            }
            Self::Names => "a list of agents' names, none of them twice".to_owned(),
            Self::Texts => "a list of texts, none of them twice".to_owned(),
        }
    }

    /// The value as an error repeats it; nothing of what may be a secret.
    pub(crate) fn repeated(&self, value: &Value) -> Option<String> {
        match (self, value) {
            (Self::Secret { .. }, _) => None,
            (Self::Shaped { shape: Shape::Url(_), .. }, Value::Text(text)) => {
                let shown = text.rsplit_once('@').map(|(_, host)| format!("***@{host}"));
                Some(shown.map_or_else(|| value.to_string(), |shown| Value::Text(shown).to_string()))
            }
            _ => Some(value.to_string()),
        }
    }

    /// Whether the value must be masked where it is shown.
    pub(crate) fn is_secret(&self) -> bool {
        matches!(self, Self::Secret { .. })
    }

    /// The value, if the rule allows it; otherwise what must be.
    pub(crate) fn check(&self, value: Value) -> Result<Value, String> {
        let fits = match (*self, &value) {
            (Self::Text { longest, .. }, Value::Text(text)) => text.chars().count() <= longest,
            (Self::Secret { .. }, Value::Text(_)) | (Self::Flag { .. }, Value::Flag(_)) => true,
            (Self::Shaped { shape, .. }, Value::Text(text)) => {
                return shape.wants(text).map_or(Ok(value), Err);
            }
            (Self::Count { least, most, .. } | Self::CountOr { least, most, .. }, Value::Count(count)) => {
                (least..=most).contains(count)
            }
            (Self::CountOr { word, .. }, Value::Text(text)) => text == word,
            (Self::Decimal { least, most, .. }, Value::Decimal(number)) => (least..=most).contains(number),
            (Self::Decimal { least, most, .. }, Value::Count(count)) => {
                let number = *count as f64;
                return if (least..=most).contains(&number) {
                    Ok(Value::Decimal(number))
                } else {
                    Err(self.allowed())
                };
            }
            (Self::Choice { allowed, .. }, Value::Text(text)) => allowed.contains(&text.as_str()),
            (Self::Choices { allowed, .. }, Value::List(words)) => {
                !has_repetition(words) && words.iter().all(|word| allowed.contains(&word.as_str()))
            }
            (Self::Names, Value::List(names)) => {
                !has_repetition(names) && names.iter().all(|name| is_agent_name(name))
            }
            (Self::Texts, Value::List(texts)) => !has_repetition(texts),
            (
                _,
                Value::Text(_)
                | Value::Flag(_)
                | Value::Count(_)
                | Value::Decimal(_)
                | Value::List(_)
                | Value::Other(_),
            ) => false,
        };
        if fits { Ok(value) } else { Err(self.allowed()) }
    }

    /// The value that a variable or an argument spells; not yet checked.
    pub(crate) fn spelled(&self, text: &str) -> Value {
        let number = || text.parse().ok().map(Value::Count);
        let value = match self {
            Self::Text { .. } | Self::Shaped { .. } | Self::Secret { .. } | Self::Choice { .. } => None,
            Self::Flag { .. } => text.parse().ok().map(Value::Flag),
            Self::Count { .. } | Self::CountOr { .. } => number(),
            Self::Decimal { .. } => number().or_else(|| text.parse().ok().map(Value::Decimal)),
            Self::Choices { .. } | Self::Names | Self::Texts => {
                let texts = text.split(',').map(str::trim).filter(|text| !text.is_empty());
                Some(Value::List(texts.map(str::to_owned).collect()))
            }
        };
        value.unwrap_or_else(|| Value::Text(text.to_owned()))
    }
}

/// Whether a text has the form of a BCP 47 tag.
pub(crate) fn is_language(tag: &str) -> bool {
    let (language, others) =
        tag.split_once('-').map_or((tag, None), |(language, others)| (language, Some(others)));
    let is_language = (2..=3).contains(&language.len()) && language.bytes().all(|b| b.is_ascii_alphabetic());
    let is_part =
        |part: &str| (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric());
    is_language && others.is_none_or(|others| others.split('-').all(is_part))
}

/// What an agent may be called: it names a file, and stands in the name of a function for the mind.
pub(crate) fn is_agent_name(name: &str) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    (1..=48).contains(&name.len()) && name.bytes().all(is_letter)
}

fn has_repetition(texts: &[String]) -> bool {
    texts.iter().enumerate().any(|(n, text)| texts[..n].contains(text))
}

fn in_quotes(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| format!("\"{word}\"")).collect()
}

/// `a`, `a or b`, `a, b or c`.
fn alternatives<S: AsRef<str>>(words: &[S], suffix: &str) -> String {
    let words: Vec<_> = words.iter().map(|word| format!("{}{suffix}", word.as_ref())).collect();
    match words.split_last() {
        None => String::new(),
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} or {last}", others.join(", ")),
    }
}

fn spaced(unit: &str) -> String {
    if unit.is_empty() { String::new() } else { format!(" {unit}") }
}

/// Any text up to `longest` characters.
pub(crate) const fn text(default: &'static str, longest: usize) -> Rule {
    Rule::Text { default, longest }
}

/// A text with a grammar.
pub(crate) const fn shaped(default: &'static str, shape: Shape) -> Rule {
    Rule::Shaped { default, shape }
}

/// `true` or `false`.
pub(crate) const fn flag(default: bool) -> Rule {
    Rule::Flag { default }
}

/// A whole number of something.
pub(crate) const fn count(default: i64, least: i64, most: i64, unit: &'static str) -> Rule {
    Rule::Count { default, least, most, unit }
}

/// A whole number of something, or a word.
pub(crate) const fn count_or(
    word: &'static str,
    default: Option<i64>,
    least: i64,
    most: i64,
    unit: &'static str,
) -> Rule {
    Rule::CountOr { default, least, most, word, unit }
}

/// Some of a few words; none unless set.
pub(crate) const fn choices(allowed: &'static [&'static str]) -> Rule {
    some_of(&[], allowed)
}

/// Some of a few words.
pub(crate) const fn some_of(default: &'static [&'static str], allowed: &'static [&'static str]) -> Rule {
    Rule::Choices { default, allowed }
}

/// A time in milliseconds.
pub(crate) const fn milliseconds(default: i64, least: i64, most: i64) -> Rule {
    Rule::Count { default, least, most, unit: "ms" }
}

/// A number with a fraction.
pub(crate) const fn decimal(default: f64, least: f64, most: f64, unit: &'static str) -> Rule {
    Rule::Decimal { default, least, most, unit }
}

/// Whether every mind accepts this as the name of a tool.
fn is_tool_name(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
}
