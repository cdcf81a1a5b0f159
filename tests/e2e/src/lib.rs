//! Real servers, real clients: what a user does, end to end.
