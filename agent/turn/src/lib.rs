//! Who may speak now: facts and time in, orders out. Pure.
