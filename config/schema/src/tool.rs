//! `[[tool]]` tables: each read into one [`HttpToolSpec`], with the places of its keys.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
};

use serde_json::{Map, Number, Value as Json};
use toml::de::{DeTable, DeValue};

use crate::{
    File, HttpToolSettings, Turn,
    error::{Fault, Place},
    inventory::{Inventory, Values},
    load::{REFERENCE, from_toml, line_of},
    value::Value,
};

/// A tool of the mind that is an HTTP request, as a file describes it. What its templates and schemas say is checked by
/// who makes the tool, and told with [`HttpToolSpec::fault`].
#[derive(Clone, Debug, PartialEq)]
pub struct HttpToolSpec {
    /// Its keys.
    pub settings: HttpToolSettings,
    /// For each argument its JSON schema.
    pub arguments: Map<String, Json>,
    /// What stands after the `?` of the address: name, template.
    pub query: BTreeMap<String, String>,
    /// Headers: name, template.
    pub headers: BTreeMap<String, String>,
    /// The body as JSON, whose texts are templates.
    pub body: Option<Json>,
    /// Where each key stands; that of the whole has no name.
    places: BTreeMap<String, Place>,
}

impl HttpToolSpec {
    /// What is wrong with it, at its place in the file. `key` is a path within the tool's table, such as
    /// `arguments.party`; the nearest key of it that has a line is pointed at.
    #[must_use]
    pub fn fault(&self, key: &str, problem: impl Into<String>) -> Fault {
        let mut path = key;
        let place = loop {
            match (self.places.get(path), path.rsplit_once('.')) {
                (Some(place), _) => break place.clone(),
                (None, Some((table, _))) => path = table,
                (None, None) if path.is_empty() => break Place::Default,
                (None, None) => path = "",
            }
        };
        let of = if self.settings.name.is_empty() {
            "tool".to_owned()
        } else {
            format!("tool {}", self.settings.name)
        };
        Fault { place, key: format!("{of}: {key}"), problem: problem.into() }
    }
}

/// Words of tools for long waits that a call with these settings never says.
pub(crate) fn unsaid_fillers<'a>(tools: &'a [HttpToolSpec], turn: &Turn) -> impl Iterator<Item = Fault> + 'a {
    let is_off = turn.filler_after.is_none();
    let unsaid = tools.iter().filter(move |tool| is_off && tool.settings.filler.is_some());
    unsaid
        .map(|tool| tool.fault("filler", "is never said: turn.filler_after_ms is \"off\" where calls begin"))
}

/// Reads the value of `tool` in a file: an array of tables.
pub(crate) fn read_tools(
    file: File<'_>,
    value: &DeValue<'_>,
    place: Place,
    environment: &BTreeMap<String, String>,
    faults: &mut Vec<Fault>,
) -> Vec<HttpToolSpec> {
    let DeValue::Array(tables) = value else {
        faults.push(not_a_list(place));
        return Vec::new();
    };
    let mut names = BTreeSet::new();
    let mut tools = Vec::new();
    for table in tables {
        let DeValue::Table(fields) = table.get_ref() else {
            faults.push(not_a_list(place.clone()));
            continue;
        };
        let reader = Reader::new(file, table.span(), environment);
        let (tool, found) = reader.read(fields);
        faults.extend(found);
        if !tool.settings.name.is_empty() && !names.insert(tool.settings.name.clone()) {
            faults.push(tool.fault("name", "is the name of another tool in this file"));
        }
        tools.push(tool);
    }
    tools
}

fn not_a_list(place: Place) -> Fault {
    Fault {
        place,
        key: "tool".to_owned(),
        problem: "must be written as [[tool]], a table for each".to_owned(),
    }
}

/// Reads one tool.
struct Reader<'a> {
    file: File<'a>,
    environment: &'a BTreeMap<String, String>,
    values: Values,
    places: BTreeMap<String, Place>,
    faults: Vec<Fault>,
}

impl<'a> Reader<'a> {
    fn new(file: File<'a>, span: Range<usize>, environment: &'a BTreeMap<String, String>) -> Self {
        let values = Inventory::TOOL.keys().map(|key| (key.path, key.rule.default())).collect();
        let mut reader = Self { file, environment, values, places: BTreeMap::new(), faults: Vec::new() };
        reader.mark("", &span);
        reader
    }

