//! A schema in words that follow "it must be".

use serde_json::Value;

use super::compile::{Bounds, Format, Kind, Length, Node};

/// Characters of a value that are shown in a fault.
const SHOWN: usize = 60;

/// Values of an enumeration that are listed.
const LISTED: usize = 40;

/// What must be, such as `a whole number from 1 to 12`.
pub(super) fn described(node: &Node) -> String {
    if let Some(allowed) = &node.allowed {
        let words: Vec<String> = allowed.iter().take(LISTED).map(Value::to_string).collect();
        let more = if allowed.len() > LISTED { " …" } else { "" };
        return match words.as_slice() {
            [one] => one.clone(),
            several => format!("one of {}{more}", several.join(", ")),
        };
    }
    let kinds: Vec<String> = node.kinds.iter().map(|kind| of_kind(*kind, node)).collect();
    match kinds.as_slice() {
        [] => "something else".to_owned(),
        kinds => kinds.join(" or "),
    }
}

/// A value as a fault shows it: whole when it is short.
pub(super) fn shown(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(SHOWN) {
        Some((cut, _)) => format!("{}…", &text[..cut]),
        None => text,
    }
}

fn of_kind(kind: Kind, node: &Node) -> String {
    match kind {
        Kind::Null => "null".to_owned(),
        Kind::Flag => "true or false".to_owned(),
        Kind::Whole => format!("a whole number{}", bounds(node.bounds)),
        Kind::Number => format!("a number{}", bounds(node.bounds)),
        Kind::Text => match node.format {
            Some(Format::Date) => "a date such as 2026-11-21".to_owned(),
            Some(Format::Time) => "a time such as 19:30".to_owned(),
            Some(Format::DateTime) => "a date and time such as 2026-11-21T19:30:00".to_owned(),
            Some(Format::Email) => "an e-mail address".to_owned(),
            None => format!("a text{}", length(node.length, "characters")),
        },
        Kind::Array => format!("a list{}", length(node.length, "items")),
        Kind::Object => "an object".to_owned(),
    }
}

fn bounds(bounds: Bounds) -> String {
    let least =
        bounds.least.map(|n| format!("{n}")).or_else(|| bounds.above.map(|n| format!("more than {n}")));
    let most = bounds.most.map(|n| format!("{n}")).or_else(|| bounds.below.map(|n| format!("less than {n}")));
    match (least, most) {
        (Some(least), Some(most)) => format!(" from {least} to {most}"),
        (Some(least), None) if bounds.least.is_some() => format!(", {least} or more"),
        (None, Some(most)) if bounds.most.is_some() => format!(", {most} or less"),
        (Some(bound), None) | (None, Some(bound)) => format!(", {bound}"),
        (None, None) => String::new(),
    }
}

fn length(length: Length, of: &str) -> String {
    match (length.least, length.most) {
        (Some(least), Some(most)) => format!(" of {least} to {most} {of}"),
        (Some(least), None) => format!(" of {least} {of} or more"),
        (None, Some(most)) => format!(" of {most} {of} at most"),
        (None, None) => String::new(),
    }
}
