//! Configuration files and variables.
#![no_main]

use std::collections::BTreeMap;

use config_schema::{File, Sources, load};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    // What stands after a NUL is an environment, a line for each variable.
    let (text, variables) = text.split_once('\0').unwrap_or((text, ""));
    let environment: BTreeMap<String, String> = variables
        .lines()
        .filter_map(|line| line.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let file = Some(File { name: "fuzz.toml", text });
    match load(&Sources { file, environment: Some(&environment), ..Sources::default() }) {
        Ok(loaded) => {
            let _shown = loaded.effective.to_string();
        }
        Err(errors) => assert!(!errors.to_string().is_empty(), "an error without a word"),
    }
});
