//! `modelquay report`.

use super::args::{Global, Report};
use super::prompt::TerminalPrompt;
use super::wire::{drive, refuse, shape, sites, wiring};
use super::{output, status};
use crate::app::{Exit, Machine, report};

pub fn run(global: &Global, args: &Report) -> Exit {
    // Nobody has to wait for a question that nobody can answer.
    if !args.yes && !TerminalPrompt::possible() {
        output::talk("modelquay: there is no terminal to ask on whether the report may be written");
        output::talk("help: --yes agrees beforehand; what is in it is printed all the same");
        return Exit::Usage;
    }
    let found = sites(global).and_then(|sites| Ok((status::site(&sites, args.site.as_deref())?, sites)));
    let (site, sites) = match found {
        Ok(found) => found,
        Err(failure) => return refuse(&failure),
    };
    let reaching = args.reaching();
    let mut wiring = wiring(global, &reaching, shape(global, false), site);
    wiring.yes = args.yes;
    wiring.first_word = "modelquay: ending as asked; once more leaves at once";
    let here = std::env::current_dir().unwrap_or_default();
    drive(&wiring, sites, async |env| report::report(env, &Machine::Real, site, args.to.as_deref(), &here).await)
}
