//! A schema read into a tree in which nothing wrong can be written.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::SchemaFault;

/// One schema within a schema.
#[derive(Clone, Debug, Default)]
pub(super) struct Node {
    pub(super) description: Option<String>,
    /// The kinds of values that fit; all when empty.
    pub(super) kinds: Vec<Kind>,
    /// The only values that fit.
    pub(super) allowed: Option<Vec<Value>>,
    pub(super) bounds: Bounds,
    /// Characters of a text, items of an array.
    pub(super) length: Length,
    pub(super) format: Option<Format>,
    pub(super) items: Option<Box<Node>>,
    pub(super) properties: BTreeMap<String, Node>,
    pub(super) required: Vec<String>,
    pub(super) others: Others,
    /// Of each group one must fit.
    pub(super) alternatives: Vec<Vec<Node>>,
    /// All of these must fit.
    pub(super) all: Vec<Node>,
    /// The definition that must fit.
    pub(super) reference: Option<String>,
}

/// A kind of value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Null,
    Flag,
    Whole,
    Number,
    Text,
    Array,
    Object,
}

/// The bounds of a number.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Bounds {
    pub(super) least: Option<f64>,
    pub(super) most: Option<f64>,
    pub(super) above: Option<f64>,
    pub(super) below: Option<f64>,
}

/// How long something may be.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Length {
    pub(super) least: Option<u64>,
    pub(super) most: Option<u64>,
}

/// The grammars of texts that are checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Date,
    Time,
    DateTime,
    Email,
}

/// What properties there may be beyond those that are named.
#[derive(Clone, Debug, Default)]
pub(super) enum Others {
    #[default]
    Any,
    None,
    Fit(Box<Node>),
}

impl Node {
    pub(super) fn is_object(&self) -> bool {
        self.kinds == [Kind::Object]
    }
}

/// Reads a schema and notes what is wrong with it.
#[derive(Debug, Default)]
pub(super) struct Compiler {
    faults: Vec<SchemaFault>,
}

/// Schemas within schemas, at most.
const DEEPEST: usize = 32;

impl Compiler {
    /// The tree of a schema, its definitions, and what is wrong with it.
    pub(super) fn compile(value: &Value) -> (Node, BTreeMap<String, Node>, Vec<SchemaFault>) {
        let mut compiler = Self::default();
        let mut definitions = BTreeMap::new();
        if let Some(Value::Object(map)) = value.get("$defs") {
            for (name, definition) in map {
                let node = compiler.node(definition, &format!("$defs.{name}"), 1);
                definitions.insert(name.clone(), node);
            }
        }
        let root = compiler.node(value, "", 0);
        let mut references = Vec::new();
        definitions.values().chain([&root]).for_each(|node| collect(node, &mut references));
        for name in references.iter().filter(|name| !definitions.contains_key(**name)) {
            compiler.fault("$ref", &format!("names {name}, which is not in $defs"));
        }
        (root, definitions, compiler.faults)
    }

    fn node(&mut self, value: &Value, path: &str, depth: usize) -> Node {
        let map = match value {
            Value::Object(map) if depth <= DEEPEST => map,
            // `true` is the schema that everything fits.
            Value::Bool(true) => return Node::default(),
            _ => {
                let problem = if value.is_object() { "is too deep" } else { "must be a table: a schema" };
                self.fault(path, problem);
                return Node::default();
            }
        };
        let mut node = Node::default();
        for (keyword, value) in map {
            let path = join(path, keyword);
            self.keyword(&mut node, keyword, value, &path, depth);
        }
        self.check_required(&node, map, path);
        node
    }

    fn keyword(&mut self, node: &mut Node, keyword: &str, value: &Value, path: &str, depth: usize) {
        match keyword {
            "description" => node.description = self.text(value, path),
            "type" => node.kinds = self.kinds(value, path),
            "enum" => node.allowed = Some(self.list(value, path).to_vec()),
            "const" => node.allowed = Some(vec![value.clone()]),
            "minimum" => node.bounds.least = self.number(value, path),
            "maximum" => node.bounds.most = self.number(value, path),
            "exclusiveMinimum" => node.bounds.above = self.number(value, path),
            "exclusiveMaximum" => node.bounds.below = self.number(value, path),
            "minLength" | "minItems" => node.length.least = self.count(value, path),
            "maxLength" | "maxItems" => node.length.most = self.count(value, path),
            "format" => node.format = self.text(value, path).and_then(|name| Format::named(&name)),
            "items" => node.items = Some(Box::new(self.node(value, path, depth + 1))),
            "properties" => node.properties = self.properties(value, path, depth),
            "required" => {
                node.required = self.list(value, path).iter().filter_map(|v| self.text(v, path)).collect();
            }
            "additionalProperties" => {
                node.others = match value {
                    Value::Bool(true) => Others::Any,
                    Value::Bool(false) => Others::None,
                    schema => Others::Fit(Box::new(self.node(schema, path, depth + 1))),
                };
            }
            // Of alternatives that exclude each other, those that also fit together are the schema's own affair.
            "anyOf" | "oneOf" => node.alternatives.push(self.nodes(value, path, depth)),
            "allOf" => node.all.extend(self.nodes(value, path, depth)),
            "$ref" => {
                let name = value.as_str().and_then(|name| name.strip_prefix("#/$defs/"));
                node.reference = name.map(str::to_owned);
                if name.is_none() {
                    self.fault(path, "must be \"#/$defs/\" and a name");
                }
            }
            "$defs" | "default" | "examples" | "deprecated" | "title" | "$comment" => {}
            _ => self.fault(path, "is not a keyword that is understood here"),
        }
    }

