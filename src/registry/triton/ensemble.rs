//! Ensembles: whether the models of their steps are there and served. Triton loads models first and
//! the ensembles that need them after, so a model that does not load takes its ensembles with it.

use super::model::Model;
use super::rule::{Finding, Rule, Severity};
use std::collections::{BTreeMap, BTreeSet};

/// Looks at all ensembles. Those that would not load lose their served versions.
pub(super) fn judge(models: &mut [Model]) -> Vec<Finding> {
    let mut found = Vec::new();
    let index: BTreeMap<String, usize> = models.iter().enumerate().map(|(n, model)| (model.name.clone(), n)).collect();
    let mut open: BTreeSet<usize> = (0..models.len()).filter(|n| !models[*n].steps().is_empty()).collect();
    for n in cycles(models, &index) {
        found.push(cycle(&mut models[n]));
        open.remove(&n);
    }
    // From the innermost outwards: an ensemble is judged when those in its steps were.
    while let Some(n) = open.iter().copied().find(|n| {
        models[*n].steps().iter().all(|step| index.get(&step.model).is_none_or(|inner| !open.contains(inner)))
    }) {
        open.remove(&n);
        let findings = steps(&models[n], models, &index);
        if !findings.is_empty() {
            models[n].served.clear();
        }
        found.extend(findings);
    }
    found
}

fn finding(model: &Model, rule: Rule, what: String) -> Finding {
    let mut finding = Finding::new(rule, Severity::Error, format!("{}config.pbtxt", model.key), what);
    finding.model = Some(model.name.clone());
    finding
}

fn steps(model: &Model, models: &[Model], index: &BTreeMap<String, usize>) -> Vec<Finding> {
    let name = &model.name;
    let absent: Vec<&str> =
        model.steps().iter().map(|step| step.model.as_str()).filter(|step| !index.contains_key(*step)).collect();
    if let Some(first) = model.steps().iter().find(|step| absent.contains(&step.model.as_str())) {
        let unique: BTreeSet<&str> = absent.iter().copied().collect();
        let list = unique.into_iter().collect::<Vec<_>>().join(", ");
        return vec![
            finding(model, Rule::StepAbsent, format!("the ensemble needs models that are not there: {list}"))
                .at(first.at)
                .says(format!("ensemble {name} contains models that are not available: {list}"))
                .fix("upload them, or correct model_name"),
        ];
    }
    let mut found = Vec::new();
    for step in model.steps() {
        let Some(inner) = index.get(&step.model).map(|n| &models[*n]) else { continue };
        if inner.served.is_empty() {
            found.push(
                finding(
                    model,
                    Rule::StepNotServed,
                    format!("the ensemble needs {}, of which no version would be served", step.model),
                )
                .at(step.at)
                .says(format!("ensemble '{name}' depends on '{}' which has no loaded version", step.model))
                .fix(format!("mend {} first", step.model)),
            );
        } else if step.version != -1 && !inner.served.contains(&step.version) {
            let what = match step.version {
                0 => format!(
                    "the step for {} gives no model_version, and that is version 0 and not the latest",
                    step.model
                ),
                version => format!("the ensemble needs version {version} of {}, which would not be served", step.model),
            };
            found.push(
                finding(model, Rule::StepVersion, what)
                    .at(step.at)
                    .says(format!(
                        "ensemble '{name}' depends on '{}' whose required version {} is not loaded",
                        step.model, step.version
                    ))
                    .fix("write `model_version: -1` for the latest, or have that version served"),
            );
        }
    }
    found
}

/// Models that lead back to themselves by their steps.
fn cycles(models: &[Model], index: &BTreeMap<String, usize>) -> Vec<usize> {
    let inner = |n: usize| models[n].steps().iter().filter_map(|step| index.get(&step.model).copied());
    let mut found = Vec::new();
    for start in 0..models.len() {
        let mut seen = BTreeSet::new();
        let mut open: Vec<usize> = inner(start).collect();
        while let Some(n) = open.pop() {
            if n == start {
                found.push(start);
                break;
            }
            if seen.insert(n) {
                open.extend(inner(n));
            }
        }
    }
    found
}

fn cycle(model: &mut Model) -> Finding {
    model.served.clear();
    let name = &model.name;
    finding(model, Rule::EnsembleCycle, format!("the steps of {name} lead back to it"))
        .says(format!("circular dependency between ensembles: {name} -> ... -> {name}"))
        .fix("take the step out that leads back")
}
