//! From texts to a checked configuration: defaults, then the command's wishes, the file, variables, arguments.

use std::collections::{BTreeMap, BTreeSet};

use toml::de::{DeTable, DeValue};

use crate::{
    Config, Provider, SttEngine,
    error::{ConfigErrors, Fault, Place},
    inventory::{Key, Values, find, inventory},
    settings::{ORDERED, SECTIONS, USUAL_VARIABLES},
    suggest::nearest,
    value::Value,
};

/// The prefix of variables that set a key: `COLLOQUY__WORKER__SLOTS` sets `worker.slots`.
const PREFIX: &str = "COLLOQUY__";
/// How a secret names the variable that holds it.
const REFERENCE: &str = "env:";

/// Where values may come from.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sources<'a> {
    /// What the command prefers over the defaults: path, value.
    pub preferences: &'a [(&'a str, &'a str)],
    /// The file, if one was named.
    pub file: Option<File<'a>>,
    /// The environment; [`crate::environment`] reads it.
    pub environment: Option<&'a BTreeMap<String, String>>,
    /// What the command line sets: `path=value`.
    pub arguments: &'a [String],
}

/// A configuration file that was read.
#[derive(Clone, Copy, Debug)]
pub struct File<'a> {
    /// Its name as it was given, for errors.
    pub name: &'a str,
    /// Its text.
    pub text: &'a str,
}

/// A checked configuration, and where each value came from.
#[derive(Clone, Debug, PartialEq)]
pub struct Loaded {
    /// The values.
    pub config: Config,
    /// Each value with its origin, to be shown.
    pub effective: Effective,
}

/// Every setting with its origin, in the order of the document; prints as TOML, secrets masked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Effective {
    /// The settings.
    pub entries: Vec<Entry>,
}

/// One setting as it is in effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The key's path.
    pub path: &'static str,
    /// The value as TOML spells it; a secret is masked.
    pub shown: String,
    /// Where it came from.
    pub origin: Origin,
}

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// Where it stands.
    pub place: Place,
    /// For a secret that names a variable: the variable, and whether it is set.
    pub reference: Option<(String, bool)>,
}

/// Reads and checks a configuration. All faults are reported, not only the first.
pub fn load(sources: &Sources<'_>) -> Result<Loaded, ConfigErrors> {
    let mut loader = Loader::new();
    for (path, value) in sources.preferences {
        loader.set_text(Place::Command, path, value);
    }
    if let Some(file) = sources.file {
        loader.read_file(file);
    }
    let nothing = BTreeMap::new();
    let environment = sources.environment.unwrap_or(&nothing);
    loader.read_environment(environment);
    for argument in sources.arguments {
        loader.read_argument(argument);
    }
    loader.resolve_secrets(environment);
    loader.check_order();
    loader.finish()
}

impl Loaded {
    /// Whether there is what a command needs that talks to a LiveKit server: a key and its secret.
    pub fn require_credentials(&self) -> Result<(), ConfigErrors> {
        let livekit = &self.config.livekit;
        let missing = [
            ("livekit.api_key", "LIVEKIT_API_KEY", livekit.api_key.is_empty()),
            ("livekit.api_secret", "LIVEKIT_API_SECRET", livekit.api_secret.is_empty()),
        ];
        let faults: Vec<_> = missing
            .into_iter()
            .filter(|(_, _, missing)| *missing)
            .map(|(path, variable, _)| Fault {
                place: self.effective.origin(path).map_or(Place::Default, |origin| origin.place.clone()),
                key: path.to_owned(),
                problem: format!(
                    "is not set; set the variable {variable}, or the key in the [livekit] table"
                ),
            })
            .collect();
        if faults.is_empty() { Ok(()) } else { Err(ConfigErrors(faults)) }
    }
}

impl Effective {
    /// Where the value at `path` came from.
    #[must_use]
    pub fn origin(&self, path: &str) -> Option<&Origin> {
        self.entries.iter().find(|entry| entry.path == path).map(|entry| &entry.origin)
    }
}

/// A configuration that is being read.
struct Loader {
    values: Values,
    origins: BTreeMap<&'static str, Origin>,
    faults: Vec<Fault>,
}

impl Loader {
    fn new() -> Self {
        let values = inventory().map(|key| (key.path, key.rule.default())).collect();
        let origins =
            inventory().map(|key| (key.path, Origin { place: Place::Default, reference: None })).collect();
        Self { values, origins, faults: Vec::new() }
    }

