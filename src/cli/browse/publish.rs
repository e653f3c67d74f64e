//! Publishing from the browser: the steps are listed, shown, and carried out once somebody has agreed.

use super::super::s3::config_text;
use super::super::walk::files::path_of;
use super::work::Tools;
use crate::base::sanitise::visible;
use crate::plan::Failure;
use crate::ports::objects::At;
use crate::registry::publish::prepare::{self, Prepared, Unready, Was, Wish};
use crate::registry::publish::run::{Options, Stopped, Told, run};
use crate::registry::publish::{Refused, Remark, RollBack, Staging, understand};
use crate::registry::transfer::Way;
use crate::transport::disk::Disk;
use crate::ui::browse::Msg;
use crate::ui::browse::work::{Steps, Worked};
use std::sync::{Arc, Mutex, PoisonError};

/// What was listed last, and waits for somebody to agree.
#[derive(Clone, Default)]
pub struct Listed(Arc<Mutex<Option<Prepared>>>);

impl Listed {
    fn keep(&self, prepared: Prepared) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(prepared);
    }

    fn take(&self) -> Option<Prepared> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// Lists the steps of a publication.
pub async fn plan(tools: &Tools, id: u64, root: At, model: &str, directory: &str) -> Result<Worked, Failure> {
    let path = path_of(directory);
    let found = understand(&Disk, &path).await.map_err(|trouble| trouble.failure)?;
    let named = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let model = if model.is_empty() { named } else { model };
    let config = found.config.as_deref().map(config_text).transpose()?;
    let wish = Wish {
        bucket: root.bucket.clone(),
        root: root.key.clone(),
        model: model.to_owned(),
        version: None,
        directory: found,
        config,
        staging: Staging::of_repository(&root.key),
        may_pin: true,
    };
    let told = |keys: usize| drop(tools.msgs.try_send(Msg::WorkSoFar { id, done: keys as u64 }));
    let prepared = prepare::publish(&tools.transfers, &Way::free(), &wish, told).await.map_err(unready)?;
    Ok(listed(tools, prepared))
}

/// Lists the steps by which another version is served.
pub async fn plan_roll_back(tools: &Tools, id: u64, root: &At, model: &str, to: i64) -> Result<Worked, Failure> {
    let wish = RollBack { model: model.to_owned(), to: Some(to), remove: None, config: None };
    let told = |keys: usize| drop(tools.msgs.try_send(Msg::WorkSoFar { id, done: keys as u64 }));
    let prepared = prepare::roll_back(&tools.transfers, &root.bucket, &root.key, &wish, told).await.map_err(unready)?;
    Ok(listed(tools, prepared))
}

fn listed(tools: &Tools, prepared: Prepared) -> Worked {
    let versions = |of: &[i64]| match of {
        [] => "–".to_owned(),
        of => of.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "),
    };
    let plan = &prepared.plan;
    let version = prepared.version.map(|version| format!(" {version}")).unwrap_or_default();
    let title = format!(
        "{}{version}: {} → {}",
        visible(&prepared.model),
        versions(&prepared.serves_now),
        versions(&plan.serves)
    );
    let mut remarks: Vec<String> = plan.remarks.iter().map(remark).collect();
    match prepared.was {
        Was::Fresh => {}
        Was::Begun => remarks.push("it goes on with what an earlier try did".to_owned()),
        Was::Done => remarks.push("these files are that version already".to_owned()),
    }
    let steps = Steps {
        title,
        steps: plan.steps.iter().map(|step| visible(&step.to_string()).into_owned()).collect(),
        remarks,
        atomic: plan.atomic,
        word: prepared.changes_served.then(|| prepared.model.clone()),
    };
    tools.listed.keep(prepared);
    Worked::Planned(steps)
}

fn remark(remark: &Remark) -> String {
    match remark {
        Remark::NotAtomic => "Triton may see a part of the version".to_owned(),
        Remark::WouldNotServe => "the version policy of config.pbtxt does not pick this version".to_owned(),
        Remark::StaysPinned => "config.pbtxt stays pinned to this version".to_owned(),
        Remark::Finding(finding) => visible(&finding.what).into_owned(),
    }
}

/// Carries out what was listed last.
pub async fn carry_out(tools: &Tools, id: u64) -> Result<Worked, Failure> {
    let prepared = tools.listed.take().ok_or_else(|| Failure::permanent("no steps were listed"))?;
    // A count that finds no room is followed by a later one.
    let told = |told: Told<'_>| {
        if let Told::Ended { number, .. } = told {
            drop(tools.msgs.try_send(Msg::WorkSoFar { id, done: number as u64 }));
        }
    };
    let stands = run(&tools.transfers, &prepared, &Options::default(), told).await.map_err(|stopped| stop(&stopped))?;
    Ok(Worked::CarriedOut(stands.serves?))
}

/// Why it ended early, and where things stand.
fn stop(stopped: &Stopped) -> Failure {
    let stands = &stopped.stands;
    let step = format!("stopped in step {} of {}: {}", stands.done + 1, stands.of, visible(&stopped.step.to_string()));
    let serves = match &stands.serves {
        Ok(serves) => format!("Triton would serve {serves:?} now."),
        Err(_) => "What Triton would serve now cannot be told.".to_owned(),
    };
    let failure = match &stopped.trouble {
        Some(trouble) => trouble.failure.clone().context(step),
        None => Failure::permanent(step),
    };
    failure.help(format!("{serves} Publishing the same again goes on from there."))
}

/// Why there is no list.
fn unready(unready: Unready) -> Failure {
    let refused = match unready {
        Unready::Trouble(trouble) => return trouble.failure,
        Unready::Refused(refused) => refused,
    };
    let failure = Failure::permanent(visible(&refused.to_string()).into_owned());
    match refused {
        Refused::WouldNotLoad(findings) => {
            let failure =
                findings.iter().take(4).fold(failure, |failure, finding| failure.because(visible(&finding.what)));
            let fix = findings.iter().map(|finding| finding.fix.as_str()).find(|fix| !fix.is_empty());
            failure.help(fix.map_or_else(|| "Mend what is found first.".to_owned(), |fix| visible(fix).into_owned()))
        }
        Refused::VersionExists(_) => {
            failure.help("What is published stays as it is: leave the number out for the next free one.")
        }
        _ => failure.help("The command line has more ways: s3 publish says which fits."),
    }
}
