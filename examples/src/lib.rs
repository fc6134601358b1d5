//! Nothing: the examples are the files beside this folder, and `tests/` runs them.