    fn read_file(&mut self, file: File<'_>) {
        match DeTable::parse(file.text) {
            Ok(table) => self.read_table(file, "", table.get_ref()),
            Err(error) => {
                let line = line_of(file.text, error.span().map_or(0, |span| span.start));
                let problem =
                    format!("is not TOML: {}", error.message().lines().collect::<Vec<_>>().join(" "));
                self.fault(Place::File { name: file.name.to_owned(), line }, "", problem);
            }
        }
    }

    fn read_table(&mut self, file: File<'_>, prefix: &str, table: &DeTable<'_>) {
        for (name, value) in table {
            let path = if prefix.is_empty() {
                name.get_ref().to_string()
            } else {
                format!("{prefix}.{}", name.get_ref())
            };
            let place =
                Place::File { name: file.name.to_owned(), line: line_of(file.text, name.span().start) };
            let is_section = is_section(&path);
            match (value.get_ref(), find(&path)) {
                (DeValue::Table(nested), None) if is_section => self.read_table(file, &path, nested),
                (value, None) if is_section => {
                    let problem = format!("must be a table: [{path}], not {}", value.type_str());
                    self.fault(place, &path, problem);
                }
                (value, Some(key)) => self.set(place, key, from_toml(value)),
                (_, None) => {
                    let problem = unknown(&path);
                    self.fault(place, &path, problem);
                }
            }
        }
    }

    fn read_environment(&mut self, environment: &BTreeMap<String, String>) {
        for (variable, path) in USUAL_VARIABLES {
            // An empty one is what a container is given for "none".
            if let Some(value) = environment.get(*variable).filter(|value| !value.is_empty()) {
                self.set_text(Place::Variable((*variable).to_owned()), path, value);
            }
        }
        for (variable, value) in environment {
            let Some(name) = variable.strip_prefix(PREFIX) else { continue };
            let path = name.to_lowercase().replace("__", ".");
            self.set_text(Place::Variable(variable.clone()), &path, value);
        }
    }

    fn read_argument(&mut self, argument: &str) {
        match argument.split_once('=') {
            Some((path, value)) => self.set_text(Place::Argument, path.trim(), value.trim()),
            None => self.fault(Place::Argument, argument, "must be written as section.key=value".to_owned()),
        }
    }

    fn set_text(&mut self, place: Place, path: &str, text: &str) {
        let Some(key) = find(path) else {
            let problem =
                if is_section(path) { "is a table; name one of its keys".to_owned() } else { unknown(path) };
            return self.fault(place, path, problem);
        };
        self.set(place, key, key.rule.spelled(text));
    }

    fn set(&mut self, place: Place, key: &'static Key, value: Value) {
        let shown = if key.rule.is_secret() { String::new() } else { format!(" = {value}") };
        match key.rule.check(value) {
            Ok(value) => {
                self.values.insert(key.path, value);
                self.origins.insert(key.path, Origin { place, reference: None });
            }
            Err(allowed) => {
                self.faults.push(Fault {
                    place,
                    key: format!("{}{shown}", key.path),
                    problem: format!("must be {allowed}"),
                });
            }
        }
    }

    /// Puts a variable's value in the place of its name.
    fn resolve_secrets(&mut self, environment: &BTreeMap<String, String>) {
        for key in inventory().filter(|key| key.rule.is_secret()) {
            let Some(Value::Text(text)) = self.values.get_mut(key.path) else { continue };
            let Some(variable) = text.strip_prefix(REFERENCE).map(str::to_owned) else { continue };
            let found = environment.get(&variable).filter(|value| !value.is_empty());
            *text = found.cloned().unwrap_or_default();
            if let Some(origin) = self.origins.get_mut(key.path) {
                origin.reference = Some((variable, found.is_some()));
            }
        }
    }

    fn check_order(&mut self) {
        for (low, high) in ORDERED {
            let number = |path: &str| match self.values.get(path) {
                Some(Value::Count(count)) => Some(*count as f64),
                Some(Value::Decimal(number)) => Some(*number),
                Some(Value::Text(_) | Value::Flag(_) | Value::Other(_)) | None => None,
            };
            let (Some(least), Some(most)) = (number(low), number(high)) else { continue };
            if least > most {
                let place = self.latest_place(low, high);
                self.fault(place, low, format!("is {least}, which is greater than {high} = {most}"));
            }
        }
    }

    /// Where the more deliberate of two values stands.
    fn latest_place(&self, one: &str, other: &str) -> Place {
        let place = |path: &str| self.origins.get(path).map_or(Place::Default, |origin| origin.place.clone());
        if place(one) == Place::Default { place(other) } else { place(one) }
    }

