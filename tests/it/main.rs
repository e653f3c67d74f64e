//! The product as a whole, without a host: one binary, a module for each side of it.

mod rehearsal;
