//! How a request is made of arguments. Pure: what is written in the file is checked once, before any call.

use std::collections::BTreeSet;

use config_schema::{Fault, HttpMethod, HttpToolSpec};
use providers_core::{Arguments, ToolContext};
use reqwest::{
    Method,
    header::{HeaderMap, HeaderName, HeaderValue},
};
use serde_json::{Map, Value};
use url::Url;

use super::template::Template;

/// How the request of one tool is made.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    method: Method,
    url: Template,
    query: Vec<(String, Template)>,
    headers: Vec<(HeaderName, Template)>,
    body: Option<Body>,
    idempotency_header: Option<HeaderName>,
}

/// The body, whose texts are templates.
#[derive(Clone, Debug)]
enum Body {
    Text(Template),
    Json(Tree),
}

#[derive(Clone, Debug)]
enum Tree {
    Value(Value),
    Text(Template),
    Array(Vec<Tree>),
    Object(Vec<(String, Tree)>),
}

/// A request that can be sent, and sent again.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Request {
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

/// Why a place cannot be filled in.
enum Gap {
    /// The argument was left out.
    LeftOut,
    /// What the mind is told.
    Told(String),
}

impl Plan {
    /// Reads the templates of a file. What is wrong is added to `faults`; then the plan is not to be used.
    pub(super) fn new(spec: &HttpToolSpec, faults: &mut Vec<Fault>) -> Self {
        let mut reader = Reader { spec, used: BTreeSet::new(), faults };
        let url = reader.url();
        let query: Vec<_> = spec
            .query
            .iter()
            .map(|(name, text)| (name.clone(), reader.template(&format!("query.{name}"), text)))
            .collect();
        let headers = spec.headers.iter().filter_map(|(name, text)| reader.header(name, text)).collect();
        let body = spec.body.as_ref().map(|body| match body {
            Value::String(text) => Body::Text(reader.template("body", text)),
            tree => Body::Json(reader.tree("body", tree)),
        });
        if body.is_some() && spec.settings.method == HttpMethod::Get {
            reader.fault("body", "a GET request has none");
        }
        let idempotency_header = spec.settings.idempotency_header.as_ref().and_then(|name| {
            let header = name.parse().ok();
            if header.is_none() {
                reader.fault("idempotency_header", "is not the name of a header");
            }
            header
        });
        reader.check_used();
        let method = match spec.settings.method {
            HttpMethod::Get => Method::GET,
            HttpMethod::Post => Method::POST,
            HttpMethod::Put => Method::PUT,
            HttpMethod::Patch => Method::PATCH,
            HttpMethod::Delete => Method::DELETE,
        };
        Self { method, url, query, headers, body, idempotency_header }
    }

    /// Whether the request may be sent again though the first one may have been obeyed.
    pub(super) fn is_repeatable(&self) -> bool {
        self.method.is_idempotent() || self.idempotency_header.is_some()
    }

    /// Whether the request changes nothing.
    pub(super) fn only_asks(&self) -> bool {
        self.method.is_safe()
    }

    /// The request of one call; otherwise what the mind is told.
    pub(super) fn request(&self, arguments: &Arguments, context: &ToolContext) -> Result<Request, String> {
        let filler = Filler { arguments, context };
        let url = self.url(&filler)?;
        let mut headers = HeaderMap::new();
        if let Some(name) = &self.idempotency_header {
            headers.insert(name.clone(), header_value(name, &context.idempotency_key)?);
        }
        let (kind, body) = match &self.body {
            None => (None, Vec::new()),
            Some(Body::Text(template)) => (
                Some("text/plain; charset=utf-8"),
                whole(template, &filler)?.unwrap_or_default().into_bytes(),
            ),
            Some(Body::Json(tree)) => {
                let value = tree.fill(&filler)?.unwrap_or_default();
                (Some("application/json"), value.to_string().into_bytes())
            }
        };
        if let Some(kind) = kind {
            headers.insert(reqwest::header::CONTENT_TYPE, HeaderValue::from_static(kind));
        }
        for (name, template) in &self.headers {
            if let Some(text) = whole(template, &filler)? {
                headers.insert(name.clone(), header_value(name, &text)?);
            }
        }
        Ok(Request { method: self.method.clone(), url, headers, body })
    }