    /// Checks what depends on a choice, once every value is a value.
    fn check_choices(&mut self, config: &Config) {
        let keys = [
            (config.stt.provider, "stt.provider", "stt.openai.api_key"),
            (config.llm.provider, "llm.provider", "llm.openai.api_key"),
            (config.tts.provider, "tts.provider", "tts.openai.api_key"),
        ];
        for (provider, choice, path) in keys {
            let Some(origin) = self.origins.get(path) else { continue };
            if let (Provider::Openai, Some((variable, false))) = (provider, &origin.reference) {
                let problem = format!(
                    "the variable {variable} is not set; set it, or write api_key = \"\" for a server that needs no key"
                );
                let place = self.latest_place(path, choice);
                self.fault(place, path, problem);
            }
        }
        let local = &config.stt.local;
        let hears_by_whisper = config.stt.provider == Provider::Local && local.engine == SttEngine::Whisper;
        if hears_by_whisper && local.whisper_weights.is_none() {
            let place = self.latest_place("stt.local.whisper_weights", "stt.local.engine");
            let problem =
                "is not set, and stt.local.engine = \"whisper\" needs it; ./dev models fetches a file"
                    .to_owned();
            self.fault(place, "stt.local.whisper_weights", problem);
        }
    }

    fn finish(mut self) -> Result<Loaded, ConfigErrors> {
        let config = Config::take(&self.values);
        self.check_choices(&config);
        if !self.faults.is_empty() {
            return Err(ConfigErrors(self.faults));
        }
        let entries = inventory().map(|key| self.entry(key)).collect();
        Ok(Loaded { config, effective: Effective { entries } })
    }

    fn entry(&self, key: &'static Key) -> Entry {
        let value = &self.values[key.path];
        let is_set = !matches!(value, Value::Text(text) if text.is_empty());
        let shown = if key.rule.is_secret() && is_set { "\"***\"".to_owned() } else { value.to_string() };
        Entry { path: key.path, shown, origin: self.origins[key.path].clone() }
    }

    fn fault(&mut self, place: Place, key: &str, problem: String) {
        self.faults.push(Fault { place, key: key.to_owned(), problem });
    }
}

/// The text for a key that does not exist: what was probably meant, or what there is.
fn unknown(path: &str) -> String {
    let (table, name) = path.rsplit_once('.').unwrap_or(("", path));
    let siblings: BTreeSet<&str> = names_in(table).collect();
    if let Some(meant) = nearest(name, siblings.iter().copied()) {
        return format!("no such key; did you mean {meant}?");
    }
    if let Some(meant) = inventory().find(|key| key.name() == name) {
        return format!("no such key; did you mean {}?", meant.path);
    }
    if let Some(meant) = nearest(path, inventory().map(|key| key.path)) {
        return format!("no such key; did you mean {meant}?");
    }
    let place = if table.is_empty() { "the file".to_owned() } else { format!("[{table}]") };
    let names: Vec<_> = siblings.into_iter().collect();
    if names.is_empty() {
        "no such key".to_owned()
    } else {
        format!("no such key; {place} has {}", names.join(", "))
    }
}

/// The keys and tables directly within a table.
fn names_in(table: &str) -> impl Iterator<Item = &'static str> {
    let paths = inventory().map(|key| key.path).chain(SECTIONS.iter().map(|section| section.path));
    let prefix = if table.is_empty() { String::new() } else { format!("{table}.") };
    paths.filter_map(move |path| path.strip_prefix(prefix.as_str())?.split('.').next())
}

/// Whether a path is a table, or a table's parent.
fn is_section(path: &str) -> bool {
    SECTIONS.iter().any(|section| {
        section.path.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    })
}

fn from_toml(value: &DeValue<'_>) -> Value {
    match value {
        DeValue::String(text) => Value::Text(text.to_string()),
        DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
            .map_or(Value::Other("too great a number"), Value::Count),
        DeValue::Float(number) => {
            number.as_str().parse().map_or(Value::Other("not a number"), Value::Decimal)
        }
        DeValue::Boolean(flag) => Value::Flag(*flag),
        DeValue::Datetime(_) => Value::Other("a date"),
        DeValue::Array(_) => Value::Other("an array"),
        DeValue::Table(_) => Value::Other("a table"),
    }
}

/// The line, from 1, on which the byte stands.
fn line_of(text: &str, at: usize) -> usize {
    text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1
}
