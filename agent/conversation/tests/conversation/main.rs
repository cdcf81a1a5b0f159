//! Whole conversations under virtual time: scripted people, the fakes' ear, mind and voice, the real core and shell.

mod agents;
mod answers;
mod changes;
mod failures;
mod interruptions;
mod judging;
mod live;
mod making;
mod pauses;
mod people;
mod program;
mod scene;
mod sound;
mod tools;
mod unheard;
mod written;
