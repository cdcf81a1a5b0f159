//! Configuration: typed, validated, every default in one place with unit and reason.