    fn url(&self, filler: &Filler<'_>) -> Result<Url, String> {
        let text = self.url.render(|name| match filler.text(name) {
            Ok(text) if text.is_empty() => Err(format!("{name} is empty; it must not be.")),
            Ok(text) => Ok(encoded(&text)),
            Err(Gap::LeftOut) => Err(format!("{name} is missing.")),
            Err(Gap::Told(why)) => Err(why),
        })?;
        let path = text.split_once("://").map_or("", |(_, rest)| rest);
        let path = path.split(['?', '#']).next().unwrap_or_default();
        if path.split('/').any(|part| part == "." || part == "..") {
            return Err("An argument is . or .., which names nothing here.".to_owned());
        }
        let mut url = Url::parse(&text).map_err(|error| format!("The address cannot be made: {error}."))?;
        if !self.query.is_empty() {
            let mut pairs = url.query_pairs_mut();
            for (name, template) in &self.query {
                for value in values(template, filler)? {
                    pairs.append_pair(name, &value);
                }
            }
        }
        if url.query() == Some("") {
            url.set_query(None);
        }
        Ok(url)
    }
}

/// The values of a name in a query: a list of the mind's is one value each.
fn values(template: &Template, filler: &Filler<'_>) -> Result<Vec<String>, String> {
    if let Some(Value::Array(items)) = template.only_slot().and_then(|name| filler.arguments.get(name)) {
        return Ok(items.iter().map(text_of).collect());
    }
    Ok(whole(template, filler)?.into_iter().collect())
}

/// The text of a template; `None` if something in it was left out.
fn whole(template: &Template, filler: &Filler<'_>) -> Result<Option<String>, String> {
    match template.render(|name| filler.text(name)) {
        Ok(text) => Ok(Some(text)),
        Err(Gap::LeftOut) => Ok(None),
        Err(Gap::Told(why)) => Err(why),
    }
}

impl Tree {
    /// The value with its texts filled in; `None` if it was left out.
    fn fill(&self, filler: &Filler<'_>) -> Result<Option<Value>, String> {
        Ok(match self {
            Self::Value(value) => Some(value.clone()),
            Self::Text(template) => match template.only_slot().and_then(|name| filler.value(name)) {
                Some(value) => Some(value),
                None => whole(template, filler)?.map(Value::String),
            },
            Self::Array(items) => {
                let mut values = Vec::with_capacity(items.len());
                for item in items {
                    values.extend(item.fill(filler)?);
                }
                Some(Value::Array(values))
            }
            Self::Object(fields) => {
                let mut map = Map::new();
                for (name, tree) in fields {
                    if let Some(value) = tree.fill(filler)? {
                        map.insert(name.clone(), value);
                    }
                }
                Some(Value::Object(map))
            }
        })
    }
}

/// Fills in places by the arguments and what is known of the call.
struct Filler<'a> {
    arguments: &'a Arguments,
    context: &'a ToolContext,
}

impl Filler<'_> {
    fn value(&self, name: &str) -> Option<Value> {
        self.arguments.get(name).cloned()
    }

    fn text(&self, name: &str) -> Result<String, Gap> {
        let context = self.context;
        match name.strip_prefix(OF_CALL) {
            Some("id") => Ok(context.call_id.clone()),
            Some("key") => Ok(context.idempotency_key.clone()),
            Some("conversation") => Ok(context.conversation.to_string()),
            Some("agent") => Ok(context.agent.0.clone()),
            Some(other) => Err(Gap::Told(format!("Nothing is known of a call's {other}."))),
            None => match self.arguments.get(name) {
                None | Some(Value::Null) => Err(Gap::LeftOut),
                Some(value) => Ok(text_of(value)),
            },
        }
    }
}

/// What begins the names of what is known of the call.
const OF_CALL: &str = "call.";

/// What is known of a call.
const KNOWN: &[&str] = &["call.id", "call.key", "call.conversation", "call.agent"];

fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// A header's value: plain ASCII, as what else a server makes of it is its own secret.
fn header_value(name: &HeaderName, text: &str) -> Result<HeaderValue, String> {
    let value = if text.is_ascii() { HeaderValue::from_str(text).ok() } else { None };
    value.ok_or_else(|| {
        format!("The header {name} can carry only plain letters; write it without accents and line breaks.")
    })
}

