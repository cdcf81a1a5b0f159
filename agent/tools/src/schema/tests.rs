//! Schemas: what is read, what is refused, what is mended, and what the mind is told.

use expect_test::{Expect, expect};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Schema;

#[derive(Debug, Deserialize, JsonSchema)]
#[expect(dead_code, reason = "only its schema is looked at")]
struct Booking {
    /// How many will come.
    #[schemars(range(min = 1, max = 12))]
    party: u32,
    /// The day.
    #[schemars(extend("format" = "date"))]
    day: String,
    #[serde(default)]
    area: Option<Area>,
    #[serde(default)]
    vegan: bool,
    notes: Option<Vec<String>>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Area {
    Inside,
    Terrace,
}

/// What comes of arguments: as they are read, or what the mind is told.
#[expect(
    clippy::needless_pass_by_value,
    reason = "`expect![]` and `json!()` are written where they are passed"
)]
fn check(schema: &Schema, arguments: Value, expected: Expect) {
    let Value::Object(arguments) = arguments else { panic!("arguments are an object") };
    let read = schema.read(arguments);
    expected.assert_eq(&read.map_or_else(|faults| faults.to_string(), |fit| Value::Object(fit).to_string()));
}

fn parsed(value: Value) -> Schema {
    Schema::parse(value).unwrap_or_else(|faults| panic!("{faults:?}"))
}

