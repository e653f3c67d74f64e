//! `modelquay credentials`.

use super::args::{Credentials, Global};
use super::wire::{drive, refuse, shape, sites, wiring};
use super::{output, status};
use crate::app::credentials::{self, Wanted};
use crate::app::{Exit, Machine, order};
use std::io::IsTerminal as _;

pub fn run(global: &Global, args: &Credentials) -> Exit {
    let Some(wanted) = wanted(global, args) else {
        output::talk("modelquay: the keys are shown on a terminal only, and standard output is none");
        output::talk("help: name a new file for them with --to");
        return Exit::Usage;
    };
    let found = sites(global).and_then(|sites| {
        let site = status::site(&sites, args.site.as_deref())?;
        let order = order::of_run(&status::last_run(&sites, site)?)?;
        Ok((sites, order))
    });
    let (sites, order) = match found {
        Ok(found) => found,
        Err(failure) => return refuse(&failure),
    };
    let mut wiring = wiring(global, &args.reaching, shape(global, false), order.site.name);
    wiring.first_word = "modelquay: ending as asked; once more leaves at once";
    drive(&wiring, sites, async |env| credentials::credentials(env, &Machine::Real, &order, &wanted).await)
}

/// Where the keys go; `None` where they would have to be shown to what is no terminal. As JSON only their names are.
fn wanted(global: &Global, args: &Credentials) -> Option<Wanted> {
    if let Some(path) = &args.to {
        let path = std::path::absolute(path).unwrap_or_else(|_| path.clone());
        return Some(Wanted::File { path, sealed: args.encrypt });
    }
    if args.show {
        return std::io::stdout().is_terminal().then_some(Wanted::Shown);
    }
    (global.json || std::io::stdout().is_terminal()).then_some(Wanted::Masked)
}