    fn properties(&mut self, value: &Value, path: &str, depth: usize) -> BTreeMap<String, Node> {
        let Value::Object(map) = value else {
            self.fault(path, "must be a table of names and schemas");
            return BTreeMap::new();
        };
        let mut properties = BTreeMap::new();
        for (name, schema) in map {
            properties.insert(name.clone(), self.node(schema, &join(path, name), depth + 1));
        }
        properties
    }

    fn nodes(&mut self, value: &Value, path: &str, depth: usize) -> Vec<Node> {
        self.list(value, path).iter().map(|schema| self.node(schema, path, depth + 1)).collect()
    }

    fn kinds(&mut self, value: &Value, path: &str) -> Vec<Kind> {
        let names = match value {
            Value::Array(names) => names.as_slice(),
            name => std::slice::from_ref(name),
        };
        let kinds: Vec<_> = names.iter().filter_map(|name| Kind::named(name.as_str()?)).collect();
        if kinds.is_empty() || kinds.len() < names.len() {
            let kinds = "null, boolean, integer, number, string, array or object";
            self.fault(path, &format!("must be {kinds}, or a list of these"));
        }
        kinds
    }

    fn list<'a>(&mut self, value: &'a Value, path: &str) -> &'a [Value] {
        match value {
            Value::Array(values) if !values.is_empty() => values,
            _ => {
                if *value != Value::Array(Vec::new()) || !path.ends_with("required") {
                    self.fault(path, "must be a list of at least one");
                }
                &[]
            }
        }
    }

    fn text(&mut self, value: &Value, path: &str) -> Option<String> {
        let text = value.as_str().map(str::to_owned);
        if text.is_none() {
            self.fault(path, "must be a text");
        }
        text
    }

    fn number(&mut self, value: &Value, path: &str) -> Option<f64> {
        let number = value.as_f64();
        if number.is_none() {
            self.fault(path, "must be a number");
        }
        number
    }

    fn count(&mut self, value: &Value, path: &str) -> Option<u64> {
        let count = value.as_u64();
        if count.is_none() {
            self.fault(path, "must be a whole number, 0 or more");
        }
        count
    }

    /// A required property that is described nowhere is a misspelling.
    fn check_required(&mut self, node: &Node, map: &Map<String, Value>, path: &str) {
        for name in &node.required {
            if map.contains_key("properties") && !node.properties.contains_key(name) {
                self.fault(&join(path, "required"), &format!("names {name}, which is not in properties"));
            }
        }
    }

    fn fault(&mut self, path: &str, problem: &str) {
        self.faults.push(SchemaFault { path: path.to_owned(), problem: problem.to_owned() });
    }
}

impl Kind {
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "null" => Self::Null,
            "boolean" => Self::Flag,
            "integer" => Self::Whole,
            "number" => Self::Number,
            "string" => Self::Text,
            "array" => Self::Array,
            "object" => Self::Object,
            _ => return None,
        })
    }
}

impl Format {
    /// Other formats are advice to the mind.
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "date" => Self::Date,
            "time" => Self::Time,
            "date-time" => Self::DateTime,
            "email" => Self::Email,
            _ => return None,
        })
    }
}

/// The definitions that a schema refers to.
fn collect<'a>(node: &'a Node, references: &mut Vec<&'a str>) {
    references.extend(node.reference.as_deref());
    let others = if let Others::Fit(others) = &node.others { Some(&**others) } else { None };
    let groups = node.alternatives.iter().flatten();
    for inner in
        node.properties.values().chain(node.items.as_deref()).chain(others).chain(groups).chain(&node.all)
    {
        collect(inner, references);
    }
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}
