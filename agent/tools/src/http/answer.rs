//! What the mind is told of a server's answer. Pure.
//!
//! A success is what the file selects of it. A refusal is told with the server's own words when it has any: "no table is
//! free at 20:00" is what the mind needs. What concerns the operator is logged, and told without detail.

use config_schema::{Fault, HttpToolSpec};
use reqwest::StatusCode;
use serde_json::Value;

use super::template::Template;

/// What of an answer the mind is told.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    select: String,
    template: Option<Template>,
}

/// An answer that is not what the file says it is, for the operator.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unexpected {
    #[error("the answer is no JSON, and select or answer needs JSON")]
    NoJson,
    #[error("the answer has no {0}")]
    Missing(String),
}

/// Characters of a server's own words in a refusal.
const WORDS: usize = 300;

impl Answer {
    /// Reads what a file says of the answer. What is wrong is added to `faults`.
    pub(super) fn new(spec: &HttpToolSpec, faults: &mut Vec<Fault>) -> Self {
        let template = spec.settings.answer.as_ref().and_then(|text| match Template::parse(text) {
            Ok(template) => Some(template),
            Err(problem) => {
                faults.push(spec.fault("answer", problem));
                None
            }
        });
        let slots = template.iter().flat_map(Template::slots);
        faults.extend(slots.filter(|slot| !slot.starts_with('/')).map(|slot| {
            spec.fault("answer", format!("uses {slot}, which is no JSON pointer such as /tables/0/name"))
        }));
        Self { select: spec.settings.select.clone(), template }
    }

    /// What the mind is told of a successful answer.
    pub(super) fn read(&self, body: &[u8]) -> Result<String, Unexpected> {
        let json = serde_json::from_slice::<Value>(body).ok();
        if self.select.is_empty() && self.template.is_none() {
            return Ok(match json {
                Some(json) => said(&json),
                None if body.iter().all(u8::is_ascii_whitespace) => "Done.".to_owned(),
                None => String::from_utf8_lossy(body).trim().to_owned(),
            });
        }
        let json = json.ok_or(Unexpected::NoJson)?;
        let selected = json.pointer(&self.select).ok_or_else(|| Unexpected::Missing(self.select.clone()))?;
        let Some(template) = &self.template else { return Ok(said(selected)) };
        template.render(|pointer| {
            selected.pointer(pointer).map(said).ok_or_else(|| Unexpected::Missing(pointer.to_owned()))
        })
    }
}

/// A value as the mind reads it: a text as it is, a list of plain values with commas, anything else as JSON.
fn said(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items)
            if !items.is_empty() && items.iter().all(|item| !item.is_object() && !item.is_array()) =>
        {
            items.iter().map(said).collect::<Vec<_>>().join(", ")
        }
        other => other.to_string(),
    }
}

/// What the mind is told of an answer that is no success.
pub(super) fn refused(status: StatusCode, body: &[u8]) -> String {
    let named = status
        .canonical_reason()
        .map_or_else(|| status.as_str().to_owned(), |reason| format!("{} {reason}", status.as_str()));
    match status.as_u16() {
        401 | 403 | 407 => format!("The server does not let this agent in ({named}). It cannot be done now."),
        300..=399 => format!("The server sent the request elsewhere ({named}), where it may not go."),
        429 => format!("The server has too much to do ({named}). Try again in a moment."),
        500.. => format!("The server failed ({named}). Try again later, or do without."),
        _ => match words(body) {
            Some(words) => format!("The server refused ({named}): {words}"),
            None => format!("The server refused ({named})."),
        },
    }
}

