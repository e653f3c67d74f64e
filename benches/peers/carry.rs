//! Objects both ways, beside the peers that can.

use super::proxy::Proxy;
use super::server::BUCKET;
use super::table::Table;
use super::timed::{self, Cost};
use super::tools::{Task, Tool};
use super::world::World;
use modelquay::registry::transfer::Limits;
use std::path::Path;
use std::sync::atomic::Ordering::Relaxed;

/// The object that is fetched, a small one before it, and the prefix of many.
const FIRST: &str = "large/a.bin";
const LARGE: &str = "large/weights.bin";
const MANY: &str = "many/";

/// Puts what is fetched later at the server.
pub fn prepare(world: &World) -> Result<(), String> {
    let url = world.server.url();
    let put = |task| world.tools.command(Tool::Modelquay, &url, &task);
    for command in [
        put(Task::Put { from: &world.many().join("part-00000.bin"), key: FIRST }),
        put(Task::Put { from: &world.large(), key: LARGE }),
        put(Task::PutAll { from: &world.many(), prefix: MANY }),
    ] {
        timed::run(&command, |c| world.tools.environment(&url, c))?;
    }
    Ok(())
}

fn clear(path: &Path) -> Result<(), String> {
    let gone = if path.is_dir() { std::fs::remove_dir_all(path) } else { std::fs::remove_file(path) };
    match gone {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(format!("{}: {e}", path.display())),
        _ => Ok(()),
    }
}

/// Every tool at every task once.
pub fn round(world: &World, table: &mut Table) -> Result<(), String> {
    let target = world.home.join("came");
    for tool in world.carriers() {
        clear(&target)?;
        let cost = task(world, tool, &Task::Get { key: LARGE, to: &target })?;
        world.same_as_large(&target)?;
        table.wall_and_memory("GET of one", tool, cost);
    }
    clear(&target)?;
    for tool in world.carriers() {
        let key = format!("sent/{}/weights.bin", tool.name());
        let cost = task(world, tool, &Task::Put { from: &world.large(), key: &key })?;
        table.wall_and_memory("PUT of one", tool, cost);
        remove(world, "sent/")?;
    }
    for tool in world.carriers() {
        clear(&target)?;
        std::fs::create_dir_all(&target).map_err(|e| e.to_string())?;
        let cost = task(world, tool, &Task::GetAll { prefix: MANY, to: &target })?;
        world.as_many_in(&target)?;
        table.wall_and_memory("GET of many", tool, cost);
    }
    clear(&target)?;
    for tool in world.carriers() {
        let prefix = format!("sent/{}/", tool.name());
        let cost = task(world, tool, &Task::PutAll { from: &world.many(), prefix: &prefix })?;
        table.wall_and_memory("PUT of many", tool, cost);
        remove(world, "sent/")?;
    }
    Ok(())
}

fn task(world: &World, tool: Tool, task: &Task<'_>) -> Result<Cost, String> {
    // What an earlier run has not brought to the disk, or has left to be thrown away, is not this one's to wait for.
    world.server.settle();
    rustix::fs::sync();
    let url = world.server.url();
    timed::run(&world.tools.command(tool, &url, task), |c| world.tools.environment(&url, c))
}

fn remove(world: &World, prefix: &str) -> Result<(), String> {
    task(world, Tool::Modelquay, &Task::Remove { bucket: BUCKET, prefix }).map(drop)
}

/// Ends each tool half way through an object, both ways, lets it do the same again, and counts what went twice.
pub fn killed(world: &World, table: &mut Table) -> Result<(), String> {
    let limits = Limits::default();
    let target = world.home.join("came");
    // What of each range on its way may not be noted yet, be gathered to be written, or lie in this machine's kernel, which
    // takes in up to 6 MiB that nobody has read (`net.ipv4.tcp_rmem`).
    let in_flight = (limits.note_bytes + 2 * limits.gather + (6 << 20)) * limits.lanes_an_object as u64;
    let in_memory = u64::from(limits.memory_kib) * 1024;
    for tool in world.carriers() {
        clear(&target)?;
        let twice = sent_twice(world, tool, &Task::Get { key: LARGE, to: &target }, |p| p.passed.down.load(Relaxed))?;
        world.same_as_large(&target)?;
        table.twice("GET", tool, twice, in_flight);
        let key = format!("sent/{}/weights.bin", tool.name());
        let put = Task::Put { from: &world.large(), key: &key };
        let twice = sent_twice(world, tool, &put, |p| p.passed.up.load(Relaxed))?;
        table.twice("PUT", tool, twice, in_memory);
        remove(world, "sent/")?;
    }
    for entry in std::fs::read_dir(&world.home).map_err(|e| e.to_string())?.flatten() {
        // What the ended ones have left under names of their own.
        if entry.file_name().to_string_lossy().starts_with("came") {
            clear(&entry.path())?;
        }
    }
    Ok(())
}

fn sent_twice(world: &World, tool: Tool, task: &Task<'_>, passed: impl Fn(&Proxy) -> u64) -> Result<u64, String> {
    let proxy = Proxy::to(world.server.port).map_err(|e| e.to_string())?;
    let command = world.tools.command(tool, &proxy.url, task);
    let with = |c: &mut std::process::Command| world.tools.environment(&proxy.url, c);
    if !timed::killed(&command, with, || passed(&proxy) * 2 >= world.size.large)? {
        return Err(format!("{} was done before it could be ended", tool.name()));
    }
    timed::run(&command, with)?;
    Ok(passed(&proxy).saturating_sub(world.size.large))
}
