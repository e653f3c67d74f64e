//! The product as a whole, without a host: one binary, a module for each side of it.

mod bad_days;
mod canary;
mod commands;
mod console;
mod crash;
mod elsewhere;
#[path = "../../src/base/fuzz.rs"]
#[expect(dead_code, reason = "the tests of the library itself use more of it")]
mod fuzz;
mod hostile;
mod images;
mod keys_file;
mod killed;
mod ledger;
mod lister;
mod lost;
mod made;
mod memory;
mod paced;
mod plain_walk;
mod program;
mod pty;
mod rehearsal;
mod replay;
mod report;
mod rounds;
mod s3;
mod screens;
mod stage;
mod state;
mod terminal;
mod transfers;
