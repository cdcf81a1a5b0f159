//! Addresses of people and pages, handles and hashtags.

use super::{Hit, Verdict, numeral::whole};
use crate::reading::{Conventions, Expression, words::Words};

/// `jane.doe@example.com`, `https://docs.rs/x`, `example.org`, `@jane`, `#5`, `#rust`.
pub(super) fn address(words: &Words<'_>, _: &Conventions) -> Verdict {
    let core = words.first().core;
    if let Some(rest) = core.strip_prefix('#') {
        return Ok(hashtag(rest).map(|what| Hit::of(1, what)));
    }
    let is_handle = core.len() > 1 && core.starts_with('@') && core[1..].chars().all(is_local);
    if is_handle || is_mail(core) {
        return Ok(Some(Hit::of(1, Expression::Address(core.to_owned()))));
    }
    let (scheme, rest) = match core.split_once("://") {
        Some((scheme, rest)) if scheme.bytes().all(|b| b.is_ascii_alphabetic()) => (true, rest),
        Some(_) | None => (false, core),
    };
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    let is_page =
        !rest.is_empty() && (scheme || is_host(rest.split(['/', '?', '#', ':']).next().unwrap_or_default()));
    Ok(is_page.then(|| Hit::of(1, Expression::Address(rest.to_owned()))))
}

fn hashtag(rest: &str) -> Option<Expression> {
    if let Some(number) = whole(rest, 9) {
        return Some(Expression::NumberSign(number));
    }
    let is_one =
        rest.starts_with(char::is_alphabetic) && rest.chars().all(|c| c.is_alphanumeric() || c == '_');
    is_one.then(|| Expression::Hashtag(rest.to_owned()))
}

fn is_mail(text: &str) -> bool {
    text.split_once('@').is_some_and(|(who, host)| {
        !who.is_empty() && who.chars().all(is_local) && host.contains('.') && is_name(host)
    })
}

const fn is_local(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '+')
}

/// Labels with full stops between them.
fn is_name(host: &str) -> bool {
    host.split('.')
        .all(|label| !label.is_empty() && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'))
}

/// A host by its last label, or by `www`. Not `3.14`, and not `e.g`.
fn is_host(text: &str) -> bool {
    let Some((before, last)) = text.rsplit_once('.') else { return false };
    is_name(text)
        && (before.starts_with("www.") || TOP.contains(&last))
        && before.len() > 1
        && before.bytes().any(|b| b.is_ascii_alphabetic())
}

/// Last labels that are written without a scheme.
const TOP: &[&str] = &[
    "com", "org", "net", "edu", "gov", "io", "ai", "app", "dev", "info", "biz", "co", "me", "tv", "rs", "eu",
    "uk", "de", "fr", "es", "it", "nl", "at", "ch", "be", "pl", "pt", "se", "dk", "fi", "ie", "jp", "cn",
    "in", "au", "ca", "br", "us", "cloud", "shop", "online", "site", "tech",
];
