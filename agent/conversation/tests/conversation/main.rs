//! Whole conversations under virtual time: scripted people, the fakes' ear, mind and voice, the real core and shell.

mod agents;
mod body;
mod failures;
mod scene;
mod sound;
mod timelines;
mod tools;
