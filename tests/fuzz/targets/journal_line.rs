//! Lines of a call's journal: what can be read is written as it was meant.
#![no_main]

use agent_turn::journal;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|line: &str| {
    let Ok(Some((at, entry))) = journal::parse(line) else { return };
    let written = journal::write(at, entry.clone());
    assert_eq!(journal::parse(&written), Ok(Some((at, entry))), "{line:?} was written as {written:?}");
});