/// The server's own words, where servers put them; nothing of a page that is meant for a browser.
fn words(body: &[u8]) -> Option<String> {
    let text = match serde_json::from_slice::<Value>(body) {
        Ok(json) => {
            let places = [
                "/error/message",
                "/message",
                "/detail",
                "/error",
                "/title",
                "/errors/0/message",
                "/errors/0",
            ];
            places.iter().find_map(|place| json.pointer(place)?.as_str().map(str::to_owned))?
        }
        Err(_) => String::from_utf8(body.to_vec()).ok().filter(|text| !text.trim_start().starts_with('<'))?,
    };
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let words = match words.char_indices().nth(WORDS) {
        Some((cut, _)) => format!("{}…", &words[..cut]),
        None => words,
    };
    (!words.is_empty()).then_some(words)
}

#[cfg(test)]
mod tests {
    use reqwest::StatusCode;

    use super::{Answer, Template, Unexpected, refused};

    fn answer(select: &str, template: Option<&str>) -> Answer {
        Answer { select: select.to_owned(), template: template.map(|text| Template::parse(text).unwrap()) }
    }

    #[test]
    fn the_mind_is_told_what_the_file_selects() {
        let body =
            br#"{"free": ["19:00", "20:30"], "best": {"time": "19:00", "seats": 4}, "note": "terrace"}"#;
        for (select, template, expected) in [
            ("/free", None, "19:00, 20:30"),
            ("/note", None, "terrace"),
            ("/best", None, r#"{"seats":4,"time":"19:00"}"#),
            ("/best/seats", None, "4"),
            ("/best", Some("{/seats} seats at {/time}"), "4 seats at 19:00"),
            ("", Some("{/note}: {/free}"), "terrace: 19:00, 20:30"),
        ] {
            assert_eq!(answer(select, template).read(body).as_deref(), Ok(expected), "{select}");
        }
        let missing = |pointer: &str| Err(Unexpected::Missing(pointer.to_owned()));
        assert_eq!(answer("/nothing", None).read(body), missing("/nothing"));
        assert_eq!(answer("/best", Some("{/colour}")).read(body), missing("/colour"));
        assert_eq!(answer("/best", None).read(b"<html>"), Err(Unexpected::NoJson));
        for (body, expected) in [
            (&b" plain\n"[..], "plain"),
            (b"", "Done."),
            (b" \r\n", "Done."),
            (b"[]", "[]"),
            (b"\"text\"", "text"),
            (b"caf\xe9", "caf\u{fffd}"),
        ] {
            assert_eq!(answer("", None).read(body).as_deref(), Ok(expected));
        }
    }

    #[test]
    fn a_refusal_is_told_in_the_servers_words_unless_they_are_the_operators() {
        let long = format!("{{\"message\": \"{}\"}}", "ä".repeat(1_000));
        for (status, body, expected) in [
            (
                404,
                &br#"{"detail": "no such booking"}"#[..],
                "The server refused (404 Not Found): no such booking",
            ),
            (
                409,
                br#"{"error": {"message": "no table\n is free"}}"#,
                "The server refused (409 Conflict): no table is free",
            ),
            (400, b"party is too large", "The server refused (400 Bad Request): party is too large"),
            (400, b"<!doctype html><p>Oops", "The server refused (400 Bad Request)."),
            (422, b"\xff\xfe", "The server refused (422 Unprocessable Entity)."),
            (422, br#"{"message": 3}"#, "The server refused (422 Unprocessable Entity)."),
            (
                401,
                br#"{"message": "key sk-123 is wrong"}"#,
                "The server does not let this agent in (401 Unauthorized). It cannot be done now.",
            ),
            (302, b"", "The server sent the request elsewhere (302 Found), where it may not go."),
            (429, b"", "The server has too much to do (429 Too Many Requests). Try again in a moment."),
            (
                503,
                b"stack trace",
                "The server failed (503 Service Unavailable). Try again later, or do without.",
            ),
            (599, b"", "The server failed (599). Try again later, or do without."),
        ] {
            assert_eq!(refused(StatusCode::from_u16(status).unwrap(), body), expected);
        }
        let told = refused(StatusCode::BAD_REQUEST, long.as_bytes());
        assert!(told.chars().count() < 350 && told.ends_with('…'), "{told}");
    }
}
