//! All figures, the goals of some, and how they are printed.

use super::timed::Cost;
use super::tools::Tool;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// What a figure of ours has to be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Goal {
    /// No more than this.
    AtMost(f64),
    /// No more than this peer's.
    NoMoreThan(Tool),
    /// None: it is shown for comparison.
    Open,
}

/// One line: a figure of every tool that has it.
struct Line {
    unit: &'static str,
    goal: Goal,
    values: BTreeMap<Tool, Vec<f64>>,
    /// Said of a tool in place of a figure.
    words: BTreeMap<Tool, String>,
}

/// All lines, in the order in which they came to be.
#[derive(Default)]
pub struct Table {
    lines: Vec<(String, Line)>,
}

const MIB: f64 = 1_048_576.0;

fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied()
}

impl Table {
    fn line(&mut self, what: &str, unit: &'static str, goal: Goal) -> &mut Line {
        let at = self.lines.iter().position(|(known, _)| known == what).unwrap_or_else(|| {
            let line = Line { unit, goal, values: BTreeMap::new(), words: BTreeMap::new() };
            self.lines.push((what.to_owned(), line));
            self.lines.len() - 1
        });
        &mut self.lines[at].1
    }

    /// Takes a figure in.
    pub fn add(&mut self, what: &str, unit: &'static str, goal: Goal, tool: Tool, value: f64) {
        self.line(what, unit, goal).values.entry(tool).or_default().push(value);
    }

    /// Says why a tool has no figure.
    pub fn say(&mut self, what: &str, unit: &'static str, goal: Goal, tool: Tool, words: impl Into<String>) {
        self.line(what, unit, goal).words.insert(tool, words.into());
    }

    /// Time, processor and memory of something that is carried.
    pub fn wall_and_memory(&mut self, what: &str, tool: Tool, cost: Cost) {
        self.add(&format!("{what}: time"), "s", Goal::NoMoreThan(Tool::S5cmd), tool, cost.wall);
        self.add(&format!("{what}: processor"), "s", Goal::Open, tool, cost.cpu);
        self.add(&format!("{what}: resident"), "MiB", Goal::AtMost(64.0), tool, cost.resident);
    }

    /// Bytes that went twice because of a kill.
    #[expect(clippy::cast_precision_loss, reason = "no transfer here is that large")]
    pub fn twice(&mut self, way: &str, tool: Tool, bytes: u64, at_most: u64) {
        let goal = Goal::AtMost(at_most as f64 / MIB);
        self.add(&format!("{way}, killed half way: carried twice"), "MiB", goal, tool, bytes as f64 / MIB);
    }

    /// Prints all of it as a table of Markdown; how many goals were missed, and where.
    pub fn print(&self) -> (String, Vec<String>) {
        let mut out = String::new();
        let tools: Vec<Tool> = Tool::ALL.into_iter().filter(|tool| self.knows(*tool)).collect();
        let names: Vec<_> = tools.iter().map(|tool| format!("{:>11}", tool.name())).collect();
        let _ = writeln!(out, "| {:<44} | {:>13} | {} |        |", "median", "goal", names.join(" | "));
        let rule: Vec<_> = tools.iter().map(|_| "-".repeat(11)).collect();
        let _ = writeln!(out, "|-{}-|-{}:|-{}:|--------|", "-".repeat(44), "-".repeat(13), rule.join(":|-"));
        let mut missed = Vec::new();
        for (what, line) in &self.lines {
            let value = |tool: Tool| line.values.get(&tool).and_then(|values| median(values));
            let (bound, goal) = match line.goal {
                Goal::AtMost(most) => (Some(most), format!("≤ {}", text(most))),
                Goal::NoMoreThan(tool) => (value(tool), format!("≤ {}", tool.name())),
                Goal::Open => (None, String::new()),
            };
            let met = match (line.goal, bound, value(Tool::Modelquay)) {
                (Goal::Open, ..) => "",
                (_, Some(most), Some(own)) if own <= most => "met",
                // Without the peer there is nothing to compare with, which is no success.
                (_, None, _) => "unknown",
                _ => "MISSED",
            };
            if met == "MISSED" || met == "unknown" {
                missed.push(what.clone());
            }
            let cells: Vec<_> = tools
                .iter()
                .map(|tool| {
                    let words = line.words.get(tool).cloned();
                    format!("{:>11}", words.or_else(|| value(*tool).map(text)).unwrap_or_default())
                })
                .collect();
            let what = format!("{what}, {}", line.unit);
            let _ = writeln!(out, "| {what:<44} | {goal:>13} | {} | {met:<6} |", cells.join(" | "));
        }
        (out, missed)
    }

    fn knows(&self, tool: Tool) -> bool {
        self.lines.iter().any(|(_, line)| line.values.contains_key(&tool) || line.words.contains_key(&tool))
    }
}

fn text(value: f64) -> String {
    match value {
        v if v >= 100.0 => format!("{v:.0}"),
        v if v >= 10.0 => format!("{v:.1}"),
        v => format!("{v:.2}"),
    }
}
