//! The command line: it parses, wires and exits, and holds no logic of its own.
//!
//! What a sub-command prints as its result goes to standard output; everything that is talk goes to
//! standard error. A reader that closes the pipe early is not an error.
