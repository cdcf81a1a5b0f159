//! What the targets share: an input read as steps, and a room that has been let in.

pub mod room;
pub mod steps;
