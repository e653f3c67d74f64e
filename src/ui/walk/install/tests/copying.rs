use super::*;
use crate::ports::Copied;
use crate::ui::msg::Carried;
use crate::ui::walk::dialog::Dialog;

#[test]
fn the_program_is_copied_beside_the_run_and_then_the_host_has_it() {
    let mut model = rke2_starts();
    model.shell.hand_over = true;
    assert_eq!(press(&mut model, "d down down enter"), [Effect::CopyAhead]);
    assert_eq!(status(&model).1, model.t("copying-begins"));
    let mut live = model.live.clone();
    live.copied = Some(Copied { done: 4 << 20, all: 10 << 20, left: Some(Duration::from_secs(40)) });
    model.update(Msg::Live(live));
    let said = status(&model).1;
    assert!(said.contains("4.0 MiB of 10.0 MiB") && said.contains("0:40"), "{said}");
    assert!(picture(&model, 80, 24).contains("Copying this program"), "{}", picture(&model, 80, 24));
    // It can be stopped, and what comes of it after all is nobody's wish any more.
    assert_eq!(press(&mut model, "d down enter"), [Effect::StopCopy]);
    assert_eq!(model.update(Msg::CopiedAhead), []);
    assert_eq!(model.update(Msg::NotCopied(Failure::permanent("stopped"))), []);
    assert_eq!(model.shell.notice, None);
    // What cannot be done is said, and the run goes on.
    press(&mut model, "d down down enter");
    assert_eq!(model.update(Msg::NotCopied(Failure::permanent("no gzip").help("install it"))), []);
    assert_eq!(model.shell.notice.as_deref(), Some("no gzip: install it"));
    assert!(model.walk.install.running);
    press(&mut model, "d down down enter");
    let mut over = model.clone();
    let failure = Some(Failure::permanent("gave up"));
    let ended = Ended { how: How::Failed, step: None, failure, log: String::new() };
    assert_eq!(over.update(Msg::RunEnded(ended)), [Effect::StopCopy], "there is nothing left to hand over");
    // A question about a run that this program carries out has no answer any more.
    press(&mut model, "d");
    assert_eq!(model.update(Msg::CopiedAhead), [Effect::HandOver]);
    assert!(model.walk.dialog.is_none());
}

/// A run that was left for its host, before and after the host has it.
fn handed(model: &mut Model, carried: Carried) {
    model.walk.install.handing = Handing::Copying;
    assert_eq!(model.update(Msg::CopiedAhead), [Effect::HandOver]);
    let live = Live { carried, ..model.live.clone() };
    model.update(Msg::Live(live));
}

#[test]
fn the_screens_follow_a_run_that_its_host_carries_out() {
    let mut model = rke2_starts();
    model.shell.hand_over = true;
    handed(&mut model, Carried::Here);
    assert_eq!(status(&model).1, model.t("status-handing"), "nothing is promised before the host has it");
    assert!(!what_goes_on(&model).contains(&model.t("goes-on-host")));
    handed(&mut model, Carried::ByHost);
    let seen = picture(&model, 80, 24);
    assert!(seen.contains("by itself") && seen.contains("may go"), "{seen}");
    // Leaving asks only whether; there is nothing to hand over, and nothing to stop, any more.
    press(&mut model, "d");
    assert!(matches!(model.walk.dialog, Some(Dialog::Detach { hand_over: false, .. })));
    assert!(what_goes_on(&model).contains("modelquay attach edge-07"), "{}", what_goes_on(&model));
    press(&mut model, "esc");
    assert_eq!(press(&mut model, "x"), []);
    assert!(model.shell.notice.as_deref().is_some_and(|said| said.contains("--take-over")), "{:?}", model.shell.notice);
    press(&mut model, "ctrl-c");
    assert!(matches!(model.walk.dialog, Some(Dialog::Leave { running: true, elsewhere: true, .. })));
    let seen = picture(&model, 80, 24);
    assert!(!seen.contains(&model.t("choice-stop")), "{seen}");
    press(&mut model, "esc");
    // The end is an end like any other.
    let failure = Some(Failure::permanent("no space left"));
    model.update(Msg::RunEnded(Ended { how: How::Failed, step: None, failure, log: String::new() }));
    assert!(elsewhere(&model).is_none() && !what_goes_on(&model).contains(&model.t("goes-on-host")));
}

#[test]
fn what_somebody_else_carries_out_is_shown_with_his_name() {
    let mut model = rke2_starts();
    model.shell.hand_over = true;
    let carried = Carried::By("ana@laptop from 10.0.0.7, since 21:40 UTC".into());
    model.update(Msg::Live(Live { carried, ..model.live.clone() }));
    let seen = picture(&model, 80, 24);
    assert!(seen.contains("ana@laptop"), "{seen}");
    press(&mut model, "d");
    assert!(matches!(model.walk.dialog, Some(Dialog::Detach { hand_over: false, .. })));
    press(&mut model, "esc");
    assert_eq!(press(&mut model, "x"), [], "it is his to stop");
    assert!(model.shell.notice.is_some() && model.walk.dialog.is_none());
}
