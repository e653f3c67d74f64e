//! The figures of the bucket browser beside those of other clients of S3, on one machine and against one server.
//!
//! `benches/peers/run` builds the others and starts this. By itself (`cargo bench --bench peers`) it takes the server
//! from `PEER_MINIO` and the clients from `PEER_S5CMD`, `PEER_RCLONE`, `PEER_MC` and `PEER_STU`; who is not named is left
//! out.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "figures, for whoever runs this")]

#[path = "peers/carry.rs"]
mod carry;
#[path = "peers/lister.rs"]
mod lister;
#[path = "peers/listing.rs"]
mod listing;
#[path = "peers/proxy.rs"]
mod proxy;
#[expect(dead_code, reason = "the tests use the rest of it")]
#[path = "../tests/it/pty.rs"]
mod pty;
#[path = "peers/screens.rs"]
mod screens;
#[path = "peers/server.rs"]
mod server;
#[path = "peers/table.rs"]
mod table;
#[path = "peers/timed.rs"]
mod timed;
#[path = "peers/tools.rs"]
mod tools;
#[path = "peers/world.rs"]
mod world;

use lister::Lister;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;
use table::Table;
use world::{Size, World};

/// Waits for time to pass: a part of what is measured.
pub fn passes(time: Duration) {
    let (_keep, never) = std::sync::mpsc::sync_channel::<()>(1);
    let _ = never.recv_timeout(time);
}

/// What is measured, by name.
type Measure = (&'static str, fn(&World, &Lister, &mut Table) -> Result<(), String>);

const MEASURES: &[Measure] = &[
    ("screens", screens::round),
    ("listing", listing::round),
    ("carry", |world, _, table| carry::round(world, table)),
    ("preview", |world, _, table| {
        screens::preview(world, table);
        Ok(())
    }),
    ("killed", |world, _, table| carry::killed(world, table)),
];

fn measure(size: Size, wanted: &[String]) -> Result<Table, String> {
    let minio = std::env::var_os("PEER_MINIO").ok_or("PEER_MINIO does not say where the server is")?;
    let home = tempfile::Builder::new().prefix("modelquay-peers-").tempdir().map_err(|e| e.to_string())?;
    let world = World::new(size, home.path(), &PathBuf::from(minio))?;
    let lister = Lister::start(size.keys).map_err(|e| e.to_string())?;
    carry::prepare(&world)?;
    let mut table = Table::default();
    for round in 1..=size.rounds {
        world.round.set(round);
        for (name, measure) in MEASURES.iter().filter(|(name, _)| wanted.is_empty() || wanted.iter().any(|w| w == name))
        {
            eprintln!("round {round} of {}: {name}", size.rounds);
            measure(&world, &lister, &mut table).map_err(|why| format!("{name}: {why}"))?;
        }
    }
    Ok(table)
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|arg| arg != "--bench").collect();
    let mut size = if arguments.iter().any(|arg| arg == "--quick") { Size::QUICK } else { Size::FULL };
    if let Some(rounds) = arguments.iter().find_map(|arg| arg.strip_prefix("--rounds=")?.parse().ok()) {
        size.rounds = rounds;
    }
    let wanted: Vec<String> = arguments.into_iter().filter(|arg| !arg.starts_with("--")).collect();
    if let Some(other) = wanted.iter().find(|w| MEASURES.iter().all(|(name, _)| name != w)) {
        eprintln!("peers: nothing is called {other}");
        return ExitCode::from(64);
    }
    match measure(size, &wanted) {
        Ok(table) => {
            let (text, missed) = table.print();
            println!(
                "{} build, {} runs, {size:?}\n\n{text}",
                if cfg!(debug_assertions) { "debug" } else { "optimised" },
                size.rounds
            );
            for what in &missed {
                println!("missed: {what}");
            }
            if missed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(why) => {
            eprintln!("peers: {why}");
            ExitCode::FAILURE
        }
    }
}