#[test]
fn a_type_is_told_to_the_mind_as_a_schema_without_titles_widths_and_references() {
    expect![[r#"
        {
          "properties": {
            "area": {
              "enum": [
                "inside",
                "terrace",
                null
              ],
              "type": [
                "string",
                "null"
              ]
            },
            "day": {
              "description": "The day.",
              "format": "date",
              "type": "string"
            },
            "notes": {
              "items": {
                "type": "string"
              },
              "type": [
                "array",
                "null"
              ]
            },
            "party": {
              "description": "How many will come.",
              "maximum": 12,
              "minimum": 1,
              "type": "integer"
            },
            "vegan": {
              "default": false,
              "type": "boolean"
            }
          },
          "required": [
            "party",
            "day"
          ],
          "type": "object"
        }"#]]
    .assert_eq(&format!("{:#}", Schema::of::<Booking>().value()));
}

#[test]
fn arguments_that_fit_are_as_they_were_and_what_can_only_mean_one_thing_is_mended() {
    let schema = Schema::of::<Booking>();
    check(
        &schema,
        json!({ "party": 4, "day": "2026-02-28", "area": "terrace" }),
        expect![[r#"{"area":"terrace","day":"2026-02-28","party":4}"#]],
    );
    check(
        &schema,
        json!({ "party": "4", "day": "2028-02-29", "vegan": "True", "notes": null, "area": null }),
        expect![[r#"{"area":null,"day":"2028-02-29","notes":null,"party":4,"vegan":true}"#]],
    );
    check(
        &schema,
        json!({ "party": 4.0, "day": "2026-12-31", "vegan": null, "unknown": 1 }),
        expect![[r#"{"day":"2026-12-31","party":4,"unknown":1}"#]],
    );
    let texts = parsed(json!({ "type": "object", "properties": { "zip": { "type": "string" } } }));
    check(&texts, json!({ "zip": 1010 }), expect![[r#"{"zip":"1010"}"#]]);
}

#[test]
fn every_fault_is_told_by_its_place_with_what_stands_there_and_what_must() {
    let schema = Schema::of::<Booking>();
    check(
        &schema,
        json!({ "party": 40, "area": "roof", "vegan": "perhaps", "notes": ["a", {}] }),
        expect![[r#"
            The arguments do not fit:
            - day is missing; it must be a date such as 2026-11-21 (The day.)
            - area is "roof"; it must be one of "inside", "terrace", null
            - notes[1] is {}; it must be a text
            - party is 40; it must be a whole number from 1 to 12
            - vegan is "perhaps"; it must be true or false
            Nothing was done. Call again with arguments that fit; ask the user for what you do not know."#]],
    );
    check(
        &schema,
        json!({ "party": 2.5, "day": "tomorrow" }),
        expect![[r#"
            The arguments do not fit:
            - day is "tomorrow"; it must be a date such as 2026-11-21
            - party is 2.5; it must be a whole number from 1 to 12
            Nothing was done. Call again with arguments that fit; ask the user for what you do not know."#]],
    );
    let closed = parsed(json!({
        "type": "object", "additionalProperties": false,
        "properties": { "a": { "type": "string", "minLength": 2 }, "b": { "type": "number", "exclusiveMinimum": 0 } },
    }));
    check(
        &closed,
        json!({ "a": "x".repeat(100), "b": 0, "c": 1 }),
        expect![[r#"
            The arguments do not fit:
            - b is 0; it must be a number, more than 0
            - c is no argument; there are a, b
            Nothing was done. Call again with arguments that fit; ask the user for what you do not know."#]],
    );
}

#[test]
fn dates_and_times_are_those_that_exist() {
    let schema = parsed(json!({ "type": "object", "properties": {
        "date": { "type": "string", "format": "date" }, "time": { "type": "string", "format": "time" },
        "at": { "type": "string", "format": "date-time" }, "mail": { "type": "string", "format": "email" },
    }}));
    for (key, value, fits) in [
        ("date", "2026-11-21", true),
        ("date", "2026-02-29", false),
        ("date", "2100-02-29", false),
        ("date", "2000-02-29", true),
        ("date", "2026-13-01", false),
        ("date", "2026-1-1", false),
        ("date", "+026-01-01", false),
        ("date", "2026-11-2१", false),
        ("time", "19:30", true),
        ("time", "19:30:15.25+01:00", true),
        ("time", "24:00", false),
        ("time", "7pm", false),
        ("time", "é", false),
        ("at", "2026-11-21T19:30", true),
        ("at", "2026-11-21 19:30:00Z", true),
        ("at", "2026-11-21", false),
        ("mail", "a.b@example.com", true),
        ("mail", "a b@example.com", false),
        ("mail", "example.com", false),
    ] {
        let read = schema.read([(key.to_owned(), json!(value))].into_iter().collect());
        assert_eq!(read.is_ok(), fits, "{key} {value}");
    }
}

#[test]
fn a_schema_in_a_file_may_say_only_what_is_understood() {
    for (schema, place, problem) in [
        (json!("text"), "", "must have type = \"object\": arguments are an object"),
        (json!({ "type": "string" }), "", "must have type = \"object\": arguments are an object"),
        (json!({ "type": "object", "pattern": "a" }), "pattern", "is not a keyword that is understood here"),
        (json!({ "type": "object", "properties": [] }), "properties", "must be a table of names and schemas"),
        (
            json!({ "type": "object", "properties": { "a": { "type": "strnig" } } }),
            "properties.a.type",
            "must be null, boolean, integer, number, string, array or object, or a list of these",
        ),
        (
            json!({ "type": "object", "properties": {}, "required": ["a"] }),
            "required",
            "names a, which is not in properties",
        ),
        (
            json!({ "type": "object", "properties": { "a": { "enum": [] } } }),
            "properties.a.enum",
            "must be a list of at least one",
        ),
        (
            json!({ "type": "object", "properties": { "a": { "$ref": "#/$defs/b" } } }),
            "$ref",
            "names b, which is not in $defs",
        ),
        (
            json!({ "type": "object", "properties": { "a": { "minimum": "1" } } }),
            "properties.a.minimum",
            "must be a number",
        ),
    ] {
        let faults = Schema::parse(schema.clone()).unwrap_err();
        let found = faults.iter().any(|fault| fault.path == place && fault.problem == problem);
        assert!(found, "{schema}: {faults:?}");
    }
    assert!(Schema::parse(json!({ "type": "object", "required": [] })).is_ok());
}

#[test]
fn a_definition_that_refers_to_itself_ends() {
    let tree = parsed(json!({
        "type": "object",
        "properties": { "root": { "$ref": "#/$defs/node" } },
        "$defs": { "node": { "type": "object", "properties": { "next": { "$ref": "#/$defs/node" } } } },
    }));
    let mut value = json!({});
    for _ in 0..100 {
        value = json!({ "next": value });
    }
    let told = tree.read([("root".to_owned(), value)].into_iter().collect()).unwrap_err().to_string();
    assert!(told.contains("nested too deeply"), "{told}");
    let circle = json!({ "type": "object", "$ref": "#/$defs/a", "$defs": { "a": { "$ref": "#/$defs/a" } } });
    assert!(parsed(circle).read(serde_json::Map::new()).is_err());
}

/// Random schemas, right and wrong, and random arguments: nothing ends the process, what is told is told in words, and what
/// was mended needs no mending again.
#[test]
fn what_was_read_once_is_read_again_as_it_is() {
    let seed = fastrand::u64(..);
    let mut random = fastrand::Rng::with_seed(seed);
    let (mut fit, mut unfit) = (0, 0);
    for _ in 0..20_000 {
        let mut properties = serde_json::Map::new();
        for name in ["a", "b", "c"] {
            properties.insert(name.to_owned(), any_schema(&mut random, 3));
        }
        let value = json!({
            "type": "object",
            "properties": properties,
            "required": if random.bool() { vec!["a"] } else { vec![] },
            "additionalProperties": random.bool(),
            "$defs": { "d": any_schema(&mut random, 2) },
        });
        let Ok(schema) = Schema::parse(value.clone()) else { continue };
        let names = ["a", "b", "c", "d"];
        let arguments: serde_json::Map<String, Value> = (0..random.usize(..4))
            .map(|_| (names[random.usize(..4)].to_owned(), any_value(&mut random, 3)))
            .collect();
        match schema.read(arguments.clone()) {
            Ok(read) => {
                fit += 1;
                let again = schema.read(read.clone()).map_err(|faults| faults.to_string());
                assert_eq!(again, Ok(read), "seed {seed}: {value} {arguments:?}");
            }
            Err(faults) => {
                unfit += 1;
                assert!(faults.to_string().contains("\n- "), "seed {seed}: {value} {arguments:?}");
            }
        }
    }
    assert!(fit > 500 && unfit > 500, "seed {seed}: {fit} fit, {unfit} do not");
}

fn any_schema(random: &mut fastrand::Rng, depth: usize) -> Value {
    let inner = |random: &mut fastrand::Rng| any_schema(random, depth - 1);
    let format = ["date", "time", "date-time", "email", "uri"][random.usize(..5)];
    match random.usize(..if depth == 0 { 8 } else { 12 }) {
        0 => json!({ "type": "string", "maxLength": random.u8(..4) }),
        1 => json!({ "type": "integer", "minimum": random.i8(..), "maximum": random.i8(..) }),
        2 => json!({ "type": ["number", "null"], "exclusiveMinimum": random.i8(..) }),
        3 => json!({ "type": "boolean" }),
        4 => json!({ "enum": [any_value(random, 1), any_value(random, 1)] }),
        5 => {
            json!({ "type": "string", "format": format })
        }
        6 => json!({}),
        7 => any_value(random, 1),
        8 => json!({ "type": "array", "items": inner(random), "maxItems": random.u8(..3) }),
        9 => json!({ "anyOf": [inner(random), inner(random)] }),
        10 => json!({ "$ref": "#/$defs/d" }),
        _ => {
            json!({ "type": "object", "properties": { "a": inner(random) }, "additionalProperties": inner(random) })
        }
    }
}

fn any_value(random: &mut fastrand::Rng, depth: usize) -> Value {
    match random.usize(..if depth == 0 { 8 } else { 10 }) {
        0 => Value::Null,
        1 => json!(random.bool()),
        2 => json!(random.i8(..)),
        3 => json!(random.f64() * 100.0),
        4 => json!(f64::from(random.i8(..))),
        5 => Value::from(["4", "4.5", "true", "", "é", "NaN", "1e400", "19:30"][random.usize(..8)]),
        6 => json!("2026-11-21"),
        7 => json!(i64::MAX),
        8 => json!([any_value(random, depth - 1), any_value(random, depth - 1)]),
        _ => json!({ "a": any_value(random, depth - 1) }),
    }
}

#[test]
fn alternatives_that_refer_to_themselves_end_soon() {
    let both = json!({ "anyOf": [{ "$ref": "#/$defs/d" }, { "$ref": "#/$defs/d" }] });
    let schema = parsed(
        json!({ "type": "object", "properties": { "a": { "$ref": "#/$defs/d" } }, "$defs": { "d": both } }),
    );
    let told = schema.read([("a".to_owned(), json!(1))].into_iter().collect()).unwrap_err().to_string();
    assert!(told.contains("nested too deeply"), "{told}");
}
