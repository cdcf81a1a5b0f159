//! What arguments must be: a JSON schema that is shown to the mind, and read strictly enough to hold the mind to it.
//!
//! The vocabulary is that part of JSON Schema 2020-12 which minds are told of and understand: types, enumerations,
//! bounds, properties, items, alternatives, definitions. What a schema in an agent's file says beyond it is an error;
//! what a derived one says beyond it is left to the type that it was derived from.

use std::{collections::BTreeMap, fmt};

use providers_core::Arguments;
use schemars::{JsonSchema, generate::SchemaSettings};
use serde_json::Value;

use self::{
    check::Checker,
    compile::{Compiler, Node},
};

mod check;
mod compile;
mod describe;

/// What arguments must be.
#[derive(Clone, Debug)]
pub struct Schema {
    value: Value,
    root: Node,
    definitions: BTreeMap<String, Node>,
}

impl Schema {
    /// The schema of a type, as serde reads it. The type must be a struct: arguments are an object.
    #[must_use]
    pub fn of<A: JsonSchema>() -> Self {
        let settings = SchemaSettings::draft2020_12().with(|settings| {
            settings.inline_subschemas = true;
            settings.meta_schema = None;
        });
        let mut value = settings.into_generator().into_root_schema_for::<A>().to_value();
        tidy(&mut value);
        let (root, definitions, _) = Compiler::compile(&value);
        Self { value, root, definitions }
    }

    /// A schema as it is written in a file.
    ///
    /// # Errors
    /// All that is wrong with it: keywords that are not known or not understood, and what does not describe an object.
    pub fn parse(value: Value) -> Result<Self, Vec<SchemaFault>> {
        let (root, definitions, mut faults) = Compiler::compile(&value);
        if !root.is_object() {
            let problem = "must have type = \"object\": arguments are an object".to_owned();
            faults.insert(0, SchemaFault { path: String::new(), problem });
        }
        if faults.is_empty() { Ok(Self { value, root, definitions }) } else { Err(faults) }
    }

    /// The schema as the mind is told it.
    #[must_use]
    pub const fn value(&self) -> &Value {
        &self.value
    }

    /// The names of the arguments that it speaks of, and whether each must be there.
    pub fn arguments(&self) -> impl Iterator<Item = (&str, bool)> {
        self.root.properties.keys().map(|name| (name.as_str(), self.root.required.contains(name)))
    }

    /// Checks arguments, and mends what a mind often gets wrong and what can only be meant in one way: a number or a
    /// flag written as text, a text written as a number, a whole number written as 4.0, `null` for what may be left out.
    ///
    /// # Errors
    /// All that does not fit.
    pub fn read(&self, arguments: Arguments) -> Result<Arguments, ArgumentFaults> {
        let mut value = Value::Object(arguments);
        let mut checker = Checker::new(&self.definitions);
        checker.check(&self.root, &mut value, "");
        match (value, checker.faults) {
            (Value::Object(arguments), faults) if faults.is_empty() => Ok(arguments),
            (_, faults) => Err(ArgumentFaults(faults)),
        }
    }
}

/// What is wrong with a schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SchemaFault {
    /// Where: keywords and names, joined by dots; empty for the schema itself.
    pub path: String,
    /// What must be otherwise.
    pub problem: String,
}

/// What is wrong with arguments, for the mind: each fault in a line, then what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArgumentFaults(Vec<String>);

/// Faults that the mind is told; it hardly mends more at once.
const TOLD: usize = 8;

impl fmt::Display for ArgumentFaults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "The arguments do not fit:")?;
        for fault in self.0.iter().take(TOLD) {
            writeln!(f, "- {fault}")?;
        }
        if let Some(more) = self.0.len().checked_sub(TOLD + 1) {
            writeln!(f, "- and {} more", more + 1)?;
        }
        f.write_str(
            "Nothing was done. Call again with arguments that fit; ask the user for what you do not know.",
        )
    }
}

/// Takes out what a derived schema says to programs rather than to a mind: titles, and the widths of numbers.
fn tidy(value: &mut Value) {
    match value {
        Value::Object(map) => {
            if map.get("title").is_some_and(Value::is_string) {
                map.remove("title");
            }
            let is_number = matches!(map.get("type").and_then(Value::as_str), Some("integer" | "number"));
            let is_number_or_null = map
                .get("type")
                .and_then(Value::as_array)
                .is_some_and(|types| types.iter().any(|kind| kind == "integer" || kind == "number"));
            if is_number || is_number_or_null {
                map.remove("format");
            }
            map.values_mut().for_each(tidy);
        }
        Value::Array(items) => items.iter_mut().for_each(tidy),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests;
