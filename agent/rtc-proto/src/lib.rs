//! One LiveKit room as a machine over str0m: signals, datagrams and time in, the same out. Pure.
