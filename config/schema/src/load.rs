//! From texts to a checked configuration: defaults, then the command's wishes, the file, variables, arguments.

use std::collections::BTreeMap;

use toml::de::{DeArray, DeTable, DeValue};

use crate::{
    AgentAbout, Config, Provider, SttEngine,
    error::{ConfigErrors, Fault, Place},
    inventory::{Inventory, Key, TOOLS, Values},
    settings::{ORDERED, USUAL_VARIABLES},
    tool::{HttpToolSpec, read_tools, unsaid_fillers},
    value::Value,
};

/// The prefix of variables that set a key: `COLLOQUY__WORKER__SLOTS` sets `worker.slots`.
const PREFIX: &str = "COLLOQUY__";
/// Words that are said as they stand there.
const GIVEN_WORDS: [&str; 4] = ["conversation.greeting", "conversation.apology", FILLERS, "agent.farewell"];
/// Of them, those that are said only when tools take long.
const FILLERS: &str = "conversation.fillers";
/// How a secret names the variable that holds it.
pub(crate) const REFERENCE: &str = "env:";

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
    let loaded = Loader::new().read(sources, None).finish()?;
    let Config { agents, tools, turn, .. } = &loaded.config;
    // Where agents are in files, the one that a call begins with decides.
    let unsaid: Vec<Fault> = match agents.folder {
        None => unsaid_fillers(tools, turn).collect(),
        Some(_) => Vec::new(),
    };
    if unsaid.is_empty() { Ok(loaded) } else { Err(ConfigErrors(unsaid)) }
}

/// Reads and checks an agent's file over the configuration of its worker. Variables and arguments win over it as they
/// win over the worker's own file.
pub(crate) fn load_agent(
    sources: &Sources<'_>,
    file: File<'_>,
) -> Result<(AgentAbout, Config), ConfigErrors> {
    let loader = Loader::new().read(sources, Some(file));
    let about = AgentAbout::take(&loader.values);
    Ok((about, loader.finish()?.config))
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
    tools: Vec<HttpToolSpec>,
    faults: Vec<Fault>,
}

impl Loader {
    fn new() -> Self {
        let keys = || Inventory::WORKER.keys().chain(AgentAbout::SECTION.keys);
        let values = keys().map(|key| (key.path, key.rule.default())).collect();
        let origins =
            keys().map(|key| (key.path, Origin { place: Place::Default, reference: None })).collect();
        Self { values, origins, tools: Vec::new(), faults: Vec::new() }
    }

    /// Reads all sources, in rising order of precedence.
    fn read(mut self, sources: &Sources<'_>, agent: Option<File<'_>>) -> Self {
        for (path, value) in sources.preferences {
            self.set_text(Place::Command, path, value);
        }
        let nothing = BTreeMap::new();
        let environment = sources.environment.unwrap_or(&nothing);
        if let Some(file) = sources.file {
            self.read_file(file, Inventory::WORKER, environment);
        }
        if let Some(file) = agent {
            self.read_file(file, Inventory::AGENT, environment);
        }
        self.read_environment(environment);
        for argument in sources.arguments {
            self.read_argument(argument);
        }
        self.resolve_secrets(environment);
        self.check_order();
        self
    }

    fn read_file(&mut self, file: File<'_>, inventory: Inventory, environment: &BTreeMap<String, String>) {
        match DeTable::parse(file.text) {
            Ok(table) => {
                let mut table = table.into_inner();
                if let Some((name, value)) = table.remove_entry(TOOLS) {
                    self.read_tools(file, &name, value.get_ref(), environment);
                }
                self.read_table(file, inventory, "", &table);
            }
            Err(error) => {
                let line = line_of(file.text, error.span().map_or(0, |span| span.start));
                let problem =
                    format!("is not TOML: {}", error.message().lines().collect::<Vec<_>>().join(" "));
                self.fault(Place::File { name: file.name.to_owned(), line }, "", problem);
            }
        }
    }

    fn read_table(&mut self, file: File<'_>, inventory: Inventory, prefix: &str, table: &DeTable<'_>) {
        for (name, value) in table {
            let path = if prefix.is_empty() {
                name.get_ref().to_string()
            } else {
                format!("{prefix}.{}", name.get_ref())
            };
            let place =
                Place::File { name: file.name.to_owned(), line: line_of(file.text, name.span().start) };
            let is_section = inventory.is_section(&path);
            match (value.get_ref(), inventory.find(&path)) {
                (DeValue::Table(nested), None) if is_section => {
                    self.read_table(file, inventory, &path, nested);
                }
                (value, None) if is_section => {
                    let problem = format!("must be a table: [{path}], not {}", value.type_str());
                    self.fault(place, &path, problem);
                }
                (value, Some(key)) => self.set(place, key, from_toml(value)),
                (_, None) => {
                    let problem = inventory.unknown(&path);
                    self.fault(place, &path, problem);
                }
            }
        }
    }