/// Everything but letters, digits and `-._~` as `%XX`: nothing in it can end the place where it stands.
fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// Reads the templates of a file and notes what is wrong.
struct Reader<'a> {
    spec: &'a HttpToolSpec,
    used: BTreeSet<String>,
    faults: &'a mut Vec<Fault>,
}

impl Reader<'_> {
    fn url(&mut self) -> Template {
        let text = &self.spec.settings.url;
        let template = self.template("url", text);
        let Ok(example) = template.render(|_| Ok::<_, ()>("x".to_owned())) else { return template };
        let after_scheme = template.beginning().split_once("://").map_or("", |(_, rest)| rest);
        let is_whole = template.slots().next().is_none() || after_scheme.contains(['/', '?']);
        let private = self.spec.settings.allow_private;
        let problem = match Url::parse(&example) {
            Err(error) => Some(format!("is not an address: {error}")),
            Ok(url) if !matches!(url.scheme(), "http" | "https") => {
                Some("must begin with https:// or http://".to_owned())
            }
            Ok(_) if !is_whole => Some("must name its host: places may stand after it only".to_owned()),
            Ok(url) if !url.username().is_empty() || url.password().is_some() => {
                Some("has a user name or password in it; a key has a place of its own: secret".to_owned())
            }
            Ok(url) if url.scheme() == "http" && !private => {
                Some("must begin with https://; http:// needs allow_private = true".to_owned())
            }
            Ok(url) if url.fragment().is_some() => Some("has a #, after which nothing is sent".to_owned()),
            Ok(_) => None,
        };
        if let Some(problem) = problem {
            self.fault("url", &problem);
        }
        let optional: Vec<String> = template
            .slots()
            .filter(|name| self.spec.settings.optional.iter().any(|o| o == name))
            .map(str::to_owned)
            .collect();
        for name in optional {
            self.fault("url", &format!("uses {name}, which may be left out"));
        }
        template
    }

    fn header(&mut self, name: &str, text: &str) -> Option<(HeaderName, Template)> {
        let key = format!("headers.{name}");
        let template = self.template(&key, text);
        let Ok(header) = name.parse::<HeaderName>() else {
            self.fault(&key, "is not the name of a header");
            return None;
        };
        if RESERVED.contains(&header.as_str()) {
            self.fault(&key, "is written by the connection itself");
        }
        Some((header, template))
    }

    fn tree(&mut self, key: &str, value: &Value) -> Tree {
        match value {
            Value::String(text) => Tree::Text(self.template(key, text)),
            Value::Array(items) => Tree::Array(items.iter().map(|item| self.tree(key, item)).collect()),
            Value::Object(fields) => {
                let fields = fields.iter();
                Tree::Object(
                    fields
                        .map(|(name, tree)| (name.clone(), self.tree(&format!("{key}.{name}"), tree)))
                        .collect(),
                )
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => Tree::Value(value.clone()),
        }
    }

    fn template(&mut self, key: &str, text: &str) -> Template {
        let template = Template::parse(text).unwrap_or_else(|problem| {
            self.fault(key, problem);
            Template::default()
        });
        for name in template.slots() {
            if self.spec.arguments.contains_key(name) {
                self.used.insert(name.to_owned());
            } else if !KNOWN.contains(&name) {
                let problem =
                    format!("uses {name}, which is neither an argument nor one of {}", KNOWN.join(", "));
                self.faults.push(self.spec.fault(key, problem));
            }
        }
        template
    }

    /// An argument that goes nowhere is a misspelling, or one that the mind asks the person for in vain.
    fn check_used(&mut self) {
        let unused: Vec<String> =
            self.spec.arguments.keys().filter(|name| !self.used.contains(*name)).cloned().collect();
        for name in unused {
            self.fault(
                &format!("arguments.{name}"),
                "is used nowhere: neither in url nor query, headers or body",
            );
        }
    }

    fn fault(&mut self, key: &str, problem: &str) {
        self.faults.push(self.spec.fault(key, problem));
    }
}

/// Headers that a file may not set.
const RESERVED: &[&str] =
    &["host", "content-length", "transfer-encoding", "connection", "upgrade", "te", "trailer"];

#[cfg(test)]
mod tests;
