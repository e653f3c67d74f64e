//! A million keys, listed and deleted without a terminal.

use super::lister::{BUCKET, Lister, PREFIX};
use super::table::{Goal, Table};
use super::timed;
use super::tools::{Task, Tool};
use super::world::World;

/// Every tool once.
pub fn round(world: &World, lister: &Lister, table: &mut Table) -> Result<(), String> {
    for tool in world.carriers() {
        let list = Task::List { bucket: BUCKET, prefix: PREFIX };
        let cost =
            timed::run(&world.tools.command(tool, &lister.url, &list), |c| world.tools.environment(&lister.url, c))?;
        table.add("all keys as lines: processor", "s", Goal::AtMost(5.0), tool, cost.cpu);
        table.add("all keys as lines: resident", "MiB", Goal::AtMost(150.0), tool, cost.resident);
        table.add("all keys as lines: time", "s", Goal::Open, tool, cost.wall);
    }
    // The others delete one by one, or count nothing first.
    for tool in [Tool::Modelquay, Tool::S5cmd].into_iter().filter(|tool| world.tools.has(*tool)) {
        let remove = Task::Remove { bucket: BUCKET, prefix: PREFIX };
        let cost =
            timed::run(&world.tools.command(tool, &lister.url, &remove), |c| world.tools.environment(&lister.url, c))?;
        table.add("all keys deleted: processor", "s", Goal::Open, tool, cost.cpu);
        table.add("all keys deleted: resident", "MiB", Goal::Open, tool, cost.resident);
        table.add("all keys deleted: time", "s", Goal::Open, tool, cost.wall);
    }
    Ok(())
}
