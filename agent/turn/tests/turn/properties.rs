//! T1 to T8 over random sequences of facts, likely and unlikely. Each sequence is repeated by its seed alone. The walk
//! (`examples/walk`) takes millions of them.

use crate::random;

/// How many sequences one run of each property takes.
const SEQUENCES: u64 = 50_000;

#[test]
fn the_invariants_hold_for_any_sequence_of_facts() {
    (0..SEQUENCES).for_each(random::holds);
}

#[test]
fn a_call_in_which_nothing_more_happens_comes_to_rest() {
    (SEQUENCES..2 * SEQUENCES).for_each(random::comes_to_rest);
}

#[test]
fn the_same_journal_gives_the_same_orders() {
    (2 * SEQUENCES..2 * SEQUENCES + SEQUENCES / 4).for_each(random::is_decided_again);
}

#[test]
fn after_the_close_nothing_is_told() {
    (3 * SEQUENCES..3 * SEQUENCES + SEQUENCES / 2).for_each(random::closes_in_silence);
}
