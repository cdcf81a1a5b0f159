//! The foreign libraries, loaded at run time: all unsafe code of this crate.