    fn read(mut self, fields: &DeTable<'_>) -> (HttpToolSpec, Vec<Fault>) {
        let (mut arguments, mut query, mut headers, mut body) = Default::default();
        for (name, value) in fields {
            let key = name.get_ref().to_string();
            self.mark(&key, &name.span());
            match (key.as_str(), value.get_ref()) {
                ("arguments", DeValue::Table(table)) => arguments = self.object(table, "arguments"),
                ("query", DeValue::Table(table)) => query = self.templates(table, "query"),
                ("headers", DeValue::Table(table)) => headers = self.templates(table, "headers"),
                ("body", value) => body = self.json(value, "body"),
                ("arguments" | "query" | "headers", value) => {
                    let problem = format!("must be a table, not {}", value.type_str());
                    self.fault(&key, problem);
                }
                (_, value) => self.set(&key, value),
            }
        }
        self.resolve_secret();
        for required in ["name", "url"] {
            if !fields.iter().any(|(name, _)| name.get_ref() == required) {
                self.fault(required, "is not set, and every tool needs it".to_owned());
            }
        }
        let settings = HttpToolSettings::take(&self.values);
        let places = self.places;
        (HttpToolSpec { settings, arguments, query, headers, body, places }, self.faults)
    }

    fn set(&mut self, name: &str, value: &DeValue<'_>) {
        let path = format!("tool.{name}");
        let Some(key) = Inventory::TOOL.find(&path) else {
            return self.fault(name, Inventory::TOOL.unknown(&path));
        };
        let value = from_toml(value);
        let shown = if key.rule.is_secret() { String::new() } else { format!(" = {value}") };
        match key.rule.check(value) {
            Ok(value) => {
                self.values.insert(key.path, value);
            }
            Err(allowed) => {
                let place = self.places.get(name).cloned().unwrap_or(Place::Default);
                let key = format!("{path}{shown}");
                self.faults.push(Fault { place, key, problem: format!("must be {allowed}") });
            }
        }
    }

    /// Puts a variable's value in the place of its name. A key that is not there must not be found out in a call.
    fn resolve_secret(&mut self) {
        let Some(Value::Text(text)) = self.values.get_mut("tool.secret") else { return };
        let Some(variable) = text.strip_prefix(REFERENCE).map(str::to_owned) else { return };
        match self.environment.get(&variable).filter(|value| !value.is_empty()) {
            Some(value) => value.clone_into(text),
            None => {
                text.clear();
                self.fault("secret", format!("the variable {variable} is not set"));
            }
        }
    }

    /// A table of texts; numbers and flags are taken as they are written.
    fn templates(&mut self, table: &DeTable<'_>, path: &str) -> BTreeMap<String, String> {
        let mut templates = BTreeMap::new();
        for (name, json) in self.object(table, path) {
            match json {
                Json::String(text) => drop(templates.insert(name, text)),
                Json::Number(_) | Json::Bool(_) => drop(templates.insert(name, json.to_string())),
                Json::Null | Json::Array(_) | Json::Object(_) => {
                    self.fault(&format!("{path}.{name}"), "must be a text".to_owned());
                }
            }
        }
        templates
    }

    fn object(&mut self, table: &DeTable<'_>, path: &str) -> Map<String, Json> {
        let mut map = Map::new();
        for (name, value) in table {
            let path = format!("{path}.{}", name.get_ref());
            self.mark(&path, &name.span());
            if let Some(json) = self.json(value.get_ref(), &path) {
                map.insert(name.get_ref().to_string(), json);
            }
        }
        map
    }

    /// A value of the file as JSON; dates become texts.
    fn json(&mut self, value: &DeValue<'_>, path: &str) -> Option<Json> {
        Some(match value {
            DeValue::String(text) => Json::String(text.to_string()),
            DeValue::Boolean(flag) => Json::Bool(*flag),
            DeValue::Datetime(date) => Json::String(date.to_string()),
            DeValue::Integer(_) | DeValue::Float(_) => {
                let number = match from_toml(value) {
                    Value::Count(count) => Some(Number::from(count)),
                    Value::Decimal(number) => Number::from_f64(number),
                    Value::Text(_) | Value::Flag(_) | Value::List(_) | Value::Other(_) => None,
                };
                let Some(number) = number else {
                    self.fault(path, "is no number that JSON can say".to_owned());
                    return None;
                };
                Json::Number(number)
            }
            DeValue::Array(items) => {
                Json::Array(items.iter().filter_map(|item| self.json(item.get_ref(), path)).collect())
            }
            DeValue::Table(table) => Json::Object(self.object(table, path)),
        })
    }

    fn mark(&mut self, key: &str, span: &Range<usize>) {
        let place =
            Place::File { name: self.file.name.to_owned(), line: line_of(self.file.text, span.start) };
        self.places.insert(key.to_owned(), place);
    }

    fn fault(&mut self, key: &str, problem: String) {
        let place = self.places.get(key).or_else(|| self.places.get("")).cloned().unwrap_or(Place::Default);
        self.faults.push(Fault { place, key: format!("tool.{key}"), problem });
    }
}