    /// The tools of a file; one that was there by the same name is forgotten.
    fn read_tools(
        &mut self,
        file: File<'_>,
        name: &toml::Spanned<toml::de::DeString<'_>>,
        value: &DeValue<'_>,
        environment: &BTreeMap<String, String>,
    ) {
        let place = Place::File { name: file.name.to_owned(), line: line_of(file.text, name.span().start) };
        for tool in read_tools(file, value, place, environment, &mut self.faults) {
            self.tools.retain(|other| other.settings.name != tool.settings.name);
            self.tools.push(tool);
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
        let inventory = Inventory::WORKER;
        let Some(key) = inventory.find(path) else {
            let problem = if inventory.is_section(path) {
                "is a table; name one of its keys".to_owned()
            } else {
                inventory.unknown(path)
            };
            return self.fault(place, path, problem);
        };
        self.set(place, key, key.rule.spelled(text));
    }

    fn set(&mut self, place: Place, key: &'static Key, value: Value) {
        let shown = key.rule.repeated(&value).map_or_else(String::new, |value| format!(" = {value}"));
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
        for key in Inventory::WORKER.keys().filter(|key| key.rule.is_secret()) {
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
                Some(Value::Text(_) | Value::Flag(_) | Value::List(_) | Value::Other(_)) | None => None,
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
        let (stt, llm, tts) = (&config.stt, &config.llm, &config.tts);
        let keys = [
            (stt.provider, &stt.fallback, "stt.provider", "stt.openai.api_key"),
            (llm.provider, &llm.fallback, "llm.provider", "llm.openai.api_key"),
            (tts.provider, &tts.fallback, "tts.provider", "tts.openai.api_key"),
        ];
        for (provider, fallback, choice, path) in keys {
            let Some(origin) = self.origins.get(path) else { continue };
            let is_spared = (choice == "stt.provider" && config.realtime.spares_ear())
                || (choice == "tts.provider" && config.realtime.spares_voice());
            let is_named = provider == Provider::Openai || fallback.contains(&Provider::Openai);
            let is_used = is_named && !is_spared;
            if let (true, Some((variable, false))) = (is_used, &origin.reference) {
                let problem = format!(
                    "the variable {variable} is not set; set it, or write api_key = \"\" for a server that needs no key"
                );
                let place = self.latest_place(path, choice);
                self.fault(place, path, problem);
            }
        }
        self.check_given_words(config);
        let local = &config.stt.local;
        let hears_by_whisper = config.stt.provider == Provider::Local && local.engine == SttEngine::Whisper;
        if hears_by_whisper && !config.realtime.spares_ear() && local.whisper_weights.is_none() {
            let place = self.latest_place("stt.local.whisper_weights", "stt.local.engine");
            let problem =
                "is not set, and stt.local.engine = \"whisper\" needs it; ./dev models fetches a file"
                    .to_owned();
            self.fault(place, "stt.local.whisper_weights", problem);
        }
    }

    /// Given words need a voice that can say them.
    fn check_given_words(&mut self, config: &Config) {
        if !config.realtime.spares_voice() {
            return;
        }
        let fills = config.turn.filler_after.is_some();
        for path in GIVEN_WORDS.into_iter().filter(|path| fills || *path != FILLERS) {
            let is_said = matches!(self.values.get(path), Some(Value::Text(text)) if !text.trim().is_empty());
            if is_said {
                let place = self.latest_place(path, "realtime.tts");
                let name = path.rsplit('.').next().unwrap_or(path);
                let problem = format!("nobody can say it; set realtime.tts = true, or {name} = \"\"");
                self.fault(place, path, problem);
            }
        }
    }

    fn finish(mut self) -> Result<Loaded, ConfigErrors> {
        let config = Config { tools: std::mem::take(&mut self.tools), ..Config::take(&self.values) };
        self.check_choices(&config);
        if !self.faults.is_empty() {
            return Err(ConfigErrors(self.faults));
        }
        let entries = Inventory::WORKER.keys().map(|key| self.entry(key)).collect();
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

pub(crate) fn from_toml(value: &DeValue<'_>) -> Value {
    match value {
        DeValue::String(text) => Value::Text(text.to_string()),
        DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
            .map_or(Value::Other("too great a number"), Value::Count),
        DeValue::Float(number) => {
            number.as_str().parse().map_or(Value::Other("not a number"), Value::Decimal)
        }
        DeValue::Boolean(flag) => Value::Flag(*flag),
        DeValue::Datetime(_) => Value::Other("a date"),
        DeValue::Array(items) => texts(items).map_or(Value::Other("an array"), Value::List),
        DeValue::Table(_) => Value::Other("a table"),
    }
}

/// The texts of an array of nothing else.
fn texts(items: &DeArray<'_>) -> Option<Vec<String>> {
    let text = |item: &toml::Spanned<DeValue<'_>>| match item.get_ref() {
        DeValue::String(text) => Some(text.to_string()),
        DeValue::Integer(_)
        | DeValue::Float(_)
        | DeValue::Boolean(_)
        | DeValue::Datetime(_)
        | DeValue::Array(_)
        | DeValue::Table(_) => None,
    };
    items.iter().map(text).collect()
}

/// The line, from 1, on which the byte stands.
pub(crate) fn line_of(text: &str, at: usize) -> usize {
    text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1
}
